import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

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
