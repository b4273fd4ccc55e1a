import { MenuSvg } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import type { Menu } from '@lumino/widgets';

import { CommandIDs } from '../commandids';
import { exportFormats } from '../exchange/files';
import type { IEnvironment } from '../wire';
import type { IPanelContext } from './context';

type Item =
  | { command: string; args?: ReadonlyJSONObject }
  | { label: string; items: Item[] }
  | 'separator';

function menuOf(commands: CommandRegistry, items: readonly Item[]): MenuSvg {
  const menu = new MenuSvg({ commands });
  for (const item of items) {
    if (item === 'separator') {
      menu.addItem({ type: 'separator' });
    } else if ('items' in item) {
      const submenu = menuOf(commands, item.items);
      submenu.title.label = item.label;
      menu.addItem({ type: 'submenu', submenu });
    } else {
      menu.addItem(item);
    }
  }
  return menu;
}

/** Opens a menu under an element, or where the pointer is. */
export function openMenu(
  commands: CommandRegistry,
  items: Item[],
  at: HTMLElement | { x: number; y: number }
): void {
  showMenu(menuOf(commands, items), at);
}

/** Opens a menu that is made for once; the keyboard goes back to where it was. */
export function showMenu(
  menu: Menu,
  at: HTMLElement | { x: number; y: number }
): void {
  const before = at instanceof HTMLElement ? at : document.activeElement;
  menu.aboutToClose.connect(() => {
    // Once the command that was chosen has been run, which may have moved the focus itself.
    setTimeout(() => {
      menu.dispose();
      if (document.activeElement === document.body) {
        (before as HTMLElement | null)?.focus();
      }
    }, 0);
  });
  if (at instanceof HTMLElement) {
    const { left, bottom } = at.getBoundingClientRect();
    menu.open(left, bottom);
  } else {
    menu.open(at.x, at.y);
  }
}

/** What can be done with an environment, or with one version of it. */
export function openEnvironmentMenu(
  { commands, trans }: Pick<IPanelContext, 'commands' | 'trans'>,
  environment: IEnvironment,
  at: HTMLElement | { x: number; y: number },
  version = environment.latest.version
): void {
  const args = { name: environment.name, version };
  const items: Item[] = [
    { command: CommandIDs.use, args },
    { command: CommandIDs.build, args },
    'separator',
    { command: CommandIDs.openInTab, args },
    { command: CommandIDs.copyAndEdit, args },
    { command: CommandIDs.copyLink, args },
    {
      label: trans.__('Export'),
      items: exportFormats(trans).map(({ format, label }) => ({
        command: CommandIDs.exportFile,
        args: { ...args, format, label }
      }))
    }
  ];
  if (!environment.read_only) {
    items.push(
      'separator',
      { command: CommandIDs.refreshVersion, args },
      {
        command: environment.archived_at
          ? CommandIDs.restore
          : CommandIDs.archive,
        args
      },
      { command: CommandIDs.remove, args }
    );
  }
  openMenu(commands, items, at);
}

/** The ways to begin a new environment. */
export function openNewMenu(commands: CommandRegistry, at: HTMLElement): void {
  openMenu(
    commands,
    [
      { command: CommandIDs.create, args: { isMenu: true } },
      { command: CommandIDs.importFile, args: { isMenu: true } },
      { command: CommandIDs.create, args: { isMenu: true, from: 'curated' } },
      { command: CommandIDs.adoptKernel, args: { isMenu: true } },
      { command: CommandIDs.copyAndEdit, args: { isMenu: true } }
    ],
    at
  );
}

/** A menu of things that are no commands of JupyterLab. */
export function openChoice(
  choices: readonly { label: string; choose: () => void }[],
  at: HTMLElement
): void {
  const commands = new CommandRegistry();
  const items = choices.map(({ label, choose }, index) => {
    commands.addCommand(`choice-${index}`, { label, execute: choose });
    return { command: `choice-${index}` };
  });
  openMenu(commands, items, at);
}
