import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents, KernelSpec } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { problemOf } from '../api';
import type { IEnvironments } from '../tokens';
import type { IBuild, IPlan, IProblem } from '../wire';
import { isActive } from '../wire';
import { ended } from './building';
import type { IKernelFacts } from './kernelfacts';
import { factsOfNames, isOurs } from './kernelfacts';
import { lockBeside, stampOf } from './memory';

/** How it stands with the kernel that a notebook wants and this machine has not. */
export type MissingState =
  | { readonly is: 'here' }
  | {
      readonly is: 'missing';
      readonly wants: IKernelFacts;
      /** What the notebook's own memory offers; `null` where it has none. */
      readonly plan: IPlan | null;
    }
  | {
      readonly is: 'building';
      readonly wants: IKernelFacts;
      readonly build: IBuild | null;
    }
  | {
      readonly is: 'failed';
      readonly wants: IKernelFacts;
      readonly build: IBuild | null;
      readonly problem: IProblem | null;
    };

/** Switches a notebook to an installed kernel. */
export type Switch = (
  kernelName: string,
  panel: NotebookPanel
) => Promise<unknown>;

/**
 * Watches one notebook for a kernel of ours that is not installed here. Such a
 * notebook starts no other kernel in its place, which would make it forget what
 * it ran on. Nothing is built before somebody asks for it.
 */
export class MissingKernel implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _environments: IEnvironments,
    private readonly _kernelspecs: KernelSpec.IManager,
    private readonly _contents: Contents.IManager,
    private readonly _switch: Switch
  ) {
    void _panel.context.ready.then(() => this._look());
    _panel.sessionContext.kernelChanged.connect(this._onKernel, this);
    _kernelspecs.specsChanged.connect(this._onSpecs, this);
  }

  /** Whether this person may have it made. */
  get mayWrite(): boolean {
    return this._environments.mayWrite;
  }

  get state(): MissingState {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Takes the word of the fallback kernel that the version is not here. */
  note(wants: IKernelFacts): void {
    if (this._state.is === 'here') {
      void this._miss(wants);
    }
  }

  /**
   * Registers what the notebook remembers, as far as it is ticked, then builds it
   * and switches. Only a press leads here.
   */
  async restore(ticked: string[]): Promise<void> {
    const state = this._state;
    const stamp = stampOf(this._panel);
    if (state.is !== 'missing' || !stamp) {
      return;
    }
    const { wants } = state;
    this._set({ is: 'building', wants, build: null });
    try {
      const lock = await lockBeside(this._panel, stamp, this._contents);
      const { name, version } = await this._environments.api.restoreNotebook({
        stamp,
        lock,
        ticked
      });
      await this._build({ ...wants, name, version });
    } catch (reason) {
      this._fail(wants, reason);
    }
  }

  /** Looks anew how it can be had, after it could not be had as it was asked for. */
  async again(): Promise<void> {
    if (this._state.is === 'failed') {
      const { wants } = this._state;
      this._set({ is: 'here' });
      await this._miss(wants);
    }
  }

  /** Builds the version, installs its kernel and switches the notebook to it. */
  async buildAndUse(): Promise<void> {
    if (this._state.is !== 'missing' && this._state.is !== 'failed') {
      return;
    }
    const { wants } = this._state;
    try {
      await this._build(wants);
    } catch (reason) {
      this._fail(wants, reason);
    }
  }

  /** Stops the build that `buildAndUse` began. */
  async cancel(): Promise<void> {
    if (this._state.is === 'building' && this._state.build) {
      await this._environments.cancelBuild(this._state.build.id);
    }
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private async _build(wants: IKernelFacts): Promise<void> {
    this._set({ is: 'building', wants, build: null });
    const begun = await this._environments.startBuild(
      wants.name,
      wants.version
    );
    this._set({ is: 'building', wants, build: begun });
    const build = await ended(this._environments, begun, news =>
      this._set({ is: 'building', wants, build: news })
    );
    if (build.state !== 'succeeded') {
      this._set({ is: 'failed', wants, build, problem: build.error });
      return;
    }
    const kernel = await this._environments.installKernel(
      wants.name,
      wants.version
    );
    if (!this._isDisposed) {
      this._set({ is: 'here' });
      await this._switch(kernel.kernel_name, this._panel);
    }
  }

  private _fail(wants: IKernelFacts, reason: unknown): void {
    const problem = problemOf(reason);
    this._set({ is: 'failed', wants, build: null, problem });
  }

  private _look(isLate = false): void {
    const { context, sessionContext } = this._panel;
    if (this._isDisposed || sessionContext.session?.kernel) {
      return;
    }
    const kernelName =
      context.model.defaultKernelName ||
      (sessionContext.kernelPreference.name ?? '');
    const spec = context.model.getMetadata('kernelspec') as
      { display_name?: string } | undefined;
    const stamp = stampOf(this._panel);
    if (stamp && !isOurs(kernelName) && !this._kernelspecs.specs && !isLate) {
      // Whether a kernel of somebody else is here can only be told later.
      void this._kernelspecs.ready.then(() => this._look(true));
      return;
    }
    const wants = stamp
      ? { kernelName, name: stamp.name, version: stamp.version }
      : factsOfNames(kernelName, spec?.display_name ?? '');
    if (!wants || this._isInstalled(kernelName)) {
      return;
    }
    // Neither the dialog to choose a kernel nor the only other Python there is.
    sessionContext.kernelPreference = {
      ...sessionContext.kernelPreference,
      shouldStart: false
    };
    void this._miss(wants).then(() => this._join(wants));
  }

  /** Asks the server what it knows of the notebook's environment; nothing else happens. */
  private async _miss(wants: IKernelFacts): Promise<void> {
    const stamp = stampOf(this._panel);
    let plan: IPlan | null = null;
    // To the server the question is one of writing.
    if (stamp && this.mayWrite) {
      try {
        const lock = await lockBeside(this._panel, stamp, this._contents);
        plan = await this._environments.api.inspectNotebook(stamp, lock);
      } catch {
        // A stamp that cannot be read is as good as none.
      }
    }
    if (this._state.is === 'here') {
      this._set({ is: 'missing', wants, plan });
    }
  }

  /** A build of it may be under way already, as after a reload of the page. */
  private async _join(wants: IKernelFacts): Promise<void> {
    const running = this._environments.runningBuilds.some(
      build =>
        build.name === wants.name &&
        build.version === wants.version &&
        isActive(build)
    );
    if (running) {
      await this.buildAndUse();
    }
  }

  private _onKernel(): void {
    const building = this._state.is === 'building';
    if (this._panel.sessionContext.session?.kernel && !building) {
      this._set({ is: 'here' });
    }
  }

  /** The kernel came from elsewhere, such as the shell: then it is used as ever. */
  private _onSpecs(): void {
    const state = this._state;
    if (state.is !== 'missing' && state.is !== 'failed') {
      return;
    }
    const { kernelName } = state.wants;
    if (this._isInstalled(kernelName)) {
      this._set({ is: 'here' });
      void this._switch(kernelName, this._panel);
    }
  }

  private _isInstalled(kernelName: string): boolean {
    return kernelName in (this._kernelspecs.specs?.kernelspecs ?? {});
  }

  private _set(state: MissingState): void {
    if (!this._isDisposed) {
      this._state = state;
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _state: MissingState = { is: 'here' };
  private _isDisposed = false;
}
