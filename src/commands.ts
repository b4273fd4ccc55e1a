import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, Notification } from '@jupyterlab/apputils';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Widget } from '@lumino/widgets';

import { linkTo } from './around/deeplink';
import { CommandIDs } from './commandids';
import { copyOf, type IDraft, newDraft } from './editor/draft';
import { begin } from './exchange/begin';
import { addExchangeCommands } from './exchange/commands';
import { formatVersion } from './format';
import { environmentIcon } from './icons';
import { freeDiskSpace } from './panel/collect';
import { refreshVersion } from './panel/refresh';
import { joined } from './joined';
import { switchNotebook } from './notebook/use';
import { addRunAsScript } from './runscript';
import type { IPanelContext } from './panel/context';
import { chooseEnvironment, confirmDelete } from './panel/dialogs';
import { Place, type Tab, TABS } from './panel/place';
import { EnvironmentsPanel } from './panel/widget';
import { type Args, telling } from './telling';
import { FORMS } from './wire';

export interface ICommandOptions {
  app: JupyterFrontEnd;
  context: IPanelContext;
  panel: Widget;
  tracker: INotebookTracker | null;
  /** Whether the main area takes more than what is in it: that of Jupyter Notebook does not. */
  hasTabs: boolean;
  browser: IDefaultFileBrowser | null;
}

function text(args: Args, key: string): string | undefined {
  const value = args[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function tabOf(args: Args): Tab | undefined {
  const tab = text(args, 'tab');
  return TABS.find(one => one === tab);
}

/** Adds the commands of mlenv. Those about one environment take the one that is open. */
export function addCommands(options: ICommandOptions): void {
  const { app, context, panel, tracker, browser } = options;
  const { commands } = app;
  const { environments, place, trans } = context;

  const show = () => app.shell.activateById(panel.id);
  /** The environment and version that are meant. */
  const target = (args: Args) => {
    const { location } = place;
    const open = location.view === 'detail' ? location : null;
    const name = text(args, 'name') ?? open?.name;
    const version =
      text(args, 'version') ??
      (name === open?.name ? open?.version : undefined) ??
      'latest';
    return name ? { name, version } : null;
  };
  const hasTarget = (args: Args) => target(args) !== null;
  /** What would be refused is not offered. */
  const isVisible = () => environments.mayWrite;
  environments.mayWriteChanged.connect(() => commands.notifyCommandChanged());
  const start = (draft: IDraft) => begin(draft, context, show);

  commands.addCommand(CommandIDs.show, {
    label: args =>
      args.isLauncher
        ? trans.__('Environments')
        : trans.__('Show Environments'),
    caption: trans.__('Environments of packages and variables, for notebooks'),
    icon: environmentIcon,
    execute: args => {
      const name = text(args, 'name');
      if (name) {
        place.open(name, {
          version: text(args, 'version'),
          tab: tabOf(args),
          build: text(args, 'build')
        });
      }
      if (args.list === true) {
        place.go({ view: 'list' });
      }
      show();
    }
  });

  commands.addCommand(CommandIDs.openInTab, {
    label: trans.__('Open in Tab'),
    isVisible: () => options.hasTabs,
    isEnabled: hasTarget,
    execute: args => {
      const wanted = target(args);
      if (!wanted) {
        return;
      }
      const id = `mlenv-environment-${wanted.name}`;
      const open = [...app.shell.widgets('main')].find(one => one.id === id);
      if (!open) {
        const own = new Place('', null, {
          view: 'detail',
          ...wanted,
          tab: 'packages'
        });
        const content = new EnvironmentsPanel({ ...context, place: own }, true);
        const widget = new MainAreaWidget({ content });
        widget.id = id;
        widget.title.label = wanted.name;
        widget.title.icon = environmentIcon;
        widget.title.closable = true;
        app.shell.add(widget, 'main', { type: 'Environment' });
      }
      app.shell.activateById(id);
    }
  });

  commands.addCommand(CommandIDs.create, {
    isVisible,
    label: args =>
      args.from === 'curated'
        ? trans.__('From a Curated Environment…')
        : args.isMenu
          ? trans.__('Blank')
          : trans.__('New Environment'),
    execute: async args => {
      if (args.from === 'curated') {
        show();
        place.setFilter('curated');
        place.go({ view: 'list' });
        return;
      }
      await start(newDraft(text(args, 'name')));
    }
  });

  commands.addCommand(CommandIDs.copyAndEdit, {
    isVisible,
    label: args =>
      args.isMenu
        ? trans.__('From Another Environment…')
        : trans.__('Copy and Edit'),
    isEnabled: args => args.isMenu === true || hasTarget(args),
    execute: telling(async args => {
      const wanted = args.isMenu
        ? await chooseEnvironment(context)
        : target(args);
      if (wanted) {
        const { name, version } = wanted;
        const source = await environments.api.version(name, version);
        // The prefix belongs to the curated ones.
        await start(copyOf(source, `${name.replace(/^mlenv-/i, '')}-copy`));
      }
    })
  });

  commands.addCommand(CommandIDs.build, {
    isVisible,
    label: trans.__('Build'),
    isEnabled: hasTarget,
    execute: telling(async args => {
      const wanted = target(args);
      if (wanted) {
        const { api } = environments;
        const { version } =
          wanted.version === 'latest'
            ? await api.version(wanted.name, wanted.version)
            : wanted;
        const build = await environments.startBuild(wanted.name, version);
        if (build.reused && build.state === 'succeeded') {
          Notification.success(
            trans.__('%1 %2 is ready.', wanted.name, formatVersion(version)),
            { autoClose: 3000 }
          );
        }
      }
    })
  });

  commands.addCommand(CommandIDs.cancelBuild, {
    isVisible,
    label: trans.__('Cancel Build'),
    isEnabled: args =>
      text(args, 'id') !== undefined || environments.runningBuilds.length > 0,
    execute: telling(async args => {
      const id = text(args, 'id') ?? environments.runningBuilds[0]?.id;
      if (id) {
        await environments.cancelBuild(id);
      }
    })
  });

  if (tracker) {
    commands.addCommand(CommandIDs.use, {
      label: trans.__('Use in Notebook'),
      isEnabled: hasTarget,
      execute: telling(async args => {
        const wanted = target(args);
        if (!wanted) {
          return;
        }
        const { name } = wanted;
        const front = tracker.currentWidget?.id;
        const version = text(args, 'version');
        const asked = text(args, 'form');
        const form = FORMS.find(one => one === asked);
        await joined(
          `use ${JSON.stringify([name, version, front, form ?? null])}`,
          async () => {
            const of = version ?? (await readyVersion(context, wanted));
            const kernel = await environments.installKernel(name, of, form);
            const notebook = await switchNotebook(kernel.kernel_name, {
              commands,
              tracker,
              kernelspecs: app.serviceManager.kernelspecs
            });
            if (!notebook) {
              return;
            }
            app.shell.activateById(notebook.id);
            Notification.success(
              trans.__(
                '%1 runs on %2 now.',
                notebook.title.label,
                kernel.display_name
              ),
              { autoClose: 3000 }
            );
          }
        );
      })
    });
  }

  if (tracker) {
    addRunAsScript({ app, context, tracker });
  }

  if (tracker) {
    commands.addCommand(CommandIDs.moveNotebooks, {
      isVisible,
      label: trans.__('Restart Notebooks on Another Version'),
      isEnabled: hasTarget,
      execute: telling(async args => {
        const name = text(args, 'name') ?? '';
        const { items } = await environments.api.kernels();
        const before = items.find(
          one => one.name === name && one.version === text(args, 'from')
        );
        const after = await environments.installKernel(
          name,
          text(args, 'to') ?? 'latest'
        );
        const { kernelspecs } = app.serviceManager;
        const moved = tracker.filter(
          panel =>
            panel.sessionContext.session?.kernel?.name === before?.kernel_name
        );
        for (const panel of moved) {
          await switchNotebook(
            after.kernel_name,
            { commands, tracker, kernelspecs },
            panel
          );
        }
        Notification.success(
          trans._n(
            '%1 notebook runs on %2 now.',
            '%1 notebooks run on %2 now.',
            moved.length,
            after.display_name
          ),
          { autoClose: 3000 }
        );
      })
    });
  }

  for (const [id, action, label] of [
    [CommandIDs.archive, 'archive', trans.__('Archive')],
    [CommandIDs.restore, 'restore', trans.__('Restore')]
  ] as const) {
    commands.addCommand(id, {
      label,
      isVisible,
      isEnabled: hasTarget,
      execute: telling(async args => {
        const wanted = target(args);
        if (wanted) {
          const { name } = wanted;
          await environments.change(name, api =>
            api.archive(name, null, action)
          );
        }
      })
    });
  }

  commands.addCommand(CommandIDs.refreshVersion, {
    isVisible,
    label: trans.__('Look for Newer Packages…'),
    isEnabled: hasTarget,
    execute: telling(async args => {
      const wanted = target(args);
      const made = wanted && (await refreshVersion(wanted, context));
      if (made) {
        show();
        place.open(made.name, { tab: 'versions' });
      }
    })
  });

  commands.addCommand(CommandIDs.remove, {
    isVisible,
    label: trans.__('Delete…'),
    isEnabled: hasTarget,
    execute: telling(async args => {
      const wanted = target(args);
      if (wanted && (await confirmDelete(wanted.name, trans))) {
        await environments.remove(wanted.name);
        const { location } = place;
        if (location.view === 'detail' && location.name === wanted.name) {
          place.go({ view: 'list' });
        }
      }
    })
  });

  commands.addCommand(CommandIDs.copyLink, {
    label: trans.__('Copy Link'),
    isEnabled: hasTarget,
    execute: telling(async args => {
      const wanted = target(args);
      if (wanted) {
        await navigator.clipboard.writeText(
          linkTo(wanted.name, wanted.version)
        );
      }
    })
  });

  commands.addCommand(CommandIDs.collect, {
    isVisible,
    label: trans.__('Free Disk Space…'),
    execute: telling(() => freeDiskSpace(context))
  });

  addExchangeCommands({ app, context, browser, show });

  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh Environments'),
    execute: () => environments.refresh()
  });
}

/** The version that is meant when none is named: the newest that can start at once. */
async function readyVersion(
  context: IPanelContext,
  wanted: { name: string; version: string }
): Promise<string> {
  if (wanted.version !== 'latest') {
    return wanted.version;
  }
  const { environment } = await context.environments.api.environment(
    wanted.name
  );
  return environment.ready_version ?? environment.latest.version;
}
