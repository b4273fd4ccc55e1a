import type { Form, IBuild, IKernel } from '../wire';
import { type Door, path } from './door';

/** Builds, and the kernels of what is built. */
export const builds = (door: Door) => ({
  builds(limit = 50, signal?: AbortSignal): Promise<{ items: IBuild[] }> {
    return door.get('builds', { limit }, signal);
  },

  build(id: string, signal?: AbortSignal): Promise<IBuild> {
    return door.get(path('builds', id), {}, signal);
  },

  startBuild(body: {
    name: string;
    version?: string;
    force?: boolean;
    cache?: boolean;
    form?: Form;
  }): Promise<IBuild> {
    return door.send('POST', 'builds', body);
  },

  cancelBuild(id: string): Promise<IBuild> {
    return door.send('DELETE', path('builds', id));
  },

  kernels(signal?: AbortSignal): Promise<{ items: IKernel[] }> {
    return door.get('kernels', {}, signal);
  },

  installKernel(body: {
    name: string;
    version?: string;
    form?: Form;
  }): Promise<IKernel> {
    return door.send('POST', 'kernels', body);
  },

  removeKernel(kernelName: string): Promise<void> {
    return door.send('DELETE', path('kernels', kernelName));
  }
});
