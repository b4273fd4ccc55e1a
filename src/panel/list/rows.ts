import type { IEnvironment, IExisting, IKernel } from '../../wire';
import type { Filter } from '../place';

export type Section = 'mine' | 'curated' | 'archived' | 'existing';

/** One row of the virtual list. */
export type ListRow =
  | { kind: 'section'; section: Section; count: number; folded: boolean }
  | { kind: 'environment'; environment: IEnvironment }
  | { kind: 'existing'; existing: IExisting }
  | { kind: 'skeleton'; id: string };

/** Heights in CSS pixels: the list is measured by them, so the style sheet keeps to them. */
export const ROW_HEIGHTS: Record<ListRow['kind'], number> = {
  section: 28,
  environment: 40,
  existing: 40,
  skeleton: 40
};

/** In one line each. */
export const COMPACT_HEIGHTS: Record<ListRow['kind'], number> = {
  section: 28,
  environment: 24,
  existing: 24,
  skeleton: 24
};

const SKELETONS = 3;

export interface IListInput {
  /** `null` until the first answer. */
  mine: readonly IEnvironment[] | null;
  curated: readonly IEnvironment[] | null;
  /** What is on this machine already; none until it is known. */
  existing?: readonly IExisting[];
  /** How many of mine there are in all. */
  total: number;
  filter: Filter;
  query: string;
  folded: readonly string[];
  inUse: ReadonlySet<string>;
}

/** The environments that a filter leaves. */
export function filtered(
  environments: readonly IEnvironment[],
  filter: Filter,
  inUse: ReadonlySet<string>
): readonly IEnvironment[] {
  switch (filter) {
    case 'built':
      return environments.filter(one => one.ready_version !== null);
    case 'in-use':
      return environments.filter(one => inUse.has(one.name));
    default:
      return environments;
  }
}

/** Whether every word of a query is found in name, description, tags or packages. */
export function matches(environment: IEnvironment, query: string): boolean {
  const text = [
    environment.name,
    environment.description,
    ...Object.entries(environment.tags).flat(),
    ...(environment.latest.wanted ?? [])
  ]
    .join('\n')
    .toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

/** The names of the environments whose kernels run now. */
export function namesInUse(
  kernels: readonly IKernel[],
  running: ReadonlySet<string>
): ReadonlySet<string> {
  return new Set(
    kernels
      .filter(kernel => running.has(kernel.kernel_name))
      .map(kernel => kernel.name)
  );
}

/** Sections and their rows, in the order they are shown. */
export function listRows(input: IListInput): ListRow[] {
  const { filter, query } = input;
  const rows: ListRow[] = [];
  if (filter === 'archived') {
    addSection(rows, 'archived', input.mine, input);
    return rows;
  }
  if (filter !== 'curated') {
    // The server has searched mine already.
    addSection(rows, 'mine', input.mine, input);
  }
  if (filter !== 'mine') {
    const found = input.curated?.filter(one => matches(one, query)) ?? null;
    addSection(rows, 'curated', found, input);
  }
  if (filter === 'all') {
    addExisting(rows, input);
  }
  return rows;
}

function addExisting(rows: ListRow[], input: IListInput): void {
  const words = input.query.toLowerCase().split(/\s+/);
  const found = (input.existing ?? []).filter(one => {
    const text = [one.name, one.kind, one.prefix, ...one.kernels].join('\n');
    return words.every(word => text.toLowerCase().includes(word));
  });
  if (found.length === 0) {
    return;
  }
  const folded = input.folded.includes('existing');
  rows.push({
    kind: 'section',
    section: 'existing',
    count: found.length,
    folded
  });
  if (!folded) {
    rows.push(
      ...found.map(existing => ({ kind: 'existing' as const, existing }))
    );
  }
}

function addSection(
  rows: ListRow[],
  section: Section,
  environments: readonly IEnvironment[] | null,
  input: IListInput
): void {
  const folded = input.folded.includes(section);
  const shown = environments
    ? filtered(environments, input.filter, input.inUse)
    : null;
  if (shown?.length === 0) {
    return;
  }
  const whole = section !== 'curated' && shown === environments;
  const count = whole ? input.total : (shown?.length ?? 0);
  rows.push({ kind: 'section', section, count, folded });
  if (folded) {
    return;
  }
  if (shown) {
    for (const environment of shown) {
      rows.push({ kind: 'environment', environment });
    }
  } else {
    for (let index = 0; index < SKELETONS; index++) {
      rows.push({ kind: 'skeleton', id: `${section}-${index}` });
    }
  }
}

/** How many environments each chip would leave, or `null` while that is not known. */
export function chipCounts(
  input: Pick<IListInput, 'mine' | 'curated' | 'total' | 'inUse'>
): Record<Exclude<Filter, 'all' | 'archived'>, number | null> {
  const { mine, curated, total, inUse } = input;
  const all =
    mine && curated && mine.length === total ? [...mine, ...curated] : null;
  return {
    mine: mine ? total : null,
    curated: curated ? curated.length : null,
    built: all ? filtered(all, 'built', inUse).length : null,
    'in-use': all ? filtered(all, 'in-use', inUse).length : null
  };
}

/** How far two words are apart: the edits that lead from one to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[b.length];
}

/** Environments that a filter hides, or whose name or a package is nearly what was typed. */
export function suggestions(
  known: readonly IEnvironment[],
  query: string,
  limit = 3
): IEnvironment[] {
  const wanted = query.trim().toLowerCase();
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  return known
    .map(environment => ({
      environment,
      far: matches(environment, wanted) ? 0 : farFrom(environment, wanted)
    }))
    .filter(({ far }) => far <= allowed)
    .sort((one, other) => one.far - other.far)
    .slice(0, limit)
    .map(({ environment }) => environment);
}

function farFrom(environment: IEnvironment, wanted: string): number {
  const words = [environment.name, ...(environment.latest.wanted ?? [])]
    .flatMap(name => [name, ...name.split(/[-_.]/)])
    .map(word => distance(word.toLowerCase(), wanted));
  return Math.min(...words);
}
