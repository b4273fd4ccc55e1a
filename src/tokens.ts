import { Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { QueryClient } from '@tanstack/react-query';

import type { Api } from './api';
import type { IDrafts } from './editor/drafts';
import type {
  DefinitionInput,
  Form,
  IBuild,
  IFix,
  IKernel,
  IVersion
} from './wire';

/** Whether the server answers, and if not, since when and when we try again. */
export interface IConnection {
  readonly lost: boolean;
  /** When the last answer came (milliseconds since the epoch). */
  readonly lastSeen: number;
  /** When the next attempt is due, or `null` while connected. */
  readonly nextTry: number | null;
}

/** A notebook or a console that runs on a kernel now. */
export interface ISession {
  readonly path: string;
  readonly type: string;
  readonly kernelName: string;
  readonly status: string;
}

/** What a save registers. */
export interface ISave {
  name: string;
  definition: DefinitionInput;
  /** The version it was edited from; `null` for the first version of a new name. */
  base: string | null;
  description?: string;
  /** What a new one is called in the file that it came from. */
  version?: string;
}

/**
 * What the panel, the notebook, the commands and the status bar share: the
 * registry as this browser tab knows it. No DOM in here.
 *
 * Every method that changes something asks for what it touched again.
 */
export interface IEnvironments extends IDisposable {
  readonly api: Api;
  /** The cache of all that was asked; views subscribe through TanStack Query. */
  readonly queries: QueryClient;
  /** Edits that no version holds yet. */
  readonly drafts: IDrafts;

  readonly connection: IConnection;
  readonly connectionChanged: ISignal<object, IConnection>;
  /** Does not wait for the next attempt. */
  tryNow(): void;

  /** Whether this person may change anything here; `true` until the server has said otherwise. */
  readonly mayWrite: boolean;
  readonly mayWriteChanged: ISignal<IEnvironments, void>;

  /** Builds that wait or work, newest first, as last heard of. */
  readonly runningBuilds: readonly IBuild[];
  readonly buildsChanged: ISignal<IEnvironments, void>;

  /** Names of the kernels that run on this server now. */
  readonly runningKernels: ReadonlySet<string>;
  /** What runs on them: notebooks and consoles. */
  readonly sessions: readonly ISession[];
  readonly runningKernelsChanged: ISignal<IEnvironments, void>;

  /** Asks for everything on screen again. */
  refresh(): Promise<void>;
  save(what: ISave): Promise<IVersion>;
  remove(name: string): Promise<void>;
  startBuild(
    name: string,
    version: string,
    options?: { force?: boolean; cache?: boolean; form?: Form }
  ): Promise<IBuild>;
  cancelBuild(id: string): Promise<IBuild>;
  /**
   * Has a kernel of it, installed now if need be and if this person may. Of a version that is a
   * prefix and an image, the prefix unless a form is named.
   */
  installKernel(name: string, version: string, form?: Form): Promise<IKernel>;
  removeKernel(kernelName: string): Promise<void>;
  /** Does something to one environment, and asks for it again. */
  change<T>(name: string, action: (api: Api) => Promise<T>): Promise<T>;
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
