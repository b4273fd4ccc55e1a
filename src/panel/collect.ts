import { Notification } from '@jupyterlab/apputils';

import { formatSize } from '../format';
import type { IPanelContext } from './context';
import { confirmCollect } from './dialogs';

/** Says what nothing refers to any more, and removes it when told to. */
export async function freeDiskSpace({
  environments,
  trans
}: Pick<IPanelContext, 'environments' | 'trans'>): Promise<void> {
  const { api } = environments;
  const found = await api.collect(true);
  const count = Object.values(found.counts).reduce((sum, one) => sum + one, 0);
  if (count === 0) {
    Notification.info(trans.__('Everything that is built is in use.'), {
      autoClose: 4000
    });
    return;
  }
  if (await confirmCollect(count, formatSize(found.size), trans)) {
    const gone = await api.collect(false);
    Notification.success(trans.__('%1 freed.', formatSize(gone.size)), {
      autoClose: 4000
    });
    await environments.refresh();
  }
}
