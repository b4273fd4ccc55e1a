import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ConnectionLost, ProblemError, refusal } from './problem';

type Query = { [key: string]: string | number | boolean | undefined | null };

/**
 * The one way to `/mlenv/api`.
 *
 * Each request rejects with `ProblemError` when the server refuses and with `ConnectionLost`
 * when it does not answer, and with nothing else.
 */
export class Door {
  constructor(readonly settings: ServerConnection.ISettings) {}

  get<T>(where: string, query: Query, signal?: AbortSignal) {
    const asked = Object.entries(query)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
    const tail = asked.length ? `?${asked.join('&')}` : '';
    return this._request<T>(where + tail, { method: 'GET', signal });
  }

  send<T>(
    method: 'POST' | 'PUT' | 'DELETE',
    where: string,
    body?: unknown,
    signal?: AbortSignal
  ) {
    return this._request<T>(where, {
      method,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body)
    });
  }

  /** Asks Jupyter's own interface, outside of ours. */
  async ask<T>(where: string, signal?: AbortSignal): Promise<T> {
    const url = URLExt.join(this.settings.baseUrl, 'api') + `/${where}`;
    const response = await this._open(url, { method: 'GET', signal });
    return (await response.json()) as T;
  }

  private async _request<T>(where: string, init: RequestInit): Promise<T> {
    const text = await this.text(where, init);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  async text(where: string, init: RequestInit): Promise<string> {
    const response = await this.fetch(where, init);
    try {
      return await response.text();
    } catch (reason) {
      throw init.signal?.aborted ? reason : new ConnectionLost(reason);
    }
  }

  fetch(where: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, 'mlenv/api') + `/${where}`;
    return this._open(url, init);
  }

  private async _open(url: string, init: RequestInit): Promise<Response> {
    try {
      const { settings } = this;
      const response = await ServerConnection.makeRequest(url, init, settings);
      if (response.ok) {
        return response;
      }
      throw refusal(response, await response.text());
    } catch (reason) {
      if (
        init.signal?.aborted ||
        reason instanceof ProblemError ||
        reason instanceof ConnectionLost
      ) {
        throw reason;
      }
      throw new ConnectionLost(reason);
    }
  }
}

/** A path whose parts may hold anything. */
export function path(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}
