import type { TranslationBundle } from '@jupyterlab/translation';

import { canonicalName } from '../../editor/requirement';
import type { ChangeKind, IPackageChange, IVersionDiff } from '../../wire';

const SIGNS: Record<ChangeKind, string> = {
  added: '+',
  removed: '−',
  upgraded: '↑',
  downgraded: '↓',
  changed: '~'
};

/** ">=2" of "numpy>=2": the name stands beside it. "" means any version. */
export function wantedOf(line: string | null, name: string): string | null {
  return line?.startsWith(name) ? line.slice(name.length) : line;
}

/** What was asked for: Python, then the packages. */
export function askedChanges(
  diff: IVersionDiff,
  trans: TranslationBundle
): IPackageChange[] {
  const python: IPackageChange[] = diff.python
    ? [
        {
          name: trans.__('Python'),
          before: diff.python[0] ?? trans.__('default'),
          after: diff.python[1] ?? trans.__('default'),
          change: 'changed',
          by: ''
        }
      ]
    : [];
  return [...python, ...diff.requirements, ...diff.conda];
}

/** What it resolved to: the packages asked for first, then downgrades, then the rest. */
export function resolvedChanges(
  diff: IVersionDiff,
  wanted: readonly string[]
): IPackageChange[] {
  const asked = new Set([
    ...wanted.map(canonicalName),
    ...diff.requirements.map(one => canonicalName(one.name))
  ]);
  const rank = (one: IPackageChange) =>
    asked.has(canonicalName(one.name))
      ? 0
      : one.change === 'downgraded'
        ? 1
        : 2;
  return [...(diff.packages ?? [])].sort(
    (one, other) =>
      rank(one) - rank(other) || one.name.localeCompare(other.name)
  );
}

/** "2 added, 3 upgraded, 1 variable": a version in one line. */
export function diffSummary(
  diff: IVersionDiff,
  trans: TranslationBundle
): string {
  const count = (change: ChangeKind) =>
    [...diff.requirements, ...diff.conda].filter(one => one.change === change)
      .length;
  const parts: string[] = [];
  if (diff.python) {
    const [before, after] = diff.python;
    parts.push(
      trans.__(
        'Python %1 → %2',
        before ?? trans.__('default'),
        after ?? trans.__('default')
      )
    );
  }
  const said: [number, string][] = [
    [count('added'), trans.__('added')],
    [count('upgraded'), trans.__('upgraded')],
    [count('downgraded'), trans.__('downgraded')],
    [count('changed'), trans.__('changed')],
    [count('removed'), trans.__('removed')]
  ];
  parts.push(
    ...said
      .filter(([many]) => many > 0)
      .map(([many, word]) => `${many} ${word}`)
  );
  if (diff.variables.length) {
    parts.push(trans._n('%1 variable', '%1 variables', diff.variables.length));
  }
  parts.push(...diff.other);
  if (parts.length === 0 && diff.packages?.length) {
    parts.push(
      trans._n(
        'the same wishes, %1 package resolved anew',
        'the same wishes, %1 packages resolved anew',
        diff.packages.length
      )
    );
  }
  return parts.join(', ');
}

/** The difference as text, to paste into a message. */
export function diffText(
  title: string,
  parts: readonly { title: string; changes: readonly IPackageChange[] }[]
): string {
  const lines = [title];
  for (const part of parts.filter(one => one.changes.length > 0)) {
    lines.push('', part.title);
    for (const { name, before, after, change } of part.changes) {
      const values = [before, after]
        .filter((value): value is string => value !== null)
        .map(value => wantedOf(value, name) || 'any');
      lines.push(`${SIGNS[change]} ${name}  ${values.join(' → ')}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
