import type { ICollected, IPythons, ISecret, IStatus } from '../wire';
import { type Door, path } from './door';

/** What belongs to this machine and to whoever uses it. */
export const machine = (door: Door) => ({
  /** Whether this person may change what mlenv keeps, as Jupyter's authorizer says. */
  async mayWrite(signal?: AbortSignal): Promise<boolean> {
    const asked = JSON.stringify({ mlenv: ['write'] });
    const { permissions } = await door.ask<{
      permissions: { mlenv?: string[] };
    }>(`me?permissions=${encodeURIComponent(asked)}`, signal);
    // A server that does not say so will refuse what it must.
    return permissions.mlenv?.includes('write') ?? true;
  },

  /** Their names and uses; no answer ever has a value. */
  secrets(signal?: AbortSignal): Promise<{ items: ISecret[] }> {
    return door.get('secrets', {}, signal);
  },

  /** Sets a secret; without a value, it may be used for more. */
  setSecret(
    name: string,
    body: { value?: string; environments: string[] }
  ): Promise<ISecret> {
    return door.send('PUT', path('secrets', name), body);
  },

  pythons(signal?: AbortSignal): Promise<IPythons> {
    return door.get('python', {}, signal);
  },

  /** Chooses how many kernels are kept ready, until the server ends. */
  choosePool(choice: {
    size: number | null;
    memory: number | null;
  }): Promise<unknown> {
    return door.send('PUT', 'pool', choice);
  },

  /** Removes what was built and nothing refers to; with `dryRun` only says what that is. */
  collect(dryRun: boolean): Promise<ICollected> {
    return door.send('POST', 'collect', { dry_run: dryRun });
  },

  status(signal?: AbortSignal): Promise<IStatus> {
    return door.get('status', {}, signal);
  }
});
