import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { formatSize } from '../format';
import { usePanel } from '../panel/context';
import { FieldProblem, IconButton } from '../panel/parts';
import type { IIndexes } from '../wire';
import { ChangeMark } from './changemark';
import type { IPackageRow } from './packagerows';
import { isPinned } from './useupgrade';
import { WantedField } from './wantedfield';

const ROW = 24;
/** Short tables are rendered whole: that keeps find-in-page and the reading order. */
const VIRTUAL_FROM = 60;

interface ITableProps {
  rows: readonly IPackageRow[];
  readOnly: boolean;
  /** Takes what is wanted of a package. */
  onWant: (row: IPackageRow, wanted: string) => void;
  onRemove: (row: IPackageRow) => void;
  /** Holds a package to the newest version instead of the one it is held to. */
  onUpgrade: (row: IPackageRow) => void;
  /** Where the packages come from. */
  indexes: IIndexes;
  /** Puts a removed package back. */
  onRestore: (row: IPackageRow) => void;
  onUndo: () => void;
}

/** `Package · Wanted · Resolved · Size`, one tab stop, edited in place. */
export function PackagesTable(props: ITableProps): JSX.Element {
  const { trans } = usePanel();
  const { rows, readOnly } = props;
  const body = React.useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () =>
      body.current?.closest<HTMLElement>('.mlenv-TabPanel') ?? null,
    estimateSize: () => ROW,
    scrollMargin: body.current?.offsetTop ?? 0,
    overscan: 12,
    enabled: rows.length >= VIRTUAL_FROM
  });
  const [active, setActive] = React.useState(0);
  const [editing, setEditing] = React.useState<string | null>(null);
  const stop = Math.min(active, rows.length - 1);

  const moveTo = (index: number) => {
    setActive(index);
    if (rows.length >= VIRTUAL_FROM) {
      virtual.scrollToIndex(index);
    }
    requestAnimationFrame(() => {
      body.current
        ?.querySelector<HTMLElement>(`[data-index="${index}"]`)
        ?.focus();
    });
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const row = rows[stop];
    const { key } = event;
    if (event.target instanceof HTMLInputElement || !row) {
      return;
    }
    const editable = !readOnly && row.wanted !== null;
    if (key === 'ArrowDown' || key === 'ArrowUp') {
      const next = stop + (key === 'ArrowDown' ? 1 : -1);
      moveTo(Math.max(0, Math.min(rows.length - 1, next)));
    } else if (key === 'Home' || key === 'End') {
      moveTo(key === 'Home' ? 0 : rows.length - 1);
    } else if (
      key === 'Enter' &&
      editable &&
      row.index >= 0 &&
      !(event.target instanceof HTMLButtonElement)
    ) {
      setEditing(row.key);
    } else if ((key === 'Delete' || key === 'Backspace') && editable) {
      if (row.index >= 0) {
        props.onRemove(row);
      }
    } else if (key === 'u' && editable && isPinned(row.wanted)) {
      props.onUpgrade(row);
    } else if (key === 'z' && (event.ctrlKey || event.metaKey)) {
      props.onUndo();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const line = (row: IPackageRow, index: number) => (
    <PackageLine
      key={row.key}
      row={row}
      index={index}
      readOnly={readOnly}
      tabStop={index === stop}
      editing={editing === row.key}
      onFocus={() => setActive(index)}
      onEdit={() => setEditing(row.key)}
      onWant={wanted => {
        setEditing(null);
        if (wanted !== null) {
          props.onWant(row, wanted);
        }
        moveTo(index);
      }}
      onRemove={() => props.onRemove(row)}
      onUpgrade={() => props.onUpgrade(row)}
      indexes={props.indexes}
      onRestore={() => props.onRestore(row)}
    />
  );
  const items = virtual.getVirtualItems();

  return (
    <div
      className="mlenv-Table mlenv-Packages"
      role="grid"
      aria-label={trans.__('Packages')}
      aria-rowcount={rows.length + 1}
      aria-readonly={readOnly}
      data-read-only={readOnly || undefined}
      onKeyDown={onKeyDown}
    >
      <div role="row" className="mlenv-Table-head" aria-rowindex={1}>
        <span role="columnheader">{trans.__('Package')}</span>
        {!readOnly && <span role="columnheader">{trans.__('Wanted')}</span>}
        <span role="columnheader">{trans.__('Resolved')}</span>
        <span role="columnheader" className="mlenv-Table-wide">
          {trans.__('From')}
        </span>
        <span role="columnheader" className="mlenv-Table-wide">
          {trans.__('Why')}
        </span>
        <span role="columnheader" className="mlenv-Table-size">
          {trans.__('Size')}
        </span>
      </div>
      <div className="mlenv-Table-body" ref={body} role="rowgroup">
        {rows.length < VIRTUAL_FROM ? (
          rows.map(line)
        ) : (
          <div
            role="presentation"
            style={{ blockSize: virtual.getTotalSize(), position: 'relative' }}
          >
            <div
              role="presentation"
              style={{
                transform: `translateY(${(items[0]?.start ?? 0) - virtual.options.scrollMargin}px)`
              }}
            >
              {items.map(item => line(rows[item.index], item.index))}
            </div>
          </div>
        )}
      </div>
    </div>
  );
}

function PackageLine(props: {
  row: IPackageRow;
  index: number;
  readOnly: boolean;
  tabStop: boolean;
  editing: boolean;
  onFocus: () => void;
  onEdit: () => void;
  /** `null` when the edit is given up. */
  onWant: (wanted: string | null) => void;
  onRemove: () => void;
  onUpgrade: () => void;
  indexes: IIndexes;
  onRestore: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { row, index, readOnly, editing } = props;
  const removed = row.change === 'removed';
  const cameAlong = row.wanted === null;
  const by = row.requiredBy.join(', ');
  const under = (one: IPackageRow) =>
    one.under ? trans.__('required by %1', one.under) : '';
  return (
    <>
      <div
        role="row"
        className="mlenv-Table-row"
        data-index={index}
        data-package={row.name}
        data-change={row.change ?? undefined}
        data-came-along={cameAlong || undefined}
        data-depth={row.depth || undefined}
        data-invalid={row.problem !== null || undefined}
        aria-rowindex={index + 2}
        tabIndex={props.tabStop ? 0 : -1}
        onFocus={props.onFocus}
        onDoubleClick={
          !readOnly && row.index >= 0 && !editing ? props.onEdit : undefined
        }
      >
        <span
          role="gridcell"
          className="mlenv-Table-name"
          style={{
            paddingInlineStart: row.depth ? 4 + row.depth * 12 : undefined
          }}
          title={[row.name + row.extras, row.marker].filter(Boolean).join(' ')}
        >
          {row.change && <ChangeMark change={row.change} />}
          <span className="mlenv-Table-text">
            {row.name}
            {row.extras}
          </span>
          {by && (
            <span className="mlenv-Table-by">
              {row.depth > 0
                ? trans.__('also required by %1', by)
                : trans.__('required by %1', by)}
            </span>
          )}
        </span>
        {!readOnly && (
          <span role="gridcell" className="mlenv-Table-wanted">
            {editing ? (
              <WantedField
                name={row.name}
                wanted={row.wanted ?? ''}
                indexes={props.indexes}
                onDone={props.onWant}
              />
            ) : (
              <span
                className={row.wanted ? 'mlenv-Code' : 'mlenv-Quiet'}
                title={row.wanted ?? undefined}
                onClick={row.index >= 0 ? props.onEdit : undefined}
              >
                {row.wanted === null ? '' : row.wanted || trans.__('any')}
              </span>
            )}
          </span>
        )}
        <span role="gridcell" className="mlenv-Table-resolved mlenv-Code">
          {row.resolved ?? ''}
        </span>
        <span role="gridcell" className="mlenv-Table-wide">
          {row.source}
        </span>
        <span role="gridcell" className="mlenv-Table-wide" title={by}>
          {cameAlong
            ? by || under(row)
            : row.requiredBy.length
              ? trans.__('asked for, and by %1', by)
              : trans.__('asked for')}
        </span>
        <span role="gridcell" className="mlenv-Table-size">
          {row.size === null ? '' : formatSize(row.size)}
        </span>
        {!readOnly && !cameAlong && !editing && (
          <span role="gridcell" className="mlenv-Table-actions">
            {removed ? (
              <IconButton
                icon="undo"
                label={trans.__('Keep %1', row.name)}
                tabIndex={-1}
                onClick={props.onRestore}
              />
            ) : (
              <>
                {isPinned(row.wanted) && (
                  <IconButton
                    icon="upgraded"
                    label={trans.__('Upgrade %1 to the newest', row.name)}
                    tabIndex={-1}
                    onClick={props.onUpgrade}
                  />
                )}
                <IconButton
                  icon="edit"
                  label={trans.__('Change the version of %1', row.name)}
                  tabIndex={-1}
                  onClick={props.onEdit}
                />
                <IconButton
                  icon="close"
                  label={trans.__('Remove %1', row.name)}
                  tabIndex={-1}
                  onClick={props.onRemove}
                />
              </>
            )}
          </span>
        )}
      </div>
      {row.problem && (
        <div role="row">
          <div role="gridcell">
            <FieldProblem problem={row.problem} />
          </div>
        </div>
      )}
    </>
  );
}
