import * as React from 'react';

import { Glyph } from '../../icons';
import type { Form, IBuild, IVersionForm, VersionState } from '../../wire';
import { useConnection, useMayWrite, usePanel } from '../context';
import { openChoice } from '../menus';
import { Button, IconButton } from '../parts';

export interface IDetailActions {
  use: (form?: Form) => void;
  build: (options?: { form?: Form; cache?: boolean }) => void;
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
  /** A notebook can be switched to it. */
  canUse: boolean;
  more: React.ReactNode;
  readOnly: boolean;
  onBuildsTab: boolean;
  forms: readonly IVersionForm[];
  actions: IDetailActions;
}): JSX.Element {
  const { trans } = usePanel();
  const { lost } = useConnection();
  const mayWrite = useMayWrite();
  const { state, build, isDirty, readOnly, onBuildsTab, actions } = props;
  const { inUseHere } = props;
  const kind = isDirty ? 'outlined' : 'primary';
  const isUnderWay = state === 'queued' || state === 'building';
  return (
    <div className="mlenv-Actions">
      {state === 'ready' && inUseHere && (
        <span className="mlenv-InUse">
          <Glyph name="ready" size={14} />
          {trans.__('In use here')}
        </span>
      )}
      {state === 'ready' && !inUseHere && props.canUse && (
        <Button
          kind={kind}
          icon="use"
          label={trans.__('Use in notebook')}
          disabled={lost}
          onClick={() => actions.use()}
        />
      )}
      {state === 'not-built' && mayWrite && (
        <Button
          kind={kind}
          icon="build"
          label={trans.__('Build')}
          disabled={lost}
          onClick={() => actions.build()}
        />
      )}
      {isUnderWay && build && mayWrite && (
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
      {(state === 'failed' || state === 'cancelled') && mayWrite && (
        <Button
          kind={state === 'cancelled' ? kind : 'outlined'}
          icon="retry"
          label={trans.__('Build again')}
          disabled={lost}
          onClick={() => actions.build()}
        />
      )}
      {state === 'failed' && mayWrite && (
        <IconButton
          icon="caret"
          label={trans.__('Other ways to build again')}
          menu
          disabled={lost}
          onClick={event =>
            openChoice(
              [
                {
                  label: trans.__('Build again without cache'),
                  choose: () => actions.build({ cache: false })
                }
              ],
              event.currentTarget
            )
          }
        />
      )}
      {!isUnderWay && mayWrite && (
        <OtherForm forms={props.forms} disabled={lost} actions={actions} />
      )}
      {readOnly && mayWrite && (
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

/** The form that a version does not take by itself: to build it, or to use it beside the other. */
function OtherForm(props: {
  forms: readonly IVersionForm[];
  disabled: boolean;
  actions: IDetailActions;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { forms, actions } = props;
  const words = {
    'build-prefix': {
      label: trans.__('Build as prefix'),
      choose: () => actions.build({ form: 'prefix' })
    },
    'build-image': {
      label: trans.__('Build as image'),
      choose: () => actions.build({ form: 'image' })
    },
    'use-image': {
      label: trans.__('Use the image in notebook'),
      choose: () => actions.use('image')
    }
  };
  const choices = otherForms(forms).map(one => words[one]);
  if (choices.length === 0) {
    return null;
  }
  return (
    <Button
      kind="plain"
      caret
      label={trans.__('As…')}
      title={trans.__('This version as a prefix or as an image')}
      disabled={props.disabled}
      onClick={event => openChoice(choices, event.currentTarget)}
    />
  );
}

/** What the buttons beside it do not do: build what is not there, use what is not used by itself. */
export function otherForms(
  forms: readonly IVersionForm[]
): ('build-prefix' | 'build-image' | 'use-image')[] {
  const built = forms.filter(one => one.built);
  // “Build” makes a version's own form, where nothing of it is there.
  const missing = forms.filter(
    one => !one.built && !one.refused && (!one.own || built.length > 0)
  );
  return [
    ...missing.map(one => `build-${one.form}` as const),
    ...(built.length > 1 ? (['use-image'] as const) : [])
  ];
}
