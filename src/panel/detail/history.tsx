import * as React from 'react';

import { formatAge, formatDate, formatVersion } from '../../format';
import type { IVersionSummary } from '../../wire';
import { useNow, usePanel } from '../context';
import { StateMark, stateWord } from '../states';
import { diffSummary } from './difftext';
import { useDiff } from './diffview';

/** Versions whose change is told in a line without being asked for. */
const SUMMED_UP = 12;

/**
 * The versions, newest first. A click or an arrow selects one; `Ctrl+click` or `Ctrl+Enter`
 * picks the one that it is compared with.
 */
export function History(props: {
  versions: readonly IVersionSummary[];
  selected: string;
  /** The one that the selected one is compared with. */
  other: string | null;
  onSelect: (version: string) => void;
  onPick: (version: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { versions, selected, other, onSelect, onPick } = props;
  const now = useNow(30_000);
  const list = React.useRef<HTMLUListElement>(null);
  const onKeyDown = (event: React.KeyboardEvent, at: number) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = step ? versions[at + step] : undefined;
    if (event.key === 'Enter' || event.key === ' ') {
      const { version } = versions[at];
      (event.ctrlKey || event.metaKey ? onPick : onSelect)(version);
    } else if (next) {
      if (!event.ctrlKey) {
        onSelect(next.version);
      }
      (list.current?.children[at + (step ?? 0)] as HTMLElement).focus();
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <ul
      className="mlenv-History"
      role="listbox"
      aria-label={trans.__('Versions')}
      aria-multiselectable
      ref={list}
    >
      {versions.map((one, at) => (
        <li
          key={one.version}
          role="option"
          tabIndex={one.version === selected ? 0 : -1}
          aria-selected={one.version === selected}
          data-compared={one.version === other || undefined}
          data-version={one.version}
          className="mlenv-History-row"
          onClick={event =>
            (event.ctrlKey || event.metaKey ? onPick : onSelect)(one.version)
          }
          onKeyDown={event => onKeyDown(event, at)}
        >
          <StateMark state={one.state} shapeOnly />
          <span className="mlenv-History-first">
            <strong title={one.version}>{formatVersion(one.version)}</strong>
            {one.labels.map(label => (
              <span key={label} className="mlenv-Label">
                {label}
              </span>
            ))}
            <span className="mlenv-Quiet" title={formatDate(one.created_at)}>
              {[formatAge(one.created_at, trans, now), one.author]
                .filter(Boolean)
                .join(' · ')}
            </span>
          </span>
          <span className="mlenv-History-state">
            {one.archived_at
              ? trans.__('Archived')
              : stateWord(one.state, trans)}
          </span>
          <span className="mlenv-History-message">
            {one.message || at >= SUMMED_UP ? (
              one.message
            ) : (
              <Summary version={one} before={versions[at + 1] ?? null} />
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** What a version changed, where nobody said so. */
function Summary(props: {
  version: IVersionSummary;
  before: IVersionSummary | null;
}): JSX.Element {
  const { trans } = usePanel();
  const { version, before } = props;
  const { data } = useDiff(
    version.name,
    before?.version ?? null,
    version.version
  );
  return (
    <>
      {before === null
        ? trans.__('First version')
        : data
          ? diffSummary(data, trans) || trans.__('The same')
          : '\u00a0'}
    </>
  );
}
