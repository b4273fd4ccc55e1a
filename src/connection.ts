import type { IDisposable } from '@lumino/disposable';
import { type ISignal, Signal } from '@lumino/signaling';

import { ConnectionLost } from './api';
import type { IConnection } from './tokens';

/** Waits between attempts to reach the server, in milliseconds; the last one repeats. */
const RETRY_DELAYS = [2_000, 4_000, 8_000, 15_000, 30_000];

/** Knows whether the server answers, by what comes of every question; while not, it tries again. */
export class Connection implements IDisposable {
  constructor(
    /** A question that costs little. */
    private readonly _ask: () => Promise<unknown>,
    /** Called when the server answers again. */
    private readonly _onBack: () => void
  ) {}

  get current(): IConnection {
    return this._current;
  }

  get changed(): ISignal<this, IConnection> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    clearTimeout(this._timer);
    Signal.clearData(this);
  }

  /** Does not wait for the next attempt. */
  tryNow(): void {
    clearTimeout(this._timer);
    void this._retry();
  }

  /** An answer came. */
  answered(): void {
    const wasLost = this._current.lost;
    this._current = { lost: false, lastSeen: Date.now(), nextTry: null };
    if (wasLost) {
      clearTimeout(this._timer);
      this._attempts = 0;
      this._changed.emit(this._current);
      this._onBack();
    }
  }

  /** A question failed: a refusal is an answer, too. */
  failed(reason: unknown): void {
    if (!(reason instanceof ConnectionLost)) {
      this.answered();
    } else if (!this._current.lost) {
      this._wait();
    }
  }

  private _wait(): void {
    const delay =
      RETRY_DELAYS[Math.min(this._attempts, RETRY_DELAYS.length - 1)];
    this._attempts += 1;
    this._current = {
      ...this._current,
      lost: true,
      nextTry: Date.now() + delay
    };
    this._timer = setTimeout(() => void this._retry(), delay);
    this._changed.emit(this._current);
  }

  private async _retry(): Promise<void> {
    try {
      await this._ask();
    } catch (reason) {
      if (reason instanceof ConnectionLost) {
        if (!this._isDisposed) {
          this._wait();
        }
        return;
      }
    }
    this.answered();
  }

  private readonly _changed = new Signal<this, IConnection>(this);
  private _current: IConnection = {
    lost: false,
    lastSeen: Date.now(),
    nextTry: null
  };
  private _attempts = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}
