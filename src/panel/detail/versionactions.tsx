import * as React from 'react';

import { formatVersion } from '../../format';
import type { IEnvironment, IVersionSummary } from '../../wire';
import { usePanel } from '../context';
import { useCanUse } from '../data';
import { openChoice } from '../menus';
import { Button, IconButton, ProblemNote } from '../parts';
import { Chips } from './chipsfield';
import { useAttempt } from './useattempt';

/** The label that mlenv keeps itself. */
const LATEST = 'latest';

/** What can be done with one version of the history. None of it changes the version. */
export function VersionActions(props: {
  environment: IEnvironment;
  version: IVersionSummary;
  onUse: () => void;
  onEditFrom: () => void;
  /** The version is gone: another one is to be shown. */
  onGone: () => void;
}): JSX.Element {
  const { trans, environments } = usePanel();
  const { environment, version } = props;
  const { name, read_only: readOnly, labels } = environment;
  const canUse = useCanUse();
  const [problem, attempt] = useAttempt();
  const shown = formatVersion(version.version);
  const isLatest = labels[LATEST] === version.version;
  const isNewest = environment.latest.version === version.version;
  const archived = version.archived_at !== null;
  const change = (action: Parameters<typeof environments.change>[1]) =>
    attempt(() => environments.change(name, action));

  return (
    <div className="mlenv-VersionsTab-foot">
      {problem && <ProblemNote problem={problem} />}
      {!readOnly && (
        <Chips
          label={trans.__('Labels of %1', shown)}
          add={trans.__('Label')}
          placeholder={trans.__('prod')}
          chips={version.labels.map(label => ({
            key: label,
            text: label,
            fixed: label === LATEST
          }))}
          onAdd={label =>
            change(api => api.setLabel(name, label, version.version))
          }
          onRemove={label => void change(api => api.removeLabel(name, label))}
        />
      )}
      <div className="mlenv-Actions">
        {version.state === 'ready' && canUse(name, version.version) && (
          <Button
            label={trans.__('Use %1 in notebook', shown)}
            onClick={props.onUse}
          />
        )}
        {!readOnly && !isNewest && (
          <Button
            label={trans.__('Edit from %1', shown)}
            title={trans.__('Starts changes from it; it stays as it is itself')}
            onClick={props.onEditFrom}
          />
        )}
        {!readOnly && !isLatest && !archived && (
          <Button
            kind="plain"
            label={trans.__('Go back to %1', shown)}
            title={trans.__(
              '“latest” means %1 until the next version is saved; no version changes',
              shown
            )}
            onClick={() =>
              void change(api => api.rollBack(name, version.version))
            }
          />
        )}
        {!readOnly && (
          <IconButton
            icon="more"
            label={trans.__('More about %1', shown)}
            menu
            onClick={event =>
              openChoice(
                [
                  {
                    label: archived
                      ? trans.__('Restore %1', shown)
                      : trans.__('Archive %1', shown),
                    choose: () =>
                      void change(api =>
                        api.archive(
                          name,
                          version.version,
                          archived ? 'restore' : 'archive'
                        )
                      )
                  },
                  {
                    label: trans.__('Delete %1', shown),
                    choose: () =>
                      void change(api =>
                        api.deleteVersion(name, version.version)
                      ).then(ok => ok && props.onGone())
                  }
                ],
                event.currentTarget
              )
            }
          />
        )}
      </div>
    </div>
  );
}
