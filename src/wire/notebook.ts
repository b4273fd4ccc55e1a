/** What a notebook remembers, and how that can be had here. */

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

/** What notebooks of one directory remember: a version that may not be here, and how many. */
export interface INearby {
  name: string;
  version: string;
  notebooks: number;
}
