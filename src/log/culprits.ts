import type { ICulprit } from '../wire';

/** A requirement as the error card shows it. */
export interface ICulpritLine {
  /** Where it stands among the requirements, from 1; `null` if it is not there. */
  readonly number: number | null;
  readonly text: string;
  readonly note: string | null;
}

/** The culprits in order of their line, with what stands between and just before them. */
export function linesAround(
  culprits: readonly ICulprit[],
  requirements: readonly string[]
): ICulpritLine[] {
  const notes = new Map(culprits.map(c => [c.requirement, c.note]));
  const found = requirements.flatMap((text, at) =>
    notes.has(text) ? [at] : []
  );
  const strangers = culprits
    .filter(c => !requirements.includes(c.requirement))
    .map(c => ({ number: null, text: c.requirement, note: c.note }));
  if (!found.length) {
    return strangers;
  }
  const shown = new Set(found.flatMap(at => [at - 1, at]));
  const between = found[found.length - 1] - found[0];
  if (between <= 4) {
    for (let at = found[0]; at <= found[0] + between; at++) {
      shown.add(at);
    }
  }
  const lines = requirements.flatMap((text, at) =>
    shown.has(at)
      ? [{ number: at + 1, text, note: notes.get(text) ?? null }]
      : []
  );
  return [...lines, ...strangers];
}
