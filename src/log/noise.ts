import type { LineKind } from './lines';
import { plain } from './lines';

/** A sort of line that says little when there are many of it. */
export type Noise = 'lock' | 'download' | 'metadata' | 'installed' | 'detail';

const PATTERNS: readonly [Noise, RegExp][] = [
  [
    'download',
    /^\s*(Downloading|Downloaded|Preparing|Prepared|Building|Built|Fetching|Updating|Updated|Using cached)\b/
  ],
  ['installed', /^\s*[+~-] \S+==\S+/],
  ['lock', /^\s*([A-Za-z0-9][\w.-]*(\[[^\]]*\])?==\S+( \\)?$|# via\b|--hash=)/],
  ['metadata', /^\s*(Reading|Read|Requesting|Fetched) metadata\b/],
  ['detail', /^(DEBUG|TRACE)\b/]
];

/** How many of the newest lines of a run stay in view. */
const TAIL: Readonly<Record<Noise, number>> = {
  lock: 0,
  download: 4,
  metadata: 0,
  installed: 8,
  detail: 0
};

/** Fewer hidden lines than this are not worth a fold. */
const LEAST_HIDDEN: Readonly<Record<Noise, number>> = {
  lock: 4,
  download: 4,
  metadata: 4,
  installed: 16,
  detail: 4
};

/** The sort of noise a line is, or `null` if it is worth reading. */
export function noiseOf(text: string, kind: LineKind): Noise | null {
  if (kind !== 'out' && kind !== 'err' && kind !== 'note') {
    return null;
  }
  const bare = plain(text);
  for (const [noise, pattern] of PATTERNS) {
    if (pattern.test(bare)) {
      return noise;
    }
  }
  return null;
}

/** How many lines to hide of a run of `count` lines of this noise; the rest follows the fold. */
export function hiddenOf(noise: Noise, count: number): number {
  const hidden = count - TAIL[noise];
  return hidden < LEAST_HIDDEN[noise] ? 0 : hidden;
}
