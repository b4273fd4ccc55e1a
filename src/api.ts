import type { ServerConnection } from '@jupyterlab/services';

import { builds } from './api/builds';
import { definitions } from './api/definitions';
import { Door } from './api/door';
import { machine } from './api/machine';
import { notebooks } from './api/notebooks';
import { registry } from './api/registry';
import { work } from './api/work';

export {
  ConnectionLost,
  makeProblem,
  ProblemError,
  problemOf
} from './api/problem';

/** The REST interface of `/mlenv/api`, one method a verb and a path. */
export function apiOf(settings: ServerConnection.ISettings) {
  const door = new Door(settings);
  return {
    settings,
    ...registry(door),
    ...definitions(door),
    ...builds(door),
    ...work(door),
    ...notebooks(door),
    ...machine(door)
  };
}

export type Api = ReturnType<typeof apiOf>;
