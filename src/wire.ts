/**
 * The JSON of `/mlenv/api`, as types. Times are ISO 8601 in UTC, sizes bytes,
 * durations seconds. Field names are the wire's own, so nothing is renamed on the way in.
 */

export * from './wire/packages';
export * from './wire/work';
export * from './wire/secrets';

/** What was built and nothing refers to; `size` is what its removal frees. */
export interface ICollected {
  counts: { [kind: string]: number };
  size: number;
  dry_run: boolean;
}

/** A wheel that is named by its content. */
export interface IWheel {
  name: string;
  sha256: string;
}

export interface IPipSection {
  /** Normalised PEP 508 lines, sorted. */
  requirements: string[];
  index_url: string | null;
  extra_index_urls: string[];
  find_links: string[];
  pre: boolean;
  no_binary: string[];
  only_binary: string[];
  /** They limit what is not asked for. */
  constraints: string[];
  /** The files that a package may come from, `sha256:…` by its canonical name. */
  hashes: { [name: string]: string[] };
  /** Lines for pip that are kept as they came and not honoured. */
  options: string[];
}

export interface ICondaSection {
  channels: string[];
  packages: string[];
  dependencies_file: string | null;
  base_environment: string | null;
}

export interface IDockerSection {
  base_image: string | null;
  dockerfile: string | null;
  build_context: IBuildContext | null;
  platform: string | null;
  arguments: string[];
  shm_size: string | null;
  enabled: boolean;
  base_image_registry: IImageRegistry | null;
  shared_volumes: boolean;
  gpu_support: boolean;
}

/** A directory that an image is built from; `sha256` where mlenv has its files. */
export interface IBuildContext {
  location: string;
  location_type: 'local' | 'git' | 'storageAccount';
  dockerfile_path: string;
  sha256: string | null;
}

/** One layer of an image: what made it, and its size in bytes. */
export interface IImageLayer {
  created_by: string;
  size: number;
}

/** The image of a version, built or not; paths are those in the image, `size` is bytes. */
export interface IImageDetails {
  exists: boolean;
  registry: string | null;
  repository: string;
  image: string;
  builder: string;
  id: string | null;
  pushed: string | null;
  base: string | null;
  platform: string | null;
  dockerfile: string | null;
  python_path: string | null;
  environment_path: string | null;
  size: number | null;
  layers: IImageLayer[];
  notes: string[];
}

/** Where a base image comes from; the password is a reference, never the word. */
export interface IImageRegistry {
  address: string | null;
  username: string | null;
  password: string | null;
  identity: { [name: string]: string } | null;
}

export interface ISparkSection {
  repositories: string[];
  packages: { group: string; artifact: string; version: string }[];
  precache_packages: boolean;
}

/** What is wanted: an immutable value. `null` means "none" or "the default". */
export interface IDefinition {
  python: string | null;
  pip: IPipSection;
  conda: ICondaSection;
  wheels: IWheel[];
  docker: IDockerSection | null;
  variables: { [name: string]: string };
  user_managed_dependencies: boolean;
  interpreter_path: string | null;
  torch_backend: string | null;
  spark: ISparkSection | null;
  /** This and what follows is kept as it came and not honoured. */
  r: { [key: string]: unknown } | null;
  databricks: { [key: string]: unknown } | null;
  inferencing_stack_version: string | null;
  asset_id: string | null;
}

/**
 * A definition as a client sends it: what is left out takes the server's default,
 * and `requirements` may be spelt any way PEP 508 allows.
 */
export type DefinitionInput = Partial<
  Omit<IDefinition, 'pip' | 'conda' | 'docker'>
> & {
  pip?: Partial<IPipSection>;
  conda?: Partial<ICondaSection>;
  docker?: Partial<IDockerSection> | null;
};

/** A requirement at fault, with what is wrong with it. */
export interface ICulprit {
  requirement: string;
  note: string;
}

/** One change to the requirements that would mend the problem. */
export interface IFix {
  label: string;
  remove: string[];
  add: string[];
}

/** Something went wrong, or will: what, why, and what to do about it. */
export interface IProblem {
  code: string;
  /** What happened, in one sentence. */
  message: string;
  /** Why; may be empty. */
  detail: string;
  /** What to do now. */
  remedy: string;
  /** The place: "", "name", "pip.requirements[3]", "variables.1=2", "line 4". */
  where: string;
  culprits: ICulprit[];
  fixes: IFix[];
  /** Set when one answer holds several. */
  problems?: IProblem[];
}

/** The body of every answer with a status of 400 or more. */
export interface IErrorBody {
  error: Partial<IProblem> & { code: string; message: string };
}

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
  error: IProblem | null;
  cancelling: boolean;
  /** How many builds wait that were asked for earlier, while this one waits. */
  ahead?: number | null;
}

/** The states in which a build still does something. */
export const ACTIVE_BUILD_STATES: ReadonlySet<BuildState> = new Set<BuildState>(
  ['queued', 'resolving', 'installing', 'verifying']
);

/** Whether the build still waits or works. */
export function isActive(build: Pick<IBuild, 'state'>): boolean {
  return ACTIVE_BUILD_STATES.has(build.state);
}

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

/** The ids of the event schemas that the server emits on. */
export const EVENT_SCHEMAS = {
  build: 'https://events.mlenv.dev/build',
  environment: 'https://events.mlenv.dev/environment',
  kernel: 'https://events.mlenv.dev/kernel',
  run: 'https://events.mlenv.dev/run',
  service: 'https://events.mlenv.dev/service'
} as const;

/** The data of an event on the Jupyter event bus. */
export interface IChangeEvent {
  action: 'created' | 'changed' | 'deleted';
  name?: string;
  version?: string;
  id?: string;
  state?: string;
  /** What a kernel is doing that is `starting`. */
  detail?: string;
}

/** The data with which a kernel opens the comm `mlenv`. */
export interface IUseRequest {
  action: 'use';
  name: string;
  version: string;
  kernel_name: string;
  /** The label that the notebook is to go with. */
  follows?: string;
}

/** What a running kernel has beyond its version. */
export interface IDrift {
  name: string;
  version: string;
  added: { name: string; version: string }[];
  removed: { name: string; version: string }[];
  changed: { name: string; before: string; after: string }[];
  /** The file of the notebook that this belongs to; `null` where it ends with the kernel. */
  notebook: string | null;
}

/** What a notebook remembers of its environment, in `metadata.mlenv`. */
export interface IStamp {
  format: number;
  name: string;
  version: string;
  /** A label that the notebook goes with. */
  follows?: string;
  definition_id: string;
  digest: string;
  lock_digest?: string;
  definition: object;
  lock?: object;
  /** The file beside the notebook that has the lock where it is long. */
  lock_file?: string;
}

/** Something foreign in somebody else's definition, which its reader must want. */
export interface ITick {
  id: string;
  kind:
    | 'index'
    | 'links'
    | 'vcs'
    | 'url'
    | 'source'
    | 'image'
    | 'interpreter'
    | 'variable';
  text: string;
}

/** How a notebook's environment can be had here. */
export interface IPlan {
  state:
    | 'ready'
    | 'same-packages'
    | 'registered'
    | 'buildable'
    | 'other-platform'
    | 'unlocked'
    | 'unreadable';
  name: string;
  version: string;
  follows: string | null;
  python: string | null;
  platform: string | null;
  packages: number | null;
  here_name: string | null;
  here_version: string | null;
  steps: string[];
  ticks: ITick[];
  unbound: string[];
  left_out: string[];
  warning: string;
  moved_to: string | null;
  trusted: boolean;
}
