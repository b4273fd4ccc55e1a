import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { CommandIDs } from '../commandids';
import { formatVersion } from '../format';
import { keys } from '../queries';
import type { IEnvironments } from '../tokens';
import { type IBuild, isActive } from '../wire';

const SHORT = 5_000;

/**
 * Tells the end of every build that was seen running, where its log is not in view.
 *
 * A cancelled build is told by whoever cancelled it: they know.
 */
export class BuildNotices {
  constructor(private readonly _options: BuildNotices.IOptions) {
    const { environments } = _options;
    environments.buildsChanged.connect(this._onBuilds, this);
    this._running = new Set(environments.runningBuilds.map(one => one.id));
  }

  private _onBuilds(): void {
    const { environments } = this._options;
    const before = this._running;
    this._running = new Set(environments.runningBuilds.map(one => one.id));
    const known = environments.queries.getQueryData<IBuild[]>(keys.builds);
    for (const build of known ?? []) {
      if (before.has(build.id) && !isActive(build)) {
        this._tell(build);
      }
    }
  }

  private _tell(build: IBuild): void {
    const { commands, isTold, trans } = this._options;
    if (!isTold(build)) {
      return;
    }
    const { id, name, version, state, error } = build;
    const title = `${name} ${formatVersion(version)}`;
    const openLog = {
      label: trans.__('Open log'),
      callback: () =>
        void commands.execute(CommandIDs.show, {
          name,
          version,
          tab: 'builds',
          build: id
        })
    };
    if (state === 'succeeded') {
      const use = {
        label: trans.__('Use in notebook'),
        callback: () => void commands.execute(CommandIDs.use, { name, version })
      };
      Notification.success(trans.__('%1 is ready.', title), {
        autoClose: SHORT,
        actions: commands.hasCommand(CommandIDs.use)
          ? [use, openLog]
          : [openLog]
      });
    } else if (state === 'failed' || state === 'interrupted') {
      Notification.error(
        trans.__(
          'Building %1 failed: %2',
          title,
          error?.message ?? trans.__('the log says why.')
        ),
        { autoClose: false, actions: [openLog] }
      );
    }
  }

  private _running: Set<string>;
}

export namespace BuildNotices {
  export interface IOptions {
    environments: IEnvironments;
    commands: CommandRegistry;
    trans: TranslationBundle;
    /** Whether the end of a build is to be told. */
    isTold: (build: IBuild) => boolean;
  }
}
