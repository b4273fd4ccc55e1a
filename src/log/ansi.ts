/** The looks of a stretch of text; names become CSS classes. */
export interface IStyle {
  readonly color: AnsiColor | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
}

export type AnsiColor =
  'black' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan' | 'white';

export interface ISpan {
  readonly text: string;
  readonly style: IStyle;
}

export const PLAIN: IStyle = {
  color: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false
};

const COLORS: readonly AnsiColor[] = [
  'black',
  'red',
  'green',
  'yellow',
  'blue',
  'magenta',
  'cyan',
  'white'
];

// CSI sequences (group 1: parameters, group 2: the final byte), OSC and two-byte escapes.
const ESCAPE =
  // eslint-disable-next-line no-control-regex
  /\x1b(?:\[([0-9;:?]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

/**
 * Splits a line at its SGR escapes. Every other escape is dropped, as are
 * backgrounds and colours beyond the first sixteen: a theme could not honour them.
 */
export function parseAnsi(text: string): ISpan[] {
  if (!text.includes('\x1b')) {
    return text ? [{ text, style: PLAIN }] : [];
  }
  const spans: ISpan[] = [];
  let style = PLAIN;
  let from = 0;
  for (const found of text.matchAll(ESCAPE)) {
    if (found.index > from) {
      spans.push({ text: text.slice(from, found.index), style });
    }
    from = found.index + found[0].length;
    if (found[2] === 'm') {
      style = sgr(style, found[1]);
    }
  }
  if (from < text.length) {
    spans.push({ text: text.slice(from), style });
  }
  return spans;
}

/** Applies the parameters of one SGR escape. */
function sgr(style: IStyle, parameters: string): IStyle {
  const codes = parameters.split(/[;:]/).map(Number);
  let next = style;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at];
    if (code === 38 || code === 48) {
      // 5;n has one more parameter, 2;r;g;b three.
      const indexed = codes[at + 1] === 5;
      const color = indexed ? COLORS[codes[at + 2] % 8] : null;
      if (code === 38 && indexed && codes[at + 2] < 16) {
        next = { ...next, color };
      }
      at += indexed ? 2 : 4;
    } else {
      next = apply(next, code);
    }
  }
  return next;
}

function apply(style: IStyle, code: number): IStyle {
  if (code >= 30 && code <= 37) {
    return { ...style, color: COLORS[code - 30] };
  }
  if (code >= 90 && code <= 97) {
    // Bright black is what tools use for dim text.
    return code === 90
      ? { ...style, color: null, dim: true }
      : { ...style, color: COLORS[code - 90] };
  }
  switch (code) {
    case 0:
      return PLAIN;
    case 1:
      return { ...style, bold: true };
    case 2:
      return { ...style, dim: true };
    case 3:
      return { ...style, italic: true };
    case 4:
      return { ...style, underline: true };
    case 22:
      return { ...style, bold: false, dim: false };
    case 23:
      return { ...style, italic: false };
    case 24:
      return { ...style, underline: false };
    case 39:
      return { ...style, color: null };
    default:
      return style;
  }
}

/** The CSS classes of a style, or `undefined` for plain text. */
export function classesOf(style: IStyle): string | undefined {
  const names = [
    style.color && `mlenv-ansi-${style.color}`,
    style.bold && 'mlenv-ansi-bold',
    style.dim && 'mlenv-ansi-dim',
    style.italic && 'mlenv-ansi-italic',
    style.underline && 'mlenv-ansi-underline'
  ].filter(Boolean);
  return names.length ? names.join(' ') : undefined;
}
