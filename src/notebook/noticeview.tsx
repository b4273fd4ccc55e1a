import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatVersion } from '../format';
import { useSignal } from '../panel/context';
import { Button } from '../panel/parts';
import { BarWidget, Banner } from './bar';
import type { IBeside } from './beside';
import { BuildBanner } from './buildbanner';
import { countOf } from './driftwatch';
import type { MissingKernel } from './missingkernel';
import type { Notice, Target } from './notice';
import type { Notices } from './notices';

/** What the buttons of a notice do beside what its model does. */
export interface INoticeActions {
  /** Asks once, then takes out what was added. */
  discard(): void;
  openLog(name: string, version: string, build: string): void;
  seeChanges(name: string, version: string): void;
  /** Brings the cells into view whose results another version made. */
  showOlder(): void;
  runOlder(): void;
  /** Opens what the notebook, or a file beside it, says of its packages in the editor. */
  makeEnvironment(beside: IBeside | null): void;
  /** Asks once, then starts the kernel anew. */
  restart(): void;
}

/** Tells above a notebook what there is to know of its environment. */
export class NoticeBanner extends BarWidget {
  constructor(
    private readonly _notices: Notices,
    private readonly _missing: MissingKernel,
    private readonly _actions: INoticeActions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    _notices.changed.connect(this._onChanged, this);
    _missing.changed.connect(this._onChanged, this);
    this._onChanged();
  }

  dispose(): void {
    this._notices.changed.disconnect(this._onChanged, this);
    this._missing.changed.disconnect(this._onChanged, this);
    super.dispose();
  }

  protected renderBar(): JSX.Element {
    return (
      <NoticeView
        notices={this._notices}
        isQuiet={() => this._missing.state.is !== 'here'}
        actions={this._actions}
        trans={this._trans}
      />
    );
  }

  /** One at a time: an environment that is not here comes first. */
  private _onChanged(): void {
    const { notice } = this._notices;
    this.setHidden(notice === null || this._missing.state.is !== 'here');
    this.update();
  }
}

interface INoticeProps {
  notices: Notices;
  isQuiet: () => boolean;
  actions: INoticeActions;
  trans: TranslationBundle;
}

function NoticeView(props: INoticeProps): JSX.Element | null {
  const { notices, isQuiet } = props;
  const notice = useSignal(notices.changed, () => notices.notice);
  if (!notice || isQuiet()) {
    return null;
  }
  return <OneNotice {...props} notice={notice} />;
}

function OneNotice(props: INoticeProps & { notice: Notice }): JSX.Element {
  const { notices, notice, actions, trans } = props;
  const shared = { onDismiss: () => notices.dismiss(), trans };
  switch (notice.is) {
    case 'working': {
      const { build, on } = notice;
      return (
        <BuildBanner
          title={titleOf(on)}
          build={build}
          before={trans.__('Saving')}
          onOpenLog={({ id }) => actions.openLog(on.name, on.version, id)}
          onCancel={() => void notices.cancel()}
          {...shared}
        />
      );
    }
    case 'failed': {
      const { build, on, problem } = notice;
      const title = titleOf(on);
      const cancelled = build?.state === 'cancelled';
      return (
        <Banner
          tone={cancelled ? 'warning' : 'error'}
          icon={cancelled ? 'cancelled' : 'failed'}
          text={
            cancelled
              ? trans.__('Building %1 was cancelled.', title)
              : build
                ? trans.__(
                    'Building %1 failed: %2',
                    title,
                    problem
                      ? `${problem.message} ${problem.remedy}`.trim()
                      : trans.__('the log says why.')
                  )
                : `${title}: ${problem?.message ?? ''} ${problem?.remedy ?? ''}`
          }
          strong={title}
          {...shared}
        >
          {build && !cancelled && (
            <Button
              kind="primary"
              label={trans.__('Open log')}
              onClick={() => actions.openLog(on.name, on.version, build.id)}
            />
          )}
        </Banner>
      );
    }
    case 'drift': {
      const { drift, next } = notice;
      return (
        <Banner
          tone="warning"
          icon="drift"
          text={driftText(notice, trans)}
          strong={titleOf(drift)}
          {...shared}
        >
          {notices.mayWrite && (
            <>
              <Button
                kind="plain"
                label={trans.__('Discard…')}
                title={trans.__(
                  'Takes out again what was added to this kernel'
                )}
                onClick={actions.discard}
              />
              <Button
                kind="primary"
                label={
                  next
                    ? trans.__('Save as %1', formatVersion(next))
                    : trans.__('Save as a copy')
                }
                title={trans.__(
                  'Registers what this kernel has, builds it and switches to it'
                )}
                onClick={() => void notices.saveDrift()}
              />
            </>
          )}
        </Banner>
      );
    }
    case 'older': {
      const { cells, ran, facts } = notice;
      const now = formatVersion(facts.version);
      return (
        <Banner
          tone="quiet"
          icon="info"
          text={
            ran
              ? trans._n(
                  '%1 cell shows results from %2; the kernel runs %3.',
                  '%1 cells show results from %2; the kernel runs %3.',
                  cells,
                  shortly(ran, facts.name),
                  now
                )
              : trans._n(
                  '%1 cell shows results from other versions; the kernel runs %2.',
                  '%1 cells show results from other versions; the kernel runs %2.',
                  cells,
                  now
                )
          }
          strong={ran ? shortly(ran, facts.name) : now}
          {...shared}
        >
          <Button
            kind="plain"
            label={trans.__('Show them')}
            onClick={actions.showOlder}
          />
          <Button
            label={
              cells === 1
                ? trans.__('Run it again')
                : trans.__('Run them again')
            }
            onClick={actions.runOlder}
          />
        </Banner>
      );
    }
    case 'rebuilt': {
      const { facts, build } = notice;
      const title = titleOf(facts);
      return (
        <Banner
          tone="quiet"
          icon="newer"
          text={trans.__(
            '%1 was built again since this kernel started; the kernel goes on as it is.',
            title
          )}
          strong={title}
          {...shared}
        >
          <Button
            kind="plain"
            label={trans.__('Open log')}
            onClick={() => actions.openLog(facts.name, facts.version, build)}
          />
          <Button
            label={trans.__('Restart kernel…')}
            title={trans.__(
              'Starts the kernel in the new build: variables are lost, outputs stay'
            )}
            onClick={actions.restart}
          />
        </Banner>
      );
    }
    case 'moved': {
      const { facts, label, to } = notice;
      const next = formatVersion(to);
      return (
        <Banner
          tone="quiet"
          icon="newer"
          text={trans.__(
            '%1 is at %2 now; the kernel runs %3.',
            `${facts.name}:${label}`,
            next,
            formatVersion(facts.version)
          )}
          strong={`${facts.name}:${label}`}
          {...shared}
        >
          <Offered {...props} name={facts.name} version={to} />
        </Banner>
      );
    }
    case 'found': {
      const { here } = notice;
      return (
        <Banner
          tone="quiet"
          icon="environment"
          text={
            notice.beside && here
              ? trans.__(
                  '%1 beside this notebook lists the packages of %2.',
                  notice.how,
                  titleOf(here)
                )
              : notice.beside
                ? trans.__(
                    '%1 beside this notebook lists packages.',
                    notice.how
                  )
                : trans.__('This notebook lists its packages (%1).', notice.how)
          }
          strong={here ? titleOf(here) : notice.how}
          {...shared}
        >
          {here ? (
            <Use {...props} target={here} />
          ) : (
            <Button
              label={trans.__('Make an environment')}
              onClick={() => actions.makeEnvironment(notice.beside)}
            />
          )}
        </Banner>
      );
    }
    case 'named': {
      const { by } = notice;
      return (
        <Banner
          tone="quiet"
          icon="environment"
          text={trans.__(
            'The kernel %1 is not here; the environment %2 has its name.',
            by.kernel,
            titleOf(by)
          )}
          strong={titleOf(by)}
          {...shared}
        >
          <Use {...props} target={by} />
        </Banner>
      );
    }
    case 'newer': {
      const { facts, to } = notice;
      return (
        <Banner
          tone="quiet"
          icon="newer"
          text={trans.__(
            '%1 is available; this notebook is pinned to %2.',
            titleOf(to),
            formatVersion(facts.version)
          )}
          strong={titleOf(to)}
          {...shared}
        >
          <Offered {...props} name={facts.name} version={to.version} />
        </Banner>
      );
    }
  }
}

/** What is registered here and nothing runs in yet. */
function Use(props: INoticeProps & { target: Target }): JSX.Element {
  const { notices, target, trans } = props;
  return (
    <Button
      label={trans.__('Use %1', titleOf(target))}
      title={trans.__('Builds it if it is not built')}
      onClick={() => void notices.use(target)}
    />
  );
}

/** Another version to switch to. */
function Offered(
  props: INoticeProps & { name: string; version: string }
): JSX.Element {
  const { notices, actions, name, version, trans } = props;
  return (
    <>
      <Button
        kind="plain"
        label={trans.__('See changes')}
        onClick={() => actions.seeChanges(name, version)}
      />
      <Button
        label={trans.__('Switch to %1', formatVersion(version))}
        title={trans.__(
          'Starts a new kernel: variables are lost, outputs stay'
        )}
        onClick={() => void notices.use({ name, version })}
      />
    </>
  );
}

function driftText(
  { drift }: Extract<Notice, { is: 'drift' }>,
  trans: TranslationBundle
): string {
  const title = titleOf(drift);
  const count = countOf(drift);
  if (drift.added.length === count) {
    return trans._n(
      'This kernel has %1 package that %2 does not have.',
      'This kernel has %1 packages that %2 does not have.',
      count,
      title
    );
  }
  return trans._n(
    'This kernel differs from %2 in %1 package.',
    'This kernel differs from %2 in %1 packages.',
    count,
    title
  );
}

function titleOf(on: { name: string; version: string }): string {
  return `${on.name} ${formatVersion(on.version)}`;
}

/** "v2" for the same environment, else the whole. */
function shortly(ran: string, name: string): string {
  return ran.startsWith(`${name} `) ? ran.slice(name.length + 1) : ran;
}
