import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';

import { CommandIDs } from '../commandids';
import { adoptableQuery } from '../queries';
import { telling } from '../telling';
import type { IPanelContext } from '../panel/context';
import { environmentIcon } from '../icons';
import { beginFromFile } from './begin';
import { readContents, readFolder } from './contents';
import { chooseFile, download, exportFormats, isKnownFile } from './files';

/** The commands that read and write files. */
export function addExchangeCommands(options: {
  app: JupyterFrontEnd;
  context: IPanelContext;
  browser: IDefaultFileBrowser | null;
  show: () => void;
}): void {
  const { app, context, browser, show } = options;
  const { commands } = app;
  const { environments, trans } = context;
  const isVisible = () => environments.mayWrite;

  commands.addCommand(CommandIDs.importFile, {
    isVisible,
    label: args =>
      args.isMenu
        ? trans.__('From a File…')
        : trans.__('New Environment from a File…'),
    execute: telling(async args => {
      if (typeof args.path === 'string') {
        const { contents } = app.serviceManager;
        const read = args.isFolder ? readFolder : readContents;
        await beginFromFile(await read(contents, args.path), context, show);
        return;
      }
      const file = await chooseFile();
      if (file) {
        const { name } = file;
        await beginFromFile({ name, text: await file.text() }, context, show);
      }
    })
  });

  commands.addCommand(CommandIDs.exportFile, {
    label: args => String(args.label ?? trans.__('Export…')),
    isVisible: args => typeof args.format === 'string',
    execute: telling(async args => {
      const { name, version, format } = args;
      const wanted = exportFormats(trans).find(one => one.format === format);
      if (typeof name !== 'string' || !wanted) {
        return;
      }
      const of = typeof version === 'string' ? version : 'latest';
      const { format: form } = wanted;
      const file = await environments.api.exportFile(name, of, form);
      download(file.blob, file.filename);
    })
  });

  commands.addCommand(CommandIDs.adoptKernel, {
    isVisible,
    label: args =>
      args.isMenu
        ? trans.__('From This Kernel')
        : trans.__('Make the Kernel of This Notebook Reproducible'),
    isEnabled: () => context.notebook.facts !== null,
    execute: telling(async () => {
      const facts = context.notebook.facts;
      const items = await environments.queries.fetchQuery(
        adoptableQuery(environments.api)
      );
      // A kernel without an interpreter of its own runs in that of the server.
      const found =
        items.find(one =>
          one.kernels.includes(facts?.kernelDisplayName ?? '')
        ) ?? items.find(one => one.kind === 'server');
      show();
      if (found) {
        context.place.go({ view: 'adopt', id: found.id });
      } else {
        await commands.execute(CommandIDs.create);
      }
    })
  });

  if (browser) {
    const chosen = () => {
      const items = [...browser.selectedItems()];
      return items.length === 1 ? items[0] : null;
    };
    commands.addCommand(CommandIDs.importSelected, {
      label: trans.__('New Environment from This File'),
      icon: environmentIcon,
      isVisible: () => {
        const item = chosen();
        return (
          isVisible() &&
          item !== null &&
          item.type !== 'directory' &&
          isKnownFile(item.name)
        );
      },
      execute: () =>
        commands.execute(CommandIDs.importFile, { path: chosen()?.path ?? '' })
    });
    commands.addCommand(CommandIDs.importSelectedFolder, {
      label: trans.__('New Environment from This Folder'),
      icon: environmentIcon,
      isVisible: () => isVisible() && chosen()?.type === 'directory',
      execute: () =>
        commands.execute(CommandIDs.importFile, {
          path: chosen()?.path ?? '',
          isFolder: true
        })
    });
    for (const [command, isFolder] of [
      [CommandIDs.importSelected, false],
      [CommandIDs.importSelectedFolder, true]
    ] as const) {
      app.contextMenu.addItem({
        command,
        selector: `.jp-DirListing-item[data-isdir="${isFolder}"]`,
        rank: 60
      });
    }
  }
}
