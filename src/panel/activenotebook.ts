import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';

import { stampOf } from '../notebook/memory';

/** What the panel says about the notebook in front. */
export interface INotebookFacts {
  title: string;
  path: string;
  kernelName: string;
  /** As Jupyter knows the running kernel; empty where none runs. */
  kernelId: string;
  kernelDisplayName: string;
  kernelStatus: string;
  /** What it remembers to run in, here or not. */
  remembers: { name: string; version: string } | null;
}

/** Follows the notebook in front and its kernel. */
export class ActiveNotebook {
  constructor(tracker: INotebookTracker | null) {
    this._tracker = tracker;
    tracker?.currentChanged.connect(this._onCurrent, this);
    this._onCurrent();
  }

  /** `null` when there is no notebook. */
  get facts(): INotebookFacts | null {
    return this._facts;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  dispose(): void {
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  private _onCurrent(): void {
    this._context?.kernelChanged.disconnect(this._update, this);
    this._context?.statusChanged.disconnect(this._update, this);
    this._panel?.title.changed.disconnect(this._update, this);
    const panel = this._tracker?.currentWidget ?? null;
    this._panel = panel;
    this._context = panel?.sessionContext ?? null;
    this._context?.kernelChanged.connect(this._update, this);
    this._context?.statusChanged.connect(this._update, this);
    panel?.title.changed.connect(this._update, this);
    this._update();
  }

  private _update(): void {
    const context = this._context;
    const panel = this._panel;
    const there = panel && !panel.isDisposed;
    const stamp = there ? stampOf(panel) : null;
    const facts =
      there && context
        ? {
            title: panel.title.label,
            path: context.path,
            kernelName: context.session?.kernel?.name ?? '',
            kernelId: context.session?.kernel?.id ?? '',
            kernelDisplayName: context.kernelDisplayName,
            kernelStatus: context.kernelDisplayStatus,
            remembers: stamp && { name: stamp.name, version: stamp.version }
          }
        : null;
    if (JSON.stringify(facts) !== JSON.stringify(this._facts)) {
      this._facts = facts;
      this._changed.emit();
    }
  }

  private readonly _tracker: INotebookTracker | null;
  private _panel: NotebookPanel | null = null;
  private _context: ISessionContext | null = null;
  private _facts: INotebookFacts | null = null;
  private readonly _changed = new Signal<this, void>(this);
}
