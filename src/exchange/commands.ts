import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IDefaultFileBrowser } from '@jupyterlab/filebrowser';

import { CommandIDs } from '../commandids';
import { telling } from '../telling';
import type { IPanelContext } from '../panel/context';
import { environmentIcon } from '../icons';
import { beginFromFile } from './begin';
import { readContents } from './drop';
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

  commands.addCommand(CommandIDs.importFile, {
    label: args =>
      args.isMenu
        ? trans.__('From a File…')
        : trans.__('New Environment from a File…'),
    execute: telling(async args => {
      if (typeof args.path === 'string') {
        const file = await readContents(app.serviceManager.contents, args.path);
        await beginFromFile(file, context, show);
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
      const text = await environments.api.exportFile(name, of, wanted.format);
      download(text, `${name}-${of}${wanted.suffix}`);
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
          item !== null && item.type !== 'directory' && isKnownFile(item.name)
        );
      },
      execute: () =>
        commands.execute(CommandIDs.importFile, { path: chosen()?.path ?? '' })
    });
    app.contextMenu.addItem({
      command: CommandIDs.importSelected,
      selector: '.jp-DirListing-item[data-isdir="false"]',
      rank: 60
    });
  }
}
