import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { QueryClient } from '@tanstack/query-core';

import type { Api } from './api';
import type { IBuild, IFix } from './wire';

/** Whether the server answers, and if not, since when and when we try again. */
export interface IConnection {
  readonly lost: boolean;
  /** When the last answer came (milliseconds since the epoch). */
  readonly lastSeen: number;
  /** When the next attempt is due, or `null` while connected. */
  readonly nextTry: number | null;
}

/**
 * What the panel, the notebook, the commands and the status bar share: the
 * registry as this browser tab knows it. No DOM in here.
 */
export interface IEnvironments extends IDisposable {
  readonly api: Api;
  /** The cache of all that was asked; views subscribe through TanStack Query. */
  readonly queries: QueryClient;
  readonly connection: IConnection;
  readonly connectionChanged: ISignal<IEnvironments, IConnection>;
  /** Asks for everything on screen again. */
  refresh(): Promise<void>;
  /** Builds that wait or work, newest first, as last heard of. */
  readonly runningBuilds: readonly IBuild[];
  /** Emitted when a build's state, stage or progress changes. */
  readonly buildsChanged: ISignal<IEnvironments, readonly IBuild[]>;
}

export const IEnvironments = new Token<IEnvironments>(
  'mlenv-jupyter:IEnvironments',
  'The environments, their versions, builds and kernels as the server tells them.'
);

/** What a person can do with a build; what is left out has no button. */
export interface IBuildActions {
  cancel?(build: IBuild): void;
  /** Builds the same version once more. */
  retry?(build: IBuild, options?: { cache?: boolean }): void;
  /** Saves the next version with that one change and builds it. */
  applyFix?(build: IBuild, fix: IFix): void;
  editPackages?(build: IBuild): void;
  openLog?(build: IBuild): void;
  use?(build: IBuild): void;
}
