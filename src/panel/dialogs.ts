import { Dialog, InputDialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IPanelContext } from './context';

async function confirm(
  title: string,
  body: string,
  button: Dialog.IButton,
  trans: TranslationBundle
): Promise<boolean> {
  const { button: pressed } = await showDialog({
    title,
    body,
    buttons: [Dialog.cancelButton({ label: trans.__('Cancel') }), button]
  });
  return pressed.accept;
}

export function confirmDiscard(
  count: number,
  trans: TranslationBundle
): Promise<boolean> {
  return confirm(
    trans.__('Discard the unsaved changes?'),
    trans._n('%1 change is lost.', '%1 changes are lost.', count),
    Dialog.warnButton({ label: trans.__('Discard') }),
    trans
  );
}

export function confirmDelete(
  name: string,
  trans: TranslationBundle
): Promise<boolean> {
  return confirm(
    trans.__('Delete “%1”?', name),
    trans.__(
      'All its versions, their builds and kernels are removed from this machine. Notebooks that use it keep running until their kernel stops.'
    ),
    Dialog.warnButton({ label: trans.__('Delete') }),
    trans
  );
}

export function confirmDeleteSeveral(
  names: readonly string[],
  trans: TranslationBundle
): Promise<boolean> {
  return confirm(
    trans._n('Delete %1 environment?', 'Delete %1 environments?', names.length),
    trans.__(
      '%1. All their versions, builds and kernels are removed from this machine.',
      names.join(', ')
    ),
    Dialog.warnButton({
      label: trans._n('Delete %1', 'Delete %1', names.length)
    }),
    trans
  );
}

/** Says what nothing refers to any more, and asks whether it may go. */
export function confirmCollect(
  count: number,
  size: string,
  trans: TranslationBundle
): Promise<boolean> {
  return confirm(
    trans.__('Free %1?', size),
    trans._n(
      '%1 thing that was built belongs to no version, kernel or notebook any more. A build makes it again from its lock.',
      '%1 things that were built belong to no version, kernel or notebook any more. A build makes them again from their locks.',
      count
    ),
    Dialog.okButton({ label: trans.__('Free %1', size) }),
    trans
  );
}

/** Asks for one of the environments, mine first; `null` when the dialog is closed. */
export async function chooseEnvironment({
  environments,
  trans
}: Pick<IPanelContext, 'environments' | 'trans'>): Promise<{
  name: string;
  version: string;
} | null> {
  const { api } = environments;
  const [mine, curated] = await Promise.all([
    api.environments({ limit: 200 }),
    api.catalogue()
  ]);
  const { value } = await InputDialog.getItem({
    title: trans.__('Copy which environment?'),
    items: [...mine.items, ...curated.items].map(one => one.name),
    okLabel: trans.__('Copy and edit')
  });
  return value ? { name: value, version: 'latest' } : null;
}
