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
  requiredBy: readonly string[];
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
      requiredBy: [],
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
  if (input.all) {
    const asked = new Set(rows.map(one => canonicalName(one.name)));
    for (const [name, one] of locked) {
      if (!asked.has(name)) {
        rows.push({
          key: `with ${name}`,
          name: one.name,
          extras: '',
          wanted: null,
          marker: '',
          resolved: one.version,
          size: one.size,
          requiredBy: one.required_by,
          change: null,
          index: -1,
          problem: null
        });
      }
    }
  }
  return rows.sort((one, other) =>
    canonicalName(one.name).localeCompare(canonicalName(other.name))
  );
}
