import * as React from 'react';

import { Glyph } from '../../icons';
import { usePanel } from '../context';
import type { Filter } from '../place';

const FILTERS: Filter[] = [
  'all',
  'mine',
  'curated',
  'built',
  'in-use',
  'archived'
];

/** One radio group: what the list is narrowed to. */
export function FilterChips(props: {
  filter: Filter;
  counts: Record<Exclude<Filter, 'all' | 'archived'>, number | null>;
  onFilter: (filter: Filter) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { filter, counts, onFilter } = props;
  const group = React.useRef<HTMLDivElement>(null);
  const labels: Record<Filter, string> = {
    all: trans.__('All'),
    mine: trans.__('Mine'),
    curated: trans.__('Curated'),
    built: trans.__('Built'),
    'in-use': trans.__('In use'),
    archived: trans.__('Archived')
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) {
      const at = FILTERS.indexOf(filter);
      const next = (at + step + FILTERS.length) % FILTERS.length;
      onFilter(FILTERS[next]);
      (group.current?.children[next] as HTMLElement | undefined)?.focus();
      event.preventDefault();
    }
  };
  return (
    <div
      className="mlenv-Chips"
      role="radiogroup"
      aria-label={trans.__('Show')}
      ref={group}
      onKeyDown={onKeyDown}
    >
      {FILTERS.map(id => {
        const count = id === 'all' || id === 'archived' ? null : counts[id];
        return (
          <button
            key={id}
            type="button"
            role="radio"
            className="mlenv-FilterChip"
            aria-checked={id === filter}
            aria-label={id === 'archived' ? labels[id] : undefined}
            title={id === 'archived' ? labels[id] : undefined}
            tabIndex={id === filter ? 0 : -1}
            onClick={() => onFilter(id)}
          >
            {id === 'archived' ? (
              <Glyph name="archive" size={14} />
            ) : (
              labels[id]
            )}
            {count !== null && (
              <span className="mlenv-FilterChip-count">{count}</span>
            )}
          </button>
        );
      })}
    </div>
  );
}
