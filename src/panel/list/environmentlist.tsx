import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { CommandIDs } from '../../commandids';
import type { IBuild, IEnvironment } from '../../wire';
import { useNow, usePanel, useSettings } from '../context';
import { openEnvironmentMenu } from '../menus';
import { SkeletonRow } from '../parts';
import { EnvironmentRow } from './environmentrow';
import { ExistingRow } from './existingrow';
import {
  COMPACT_HEIGHTS,
  type ListRow,
  ROW_HEIGHTS,
  type Section
} from './rows';
import {
  findTyped,
  focusRow,
  isLetter,
  isMenuKey,
  moveInRow,
  STEPS,
  useTypedLetters
} from './listkeys';
import { SectionHead } from './sectionhead';
import { between, isEnvironment, NOTHING, toggled } from './selection';

interface IListProps {
  rows: readonly ListRow[];
  /** The build that runs now, by environment. */
  running: ReadonlyMap<string, IBuild>;
  inUse: ReadonlySet<string>;
  canWrite: boolean;
  onFold: (section: Section, folded: boolean) => void;
  onOpen: (environment: IEnvironment) => void;
  /** Names of the environments that are selected, for what is done to several. */
  selected: ReadonlySet<string>;
  onSelect: (names: ReadonlySet<string>) => void;
  /** `Delete` was pressed while some are selected. */
  onDelete: () => void;
  /** The end of what is loaded came into view. */
  onEnd: () => void;
}

/** What the parent may ask of the list. */
export interface IListHandle {
  focus(): void;
}

function rowKey(row: ListRow): string {
  switch (row.kind) {
    case 'section':
      return `section:${row.section}`;
    case 'environment':
      return `${row.environment.source}:${row.environment.name}`;
    case 'existing':
      return `existing:${row.existing.id}`;
    case 'skeleton':
      return row.id;
  }
}

/**
 * Sections and environments as a virtual grid: one tab stop, arrows inside.
 *
 * Only the rows in view are in the document, so the row that has the tab stop is remembered by
 * its index and focused once it has been rendered.
 */
export const EnvironmentList = React.forwardRef<IListHandle, IListProps>(
  function EnvironmentList(props, handle) {
    const { trans, commands, place } = usePanel();
    const { rows, onEnd, onFold, onOpen, selected, onSelect } = props;
    const scroller = React.useRef<HTMLDivElement>(null);
    const now = useNow(30_000);
    const titles: Record<Section, string> = {
      mine: trans.__('My environments'),
      curated: trans.__('Curated'),
      archived: trans.__('Archived'),
      existing: trans.__('Existing on this machine')
    };
    const { density } = useSettings();
    const heights = density === 'compact' ? COMPACT_HEIGHTS : ROW_HEIGHTS;
    const virtual = useVirtualizer({
      count: rows.length,
      getScrollElement: () => scroller.current,
      estimateSize: index => heights[rows[index].kind],
      getItemKey: index => rowKey(rows[index]),
      overscan: 6
    });
    const items = virtual.getVirtualItems();
    const last = items.length ? items[items.length - 1].index : 0;
    React.useEffect(() => {
      if (rows.length && last >= rows.length - 1) {
        onEnd();
      }
    }, [last, rows.length, onEnd]);
    // Heights belong to rows and not to places: measure anew when the rows move.
    React.useLayoutEffect(() => virtual.measure(), [rows, virtual, heights]);

    const [active, setActive] = React.useState(0);
    const stop = Math.min(active, rows.length - 1);
    const moveTo = React.useCallback(
      (index: number) => {
        setActive(index);
        virtual.scrollToIndex(index);
        requestAnimationFrame(() => focusRow(scroller.current, index));
      },
      [virtual]
    );
    React.useImperativeHandle(
      handle,
      () => ({
        focus: () => moveTo(Math.max(0, rows.findIndex(isEnvironment)))
      }),
      [moveTo, rows]
    );

    const typed = useTypedLetters();
    const anchor = React.useRef(0);
    const toggle = (index: number) => {
      anchor.current = index;
      onSelect(toggled(selected, rows[index]));
    };
    /** From where the selection began to a row. */
    const extend = (index: number) =>
      onSelect(between(rows, anchor.current, index));
    const onKeyDown = (event: React.KeyboardEvent) => {
      const row = rows[stop];
      const environment = isEnvironment(row) ? row.environment : null;
      const inAction = (event.target as HTMLElement).closest(
        '.mlenv-Row-actions'
      );
      if (event.key in STEPS) {
        const next = Math.max(
          0,
          Math.min(
            rows.length - 1,
            stop + STEPS[event.key as keyof typeof STEPS]
          )
        );
        if (event.shiftKey) {
          if (selected.size === 0) {
            anchor.current = stop;
          }
          extend(next);
        }
        moveTo(next);
      } else if (event.key === ' ' && environment && !inAction) {
        toggle(stop);
      } else if (event.key === 'Escape' && selected.size > 0) {
        onSelect(NOTHING);
      } else if (event.key === 'Delete' && selected.size > 0) {
        props.onDelete();
      } else if (event.key === 'Home') {
        moveTo(0);
      } else if (event.key === 'End') {
        moveTo(rows.length - 1);
      } else if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
        moveInRow(event.target as HTMLElement, event.key === 'ArrowRight');
      } else if (event.key === 'Enter' && environment && !inAction) {
        if (event.ctrlKey || event.metaKey) {
          void commands.execute(CommandIDs.use, { name: environment.name });
        } else {
          onOpen(environment);
        }
      } else if (isMenuKey(event) && environment) {
        openEnvironmentMenu(
          { commands, trans },
          environment,
          event.target as HTMLElement
        );
      } else if (isLetter(event) && !inAction) {
        const found = findTyped(rows, typed(event.key), stop);
        if (found >= 0) {
          moveTo(found);
        }
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    };

    return (
      <div
        className="mlenv-List"
        data-density={density}
        ref={scroller}
        role="grid"
        aria-label={trans.__('Environments')}
        aria-rowcount={rows.length}
        aria-multiselectable
        onKeyDown={onKeyDown}
      >
        <div
          role="presentation"
          className="mlenv-List-canvas"
          style={{ height: virtual.getTotalSize() }}
        >
          {items.map(item => {
            const row = rows[item.index];
            const style = { transform: `translateY(${item.start}px)` };
            const shared = {
              role: 'row',
              'aria-rowindex': item.index + 1,
              'data-index': item.index,
              onFocus: () => setActive(item.index)
            };
            if (row.kind === 'environment') {
              const { environment } = row;
              return (
                <div
                  key={item.key}
                  {...shared}
                  className="mlenv-Row"
                  data-name={environment.name}
                  style={style}
                  tabIndex={item.index === stop ? 0 : -1}
                  aria-selected={
                    environment.read_only
                      ? undefined
                      : selected.has(environment.name)
                  }
                  onMouseDown={event => {
                    if (event.shiftKey) {
                      // Several rows are meant, not their text.
                      event.preventDefault();
                    }
                  }}
                  onClick={event => {
                    if ((event.target as HTMLElement).closest('button')) {
                      return;
                    }
                    if (event.ctrlKey || event.metaKey) {
                      toggle(item.index);
                    } else if (event.shiftKey) {
                      extend(item.index);
                    } else {
                      onOpen(environment);
                    }
                  }}
                  onContextMenu={event => {
                    event.preventDefault();
                    event.stopPropagation();
                    openEnvironmentMenu({ commands, trans }, environment, {
                      x: event.clientX,
                      y: event.clientY
                    });
                  }}
                >
                  <EnvironmentRow
                    environment={environment}
                    build={props.running.get(environment.name) ?? null}
                    inUse={props.inUse.has(environment.name)}
                    canWrite={props.canWrite}
                    now={now}
                  />
                </div>
              );
            }
            if (row.kind === 'existing') {
              return (
                <div
                  key={item.key}
                  {...shared}
                  className="mlenv-Row"
                  data-existing={row.existing.id}
                  style={style}
                  tabIndex={item.index === stop ? 0 : -1}
                  onClick={() =>
                    place.go({ view: 'adopt', id: row.existing.id })
                  }
                >
                  <ExistingRow existing={row.existing} />
                </div>
              );
            }
            return (
              <div
                key={item.key}
                {...shared}
                className="mlenv-List-other"
                style={style}
              >
                <div role="gridcell">
                  {row.kind === 'section' ? (
                    <SectionHead
                      title={titles[row.section]}
                      count={row.count || undefined}
                      note={
                        row.section === 'curated' || row.section === 'existing'
                          ? trans.__('read-only')
                          : undefined
                      }
                      folded={row.folded}
                      tabIndex={item.index === stop ? 0 : -1}
                      onFold={folded => onFold(row.section, folded)}
                    />
                  ) : (
                    <SkeletonRow />
                  )}
                </div>
              </div>
            );
          })}
        </div>
      </div>
    );
  }
);
