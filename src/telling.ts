import { Notification } from '@jupyterlab/apputils';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { problemOf } from './api';

export type Args = ReadonlyPartialJSONObject;

/** A command whose failure is told with its remedy. */
export function telling(
  run: (args: Args) => Promise<unknown>
): CommandRegistry.CommandFunc<Promise<unknown>> {
  return async args => {
    try {
      return await run(args);
    } catch (reason) {
      const { message, remedy } = problemOf(reason);
      Notification.error([message, remedy].filter(Boolean).join(' '));
      return undefined;
    }
  };
}
