import * as React from 'react';

import { Glyph } from '../../icons';
import { usePanel } from '../context';
import { Button, IconButton } from '../parts';

/** The search field and `New ▾`. */
export function SearchBar(props: {
  query: string;
  onQuery: (query: string) => void;
  /** `↓` leads into the list. */
  onLeave: () => void;
  /** Left out where nothing can be made. */
  onNew?: (anchor: HTMLElement) => void;
  canWrite: boolean;
}): JSX.Element {
  const { trans } = usePanel();
  const { query, onQuery, onLeave, onNew } = props;
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape' && query) {
      onQuery('');
      event.stopPropagation();
    } else if (event.key === 'ArrowDown') {
      onLeave();
      event.preventDefault();
    }
  };
  return (
    <div className="mlenv-SearchBar">
      <div className="mlenv-Field mlenv-Search">
        <Glyph name="search" size={14} />
        <input
          type="text"
          role="searchbox"
          value={query}
          placeholder={trans.__('Search environments')}
          aria-label={trans.__('Search environments')}
          spellCheck={false}
          onChange={event => onQuery(event.target.value)}
          onKeyDown={onKeyDown}
        />
        {query && (
          <IconButton
            icon="close"
            label={trans.__('Clear search')}
            onClick={() => onQuery('')}
          />
        )}
      </div>
      {onNew && (
        <Button
          kind="plain"
          icon="add"
          label={trans.__('New')}
          caret
          disabled={!props.canWrite}
          title={trans.__('New environment')}
          onClick={event => onNew(event.currentTarget)}
        />
      )}
    </div>
  );
}
