import { URLExt } from '@jupyterlab/coreutils';
import type { ServerConnection } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { Schedule } from './log/log';
import { BuildLog, nextFrame } from './log/log';
import type { StreamReply, StreamRequest } from './wire';

export { BuildLog };

/** How the stream stands. `at` is when the next attempt is due (ms since the epoch). */
export type StreamState =
  | { readonly is: 'idle' }
  | { readonly is: 'connecting' }
  | { readonly is: 'connected' }
  | { readonly is: 'retrying'; readonly at: number };

/** The part of a WebSocket that the stream uses. */
export type ISocket = Pick<
  WebSocket,
  'onopen' | 'onmessage' | 'onclose' | 'send' | 'close'
>;

/** A log and the promise to keep it up to date until it is disposed of. */
export interface IFollowedLog extends IDisposable {
  readonly log: BuildLog;
}

/** Seconds to wait before each attempt to connect again; the last one repeats. */
const BACKOFF = [1, 2, 4, 8, 15, 30];

/** The server says something every 15 s; after this silence it is gone. */
const SILENCE_MS = 45_000;

/** How many logs that nobody looks at are kept, to come back to at once. */
const KEPT_LOGS = 8;

interface IEntry {
  readonly log: BuildLog;
  followers: number;
  /** The offset last asked for on this connection, so that one gap is asked for once. */
  asked: number | null;
}

/**
 * The logs of all builds this browser tab looks at, over one WebSocket. It is
 * open only while something is followed; after a loss it connects again and
 * every log goes on at the byte where it stopped.
 */
export class BuildLogStream implements IDisposable {
  constructor(options: BuildLogStream.IOptions) {
    this._connectSocket = options.connect;
    this._schedule = options.schedule ?? nextFrame;
  }

  /** A stream to the server that these settings name. */
  static to(settings: ServerConnection.ISettings): BuildLogStream {
    const url = URLExt.join(settings.wsUrl, 'mlenv/api/stream');
    const token =
      settings.appendToken && settings.token
        ? `?token=${encodeURIComponent(settings.token)}`
        : '';
    return new BuildLogStream({
      connect: () => new settings.WebSocket(url + token)
    });
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get state(): StreamState {
    return this._state;
  }

  get stateChanged(): ISignal<this, StreamState> {
    return this._stateChanged;
  }

  /** Keeps the log of a build up to date until the answer is disposed of. */
  follow(build: string): IFollowedLog {
    const known = this._entries.get(build);
    const entry =
      known && (known.followers || !known.log.problem)
        ? known
        : {
            log: new BuildLog(build, this._schedule),
            followers: 0,
            asked: null
          };
    // Set again, so that the map stays in order of use.
    this._entries.delete(build);
    this._entries.set(build, entry);
    if (entry.followers++ === 0) {
      this._ask(entry);
    }
    const end = new DisposableDelegate(() => this._release(entry));
    return {
      log: entry.log,
      get isDisposed() {
        return end.isDisposed;
      },
      dispose: () => end.dispose()
    };
  }

  /** Connects now instead of waiting for the next attempt. */
  retry(): void {
    if (this._state.is === 'retrying') {
      this._connect();
    }
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._entries.clear();
    this._drop();
    Signal.clearData(this);
  }

  private _ask(entry: IEntry): void {
    if (entry.log.ended || entry.log.problem) {
      return;
    }
    if (this._state.is === 'connected') {
      const from = entry.log.offset;
      if (entry.asked !== from) {
        entry.asked = from;
        this._send({ type: 'follow', build: entry.log.id, from });
      }
    } else if (this._state.is === 'idle') {
      this._connect();
    }
  }

  private _release(entry: IEntry): void {
    if (this._isDisposed || --entry.followers > 0) {
      return;
    }
    entry.asked = null;
    if (this._state.is === 'connected' && !entry.log.ended) {
      this._send({ type: 'unfollow', build: entry.log.id });
    }
    const idle = [...this._entries.values()].filter(e => !e.followers);
    for (const old of idle.slice(0, -KEPT_LOGS)) {
      this._entries.delete(old.log.id);
    }
    if (!this._wanted) {
      this._drop();
      this._setState({ is: 'idle' });
    }
  }

  /** Whether anybody looks at a log. */
  private get _wanted(): boolean {
    return [...this._entries.values()].some(entry => entry.followers);
  }

  private _connect(): void {
    this._clearTimers();
    this._setState({ is: 'connecting' });
    const socket = this._connectSocket();
    this._socket = socket;
    socket.onopen = () => {
      this._setState({ is: 'connected' });
      this._expectSound();
      for (const entry of this._entries.values()) {
        entry.asked = null;
        if (entry.followers) {
          this._ask(entry);
        }
      }
    };
    socket.onmessage = event => {
      this._attempt = 0;
      this._expectSound();
      this._receive(JSON.parse(String(event.data)) as StreamReply);
    };
    socket.onclose = () => this._lose();
  }

  private _drop(): void {
    this._clearTimers();
    const socket = this._socket;
    if (socket) {
      this._socket = null;
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  private _lose(): void {
    this._drop();
    if (!this._wanted) {
      this._setState({ is: 'idle' });
      return;
    }
    const wait = BACKOFF[Math.min(this._attempt++, BACKOFF.length - 1)] * 1000;
    this._retryTimer = setTimeout(() => this._connect(), wait);
    this._setState({ is: 'retrying', at: Date.now() + wait });
  }

  private _receive(reply: StreamReply): void {
    const entry = reply.type === 'ping' ? null : this._entries.get(reply.build);
    if (reply.type === 'ping' || !entry) {
      return;
    }
    switch (reply.type) {
      case 'log':
        if (!entry.log.append(reply.from, reply.to, reply.data)) {
          this._ask(entry);
        }
        break;
      case 'end':
        if (reply.to > entry.log.offset) {
          this._ask(entry);
        } else {
          entry.log.end(reply.state);
        }
        break;
      case 'error':
        entry.log.fail(reply.error);
        break;
    }
  }

  private _send(request: StreamRequest): void {
    this._socket?.send(JSON.stringify(request));
  }

  private _expectSound(): void {
    clearTimeout(this._silenceTimer);
    this._silenceTimer = setTimeout(() => this._lose(), SILENCE_MS);
  }

  private _clearTimers(): void {
    clearTimeout(this._retryTimer);
    clearTimeout(this._silenceTimer);
  }

  private _setState(state: StreamState): void {
    if (state.is === this._state.is && state.is !== 'retrying') {
      return;
    }
    this._state = state;
    this._stateChanged.emit(state);
  }

  private readonly _connectSocket: () => ISocket;
  private readonly _schedule: Schedule;
  private readonly _entries = new Map<string, IEntry>();
  private readonly _stateChanged = new Signal<this, StreamState>(this);
  private _state: StreamState = { is: 'idle' };
  private _socket: ISocket | null = null;
  private _attempt = 0;
  private _retryTimer: ReturnType<typeof setTimeout> | undefined;
  private _silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}

export namespace BuildLogStream {
  export interface IOptions {
    /** Opens a socket to `/stream`. */
    connect: () => ISocket;
    /** When to tell of changes; the next animation frame by default. */
    schedule?: Schedule;
  }
}
