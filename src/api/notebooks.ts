import type { IDrift, INearby, IPlan, IStamp, IVersion } from '../wire';
import { type Door, path } from './door';

/** What notebooks remember, and what their kernels have beyond it. */
export const notebooks = (door: Door) => ({
  /** What a running kernel has beyond its version. */
  drift(kernelId: string): Promise<IDrift> {
    return door.get(path('drift', kernelId), {});
  },

  /** Registers what a kernel has as the next version. */
  saveDrift(kernelId: string): Promise<IVersion> {
    return door.send('POST', path('drift', kernelId), {});
  },

  /** Takes out again what was added to a kernel. */
  discardDrift(kernelId: string): Promise<void> {
    return door.send('DELETE', path('drift', kernelId));
  },

  /** What a notebook in this version should remember. */
  stamp(
    name: string,
    version: string,
    follows?: string | null
  ): Promise<IStamp> {
    return door.get(path('environments', name, 'versions', version, 'stamp'), {
      follows
    });
  },

  /** What the notebooks of a directory remember, that of most of them first. */
  nearby(
    directory: string,
    signal?: AbortSignal
  ): Promise<{ items: INearby[] }> {
    return door.get('notebooks/nearby', { directory }, signal);
  },

  /** Fetches, resolves and runs nothing. */
  inspectNotebook(stamp: object, lock?: object): Promise<IPlan> {
    return door.send('POST', 'notebooks/inspect', { stamp, lock });
  },

  restoreNotebook(body: {
    stamp: object;
    lock?: object;
    ticked: string[];
  }): Promise<IVersion> {
    return door.send('POST', 'notebooks/restore', body);
  }
});
