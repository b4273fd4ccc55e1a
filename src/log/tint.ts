import type { ISpan, IStyle } from './ansi';
import { parseAnsi, PLAIN } from './ansi';
import type { LineKind } from './lines';

const BLUE: IStyle = { ...PLAIN, color: 'blue' };
const GREEN: IStyle = { ...PLAIN, color: 'green' };
const RED: IStyle = { ...PLAIN, color: 'red' };
const YELLOW: IStyle = { ...PLAIN, color: 'yellow' };
const DIM: IStyle = { ...PLAIN, dim: true };

/** The start of a line that a tool left without colours, and the style it gets. */
const LEADS: readonly [RegExp, IStyle][] = [
  [/^\s*(×|✗|error\b:?|ERROR\b:?).*/, RED],
  [/^\s*(warning|WARNING)\b:?/, YELLOW],
  [/^\s*(Resolved|Installed|Audited) \d+ packages?/, GREEN],
  [/^\s*[+] \S+.*/, GREEN],
  [/^\s*- \S+.*/, RED],
  [
    /^\s*(Downloading|Downloaded|Preparing|Prepared|Building|Built|Updating|Updated)\b/,
    DIM
  ]
];

/** A longer line is cut for the eye; copying and downloading keep it whole. */
const LONGEST = 4000;

/** The spans of a line: the tool's own colours if it has any, else ours. */
export function tint(text: string, kind: LineKind): ISpan[] {
  const shown = text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
  if (shown.includes('\x1b')) {
    return parseAnsi(shown);
  }
  switch (kind) {
    case 'stage':
      return lead(shown, /^\S+/, BLUE);
    case 'result':
      return [{ text: shown, style: resultStyle(shown) }];
    case 'note':
      return leadOf(shown) ?? [{ text: shown, style: DIM }];
    case 'warn':
      return lead(shown, /^\s*\S+/, YELLOW);
    case 'error':
      return [{ text: shown, style: RED }];
    default:
      return leadOf(shown) ?? parseAnsi(shown);
  }
}

function leadOf(text: string): ISpan[] | null {
  const found = LEADS.find(([pattern]) => pattern.test(text));
  return found ? lead(text, ...found) : null;
}

function resultStyle(text: string): IStyle {
  if (/^(Ready|build succeeded)/.test(text)) {
    return GREEN;
  }
  return /^(Cancelled|build cancelled)/.test(text) ? PLAIN : RED;
}

function lead(text: string, pattern: RegExp, style: IStyle): ISpan[] {
  const length = pattern.exec(text)?.[0].length ?? 0;
  const spans = [
    { text: text.slice(0, length), style },
    { text: text.slice(length), style: PLAIN }
  ];
  return spans.filter(span => span.text);
}

/** A stretch of text that is all found or all not. */
export interface IPiece extends ISpan {
  readonly found: boolean;
}

/** Cuts spans at the borders of what a search found. */
export function mark(
  spans: readonly ISpan[],
  found: readonly [number, number][]
): IPiece[] {
  const pieces: IPiece[] = [];
  let offset = 0;
  for (const { text, style } of spans) {
    let at = 0;
    for (const [start, end] of found) {
      const from = Math.max(0, start - offset);
      const to = Math.min(text.length, end - offset);
      if (from >= to) {
        continue;
      }
      if (from > at) {
        pieces.push({ text: text.slice(at, from), style, found: false });
      }
      pieces.push({ text: text.slice(from, to), style, found: true });
      at = to;
    }
    if (at < text.length) {
      pieces.push({ text: text.slice(at), style, found: false });
    }
    offset += text.length;
  }
  return pieces;
}
