import * as React from 'react';

import { formatAge } from '../format';
import { usePanel } from '../panel/context';
import type { ICompletion, IOption } from './usecompletion';

/** What may be meant, under the field: names, or the versions of one package. */
export function CompletionList(props: {
  id: string;
  completion: ICompletion;
  chosen: number;
  onChoose: (option: IOption) => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { id, completion, chosen } = props;
  const { kind, options, problem, loading } = completion;
  const list = React.useRef<HTMLDivElement>(null);
  React.useEffect(() => {
    list.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView?.({ block: 'nearest' });
  }, [chosen]);
  const empty = options.length === 0;
  if (empty && (kind !== 'version' || (!problem && !loading))) {
    return null;
  }
  return (
    <div className="mlenv-Popover">
      <div
        role="listbox"
        id={`${id}-list`}
        className="mlenv-Popover-list"
        ref={list}
        aria-label={
          kind === 'version' ? trans.__('Versions') : trans.__('Names')
        }
      >
        {options.map((option, index) => (
          <div
            key={option.key}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === chosen}
            className="mlenv-Popover-option"
            data-withdrawn={option.release?.yanked || undefined}
            onPointerDown={event => {
              // Before the field loses the focus.
              event.preventDefault();
              props.onChoose(option);
            }}
          >
            <span className={kind === 'version' ? 'mlenv-Code' : undefined}>
              {option.label}
            </span>
            <span className="mlenv-Popover-note">{noteOf(option)}</span>
          </div>
        ))}
      </div>
      {empty && (
        <p className="mlenv-Popover-empty" role="status">
          {problem ?? trans.__('Asking the index…')}
        </p>
      )}
      <div className="mlenv-Popover-foot">
        <span>
          <kbd>{trans.__('Enter')}</kbd> {trans.__('add')}{' '}
          {kind === 'name' && (
            <>
              <kbd>{trans.__('Tab')}</kbd> {trans.__('choose version')}
            </>
          )}
        </span>
        <span>{source()}</span>
      </div>
    </div>
  );

  function noteOf(option: IOption): string {
    const { release, note } = option;
    if (!release) {
      return note && trans.__('imported as %1', note);
    }
    return [
      release.yanked && trans.__('withdrawn'),
      release.prerelease && trans.__('pre-release'),
      note
    ]
      .filter(Boolean)
      .join(' · ');
  }

  function source(): string {
    const { askedAt, offline } = completion;
    if (offline) {
      return askedAt
        ? trans.__('offline: known %1', formatAge(askedAt, trans))
        : trans.__('known names only');
    }
    return askedAt ? trans.__('index: %1', formatAge(askedAt, trans)) : '';
  }
}
