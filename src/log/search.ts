import type { LogLines } from './lines';
import { plain } from './lines';

/** How many lines one step looks at; about 10 ms. */
const STEP = 50_000;

/**
 * The lines that hold a text, whatever its case. Works in steps, so that a long
 * log is searched without holding up the page, and goes on as lines come in.
 */
export class LogSearch {
  constructor(
    private readonly _lines: LogLines,
    readonly query: string
  ) {
    this._needle = query.toLowerCase();
  }

  /** The matching lines, in order. */
  get matches(): readonly number[] {
    return this._matches;
  }

  /** Whether every line was looked at. */
  get done(): boolean {
    return !this._needle || this._next >= this._lines.length;
  }

  /** Looks at some more lines; true if that found any. */
  step(): boolean {
    if (!this._needle) {
      return false;
    }
    const before = this._matches.length;
    const end = Math.min(this._lines.length, this._next + STEP);
    for (; this._next < end; this._next++) {
      if (matches(this._lines.text(this._next), this._needle)) {
        this._matches.push(this._next);
      }
    }
    return this._matches.length > before;
  }

  private readonly _needle: string;
  private _next = 0;
  private _matches: number[] = [];
}

function matches(text: string, needle: string): boolean {
  return plain(text).toLowerCase().includes(needle);
}

/** Where in `text` (without escapes) the query stands, as [start, end) pairs. */
export function occurrences(text: string, query: string): [number, number][] {
  const found: [number, number][] = [];
  const needle = query.toLowerCase();
  if (!needle) {
    return found;
  }
  const hay = text.toLowerCase();
  for (
    let at = hay.indexOf(needle);
    at >= 0;
    at = hay.indexOf(needle, at + needle.length)
  ) {
    found.push([at, at + needle.length]);
  }
  return found;
}
