/** The log of a build, as lines and as a stream. */
import type { BuildStage, BuildState, IProgress } from './build';
import type { IProblem } from './problem';

interface ILogRecordBase {
  /** Seconds since the build began. */
  t: number;
  /** The stage; left out while queued. */
  s?: BuildStage;
}

export type LogLevel = 'out' | 'err' | 'note' | 'warn' | 'error';

export interface ILogLine extends ILogRecordBase {
  k: 'line';
  /** The text, which may hold ANSI colours. */
  x: string;
  /** Left out for plain output. */
  l?: LogLevel;
}

export interface ILogStage extends ILogRecordBase {
  k: 'stage';
  x: string;
}

export interface ILogProgress extends ILogRecordBase {
  k: 'progress';
  d: IProgress;
}

export interface ILogResult extends ILogRecordBase {
  k: 'result';
  /** How the build ended, in words. */
  x?: string;
  d: { state: BuildState; error: IProblem | null };
}

/** One line of `log.jsonl`. */
export type LogRecord = ILogLine | ILogStage | ILogProgress | ILogResult;

/** What the client says on `/stream`. */
export type StreamRequest =
  | { type: 'follow'; build: string; from: number }
  | { type: 'unfollow'; build: string };

/** What the server says on `/stream`. */
export type StreamReply =
  | { type: 'log'; build: string; from: number; to: number; data: string }
  | { type: 'end'; build: string; to: number; state: BuildState }
  | { type: 'error'; build: string; error: IProblem }
  | { type: 'ping' };
