import {
  ILabShell,
  ILayoutRestorer,
  IRouter,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { followLinks } from './around/deeplink';
import { BuildNotices } from './around/notices';
import { poolPlugin } from './around/pool';
import { PanelSettings } from './around/settings';
import { BuildLogStream } from './buildlog';
import { cellPlugin } from './cell';
import { CommandIDs } from './commandids';
import { addCommands } from './commands';
import { beginFromFile } from './exchange/begin';
import type { IFileToRead } from './exchange/contents';
import { acceptFiles } from './exchange/drop';
import { environmentIcon } from './icons';
import { Environments } from './model';
import { notebookPlugin } from './notebook';
import { ActiveNotebook } from './panel/activenotebook';
import { Place } from './panel/place';
import { BuildsStatus } from './panel/statusitem';
import { EnvironmentsPanel } from './panel/widget';
import { telling } from './telling';
import { IEnvironments } from './tokens';

const DOMAIN = 'mlenv_jupyter';

/** What all of mlenv's front end shares: the model. */
const environments: JupyterFrontEndPlugin<IEnvironments> = {
  id: 'mlenv-jupyter:environments',
  description: 'Knows the environments, their versions, builds and kernels.',
  autoStart: true,
  provides: IEnvironments,
  activate: (app: JupyterFrontEnd) => {
    const model = new Environments({
      services: app.serviceManager,
      storage: window.localStorage
    });
    // JupyterLab comes first: nothing is asked before it stands.
    void app.restored.then(() => model.start());
    return model;
  }
};

/** The panel at the side, and the commands that lead to it. */
const panel: JupyterFrontEndPlugin<void> = {
  id: 'mlenv-jupyter:panel',
  description: 'The Environments panel.',
  autoStart: true,
  requires: [IEnvironments],
  optional: [
    ITranslator,
    ILayoutRestorer,
    ILabShell,
    INotebookTracker,
    ICommandPalette,
    IRenderMimeRegistry,
    IDefaultFileBrowser,
    ISettingRegistry,
    IRouter,
    ILauncher,
    IEditorServices
  ],
  activate: (
    app: JupyterFrontEnd,
    model: IEnvironments,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    labShell: ILabShell | null,
    tracker: INotebookTracker | null,
    palette: ICommandPalette | null,
    rendermime: IRenderMimeRegistry | null,
    browser: IDefaultFileBrowser | null,
    registry: ISettingRegistry | null,
    router: IRouter | null,
    launcher: ILauncher | null,
    editors: IEditorServices | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const context = {
      environments: model,
      stream: BuildLogStream.to(app.serviceManager.serverSettings),
      translator: translator ?? nullTranslator,
      trans,
      commands: app.commands,
      notebook: new ActiveNotebook(tracker),
      place: new Place('mlenv:place', window.localStorage),
      rendermime,
      settings: new PanelSettings(),
      editors
    };
    if (registry) {
      context.settings
        .follow(registry, panel.id)
        .catch(reason => console.warn('The defaults stay.', reason));
    }
    const widget = new EnvironmentsPanel(context);
    widget.id = 'mlenv-environments';
    widget.title.icon = environmentIcon;
    widget.title.caption = trans.__('Environments');
    widget.node.setAttribute('role', 'region');
    widget.node.setAttribute('aria-label', trans.__('Environments'));
    restorer?.add(widget, 'mlenv-environments');
    app.shell.add(widget, 'left', { rank: 250, type: 'Environments' });

    widget.node.dataset.dropWords = trans.__(
      'Drop a file to make an environment from it'
    );
    const take = (file: IFileToRead) =>
      beginFromFile(file, context, () => app.shell.activateById(widget.id));
    acceptFiles(widget.node, app.serviceManager.contents, read => {
      if (!model.mayWrite) {
        return;
      }
      void telling(async () => take(await read()))({});
    });
    const hasTabs = labShell !== null;
    addCommands({ app, context, panel: widget, tracker, browser, hasTabs });
    for (const command of [
      CommandIDs.show,
      CommandIDs.create,
      CommandIDs.importFile,
      CommandIDs.build,
      CommandIDs.cancelBuild,
      CommandIDs.use,
      CommandIDs.runAsScript,
      CommandIDs.copyAndEdit,
      CommandIDs.openInTab,
      CommandIDs.copyLink,
      CommandIDs.remove,
      CommandIDs.collect,
      CommandIDs.refresh
    ]) {
      if (app.commands.hasCommand(command)) {
        palette?.addItem({ command, category: trans.__('Environments') });
      }
    }
    launcher?.add({
      command: CommandIDs.show,
      args: { isLauncher: true },
      category: trans.__('Other'),
      rank: 10
    });
    if (router) {
      followLinks(app, router);
    }
    new BuildNotices({
      environments: model,
      commands: app.commands,
      trans,
      isTold: build => {
        const { location } = context.place;
        const inView =
          widget.isVisible &&
          location.view === 'detail' &&
          location.name === build.name;
        return context.settings.current.notify && !inView;
      }
    });
    // Commands about the open environment are enabled by what is open.
    context.place.changed.connect(() => app.commands.notifyCommandChanged());
  }
};

/** The menu of the menu bar; its entries are in `schema/commands.json`. */
const commands: JupyterFrontEndPlugin<void> = {
  id: 'mlenv-jupyter:commands',
  description: 'The Environments menu.',
  autoStart: true,
  activate: () => undefined
};

/** Running builds in the status bar. */
const status: JupyterFrontEndPlugin<void> = {
  id: 'mlenv-jupyter:status',
  description: 'Shows running builds in the status bar.',
  autoStart: true,
  requires: [IEnvironments, IStatusBar],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    model: IEnvironments,
    bar: IStatusBar,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    bar.registerStatusItem('mlenv-jupyter:builds', {
      item: new BuildsStatus(model, app.commands, trans),
      align: 'right',
      rank: 100,
      isActive: () => model.runningBuilds.length > 0,
      activeStateChanged: model.buildsChanged
    });
  }
};

export { IEnvironments } from './tokens';
export default [
  environments,
  panel,
  commands,
  status,
  notebookPlugin,
  cellPlugin,
  poolPlugin
];
