import type { Event } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { EVENT_SCHEMAS, type IChangeEvent } from '../wire';

/** What kernels that take long to start are doing, as their launchers tell it. */
export class StartingKernels implements IDisposable {
  constructor(private readonly _events: Event.IManager) {
    _events.stream.connect(this._onEvent, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    this._events.stream.disconnect(this._onEvent, this);
    Signal.clearData(this);
  }

  /** "40 of 200 MB" while an image is fetched for a kernel, else nothing. */
  of(kernelName: string): string {
    return this._words.get(kernelName) ?? '';
  }

  private _onEvent(_: Event.IManager, emission: Event.Emission): void {
    if ((emission.schema_id as string) !== EVENT_SCHEMAS.kernel) {
      return;
    }
    const event = emission as unknown as IChangeEvent;
    if (event.id && event.state === 'starting') {
      this._words.set(event.id, event.detail ?? '');
      this._changed.emit();
    } else if (event.id && event.state === 'started') {
      this._words.delete(event.id);
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _words = new Map<string, string>();
  private _isDisposed = false;
}
