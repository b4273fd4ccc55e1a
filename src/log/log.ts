import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type {
  BuildStage,
  BuildState,
  ILogResult,
  IProblem,
  IProgress,
  LogRecord
} from '../wire';
import { FoldedRows } from './folds';
import type { LineKind } from './lines';
import { LogLines, plain } from './lines';
import type { IPace } from './pace';
import { PaceMeter } from './pace';

/** Runs a callback soon; the more lines there are to lay out, the rarer. */
export type Schedule = (callback: () => void, lines: number) => void;

/** When a stage began, in seconds since the build began. */
export interface IStageMark {
  readonly stage: BuildStage;
  readonly time: number;
}

const STAGE_ORDER: readonly BuildStage[] = [
  'queued',
  'resolving',
  'installing',
  'verifying'
];

/** uv writes all it says to stderr; this is what tells its errors from the rest. */
const ERROR_TEXT = /^\s*(×|✗|error:|ERROR:)/;
const WARNING_TEXT = /^\s*(warning|WARNING):/;

/**
 * The log of one build as far as it has arrived: its lines, and what they say
 * about stages, progress and the result. Bytes are taken in order; what was
 * already seen is skipped, what would leave a gap is refused. No DOM in here.
 */
export class BuildLog {
  constructor(
    readonly id: string,
    private readonly _schedule: Schedule = nextFrame
  ) {}

  readonly lines = new LogLines();

  readonly rows = new FoldedRows();

  /** Emitted at most once per frame, however many lines came in. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Goes up with every emission of `changed`. */
  get version(): number {
    return this._version;
  }

  /** How many bytes of `log.jsonl` were taken in. */
  get offset(): number {
    return this._offset;
  }

  /** The stages that began, in order. */
  get stages(): readonly IStageMark[] {
    return this._stages;
  }

  get progress(): IProgress | null {
    return this._progress;
  }

  get pace(): IPace {
    return this._pace.pace;
  }

  get result(): ILogResult['d'] | null {
    return this._result;
  }

  /** The state in which the build ended, once its whole log is here. */
  get ended(): BuildState | null {
    return this._ended;
  }

  /** Why the server could not give us this log. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Seconds since the build began, by the newest record. */
  get time(): number {
    return this._time;
  }

  /** When the newest record came in (milliseconds since the epoch). */
  get receivedAt(): number {
    return this._receivedAt;
  }

  /** The line with the first error, or -1. */
  get firstError(): number {
    return this._firstError;
  }

  /** The line with the first warning, or -1. */
  get firstWarning(): number {
    return this._firstWarning;
  }

  /** Whether a line goes on about the first error, as indented text below it. */
  isCulprit(line: number): boolean {
    return (
      this._firstError >= 0 && line > this._firstError && line < this._errorEnd
    );
  }

  /**
   * Takes in the bytes [from, to) of the log. False if bytes before them are
   * missing: they have to be asked for again from `offset`.
   */
  append(from: number, to: number, data: string): boolean {
    if (from > this._offset) {
      return false;
    }
    if (to <= this._offset) {
      return true;
    }
    const fresh =
      from < this._offset ? cutBytes(data, this._offset - from) : data;
    this._offset = to;
    this._receivedAt = Date.now();
    const texts = (this._rest + fresh).split('\n');
    this._rest = texts.pop() ?? '';
    for (const text of texts) {
      this._take(text);
    }
    this._touch();
    return true;
  }

  /** Notes that the build ended and nothing more will come. */
  end(state: BuildState): void {
    this._ended = state;
    this._touch();
  }

  /** Notes that the server could not give us the log. */
  fail(problem: IProblem): void {
    this._problem = problem;
    this._touch();
  }

  /** Opens or closes the fold that begins at a line. */
  toggleFold(line: number): void {
    this.rows.toggle(line);
    this._touch();
  }

  /** Shows every line, or folds the noise again. */
  showFolded(show: boolean): void {
    this.rows.showAll = show;
    this._touch();
  }

  private _take(text: string): void {
    const record = text ? parseRecord(text) : null;
    if (!record) {
      return;
    }
    const { t: time, s: stage = 'queued' } = record;
    this._time = time;
    this._enter(stage, time);
    switch (record.k) {
      case 'line':
        this._push(record.x, time, record.l ?? 'out');
        break;
      case 'stage':
        this._push(record.x || stage, time, 'stage');
        break;
      case 'progress':
        this._progress = record.d;
        this._pace.add(time, record.d);
        break;
      case 'result':
        this._result = record.d;
        if (record.d.state === 'failed' && this._firstError < 0) {
          this._firstError = this.lines.length;
          this._errorEnd = this._firstError + 1;
        }
        this._push(record.x || `build ${record.d.state}`, time, 'result');
        break;
    }
  }

  private _enter(stage: BuildStage, time: number): void {
    const last = this._stages[this._stages.length - 1];
    if (last?.stage === stage) {
      return;
    }
    if (last && STAGE_ORDER.indexOf(stage) < STAGE_ORDER.indexOf(last.stage)) {
      // An interrupted build begins again in the same log.
      this._stages = [];
      this._result = null;
    }
    this._progress = null;
    this._pace = new PaceMeter();
    this._stages.push({ stage, time });
  }

  private _push(text: string, time: number, kind: LineKind): void {
    const from = this.lines.length;
    this.lines.push(text, time, kind);
    for (let line = from; line < this.lines.length; line++) {
      const own = this.lines.text(line);
      this.rows.push(own, kind);
      this._noteTrouble(line, plain(own), kind);
    }
  }

  private _noteTrouble(line: number, text: string, kind: LineKind): void {
    if (kind === 'stage' || kind === 'result') {
      return;
    }
    if (this._firstError < 0) {
      if (kind === 'error' || ERROR_TEXT.test(text)) {
        this._firstError = line;
        this._errorEnd = line + 1;
      }
    } else if (line === this._errorEnd && /^\s/.test(text)) {
      this._errorEnd = line + 1;
    }
    if (
      this._firstWarning < 0 &&
      (kind === 'warn' || WARNING_TEXT.test(text))
    ) {
      this._firstWarning = line;
    }
  }

  private _touch(): void {
    if (this._pending) {
      return;
    }
    this._pending = true;
    this._schedule(() => {
      this._pending = false;
      this._version++;
      this._changed.emit();
    }, this.lines.length);
  }

  private _changed = new Signal<this, void>(this);
  private _version = 0;
  private _pending = false;
  private _offset = 0;
  private _rest = '';
  private _stages: IStageMark[] = [];
  private _progress: IProgress | null = null;
  private _pace = new PaceMeter();
  private _result: ILogResult['d'] | null = null;
  private _ended: BuildState | null = null;
  private _problem: IProblem | null = null;
  private _time = 0;
  private _receivedAt = 0;
  private _firstError = -1;
  private _errorEnd = -1;
  private _firstWarning = -1;
}

/** Laying out this many lines takes a good part of a frame. */
const MANY_LINES = 100_000;

/** The next animation frame; later for a long log, and in a tab that draws none. */
export function nextFrame(callback: () => void, lines: number): void {
  if (document.hidden || lines > MANY_LINES) {
    setTimeout(callback, 250);
  } else {
    requestAnimationFrame(callback);
  }
}

/** Offsets count bytes, strings count UTF-16 units. */
function cutBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(
    new TextEncoder().encode(text).subarray(bytes)
  );
}

/** A line that is no record is shown as it is rather than lost. */
function parseRecord(text: string): LogRecord {
  try {
    return JSON.parse(text) as LogRecord;
  } catch {
    return { t: 0, k: 'line', s: 'queued', x: text, l: 'out' };
  }
}
