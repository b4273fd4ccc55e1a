import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { KernelSpec } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import { QueryObserver } from '@tanstack/react-query';

import { problemOf } from '../api';
import { environmentQuery } from '../queries';
import type { IEnvironments } from '../tokens';
import type { Form, IBuild, IEnvironmentDetail } from '../wire';
import { ended } from './building';
import type { DriftWatch } from './driftwatch';
import type { IKernelFacts } from './kernelfacts';
import { foundInPanel } from './found';
import { factsOfSpec } from './kernelfacts';
import type { NotebookMemory } from './memory';
import { cellsElsewhere, stampOf } from './memory';
import { causeOf, nextOf, type Notice, type Target, versionOf } from './notice';
import type { Surroundings } from './surroundings';

/** What the notices need. */
export interface INoticeContext {
  readonly environments: IEnvironments;
  readonly kernelspecs: KernelSpec.IManager;
  readonly drift: DriftWatch;
  readonly memory: NotebookMemory;
  readonly surroundings: Surroundings;
  /** Switches a notebook to an installed kernel. */
  switchTo(kernelName: string, panel: NotebookPanel): Promise<unknown>;
}

/**
 * What one notebook should tell of its environment: packages that no version has, results of
 * another version, a build of the same version since the kernel started, a label that moved, a
 * newer version. Everything is offered, nothing is done.
 */
export class Notices implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    private readonly _context: INoticeContext
  ) {
    panel.sessionContext.kernelChanged.connect(this._onKernel, this);
    _context.kernelspecs.specsChanged.connect(this._onKernel, this);
    _context.drift.changed.connect(this._update, this);
    _context.memory.changed.connect(this._update, this);
    _context.surroundings.changed.connect(this._update, this);
    NotebookActions.executed.connect(this._onExecuted, this);
    void panel.context.ready.then(() => this._onKernel());
  }

  /** The one to show, or `null`. */
  get notice(): Notice | null {
    return this._notice;
  }

  /** Whether this person may do what a notice offers. */
  get mayWrite(): boolean {
    return this._context.environments.mayWrite;
  }

  /** What the environment of the kernel is known to have, or `null`. */
  get detail(): IEnvironmentDetail | null {
    return this._detail;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._stop?.();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** Shows the present notice no more, until there is another cause. */
  dismiss(): void {
    const notice = this._notice;
    if (notice?.is === 'working' || notice?.is === 'failed') {
      this._doing = null;
    } else if (notice) {
      this._dismissed.add(causeOf(notice));
    }
    this._update();
  }

  /** Registers what the kernel has, builds it and switches to it. */
  async saveDrift(): Promise<void> {
    const kernel = this.panel.sessionContext.session?.kernel;
    const { drift } = this._context.drift;
    if (!kernel || !drift) {
      return;
    }
    const { name, version, form } = drift;
    const { environments } = this._context;
    await this._do(
      { name, version },
      () => environments.change(name, api => api.saveDrift(kernel.id)),
      form
    );
  }

  /** Takes out again what was added. */
  async discardDrift(): Promise<void> {
    const kernel = this.panel.sessionContext.session?.kernel;
    if (!kernel) {
      return;
    }
    try {
      await this._context.environments.api.discardDrift(kernel.id);
    } finally {
      await this._context.drift.look();
    }
  }

  /** Builds a version if it is not built, and switches to it. */
  use(target: Target): Promise<void> {
    return this._do(target, () => Promise.resolve(target));
  }

  /** Stops the build that this notebook waits for. */
  async cancel(): Promise<void> {
    if (this._doing?.is === 'working' && this._doing.build) {
      await this._context.environments.cancelBuild(this._doing.build.id);
    }
  }

  private async _do(
    on: Target,
    choose: () => Promise<Target>,
    form?: Form
  ): Promise<void> {
    const { environments, switchTo } = this._context;
    let build: IBuild | null = null;
    try {
      this._set({ is: 'working', on, build });
      const chosen = await choose();
      on = { name: chosen.name, version: chosen.version };
      build = await environments.startBuild(on.name, on.version, {
        form
      });
      this._set({ is: 'working', on, build });
      build = await ended(environments, build, news =>
        this._set({ is: 'working', on, build: news })
      );
      if (build.state !== 'succeeded') {
        this._set({ is: 'failed', on, build, problem: build.error });
        return;
      }
      const kernel = await environments.installKernel(
        on.name,
        on.version,
        form
      );
      if (!this._isDisposed) {
        await switchTo(kernel.kernel_name, this.panel);
      }
      this._set(null);
    } catch (reason) {
      this._set({ is: 'failed', on, build, problem: problemOf(reason) });
    }
  }

  private _set(doing: Notices['_doing']): void {
    this._doing = doing;
    this._update();
  }

  private _facts(): IKernelFacts | null {
    const kernel = this.panel.sessionContext.session?.kernel;
    return kernel
      ? factsOfSpec(kernel.name, this._context.kernelspecs.specs)
      : null;
  }

  /** Follows the environment of the kernel: versions and labels of it may come and move. */
  private _onKernel(): void {
    const name = this._isDisposed ? null : (this._facts()?.name ?? null);
    if (name !== this._name) {
      this._stop?.();
      this._name = name;
      this._detail = null;
      this._stop = name === null ? null : this._follow(name);
    }
    this._update();
  }

  private _follow(name: string): () => void {
    const { api, queries } = this._context.environments;
    const observer = new QueryObserver(queries, environmentQuery(api, name));
    const stop = observer.subscribe(result => {
      const known = this._detail;
      const before = this._buildOf(this._facts());
      this._detail = result.data ?? known;
      const now = this._buildOf(this._facts());
      const isNews = now?.id !== before?.id || now?.state !== before?.state;
      if (known && isNews && now?.state === 'succeeded') {
        void this._context.drift.look();
      }
      this._update();
    });
    return stop;
  }

  private _onExecuted(
    _: unknown,
    args: { notebook: { model: unknown } }
  ): void {
    if (args.notebook.model === this.panel.content.model) {
      // What the cell ran in is written down by the same signal.
      queueMicrotask(() => this._update());
    }
  }

  private _update(): void {
    if (this._isDisposed) {
      return;
    }
    const next =
      this._doing ??
      this._all().find(one => !this._dismissed.has(causeOf(one))) ??
      null;
    if (JSON.stringify(next) !== JSON.stringify(this._notice)) {
      this._notice = next;
      this._changed.emit();
    }
  }

  /** All there is to say, the most serious first. */
  private _all(): Notice[] {
    const facts = this._facts();
    if (!facts) {
      // It runs in no environment of ours, and says what it needs in its own way.
      return stampOf(this.panel) || !this.mayWrite ? [] : this._around();
    }
    const found: (Notice | null)[] = [
      this._drifted(),
      this._older(facts),
      this._rebuilt(facts),
      // The last two do nothing but offer something.
      this.mayWrite ? this._moved(facts) : null,
      this.mayWrite ? this._newer(facts) : null
    ];
    return found.filter(one => one !== null);
  }

  /** What a notebook that remembers nothing says itself, and what stands around it. */
  private _around(): Notice[] {
    const { surroundings } = this._context;
    if (!this.panel.context.isReady) {
      return [];
    }
    surroundings.look();
    const { beside, here, named } = surroundings;
    const listed = foundInPanel(this.panel);
    const found: (Notice | null)[] = [
      named && { is: 'named', by: named },
      listed && { is: 'found', how: listed.how, beside: null, here: null },
      beside && { is: 'found', how: beside.name, beside, here }
    ];
    return found.filter(one => one !== null);
  }

  private _drifted(): Notice | null {
    const { drift } = this._context.drift;
    const copy = this._detail?.environment.read_only ?? false;
    return (
      drift && { is: 'drift', drift, next: copy ? null : nextOf(this._detail) }
    );
  }

  private _older(facts: IKernelFacts): Notice | null {
    const cells = cellsElsewhere(this.panel, `${facts.name} v${facts.version}`);
    if (cells.length === 0) {
      return null;
    }
    const versions = new Set(cells.map(one => one.ran));
    const [ran] = versions.size === 1 ? versions : [null];
    return { is: 'older', cells: cells.length, ran, facts };
  }

  /** The server knows what the kernel started in, whatever this page has seen. */
  private _rebuilt(facts: IKernelFacts): Notice | null {
    const build = this._buildOf(facts);
    return build?.state === 'succeeded' && this._context.drift.isRebuilt
      ? { is: 'rebuilt', facts, build: build.id }
      : null;
  }

  private _buildOf(facts: IKernelFacts | null): IBuild | null {
    const versions = this._detail?.versions ?? [];
    return versions.find(one => one.version === facts?.version)?.build ?? null;
  }

  private _moved(facts: IKernelFacts): Notice | null {
    const stamp = stampOf(this.panel);
    const label = stamp?.name === facts.name ? stamp.follows : undefined;
    const to = label && this._detail && versionOf(label, this._detail);
    return to && to !== facts.version
      ? { is: 'moved', label: label ?? '', facts, to }
      : null;
  }

  /** Only for who is pinned: who follows a label has chosen otherwise. */
  private _newer(facts: IKernelFacts): Notice | null {
    const stamp = stampOf(this.panel);
    const { environment, versions } = this._detail ?? {};
    if (!environment || !versions || stamp?.follows) {
      return null;
    }
    const place = (version: string) =>
      versions.findIndex(one => one.version === version);
    const to = environment.latest;
    const isNewer =
      place(to.version) >= 0 && place(to.version) < place(facts.version);
    return isNewer && !to.archived_at ? { is: 'newer', facts, to } : null;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _dismissed = new Set<string>();
  private _notice: Notice | null = null;
  private _doing: Extract<Notice, { is: 'working' | 'failed' }> | null = null;
  private _name: string | null = null;
  private _detail: IEnvironmentDetail | null = null;
  private _stop: (() => void) | null = null;
  private _isDisposed = false;
}
