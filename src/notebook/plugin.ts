import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IToolbarWidgetRegistry } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CommandIDs } from '../commandids';
import { IEnvironments } from '../tokens';
import { MissingKernelBanner } from './banner';
import { EnvironmentChip } from './chip';
import { KernelRequests } from './comm';
import type { IKernelFacts } from './kernelfacts';
import { NotebookMemory } from './memory';
import { MissingKernel } from './missingkernel';
import { switchNotebook } from './use';

/** The name of the chip in the setting of the notebook's toolbar. */
export const CHIP = 'mlenv-environment';

/** What a notebook shows of its environment, and what its kernel may ask for. */
export const notebookPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlenv-jupyter:notebook',
  description:
    'Shows the environment of a notebook, and builds it where it is missing.',
  autoStart: true,
  requires: [INotebookTracker, IEnvironments],
  optional: [IToolbarWidgetRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    environments: IEnvironments,
    toolbar: IToolbarWidgetRegistry | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('mlenv_jupyter');
    const { commands, serviceManager } = app;
    const { kernelspecs } = serviceManager;
    const missing = new WeakMap<NotebookPanel, MissingKernel>();

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
    const open = ({ name, version }: IKernelFacts, build?: string) => {
      void commands.execute(CommandIDs.show, {
        name,
        version,
        ...(build ? { tab: 'builds', build } : {})
      });
    };

    /** The watch over a notebook; the toolbar may ask before the tracker knows it. */
    const watch = (panel: NotebookPanel): MissingKernel => {
      const known = missing.get(panel);
      if (known) {
        return known;
      }
      const made = new MissingKernel(
        panel,
        environments,
        kernelspecs,
        serviceManager.contents,
        startAnew
      );
      missing.set(panel, made);
      panel.disposed.connect(() => made.dispose());
      return made;
    };

    const addBanner = (panel: NotebookPanel) => {
      const actions = {
        chooseKernel: () => void commands.execute('notebook:change-kernel'),
        openLog: (facts: IKernelFacts, build: string) => open(facts, build)
      };
      panel.contentHeader.addWidget(
        new MissingKernelBanner(watch(panel), actions, trans)
      );
      const memory = new NotebookMemory(panel, {
        environments,
        kernelspecs,
        contents: serviceManager.contents
      });
      panel.disposed.connect(() => memory.dispose());
    };
    tracker.forEach(addBanner);
    tracker.widgetAdded.connect((_, panel) => addBanner(panel));

    toolbar?.addFactory<NotebookPanel>(
      'Notebook',
      CHIP,
      panel =>
        new EnvironmentChip({
          panel,
          kernelspecs,
          missing: watch(panel),
          open: facts => open(facts),
          trans
        })
    );

    new KernelRequests(tracker, (panel, request) => {
      const { action, kernel_name: kernelName, name, version } = request;
      if (action === 'use') {
        void switchTo(kernelName, panel);
      } else {
        watch(panel).note({ kernelName, name, version });
      }
    });
  }
};
