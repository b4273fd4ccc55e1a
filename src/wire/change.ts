/** What a change would come to, and files and environments read as definitions. */
import type { IDefinition } from './definition';
import type { IProblem } from './problem';
import type { ILockedPackage, IVersion } from './version';

export interface IValidation {
  ok: boolean;
  problems: IProblem[];
  definition: IDefinition | null;
  digest: string | null;
  definition_id: string | null;
}

export type ChangeKind =
  'added' | 'removed' | 'upgraded' | 'downgraded' | 'changed';

export interface IPackageChange {
  name: string;
  before: string | null;
  after: string | null;
  change: ChangeKind;
  /** The requirement that brought it in, or "". */
  by: string;
}

/** What is different between two versions. */
export interface IVersionDiff {
  /** Before and after, or `null` when the same Python is asked for. */
  python: [string | null, string | null] | null;
  requirements: IPackageChange[];
  conda: IPackageChange[];
  variables: IPackageChange[];
  /** All other fields by their place, as text: `docker.base_image`. */
  settings: IPackageChange[];
  /** The names of `settings`. */
  other: string[];
  /** What the requirements resolved to, when both are locked. */
  packages?: IPackageChange[] | null;
}

/** What resolving a version anew came to; without `created` nothing was registered. */
export interface IRefresh {
  version: IVersion;
  created: boolean;
  changes: IPackageChange[];
}

/** What a definition would resolve to, without installing anything. */
export interface IResolution {
  packages: ILockedPackage[];
  changes: IPackageChange[];
  seconds: number;
}

export interface IImport {
  name: string;
  /** What it is called there, such as `Autosave_2021-03-20T17:38:44Z_adda0f97`. */
  version: string | null;
  definition: IDefinition;
  /** The newest version that is registered here and asks for the very same. */
  here?: { name: string; version: string } | null;
  report: { taken: string[]; kept: string[]; refused: string[] };
}

/** An environment that is on this machine already and that mlenv did not make. */
export interface IExisting {
  id: string;
  kind: 'server' | 'venv' | 'conda' | 'pyenv' | 'python';
  name: string;
  prefix: string;
  python: string;
  packages: number;
  /** The names that kernels in it are shown by. */
  kernels: string[];
}

/** What became of an environment that was adopted. */
export interface IAdopted {
  version: IVersion;
  /** How many packages its lock has; `null` where the build makes the lock. */
  locked: number | null;
  report: IImport['report'];
  problems: IProblem[];
}
