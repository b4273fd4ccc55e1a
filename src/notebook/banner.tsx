import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatVersion } from '../format';
import { useSignal } from '../panel/context';
import { Button } from '../panel/parts';
import type { IPlan } from '../wire';
import { BarWidget, Banner } from './bar';
import { BuildBanner } from './buildbanner';
import type { IKernelFacts } from './kernelfacts';
import type { MissingKernel, MissingState } from './missingkernel';
import { Review } from './review';

/** What a banner can do beside what its model does. */
export interface IBannerActions {
  /** Lets the person pick another kernel for this notebook. */
  chooseKernel(): void;
  /** Shows the log of a build. */
  openLog(wants: IKernelFacts, build: string): void;
}

/** Says above a notebook that its environment is not here, and offers to build it. */
export class MissingKernelBanner extends BarWidget {
  constructor(
    private readonly _missing: MissingKernel,
    private readonly _actions: IBannerActions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    _missing.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    this._missing.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected renderBar(): JSX.Element {
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
      return <AbsentView {...props} state={state} />;
    case 'building': {
      const { build, wants } = state;
      return (
        <BuildBanner
          title={titleOf(wants)}
          build={build}
          before={trans.__('Queued')}
          onOpenLog={({ id }) => actions.openLog(wants, id)}
          onCancel={() => void missing.cancel()}
          onDismiss={onDismiss}
          trans={trans}
        />
      );
    }
    case 'failed':
      return <FailedView {...props} state={state} />;
  }
}

/** It is not here; what the notebook remembers of it says how it can be had. */
function AbsentView(
  props: IMissingProps & { state: Extract<MissingState, { is: 'missing' }> }
): JSX.Element {
  const { missing, actions, onDismiss, state, trans } = props;
  const { plan, wants } = state;
  const { mayWrite } = missing;
  const [open, setOpen] = React.useState(false);
  // What is registered here was wanted here: there is nothing to review.
  const restore =
    plan &&
    plan.state !== 'unreadable' &&
    (plan.state !== 'registered' || plan.ticks.length > 0);
  // With nothing to decide one press is enough; what is foreign is looked at first.
  // Sources are no reason to look: without them it is built of wheels.
  const foreign = plan?.ticks.filter(one => one.id !== SOURCES) ?? [];
  const decided = restore && foreign.length === 0 && !plan.warning;
  return (
    <>
      <Banner
        tone="warning"
        icon="missing"
        text={absenceOf(state, trans)}
        strong={titleOf(wants)}
        onDismiss={onDismiss}
        trans={trans}
      >
        <Button
          kind="plain"
          label={trans.__('Choose another kernel…')}
          onClick={actions.chooseKernel}
        />
        {restore && mayWrite && (
          <Button
            kind={decided ? 'outlined' : 'primary'}
            label={open ? trans.__('Close review') : trans.__('Review')}
            onClick={() => setOpen(!open)}
          />
        )}
        {!restore && mayWrite && (
          <Button
            kind="primary"
            label={trans.__('Build and use')}
            title={trans.__(
              'Builds it from its lock, then switches this notebook'
            )}
            onClick={() => void missing.buildAndUse()}
          />
        )}
        {decided && !open && mayWrite && (
          <Button
            kind="primary"
            label={isHere(plan) ? trans.__('Use') : trans.__('Restore')}
            title={plan.steps.join(' ')}
            onClick={() => void missing.restore([])}
          />
        )}
      </Banner>
      {open && plan && (
        <Review
          plan={plan}
          onRestore={ticked => void missing.restore(ticked)}
          trans={trans}
        />
      )}
    </>
  );
}

/** The tick for packages that have no wheel. */
const SOURCES = 'source:*';

function isHere(plan: IPlan): boolean {
  return plan.state === 'ready' || plan.state === 'same-packages';
}

function absenceOf(
  state: Extract<MissingState, { is: 'missing' }>,
  trans: TranslationBundle
): string {
  const title = titleOf(state.wants);
  switch (state.plan?.state) {
    case 'ready':
      return trans.__('This notebook ran in %1, which is ready here.', title);
    case 'same-packages':
      return trans.__(
        'This notebook ran in %1. %2 has the same packages.',
        title,
        `${state.plan.here_name} v${state.plan.here_version}`
      );
    case 'buildable':
      return trans.__(
        'This notebook ran in %1, which is not on this machine. The notebook has its lock.',
        title
      );
    case 'other-platform':
      return trans.__(
        'This notebook ran in %1 on another platform (%2).',
        title,
        state.plan.platform ?? ''
      );
    default:
      return trans.__(
        'This notebook ran in %1, which is not on this machine.',
        title
      );
  }
}

function FailedView(
  props: IMissingProps & { state: Extract<MissingState, { is: 'failed' }> }
): JSX.Element {
  const { missing, actions, onDismiss, state, trans } = props;
  const { build, problem, wants } = state;
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
      {problem?.code === 'needs_source' && missing.mayWrite && (
        <Button
          kind="primary"
          label={trans.__('Review')}
          onClick={() => void missing.again()}
        />
      )}
      {build && !cancelled ? (
        <Button
          kind={problem?.code === 'needs_source' ? 'plain' : 'primary'}
          label={trans.__('Open log')}
          onClick={() => actions.openLog(wants, build.id)}
        />
      ) : (
        missing.mayWrite &&
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

function titleOf(wants: IKernelFacts): string {
  return `${wants.name} ${formatVersion(wants.version)}`;
}
