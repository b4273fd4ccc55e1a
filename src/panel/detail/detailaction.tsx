import * as React from 'react';

import { Glyph } from '../../icons';
import type { IBuild, VersionState } from '../../wire';
import { useConnection, usePanel } from '../context';
import { Button } from '../parts';

export interface IDetailActions {
  use: () => void;
  build: () => void;
  cancel: () => void;
  openLog: () => void;
  copyAndEdit: () => void;
}

/** The one next step by the state of the version; outlined while something waits to be saved. */
export function Action(props: {
  state: VersionState;
  build: IBuild | null;
  isDirty: boolean;
  inUseHere: boolean;
  more: React.ReactNode;
  readOnly: boolean;
  onBuildsTab: boolean;
  actions: IDetailActions;
}): JSX.Element {
  const { trans } = usePanel();
  const { lost } = useConnection();
  const { state, build, isDirty, readOnly, onBuildsTab, actions } = props;
  const { inUseHere } = props;
  const kind = isDirty ? 'outlined' : 'primary';
  return (
    <div className="mlenv-Actions">
      {state === 'ready' && inUseHere && (
        <span className="mlenv-InUse">
          <Glyph name="ready" size={14} />
          {trans.__('In use here')}
        </span>
      )}
      {state === 'ready' && !inUseHere && (
        <Button
          kind={kind}
          icon="use"
          label={trans.__('Use in notebook')}
          disabled={lost}
          onClick={actions.use}
        />
      )}
      {state === 'not-built' && (
        <Button
          kind={kind}
          icon="build"
          label={trans.__('Build')}
          disabled={lost}
          onClick={actions.build}
        />
      )}
      {(state === 'queued' || state === 'building') && build && (
        <Button
          icon="close"
          label={
            build.cancelling
              ? trans.__('Cancelling…')
              : trans.__('Cancel build')
          }
          disabled={lost || build.cancelling}
          onClick={actions.cancel}
        />
      )}
      {state === 'failed' && !onBuildsTab && (
        <Button
          kind={kind}
          label={trans.__('Open log')}
          onClick={actions.openLog}
        />
      )}
      {(state === 'failed' || state === 'cancelled') && (
        <Button
          kind={state === 'cancelled' ? kind : 'outlined'}
          icon="retry"
          label={trans.__('Build again')}
          disabled={lost}
          onClick={actions.build}
        />
      )}
      {readOnly && (
        <Button
          icon="copy"
          label={trans.__('Copy and edit')}
          disabled={lost}
          onClick={actions.copyAndEdit}
        />
      )}
      {props.more}
    </div>
  );
}
