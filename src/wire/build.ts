/** Builds: one attempt each to make what a version asks for. */
import type { IProblem } from './problem';

export type BuildState =
  | 'queued'
  | 'resolving'
  | 'installing'
  | 'verifying'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

export type BuildStage = 'queued' | 'resolving' | 'installing' | 'verifying';

export interface IStage {
  stage: BuildStage;
  seconds: number | null;
  state: 'done' | 'running' | 'failed' | 'waiting';
}

export interface IProgress {
  done: number;
  total: number;
  bytes_done: number | null;
  bytes_total: number | null;
}

/** One attempt to turn a Version into something that runs. */
export interface IBuild {
  id: string;
  name: string;
  version: string;
  digest: string;
  state: BuildState;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  author: string;
  attempt: number;
  /** True when nothing had to be built. */
  reused: boolean;
  stages: IStage[];
  progress: IProgress | null;
  packages: number | null;
  lock_digest?: string | null;
  error: IProblem | null;
  cancelling: boolean;
  /** How many builds wait that were asked for earlier, while this one waits. */
  ahead?: number | null;
  /** What it makes; null for a build of long ago. */
  form?: 'prefix' | 'image' | null;
}

/** The states in which a build still does something. */
export const ACTIVE_BUILD_STATES: ReadonlySet<BuildState> = new Set<BuildState>(
  ['queued', 'resolving', 'installing', 'verifying']
);

/** Whether the build still waits or works. */
export function isActive(build: Pick<IBuild, 'state'>): boolean {
  return ACTIVE_BUILD_STATES.has(build.state);
}
