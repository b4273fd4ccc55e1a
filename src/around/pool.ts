import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { IEnvironments } from '../tokens';

/** What a person chose, `null` for what the server is configured with. */
export interface IPoolChoice {
  readonly size: number | null;
  readonly memory: number | null;
}

/** What a person has set themselves; the defaults of the schema are not theirs. */
export function chosen(user: { readonly [key: string]: unknown }): IPoolChoice {
  const number = (value: unknown) =>
    typeof value === 'number' && Number.isInteger(value) && value >= 0
      ? value
      : null;
  return { size: number(user.size), memory: number(user.memory) };
}

/** Tells the server how many kernels to keep ready; the schema is in `pool.json`. */
export const poolPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlenv-jupyter:pool',
  description: 'Keeps kernels ready, so that switching to one takes no time.',
  autoStart: true,
  requires: [IEnvironments, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    registry: ISettingRegistry
  ) => {
    let told: IPoolChoice = { size: null, memory: null };
    const follow = async () => {
      const settings = await registry.load('mlenv-jupyter:pool');
      const tell = () => {
        const now = chosen(settings.user);
        // A server that nobody told anything keeps to its configuration by itself.
        if (now.size !== told.size || now.memory !== told.memory) {
          told = now;
          environments.api
            .choosePool(now)
            .catch(reason =>
              console.warn('No kernels are kept ready.', reason)
            );
        }
      };
      settings.changed.connect(tell);
      tell();
    };
    void app.restored
      .then(follow)
      .catch(reason => console.warn('No kernels are kept ready.', reason));
  }
};
