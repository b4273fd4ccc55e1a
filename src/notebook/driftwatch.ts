import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelSpec } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { driftQuery } from '../queries';
import type { IEnvironments } from '../tokens';
import type { IDrift } from '../wire';
import { factsOfSpec } from './kernelfacts';

/**
 * Knows what the kernel of one notebook has beyond its version. The server is asked when a kernel
 * is there, when the kernel says that something changed, and when its version was built.
 */
export class DriftWatch implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _environments: Pick<IEnvironments, 'api' | 'queries'>,
    private readonly _kernelspecs: KernelSpec.IManager
  ) {
    _panel.sessionContext.kernelChanged.connect(this._onKernel, this);
    _panel.sessionContext.statusChanged.connect(this._onStatus, this);
    void _panel.sessionContext.ready.then(() => this._onKernel());
  }

  /** `null` where nothing differs, or nothing can be told. */
  get drift(): IDrift | null {
    return this._found && countOf(this._found) > 0 ? this._found : null;
  }

  /** Whether the version of the kernel was built again since it started. */
  get isRebuilt(): boolean {
    return this._found?.rebuilt ?? false;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** Asks what there is now. */
  async look(): Promise<void> {
    const kernel = this._panel.sessionContext.session?.kernel;
    const asked = ++this._asked;
    let found: IDrift | null = null;
    if (kernel && factsOfSpec(kernel.name, this._kernelspecs.specs)) {
      try {
        const { api, queries } = this._environments;
        found = await queries.fetchQuery({
          ...driftQuery(api, kernel.id),
          staleTime: 0
        });
      } catch {
        // No connection: what was known is no longer certain.
      }
    }
    if (!this._isDisposed && asked === this._asked) {
      if (JSON.stringify(found) !== JSON.stringify(this._found)) {
        this._found = found;
        this._changed.emit();
      }
    }
  }

  private _onKernel(): void {
    const kernel = this._panel.sessionContext.session?.kernel;
    this._isAwaited = !!kernel && kernel.status !== 'idle';
    if (!this._isAwaited) {
      void this.look();
    }
  }

  /** A kernel that only starts is in no overlay yet: the first time that it waits for a cell, it is. */
  private _onStatus(_: unknown, status: Kernel.Status): void {
    if (status.endsWith('starting')) {
      this._isAwaited = true;
    } else if (status === 'idle' && this._isAwaited) {
      this._isAwaited = false;
      void this.look();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _found: IDrift | null = null;
  private _asked = 0;
  private _isAwaited = false;
  private _isDisposed = false;
}

/** How many packages differ. */
export function countOf({ added, removed, changed }: IDrift): number {
  return added.length + removed.length + changed.length;
}

/** "+2 −1 packages ~1": short, for a chip; each sign only where there is something. */
export function shortOf({ added, removed, changed }: IDrift): string {
  return [
    [added.length, '+'],
    [removed.length, '−'],
    [changed.length, '~']
  ]
    .filter(([count]) => count)
    .map(([count, sign]) => `${sign}${count}`)
    .join(' ');
}

/** One line a package: what was added, removed and changed. */
export function linesOf({ added, removed, changed }: IDrift): string[] {
  return [
    ...added.map(one => `+ ${one.name} ${one.version}`),
    ...removed.map(one => `− ${one.name} ${one.version}`),
    ...changed.map(one => `~ ${one.name} ${one.before} → ${one.after}`)
  ];
}
