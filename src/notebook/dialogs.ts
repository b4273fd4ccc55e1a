import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';

import { formatVersion } from '../format';
import type { IDrift } from '../wire';
import { countOf, linesOf } from './driftwatch';

/** Packages that the dialog names. */
const SHOWN = 12;

/** Asks once, with the packages by name; whether to restart as well, or `null` for no. */
export async function confirmDiscardDrift(
  drift: IDrift,
  trans: TranslationBundle
): Promise<{ restart: boolean } | null> {
  const count = countOf(drift);
  const lines = linesOf(drift).slice(0, SHOWN);
  if (count > SHOWN) {
    lines.push(trans._n('and %1 more', 'and %1 more', count - SHOWN));
  }
  const title = `${drift.name} ${formatVersion(drift.version)}`;
  const { button } = await showDialog({
    title: trans.__('Back to %1?', title),
    body: [
      trans.__('What differs in this notebook is taken back:'),
      ...lines,
      trans.__(
        'What is imported already stays as it is until the kernel restarts.'
      )
    ].join('\n'),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Discard') }),
      Dialog.warnButton({
        label: trans.__('Discard and restart'),
        actions: ['restart']
      })
    ]
  });
  return button.accept ? { restart: button.actions.includes('restart') } : null;
}
