/** Which rows of the list are selected, for what is done to several. */
import type { ListRow } from './rows';

type EnvironmentOf = Extract<ListRow, { kind: 'environment' }>;

export const NOTHING: ReadonlySet<string> = new Set();

export function isEnvironment(row: ListRow | undefined): row is EnvironmentOf {
  return row?.kind === 'environment';
}

/** Only what is one's own can be deleted, so only that is selected. */
function isSelectable(row: ListRow | undefined): row is EnvironmentOf {
  return isEnvironment(row) && !row.environment.read_only;
}

export function toggled(
  selected: ReadonlySet<string>,
  row: ListRow | undefined
): ReadonlySet<string> {
  const next = new Set(selected);
  if (isSelectable(row) && !next.delete(row.environment.name)) {
    next.add(row.environment.name);
  }
  return next;
}

export function between(
  rows: readonly ListRow[],
  one: number,
  other: number
): ReadonlySet<string> {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  return new Set(
    rows
      .slice(first, last + 1)
      .filter(isSelectable)
      .map(row => row.environment.name)
  );
}
