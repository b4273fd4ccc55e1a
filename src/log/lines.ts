import type { LogLevel } from '../wire';

/** What a stored line is: text of a level, the start of a stage, or the result. */
export type LineKind = LogLevel | 'stage' | 'result';

const KINDS: readonly LineKind[] = [
  'out',
  'err',
  'note',
  'warn',
  'error',
  'stage',
  'result'
];

const KIND_CODE = new Map(KINDS.map((kind, code) => [kind, code]));

/** Set on a line that continues the record above it, so it shows no time. */
const CONTINUES = 0x80;

const ESCAPES =
  // eslint-disable-next-line no-control-regex
  /\x1b(?:\[[0-9;:?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

/** The text without its ANSI escapes. */
export function plain(text: string): string {
  return text.includes('\x1b') ? text.replace(ESCAPES, '') : text;
}

/**
 * The lines of one log, append-only: three columns and no object per line, so
 * that a million of them are cheap to keep and to look up.
 */
export class LogLines {
  get length(): number {
    return this._texts.length;
  }

  text(line: number): string {
    return this._texts[line];
  }

  /** Seconds since the build began. */
  time(line: number): number {
    return this._times[line];
  }

  kind(line: number): LineKind {
    return KINDS[this._kinds[line] & ~CONTINUES];
  }

  /** Whether the line belongs to the record of the line above. */
  continues(line: number): boolean {
    return (this._kinds[line] & CONTINUES) !== 0;
  }

  /** Adds one record; a text of several lines becomes several lines. */
  push(text: string, time: number, kind: LineKind): void {
    const code = KIND_CODE.get(kind) ?? 0;
    if (!text.includes('\n')) {
      this._pushLine(text, time, code);
      return;
    }
    const parts = text.replace(/\n$/, '').split('\n');
    parts.forEach((part, at) =>
      this._pushLine(part, time, at ? code | CONTINUES : code)
    );
  }

  /** The whole log as a person would save it. */
  toText(): string {
    return this._texts.map(plain).join('\n') + (this.length ? '\n' : '');
  }

  private _pushLine(text: string, time: number, code: number): void {
    const at = this._texts.length;
    if (at === this._times.length) {
      this._grow();
    }
    this._times[at] = time;
    this._kinds[at] = code;
    // A progress bar rewrites its line; what is after the last return is what stays.
    const returned = text.replace(/\r+$/, '').lastIndexOf('\r');
    this._texts.push(returned < 0 ? text : text.slice(returned + 1));
  }

  private _grow(): void {
    const times = new Float32Array(this._times.length * 2);
    times.set(this._times);
    this._times = times;
    const kinds = new Uint8Array(this._kinds.length * 2);
    kinds.set(this._kinds);
    this._kinds = kinds;
  }

  private _texts: string[] = [];
  private _times = new Float32Array(1024);
  private _kinds = new Uint8Array(1024);
}
