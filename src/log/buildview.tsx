import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { BuildLogStream } from '../buildlog';
import { Button } from '../panel/parts';
import { useNow } from '../panel/context';
import { stageWord } from '../panel/states';
import type { BuildState, IBuild, IFix } from '../wire';
import { BuildHead } from './buildhead';
import { ErrorCard } from './errorcard';
import { useFollowedLog, useLogVersion, useStreamState } from './hooks';
import type { BuildLog } from './log';
import { LogView } from './logview';
import { Progress } from './progress';
import { Stepper } from './stepper';
import { stateOf, stepsOf } from './steps';

export interface IBuildViewProps {
  build: IBuild;
  stream: BuildLogStream;
  translator: ITranslator;
  /** The name and the version; without it there is no head and no button in it. */
  title?: React.ReactNode;
  onCancel?: () => void;
  onRetry?: (options?: { cache?: boolean }) => void;
  /** The requirements of the version, to show where those at fault stand. */
  requirements?: readonly string[];
  /** The number that the next version will get. */
  nextVersion?: string;
  onFix?: (fix: IFix) => void;
  onEditPackages?: () => void;
  /** The log of a build that went well is not in the way: it opens with a click. */
  folded?: boolean;
}

/** One build: its stages, how far it is, what went wrong, and its log. */
export function BuildView(props: IBuildViewProps): JSX.Element {
  const { build, stream, translator } = props;
  const trans = translator.load('mlenv_jupyter');
  const log = useFollowedLog(stream, build.id);
  return (
    <div className="mlenv-BuildView">
      {log && <FollowedBuild key={log.id} {...props} log={log} trans={trans} />}
    </div>
  );
}

function FollowedBuild(
  props: IBuildViewProps & { log: BuildLog; trans: TranslationBundle }
): JSX.Element {
  const { build, stream, log, trans } = props;
  useLogVersion(log);
  const state = stateOf(build, log);
  const error = log.result?.error ?? build.error;
  const running = state !== 'succeeded' && !isEnd(state);
  return (
    <>
      {props.title && (
        <BuildHead {...props} state={state} title={props.title} />
      )}
      <LiveStepper build={build} log={log} running={running} trans={trans} />
      {running && log.progress && (
        <Progress progress={log.progress} pace={log.pace} trans={trans} />
      )}
      {error && !running && (
        <ErrorCard
          problem={error}
          requirements={props.requirements}
          nextVersion={props.nextVersion}
          onFix={props.onFix}
          onEditPackages={props.onEditPackages}
          trans={trans}
        />
      )}
      {log.problem && <ErrorCard problem={log.problem} trans={trans} />}
      <Spoken state={state} log={log} trans={trans} />
      <Folded is={props.folded === true && state === 'succeeded'} trans={trans}>
        <LogView
          log={log}
          trans={trans}
          footer={<Connection stream={stream} log={log} trans={trans} />}
        />
      </Folded>
    </>
  );
}

/** What is there once it is opened, where it is folded at all. */
function Folded(props: {
  is: boolean;
  trans: TranslationBundle;
  children: React.ReactNode;
}): JSX.Element {
  const [open, setOpen] = React.useState(false);
  return props.is ? (
    <details
      className="mlenv-BuildView-fold"
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{props.trans.__('Log')}</summary>
      {open && props.children}
    </details>
  ) : (
    <>{props.children}</>
  );
}

/** The stepper, with the clock of the running stage. */
function LiveStepper(props: {
  build: IBuild;
  log: BuildLog;
  running: boolean;
  trans: TranslationBundle;
}): JSX.Element {
  const { build, log, trans } = props;
  return props.running ? (
    <TickingStepper build={build} log={log} trans={trans} />
  ) : (
    <Stepper steps={stepsOf(build, log, Date.now())} trans={trans} />
  );
}

function TickingStepper(props: {
  build: IBuild;
  log: BuildLog;
  trans: TranslationBundle;
}): JSX.Element {
  const now = useNow(200);
  return (
    <Stepper steps={stepsOf(props.build, props.log, now)} trans={props.trans} />
  );
}

/** Speaks stages and results, and no lines, to those who cannot see the log. */
function Spoken(props: {
  state: BuildState;
  log: BuildLog;
  trans: TranslationBundle;
}): JSX.Element {
  return (
    <div className="mlenv-Spoken" role="log" aria-live="polite">
      {sentenceFor(props.state, props.log, props.trans)}
    </div>
  );
}

function sentenceFor(
  state: BuildState,
  log: BuildLog,
  trans: TranslationBundle
): string {
  return state === 'failed'
    ? trans.__('Failed: %1', log.result?.error?.message ?? '')
    : stageWord(state, trans);
}

/** Says when the connection is lost and when it is tried again. */
function Connection(props: {
  stream: BuildLogStream;
  log: BuildLog;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { stream, log, trans } = props;
  const state = useStreamState(stream);
  if (state.is !== 'retrying' || log.ended) {
    return null;
  }
  return (
    <div className="mlenv-LogView-lost" role="status">
      <Countdown to={state.at} trans={trans} />
      <Button
        kind="link"
        label={trans.__('Try now')}
        onClick={() => stream.retry()}
      />
    </div>
  );
}

function Countdown(props: {
  to: number;
  trans: TranslationBundle;
}): JSX.Element {
  const now = useNow(500);
  const seconds = Math.max(0, Math.ceil((props.to - now) / 1000));
  return (
    <span>
      {props.trans.__('Connection lost, trying again in %1 s', seconds)}
    </span>
  );
}

function isEnd(state: BuildState): boolean {
  return state === 'failed' || state === 'cancelled' || state === 'interrupted';
}
