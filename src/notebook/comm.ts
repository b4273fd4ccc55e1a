import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, KernelMessage, Session } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import type { IUseRequest } from '../wire';

const TARGET = 'mlenv';

/** Switches the notebook whose kernel asked for it. */
export type UseRequested = (
  panel: NotebookPanel,
  request: IUseRequest
) => Promise<void>;

/**
 * Listens to the kernels of all notebooks for the wish to be replaced, which
 * `%mlenv use` expresses by opening a comm.
 */
export class KernelRequests implements IDisposable {
  constructor(tracker: INotebookTracker, use: UseRequested) {
    this._use = use;
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
      if (request && !this._isDisposed) {
        // The kernel is answered first: after the switch there is nobody to answer.
        comm.close();
        return this._use(panel, request);
      }
    };
  }

  private readonly _use: UseRequested;
  private readonly _targets = new WeakMap<NotebookPanel, CommTarget>();
  private _isDisposed = false;
}

type CommTarget = (
  comm: Kernel.IComm,
  message: KernelMessage.ICommOpenMsg
) => void | PromiseLike<void>;

/** What the kernel asks for; a message of another kind is not ours to answer. */
function requestIn(message: KernelMessage.ICommOpenMsg): IUseRequest | null {
  const data = message.content.data as Partial<IUseRequest>;
  return data.action === 'use' && typeof data.kernel_name === 'string'
    ? (data as IUseRequest)
    : null;
}
