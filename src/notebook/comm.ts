import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage, Session } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IUseRequest } from '../wire';

const TARGET = 'mlenv';

/** What the fallback kernel says: the version it stands in for is not here. */
export type IMissingNote = Omit<IUseRequest, 'action'> & {
  action: 'missing';
};

/** What a kernel says once its packages are others than before. */
export interface IDriftNote {
  action: 'drift';
}

/** What a kernel can say of its notebook. */
export type KernelRequest = IUseRequest | IMissingNote | IDriftNote;

/** Does what the kernel of a notebook asked for. */
export type Requested = (panel: NotebookPanel, request: KernelRequest) => void;

/**
 * Listens to the kernels of all notebooks: `%mlenv use` opens a comm to be
 * replaced, and the fallback kernel opens one to say what is missing.
 */
export class KernelRequests implements IDisposable {
  constructor(tracker: INotebookTracker, requested: Requested) {
    this._requested = requested;
    tracker.forEach(panel => this._add(panel));
    tracker.widgetAdded.connect((_, panel) => this._add(panel), this);
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.disconnectReceiver(this);
  }

  private _add(panel: NotebookPanel): void {
    const { sessionContext } = panel;
    const listen = (
      _: ISessionContext | null,
      change: Session.ISessionConnection.IKernelChangedArgs
    ) => this._listen(panel, change.oldValue, change.newValue);
    this._listen(panel, null, sessionContext.session?.kernel ?? null);
    sessionContext.kernelChanged.connect(listen, this);
  }

  private _listen(
    panel: NotebookPanel,
    before: Kernel.IKernelConnection | null,
    kernel: Kernel.IKernelConnection | null
  ): void {
    const onOpen = this._targets.get(panel) ?? this._targetOf(panel);
    this._targets.set(panel, onOpen);
    if (before && !before.isDisposed) {
      before.removeCommTarget(TARGET, onOpen);
    }
    kernel?.registerCommTarget(TARGET, onOpen);
  }

  private _targetOf(panel: NotebookPanel): CommTarget {
    return (comm, message) => {
      const request = requestIn(message);
      if (request) {
        comm.close();
        // Not awaited: the end of the cell comes through the queue that waits for us.
        void this._serve(panel, request);
      }
    };
  }

  private async _serve(
    panel: NotebookPanel,
    request: KernelRequest
  ): Promise<void> {
    await idle(panel.sessionContext);
    if (!this._isDisposed && !panel.isDisposed) {
      this._requested(panel, request);
    }
  }

  private readonly _requested: Requested;
  private readonly _targets = new WeakMap<NotebookPanel, CommTarget>();
  private _isDisposed = false;
}

type CommTarget = (
  comm: Kernel.IComm,
  message: KernelMessage.ICommOpenMsg
) => void | PromiseLike<void>;

/** What the kernel asks for; a message of another kind is not ours to answer. */
function requestIn(message: KernelMessage.ICommOpenMsg): KernelRequest | null {
  const data = message.content.data as
    Partial<IUseRequest | IMissingNote> | IDriftNote;
  if (data.action === 'drift') {
    return { action: 'drift' };
  }
  const known = data.action === 'use' || data.action === 'missing';
  return known && typeof data.kernel_name === 'string'
    ? (data as KernelRequest)
    : null;
}

/** Resolves when the cell that runs has ended, so that it does not stay at `[*]`. */
function idle(context: ISessionContext): Promise<void> {
  return new Promise(resolve => {
    const look = () => {
      const status = context.session?.kernel?.status;
      if (status !== 'busy') {
        context.statusChanged.disconnect(look);
        resolve();
      }
    };
    context.statusChanged.connect(look);
    look();
  });
}
