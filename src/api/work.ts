import type { IAsked, IRun, IService } from '../wire';
import { type Door, path } from './door';

/** Runs and services. */
export const work = (door: Door) => ({
  /** The newest runs in one environment. */
  runs(name: string, signal?: AbortSignal): Promise<{ items: IRun[] }> {
    return door.get('runs', { name, limit: 10 }, signal);
  },

  /** Lines of a run's log from a byte on. */
  runLog(id: string, from: number, signal?: AbortSignal): Promise<string> {
    return door.text(`${path('runs', id, 'log')}?from=${from}`, { signal });
  },

  /** Runs a command on a copy of a directory, which is a path of JupyterLab's files. */
  startRun(body: {
    name: string;
    version?: string;
    source_directory: string;
    command: string[];
  }): Promise<IRun> {
    return door.send('POST', 'runs', body);
  },

  runAgain(id: string): Promise<IRun> {
    return door.send('POST', path('runs', id, 'again'));
  },

  cancelRun(id: string): Promise<IRun> {
    return door.send('DELETE', path('runs', id));
  },

  services(signal?: AbortSignal): Promise<{ items: IService[] }> {
    return door.get('services', {}, signal);
  },

  serviceLog(
    name: string,
    from: number,
    signal?: AbortSignal
  ): Promise<string> {
    const where = path('services', name, 'log');
    return door.text(`${where}?from=${from}`, { signal });
  },

  /** Asks a service with its own key; what it answers, whatever the status. */
  askService(name: string, data: string): Promise<IAsked> {
    return door.send('POST', path('services', name, 'score'), { data });
  },

  deleteService(name: string): Promise<void> {
    return door.send('DELETE', path('services', name));
  }
});
