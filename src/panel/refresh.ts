import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';

import { formatVersion } from '../format';
import type { IPackageChange, IVersion } from '../wire';
import type { IPanelContext } from './context';
import { diffText } from './detail/difftext';

/** Lines of the difference that a dialog has room for. */
const SHOWN = 14;

/**
 * Resolves a version anew, shows what would be different, and registers the next version when
 * told to. Answers that version, or `null` where nothing was registered.
 */
export async function refreshVersion(
  wanted: { name: string; version: string },
  context: Pick<IPanelContext, 'environments' | 'trans'>
): Promise<IVersion | null> {
  const { environments, trans } = context;
  const { name, version } = wanted;
  const shown = `${name} ${version === 'latest' ? '' : formatVersion(version)}`;
  const ask = (dryRun: boolean) =>
    environments.change(name, api => api.refreshVersion(name, version, dryRun));
  const busy = Notification.info(trans.__('Resolving %1 anew…', shown.trim()), {
    autoClose: false
  });
  try {
    const { changes } = await ask(true);
    Notification.dismiss(busy);
    if (changes.length === 0) {
      Notification.success(
        trans.__('%1 is as new as can be: nothing changes.', shown.trim()),
        { autoClose: 4000 }
      );
      return null;
    }
    const { button } = await showDialog({
      title: trans.__('Newer packages for %1', shown.trim()),
      body: wordsOf(changes, context),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.okButton({ label: trans.__('Save as the next version') })
      ]
    });
    return button.accept ? (await ask(false)).version : null;
  } finally {
    Notification.dismiss(busy);
  }
}

function wordsOf(
  changes: readonly IPackageChange[],
  { trans }: Pick<IPanelContext, 'trans'>
): string {
  const lines = diffText('', [
    { title: '', changes: changes.slice(0, SHOWN) }
  ]).trim();
  const more = changes.length - SHOWN;
  return more > 0
    ? `${lines}\n${trans._n('and %1 more', 'and %1 more', more)}`
    : lines;
}
