import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { KernelSpec } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { stampOf } from './memory';
import type { Surroundings } from './surroundings';

/** What an opening needs. */
export interface IOpeningContext {
  readonly kernelspecs: KernelSpec.IManager;
  readonly surroundings: Surroundings;
  /** JupyterLab's own dialog, for where nothing else is offered; `null` leaves all as it is. */
  readonly dialogs: ISessionContext.IDialogs | null;
  /** Whether offers are made to this person. */
  mayWrite(): boolean;
}

/**
 * A notebook that was just opened and names no kernel of this machine. JupyterLab would ask for
 * one, over everything that is offered for it, or start the only other Python. Neither is done
 * where mlenv has an offer: whoever wants a kernel presses for it, or runs a cell.
 */
export class Opening implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _context: IOpeningContext
  ) {
    if (_context.dialogs) {
      void _panel.context.ready.then(() => this._open());
    }
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.disconnectReceiver(this);
  }

  private async _open(): Promise<void> {
    const { sessionContext } = this._panel;
    const { shouldStart, canStart } = sessionContext.kernelPreference;
    if (
      this._isDisposed ||
      // Somebody else has decided, as for a kernel of ours that is not here.
      shouldStart === false ||
      canStart === false ||
      !this._isWithoutKernel()
    ) {
      return;
    }
    // Before the first answer from the server: what starts kernels waits for that.
    this._set(false);
    const [offered] = await Promise.all([
      this._isOffered(),
      sessionContext.initialize()
    ]);
    if (this._isDisposed || !sessionContext.hasNoKernel) {
      this._release();
    } else if (offered) {
      sessionContext.kernelChanged.connect(this._onKernel, this);
    } else {
      this._release();
      if (await sessionContext.startKernel()) {
        await this._context.dialogs?.selectKernel(sessionContext);
      }
    }
  }

  private async _isOffered(): Promise<boolean> {
    const { kernelspecs, surroundings, mayWrite } = this._context;
    await kernelspecs.ready;
    if (!this._isWithoutKernel()) {
      return false;
    }
    return (
      stampOf(this._panel) !== null ||
      (mayWrite() && (await surroundings.offers()))
    );
  }

  /** Whether it names none that is here. An empty one was just made: its author is asked as ever. */
  private _isWithoutKernel(): boolean {
    const { context, sessionContext } = this._panel;
    const name =
      context.model.defaultKernelName || sessionContext.kernelPreference.name;
    if (name) {
      return !(name in (this._context.kernelspecs.specs?.kernelspecs ?? {}));
    }
    const { cells } = context.model;
    return [...cells].some(cell => cell.sharedModel.getSource().trim() !== '');
  }

  private _onKernel(): void {
    if (this._panel.sessionContext.session?.kernel) {
      this._panel.sessionContext.kernelChanged.disconnect(this._onKernel, this);
      this._release();
    }
  }

  /** From now on a kernel starts as in every other notebook. */
  private _release(): void {
    if (!this._isDisposed) {
      this._set(true);
    }
  }

  private _set(shouldStart: boolean): void {
    const { sessionContext } = this._panel;
    sessionContext.kernelPreference = {
      ...sessionContext.kernelPreference,
      shouldStart
    };
  }

  private _isDisposed = false;
}
