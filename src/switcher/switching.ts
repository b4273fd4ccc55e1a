import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commandids';
import { formatVersion } from '../format';
import { ended } from '../notebook/building';
import { telling } from '../telling';
import type { IEnvironments } from '../tokens';
import type { IChoice } from './options';

/** What a switch needs beside the notebook. */
export interface ISwitching {
  environments: IEnvironments;
  commands: CommandRegistry;
  trans: TranslationBundle;
  /** Has the notebook that was asked for run on a kernel. */
  switchTo: (kernelName: string) => Promise<void>;
}

/**
 * Switches a notebook. What is not built is built first; until then the notebook keeps its
 * kernel, and after a failure, too.
 */
export function switchNotebookTo(choice: IChoice, options: ISwitching): void {
  const { environments, commands, trans } = options;
  const { name, version, cost } = choice;
  const title = `${name} ${formatVersion(version)}`;
  const openLog = (build: string | null) =>
    void commands.execute(CommandIDs.show, {
      name,
      version,
      tab: 'builds',
      ...(build && { build })
    });
  void telling(async () => {
    if (cost.is === 'here') {
      return;
    }
    if (cost.is === 'failed') {
      openLog(cost.build);
      return;
    }
    if (cost.is !== 'ready') {
      const build = await environments.startBuild(name, version);
      const said = Notification.info(
        trans.__(
          '%1 is built first. The notebook is switched after that.',
          title
        ),
        {
          autoClose: false,
          actions: [
            { label: trans.__('Open log'), callback: () => openLog(build.id) }
          ]
        }
      );
      const last = await ended(environments, build, () => undefined).finally(
        () => Notification.dismiss(said)
      );
      if (last.state !== 'succeeded') {
        Notification.warning(
          trans.__('%1 was not built: the notebook keeps its kernel.', title),
          {
            actions: [
              { label: trans.__('Open log'), callback: () => openLog(last.id) }
            ]
          }
        );
        return;
      }
    }
    const kernel = await environments.installKernel(name, version);
    await options.switchTo(kernel.kernel_name);
  })({});
}
