import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import type { INotebookTracker } from '@jupyterlab/notebook';

import { CommandIDs } from './commandids';
import { formatVersion } from './format';
import { factsOfSpec } from './notebook/kernelfacts';
import type { IPanelContext } from './panel/context';
import { telling } from './telling';

/** The command that runs the notebook in front as a script, in the version of its kernel. */
export function addRunAsScript(options: {
  app: JupyterFrontEnd;
  context: IPanelContext;
  tracker: INotebookTracker;
}): void {
  const { app, context, tracker } = options;
  const { commands } = app;
  const { contents, kernelspecs } = app.serviceManager;
  const { environments, notebook, trans } = context;
  const facts = () =>
    factsOfSpec(notebook.facts?.kernelName ?? '', kernelspecs.specs);

  commands.addCommand(CommandIDs.runAsScript, {
    label: trans.__('Run as Script in This Environment'),
    caption: trans.__(
      'Runs the cells of a copy of the notebook, with the files beside it. It goes on when the notebook is closed.'
    ),
    isVisible: () => environments.mayWrite,
    isEnabled: () => facts() !== null,
    execute: telling(async () => {
      const panel = tracker.currentWidget;
      const version = facts();
      if (!panel || !version) {
        throw new Error(
          trans.__('The notebook does not run in an environment of mlenv.')
        );
      }
      const { path } = panel.context;
      if (contents.driveName(path)) {
        throw new Error(
          trans.__('%1 is not among the files of this server.', path)
        );
      }
      if (panel.context.model.dirty) {
        await panel.context.save();
      }
      const file = PathExt.basename(path);
      await environments.api.startRun({
        name: version.name,
        version: version.version,
        source_directory: PathExt.dirname(path) || '.',
        command: ['python', file]
      });
      const title = `${version.name} ${formatVersion(version.version)}`;
      Notification.info(trans.__('%1 runs as a script in %2.', file, title), {
        autoClose: 8000,
        actions: [
          {
            label: trans.__('Show'),
            callback: () =>
              void commands.execute(CommandIDs.show, {
                name: version.name,
                version: version.version,
                tab: 'used-by'
              })
          }
        ]
      });
    })
  });
  // What it can do depends on the notebook in front and its kernel.
  notebook.changed.connect(() =>
    commands.notifyCommandChanged(CommandIDs.runAsScript)
  );
}
