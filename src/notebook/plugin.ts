import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import {
  ICommandPalette,
  ISessionContextDialogs,
  IToolbarWidgetRegistry
} from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker, NotebookActions } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commandids';
import { formatVersion } from '../format';
import { openChoice } from '../panel/menus';
import { openSwitcher, switchNotebookTo } from '../switcher';
import type { IChoice } from '../switcher/options';
import { telling } from '../telling';
import { IEnvironments } from '../tokens';
import { MissingKernelBanner } from './banner';
import { EnvironmentChip } from './chip';
import { KernelRequests } from './comm';
import { confirmDiscardDrift } from './dialogs';
import type { IKernelFacts } from './kernelfacts';
import { cellsElsewhere, stampOf } from './memory';
import { type INoticeActions, NoticeBanner } from './noticeview';
import { StartingKernels } from './starting';
import { switchNotebook } from './use';
import { Watched } from './watched';

/** The name of the chip in the setting of the notebook's toolbar. */
export const CHIP = 'mlenv-environment';

/** What a notebook shows of its environment, and what its kernel may ask for. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlenv-jupyter:notebook',
  description:
    'Shows the environment of a notebook, and builds it where it is missing.',
  autoStart: true,
  requires: [INotebookTracker, IEnvironments],
  optional: [
    IToolbarWidgetRegistry,
    ITranslator,
    ICommandPalette,
    ISessionContextDialogs
  ],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    environments: IEnvironments,
    toolbar: IToolbarWidgetRegistry | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    dialogs: ISessionContext.IDialogs | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv_jupyter');
    const { commands, serviceManager } = app;
    const { kernelspecs } = serviceManager;

    const switchTo = (kernelName: string, panel: NotebookPanel) =>
      switchNotebook(kernelName, { commands, kernelspecs, tracker }, panel);
    /** Also where the kernel of that name runs: what does may be its stand-in. */
    const startAnew = async (kernelName: string, panel: NotebookPanel) => {
      const { sessionContext } = panel;
      if (sessionContext.session?.kernel?.name === kernelName) {
        await sessionContext.restartKernel();
      } else {
        await switchTo(kernelName, panel);
      }
    };
    const show = (
      name: string,
      version: string,
      more: { tab?: string; build?: string } = {}
    ) => void commands.execute(CommandIDs.show, { name, version, ...more });
    const starting = new StartingKernels(serviceManager.events);
    const watched = new Watched(
      environments,
      serviceManager,
      startAnew,
      switchTo,
      dialogs
    );

    const discard = async (panel: NotebookPanel) => {
      const { drift, notices } = watched.of(panel);
      const asked =
        drift.drift && (await confirmDiscardDrift(drift.drift, trans));
      if (asked) {
        await notices.discardDrift();
      }
      if (asked?.restart) {
        await panel.sessionContext.restartKernel();
      }
    };
    /** The notebook in front, if its kernel has packages that no version has. */
    const drifted = () => {
      const panel = tracker.currentWidget;
      return panel && watched.of(panel).drift.drift ? panel : null;
    };
    commands.addCommand(CommandIDs.saveDrift, {
      isVisible: () => environments.mayWrite,
      label: trans.__('Save Packages of This Kernel as the Next Version'),
      isEnabled: () => drifted() !== null,
      execute: () => {
        const panel = drifted();
        return panel && watched.of(panel).notices.saveDrift();
      }
    });
    commands.addCommand(CommandIDs.discardDrift, {
      isVisible: () => environments.mayWrite,
      label: trans.__('Discard Packages Added to This Kernel…'),
      isEnabled: () => drifted() !== null,
      execute: telling(async () => {
        const panel = drifted();
        if (panel) {
          await discard(panel);
        }
      })
    });

    const noticeActions = (panel: NotebookPanel): INoticeActions => {
      const { notices } = watched.of(panel);
      const older = () => {
        const notice = notices.notice;
        return notice?.is === 'older'
          ? cellsElsewhere(
              panel,
              `${notice.facts.name} v${notice.facts.version}`
            ).map(({ index }) => panel.content.widgets[index])
          : [];
      };
      return {
        discard: () => void telling(() => discard(panel))({}),
        openLog: (name, version, build) =>
          show(name, version, { tab: 'builds', build }),
        seeChanges: (name, version) => show(name, version, { tab: 'versions' }),
        showOlder: () => {
          const notebook = panel.content;
          const cells = older();
          notebook.deselectAll();
          for (const cell of cells) {
            notebook.select(cell);
          }
          if (cells.length > 0) {
            notebook.activeCellIndex = notebook.widgets.indexOf(cells[0]);
            void notebook.scrollToCell(cells[0]);
          }
        },
        makeEnvironment: beside =>
          void telling(async () => {
            if (!beside) {
              // The server reads the file.
              await panel.context.save();
            }
            const { path, isFolder } = beside ?? {
              path: panel.context.path,
              isFolder: false
            };
            await commands.execute(CommandIDs.importFile, { path, isFolder });
          })({}),
        restart: () => void commands.execute('notebook:restart-kernel'),
        runOlder: () =>
          void NotebookActions.runCells(
            panel.content,
            older(),
            panel.sessionContext
          )
      };
    };

    /** Stay with the version, or go with a label: what moves is offered and never forced. */
    const choicesOf = (panel: NotebookPanel, facts: IKernelFacts) => {
      const { memory, notices } = watched.of(panel);
      const { name, version } = facts;
      const stamp = stampOf(panel);
      const follows = (stamp?.name === name && stamp.follows) || null;
      const mark = (chosen: boolean) => (chosen ? '✓ ' : '   ');
      const choose = (label: string | null) => () =>
        void memory.follow(name, label);
      const labels = Object.entries(notices.detail?.environment.labels ?? {});
      return [
        {
          label:
            mark(follows === null) +
            trans.__('Stay with %1', formatVersion(version)),
          choose: choose(null)
        },
        ...labels.map(([label, at]) => ({
          label:
            mark(follows === label) +
            trans.__('Go with %1 (%2)', label, formatVersion(at)),
          choose: choose(label)
        })),
        {
          label: '   ' + trans.__('Choose another kernel…'),
          choose: () => void commands.execute('notebook:change-kernel')
        }
      ];
    };

    const switcherOf = (panel: NotebookPanel) => ({
      environments,
      trans,
      kernelName: panel.sessionContext.session?.kernel?.name ?? '',
      path: panel.context.path,
      onSwitch: (choice: IChoice) =>
        switchNotebookTo(choice, {
          environments,
          commands,
          trans,
          switchTo: kernelName =>
            switchTo(kernelName, panel).then(() => undefined)
        }),
      onDetails: ({ name, version }: IChoice) => show(name, version),
      onNew: () => void commands.execute(CommandIDs.create),
      onAll: () => void commands.execute(CommandIDs.show, { list: true }),
      onOther: () => void commands.execute('notebook:change-kernel')
    });
    commands.addCommand(CommandIDs.switchEnvironment, {
      label: trans.__('Switch Environment of This Notebook…'),
      isEnabled: () => tracker.currentWidget !== null,
      execute: args => {
        const panel = tracker.currentWidget;
        const pressed = args.atFocus ? document.activeElement : null;
        const chip = panel?.node.querySelector('.mlenv-Chip');
        const at = pressed ?? chip ?? panel?.toolbar.node;
        if (panel && at instanceof HTMLElement) {
          void openSwitcher(switcherOf(panel), at);
        }
      }
    });

    for (const command of [
      CommandIDs.switchEnvironment,
      CommandIDs.saveDrift,
      CommandIDs.discardDrift
    ]) {
      palette?.addItem({ command, category: trans.__('Environments') });
    }

    const addBanners = (panel: NotebookPanel) => {
      const { missing, notices } = watched.of(panel);
      panel.contentHeader.addWidget(
        new MissingKernelBanner(
          missing,
          {
            chooseKernel: () => void commands.execute('notebook:change-kernel'),
            openLog: ({ name, version }: IKernelFacts, build: string) =>
              show(name, version, { tab: 'builds', build })
          },
          trans
        )
      );
      panel.contentHeader.addWidget(
        new NoticeBanner(notices, missing, noticeActions(panel), trans)
      );
    };
    tracker.forEach(addBanners);
    tracker.widgetAdded.connect((_, panel) => addBanners(panel));

    toolbar?.addFactory<NotebookPanel>('Notebook', CHIP, panel => {
      const { missing, drift } = watched.of(panel);
      return new EnvironmentChip({
        panel,
        kernelspecs,
        missing,
        drift,
        starting,
        open: (facts, at) => void openSwitcher(switcherOf(panel), at),
        more: (facts, at) => openChoice(choicesOf(panel, facts), at),
        trans
      });
    });

    new KernelRequests(tracker, (panel, request) => {
      const { missing, drift, memory } = watched.of(panel);
      switch (request.action) {
        case 'drift':
          void drift.look();
          break;
        case 'missing': {
          const { kernel_name: kernelName, name, version } = request;
          missing.note({ kernelName, name, version });
          break;
        }
        case 'use':
          void memory.follow(request.name, request.follows ?? null);
          void switchTo(request.kernel_name, panel);
      }
    });
  }
};
