import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';

import { showMenu } from '../panel/menus';
import type { BuildLog } from './log';

/** Opens the menu of a log below its button. */
export function openLogMenu(
  button: HTMLElement,
  log: BuildLog,
  trans: TranslationBundle
): void {
  const commands = new CommandRegistry();
  commands.addCommand('copy', {
    label: trans.__('Copy all'),
    execute: () => Clipboard.copyToSystem(log.lines.toText())
  });
  commands.addCommand('download', {
    label: trans.__('Download'),
    execute: () => download(`${log.id}.log`, log.lines.toText())
  });
  commands.addCommand('show', {
    label: trans.__('Show folded lines'),
    isToggled: () => log.rows.showAll,
    execute: () => log.showFolded(!log.rows.showAll)
  });
  const menu = new Menu({ commands });
  menu.addItem({ command: 'copy' });
  menu.addItem({ command: 'download' });
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: 'show' });
  showMenu(menu, button);
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}
