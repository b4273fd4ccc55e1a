import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { formatVersion } from '../format';
import type { GlyphName } from '../icons';
import { Glyph } from '../icons';
import { useSignal } from '../panel/context';
import { Button, IconButton } from '../panel/parts';
import { stageWords } from '../panel/states';
import type { IKernelFacts } from './kernelfacts';
import type { MissingKernel, MissingState } from './missingkernel';

/** What a banner can do beside what its model does. */
export interface IBannerActions {
  /** Lets the person pick another kernel for this notebook. */
  chooseKernel(): void;
  /** Shows the log of a build. */
  openLog(wants: IKernelFacts, build: string): void;
}

/** Says above a notebook that its environment is not here, and offers to build it. */
export class MissingKernelBanner extends ReactWidget {
  constructor(
    private readonly _missing: MissingKernel,
    private readonly _actions: IBannerActions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('mlenv-BannerWidget');
    this.hide();
    _missing.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    this._missing.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected render(): JSX.Element {
    return (
      <MissingView
        missing={this._missing}
        actions={this._actions}
        onDismiss={() => this.hide()}
        trans={this._trans}
      />
    );
  }

  private _onChanged(): void {
    const { state } = this._missing;
    // What was dismissed comes back only when something else is to be said.
    if (state.is !== this._said) {
      this._said = state.is;
      this.setHidden(state.is === 'here');
    }
  }

  private _said = 'here';
}

interface IMissingProps {
  missing: MissingKernel;
  actions: IBannerActions;
  onDismiss: () => void;
  trans: TranslationBundle;
}

function MissingView(props: IMissingProps): JSX.Element | null {
  const { missing, actions, onDismiss, trans } = props;
  const state = useSignal(missing.changed, () => missing.state);
  switch (state.is) {
    case 'here':
      return null;
    case 'missing':
      return (
        <Banner
          tone="warning"
          icon="missing"
          text={trans.__(
            'This notebook ran in %1, which is not on this machine.',
            titleOf(state.wants)
          )}
          strong={titleOf(state.wants)}
          onDismiss={onDismiss}
          trans={trans}
        >
          <Button
            kind="plain"
            label={trans.__('Choose another kernel…')}
            onClick={actions.chooseKernel}
          />
          <Button
            kind="primary"
            label={trans.__('Build and use')}
            title={trans.__(
              'Builds it from its lock, then switches this notebook'
            )}
            onClick={() => void missing.buildAndUse()}
          />
        </Banner>
      );
    case 'building': {
      const { build, wants } = state;
      const { stage, count } = build
        ? stageWords(build, trans)
        : { stage: trans.__('Queued'), count: '' };
      return (
        <Banner
          tone="quiet"
          icon="building"
          text={trans.__(
            'Building %1: %2. The notebook switches when it is ready.',
            titleOf(wants),
            `${stage} ${count}`.trim()
          )}
          strong={titleOf(wants)}
          onDismiss={onDismiss}
          trans={trans}
        >
          {build && (
            <Button
              kind="plain"
              label={trans.__('Open log')}
              onClick={() => actions.openLog(wants, build.id)}
            />
          )}
          <Button
            label={trans.__('Cancel')}
            disabled={!build || build.cancelling}
            onClick={() => void missing.cancel()}
          />
        </Banner>
      );
    }
    case 'failed':
      return <FailedView {...props} state={state} />;
  }
}

function FailedView(
  props: IMissingProps & { state: Extract<MissingState, { is: 'failed' }> }
): JSX.Element {
  const { missing, actions, onDismiss, state, trans } = props;
  const { build, wants } = state;
  const cancelled = build?.state === 'cancelled';
  return (
    <Banner
      tone={cancelled ? 'warning' : 'error'}
      icon={cancelled ? 'cancelled' : 'failed'}
      text={failureOf(state, trans)}
      strong={titleOf(wants)}
      onDismiss={onDismiss}
      trans={trans}
    >
      <Button
        kind="plain"
        label={trans.__('Choose another kernel…')}
        onClick={actions.chooseKernel}
      />
      {build && !cancelled ? (
        <Button
          kind="primary"
          label={trans.__('Open log')}
          onClick={() => actions.openLog(wants, build.id)}
        />
      ) : (
        !isUnknown(state) && (
          <Button
            label={trans.__('Build and use')}
            onClick={() => void missing.buildAndUse()}
          />
        )
      )}
    </Banner>
  );
}

/** Whether no such version is registered here, which no build can mend. */
function isUnknown(state: Extract<MissingState, { is: 'failed' }>): boolean {
  return !state.build && state.problem?.code === 'not_found';
}

function failureOf(
  state: Extract<MissingState, { is: 'failed' }>,
  trans: TranslationBundle
): string {
  const { build, problem, wants } = state;
  const title = titleOf(wants);
  if (build?.state === 'cancelled') {
    return trans.__('Building %1 was cancelled.', title);
  }
  if (isUnknown(state)) {
    return trans.__('%1 is not registered here, so it cannot be built.', title);
  }
  return trans.__(
    'Building %1 failed: %2',
    title,
    problem
      ? `${problem.message} ${problem.remedy}`.trim()
      : trans.__('the log says why.')
  );
}

interface IBannerProps {
  tone: 'quiet' | 'warning' | 'error';
  icon: GlyphName;
  text: string;
  /** The part of the text to set in bold. */
  strong: string;
  onDismiss: () => void;
  children: React.ReactNode;
  trans: TranslationBundle;
}

function Banner(props: IBannerProps): JSX.Element {
  const [before, ...after] = props.text.split(props.strong);
  return (
    <div className="mlenv-Banner" data-tone={props.tone} role="status">
      <Glyph name={props.icon} />
      <div className="mlenv-Banner-text" title={props.text}>
        {before}
        <strong>{props.strong}</strong>
        {after.join(props.strong)}
      </div>
      {props.children}
      <IconButton
        icon="close"
        label={props.trans.__('Dismiss')}
        onClick={props.onDismiss}
      />
    </div>
  );
}

function titleOf(wants: IKernelFacts): string {
  return `${wants.name} ${formatVersion(wants.version)}`;
}
