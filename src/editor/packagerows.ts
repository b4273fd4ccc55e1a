import type { ChangeKind, ILockedPackage, IProblem } from '../wire';
import { canonicalName, parseRequirement, requirementKey } from './requirement';

/** One row of the table of packages. */
export interface IPackageRow {
  key: string;
  name: string;
  extras: string;
  /** What is wanted; "" for any version. `null` for what came along. */
  wanted: string | null;
  marker: string;
  resolved: string | null;
  size: number | null;
  /** Where it comes from: "pip", "conda", or the address or file it is taken from. */
  source: string;
  /** The row that it stands under. */
  under: string | null;
  /** Who else needs it, besides the row it stands under. */
  requiredBy: readonly string[];
  /** How deep it stands in the tree; 0 for what was asked for. */
  depth: number;
  change: ChangeKind | null;
  /** Its line among the requirements, or -1 when it is removed or came along. */
  index: number;
  problem: IProblem | null;
}

/**
 * The requirements in the order of their names, those that are removed still in their place,
 * and with `all` what they brought along.
 */
export function packageRows(input: {
  requirements: readonly string[];
  before: readonly string[];
  packages: readonly ILockedPackage[] | null;
  problems: ReadonlyMap<number, IProblem>;
  all: boolean;
}): IPackageRow[] {
  const { requirements, before, problems } = input;
  const locked = new Map(
    (input.packages ?? []).map(one => [canonicalName(one.name), one])
  );
  const was = new Map(before.map(line => [requirementKey(line), line]));
  const row = (line: string, index: number): IPackageRow => {
    const parts = parseRequirement(line);
    const name = parts?.name ?? line;
    const found = locked.get(canonicalName(name));
    const key = requirementKey(line);
    const old = was.get(key);
    return {
      key,
      name,
      extras: parts?.extras ?? '',
      wanted: parts?.wanted ?? '',
      marker: parts?.marker ?? '',
      resolved: found?.version ?? null,
      size: found?.size ?? null,
      source: sourceOf(parts?.wanted ?? '', found),
      under: null,
      requiredBy: [],
      depth: 0,
      change: old === undefined ? 'added' : old === line ? null : 'changed',
      index,
      problem: problems.get(index) ?? null
    };
  };
  const kept = new Set(requirements.map(requirementKey));
  const rows = [
    ...requirements.map(row),
    ...before
      .filter(line => !kept.has(requirementKey(line)))
      .map(line => ({ ...row(line, -1), change: 'removed' as const }))
  ];
  rows.sort((one, other) => byName(one.name, other.name));
  return input.all ? withRequired(rows, locked) : rows;
}

/** Where a package comes from, in a word. */
function sourceOf(wanted: string, found?: ILockedPackage): string {
  const direct = /^@\s*(?:([a-z]+)\+)?(\w+):/.exec(wanted);
  return direct
    ? (direct[1] ?? (direct[2] === 'file' ? 'file' : 'URL'))
    : (found?.installer ?? 'pip');
}

function byName(one: string, other: string): number {
  return canonicalName(one).localeCompare(canonicalName(other));
}

/** What each row requires, under it: every package once, under the first that needs it. */
function withRequired(
  asked: readonly IPackageRow[],
  locked: ReadonlyMap<string, ILockedPackage>
): IPackageRow[] {
  const needs = new Map<string, string[]>();
  for (const [name, one] of locked) {
    for (const parent of one.required_by.map(canonicalName)) {
      needs.set(parent, [...(needs.get(parent) ?? []), name]);
    }
  }
  const placed = new Set(asked.map(one => canonicalName(one.name)));
  const rows: IPackageRow[] = [];
  const add = (name: string, under: string | null, depth: number) => {
    const one = locked.get(name);
    if (!one || placed.has(name)) {
      return;
    }
    placed.add(name);
    rows.push({
      key: `with ${name}`,
      name: one.name,
      extras: '',
      wanted: null,
      marker: '',
      resolved: one.version,
      size: one.size,
      source: sourceOf('', one),
      under,
      requiredBy: one.required_by.filter(
        other => canonicalName(other) !== under
      ),
      depth,
      change: null,
      index: -1,
      problem: null
    });
    addNeeds(name, depth);
  };
  const addNeeds = (name: string, depth: number) => {
    for (const child of (needs.get(name) ?? []).sort(byName)) {
      add(child, name, depth + 1);
    }
  };
  for (const row of asked) {
    const name = canonicalName(row.name);
    rows.push({ ...row, requiredBy: locked.get(name)?.required_by ?? [] });
    addNeeds(name, 0);
  }
  // What nothing in the lock accounts for.
  for (const name of [...locked.keys()].sort(byName)) {
    add(name, null, 0);
  }
  return rows;
}
