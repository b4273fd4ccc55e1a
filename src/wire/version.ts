/** Environments and their versions. */
import type { IBuild } from './build';
import type { IDefinition } from './definition';
import type { IProblem } from './problem';

export interface ILockedPackage {
  name: string;
  version: string;
  sha256: string;
  filename: string;
  size: number | null;
  /** Asked for by the definition itself. */
  direct: boolean;
  required_by: string[];
  /** What put it there; pip where it is left out. */
  installer?: 'pip' | 'conda';
}

export type VersionState =
  'not-built' | 'queued' | 'building' | 'ready' | 'failed' | 'cancelled';

export type EnvironmentSource = 'registry' | 'catalogue';

export type EnvironmentKind = 'pip' | 'conda' | 'image';

/** What a version can become: a directory with a Python in it, or an image. */
export const FORMS = ['prefix', 'image'] as const;
export type Form = (typeof FORMS)[number];

export interface IVersionForm {
  form: Form;
  /** The one that its definition takes by itself. */
  own: boolean;
  /** What makes it, and why. */
  builder: string;
  /** Why it cannot be made here. */
  refused: string | null;
  lock_digest: string | null;
  built: boolean;
  size: number | null;
  kernel: string | null;
}

/** A Version as lists carry it: everything but the definition and the lock. */
export interface IVersionSummary {
  name: string;
  version: string;
  source: EnvironmentSource;
  kind: EnvironmentKind;
  python: string | null;
  description: string;
  tags: { [key: string]: string };
  labels: string[];
  author: string;
  message: string;
  created_at: string;
  /** When it was archived, if it is. */
  archived_at: string | null;
  definition_id: string;
  digest: string;
  lock_digest: string | null;
  state: VersionState;
  /** The newest build of this version. */
  build: IBuild | null;
  /** Bytes on disk, once built. */
  size: number | null;
  /** Name of the kernel if it is installed. */
  kernel: string | null;
  /** Names of the requirements asked for. */
  wanted?: string[];
}

export interface IVersion extends IVersionSummary {
  definition: IDefinition;
  /** The resolved packages, once there is a lock. */
  packages: ILockedPackage[] | null;
  /** What it is and can be built as, its own form first. */
  forms?: IVersionForm[] | null;
}

export interface IEnvironment {
  name: string;
  source: EnvironmentSource;
  description: string;
  /** Name of an icon of the catalogue, e.g. "tutorial". */
  icon: string | null;
  tags: { [key: string]: string };
  /** Label to version. */
  labels: { [label: string]: string };
  read_only: boolean;
  updated_at: string;
  archived_at: string | null;
  version_count: number;
  latest: IVersionSummary;
  /** The newest version that is ready, which may be an older one. */
  ready_version: string | null;
}

export interface IEnvironmentPage {
  items: IEnvironment[];
  next: string | null;
  total: number;
}

export interface ICatalogue {
  items: IEnvironment[];
  problems: IProblem[];
}

export interface IEnvironmentDetail {
  environment: IEnvironment;
  /** Newest first. */
  versions: IVersionSummary[];
  /** The cursor of the following versions. */
  next: string | null;
}
