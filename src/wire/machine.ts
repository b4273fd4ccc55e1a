/** This server and its machine: kernels, Pythons, disk. */
import type { IProblem } from './problem';

/** What was built and nothing refers to; `size` is what its removal frees. */
export interface ICollected {
  counts: { [kind: string]: number };
  size: number;
  dry_run: boolean;
}

/** A Version installed so that any Jupyter client can start it. */
export interface IKernel {
  kernel_name: string;
  display_name: string;
  name: string;
  version: string;
  language: string;
  path_exists: boolean;
}

export interface IPythons {
  items: { version: string; path_kind: 'found' | 'managed' }[];
  default: string;
}

export interface ICheck {
  name: string;
  ok: boolean;
  message: string;
  remedy: string;
}

export interface IStatus {
  version: string;
  home_ok: boolean;
  disk_free: number;
  builds_running: number;
  problems: IProblem[];
  checks: ICheck[];
}
