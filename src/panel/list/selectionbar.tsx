import { Notification } from '@jupyterlab/apputils';
import * as React from 'react';

import { problemOf } from '../../api';
import { CommandIDs } from '../../commandids';
import { usePanel } from '../context';
import { confirmDeleteSeveral } from '../dialogs';
import { Button, IconButton } from '../parts';

const NOBODY: ReadonlySet<string> = new Set();

/** What is done to the environments that are selected; what fails stays selected. */
export function useSelection(
  selected: ReadonlySet<string>,
  select: (names: ReadonlySet<string>) => void
) {
  const { trans, environments, commands } = usePanel();
  const each = async (action: (name: string) => Promise<unknown>) => {
    const left = new Set<string>();
    for (const name of selected) {
      try {
        await action(name);
      } catch (reason) {
        left.add(name);
        Notification.error(`${name}: ${problemOf(reason).message}`);
      }
    }
    select(left);
  };
  return {
    clear: () => select(NOBODY),
    remove: async () => {
      if (await confirmDeleteSeveral([...selected], trans)) {
        await each(name => environments.remove(name));
      }
    },
    archive: () =>
      each(name =>
        environments.change(name, api => api.archive(name, null, 'archive'))
      ),
    collect: () => commands.execute(CommandIDs.collect)
  };
}

/** Stands below the list while some are selected. */
export function SelectionBar(props: {
  selected: ReadonlySet<string>;
  actions: ReturnType<typeof useSelection>;
  canWrite: boolean;
}): JSX.Element {
  const { trans } = usePanel();
  const { selected, actions, canWrite } = props;
  const count = selected.size;
  const title = trans._n('%1 selected', '%1 selected', count);
  return (
    <section className="mlenv-SelectionBar" aria-label={title}>
      <IconButton
        icon="close"
        label={trans.__('Select none')}
        onClick={actions.clear}
      />
      <strong role="status">{title}</strong>
      <Button
        label={trans._n('Delete %1…', 'Delete %1…', count)}
        disabled={!canWrite}
        onClick={() => void actions.remove()}
      />
      <Button
        kind="plain"
        label={trans.__('Archive')}
        disabled={!canWrite}
        onClick={() => void actions.archive()}
      />
      <Button
        kind="plain"
        label={trans.__('Free disk space…')}
        disabled={!canWrite}
        onClick={() => void actions.collect()}
      />
    </section>
  );
}
