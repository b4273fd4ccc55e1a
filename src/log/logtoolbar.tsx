import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Glyph } from '../icons';
import { IconButton } from '../panel/parts';
import type { BuildLog } from './log';
import { openLogMenu } from './logmenu';

export interface ISearchProps {
  query: string;
  setQuery: (query: string) => void;
  /** Which match the search stands at, from 0; -1 for none. */
  at: number;
  count: number;
  /** Goes forward (1) or back (-1) by one match. */
  step: (by: 1 | -1) => void;
}

interface ILogToolbarProps {
  log: BuildLog;
  search: ISearchProps;
  searchBox: React.Ref<HTMLInputElement>;
  wrap: boolean;
  setWrap: (wrap: boolean) => void;
  follow: boolean;
  setFollow: (follow: boolean) => void;
  /** Lines that came in below since following stopped. */
  fresh: number;
  jump: (line: number) => void;
  trans: TranslationBundle;
}

export function LogToolbar(props: ILogToolbarProps): JSX.Element {
  const { log, wrap, follow, fresh, trans } = props;
  const following =
    follow || !fresh ? trans.__('Follow') : trans.__('Follow · %1 new', fresh);
  return (
    <div
      className="mlenv-LogToolbar"
      role="toolbar"
      aria-label={trans.__('Log')}
    >
      <SearchBox {...props.search} box={props.searchBox} trans={trans} />
      <span className="mlenv-Spacer" />
      <TroubleButton log={log} jump={props.jump} trans={trans} />
      <IconButton
        icon="wrap"
        label={trans.__('Wrap lines')}
        pressed={wrap}
        onClick={() => props.setWrap(!wrap)}
      />
      <button
        type="button"
        className="mlenv-Button mlenv-LogToolbar-follow"
        aria-pressed={follow}
        aria-label={following}
        title={trans.__('Stay at the end of the log (End)')}
        onClick={() => props.setFollow(!follow)}
      >
        <Glyph name="follow" size={14} />
        <span>{following}</span>
      </button>
      <IconButton
        icon="more"
        label={trans.__('Copy, download, show folded lines')}
        menu
        onClick={event => openLogMenu(event.currentTarget, log, trans)}
      />
    </div>
  );
}

function SearchBox(
  props: ISearchProps & {
    box: React.Ref<HTMLInputElement>;
    trans: TranslationBundle;
  }
): JSX.Element {
  const { query, setQuery, at, count, step, box, trans } = props;
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter') {
      step(event.shiftKey ? -1 : 1);
      event.preventDefault();
    } else if (event.key === 'Escape' && query) {
      setQuery('');
      event.stopPropagation();
    }
  };
  return (
    <>
      <label className="mlenv-LogToolbar-search">
        <Glyph name="search" size={14} />
        <input
          ref={box}
          type="text"
          value={query}
          placeholder={trans.__('Search log')}
          aria-label={trans.__('Search log')}
          spellCheck={false}
          onChange={event => setQuery(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {query && (
          <span className="mlenv-LogToolbar-count" role="status">
            {count ? trans.__('%1 of %2', at + 1, count) : trans.__('none')}
          </span>
        )}
      </label>
      {query && (
        <>
          <IconButton
            icon="up"
            label={trans.__('Previous match')}
            disabled={!count}
            onClick={() => step(-1)}
          />
          <IconButton
            icon="down"
            label={trans.__('Next match')}
            disabled={!count}
            onClick={() => step(1)}
          />
        </>
      )}
    </>
  );
}

/** Goes to the first error, or else to the first warning. */
function TroubleButton(props: {
  log: BuildLog;
  jump: (line: number) => void;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { log, jump, trans } = props;
  const isError = log.firstError >= 0;
  const line = isError ? log.firstError : log.firstWarning;
  if (line < 0) {
    return null;
  }
  const label = isError ? trans.__('First error') : trans.__('First warning');
  return (
    <button
      type="button"
      className="mlenv-Button mlenv-mod-plain mlenv-LogToolbar-trouble"
      data-kind={isError ? 'error' : 'warning'}
      title={label}
      aria-label={label}
      onClick={() => jump(line)}
    >
      <Glyph name={isError ? 'failed' : 'warning'} />
      <span>{label}</span>
    </button>
  );
}
