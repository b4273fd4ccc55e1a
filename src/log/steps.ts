import type { BuildStage, BuildState, IBuild } from '../wire';
import { isActive } from '../wire';
import type { BuildLog } from './log';

/** One station of a build, as the stepper draws it. */
export interface IStep {
  readonly name: BuildStage | 'ready';
  readonly state:
    'done' | 'running' | 'failed' | 'cancelled' | 'interrupted' | 'waiting';
  /** How long it took, or has taken so far. */
  readonly seconds: number | null;
}

const STAGES: readonly BuildStage[] = [
  'queued',
  'resolving',
  'installing',
  'verifying'
];

/** The state of a build: the log's result is there before the server is asked again. */
export function stateOf(build: IBuild, log: BuildLog): BuildState {
  if (!isActive(build)) {
    return build.state;
  }
  return log.result?.state ?? log.ended ?? stageOf(build, log);
}

/** The steps of a build at a time (ms since the epoch), from its row and its log. */
export function stepsOf(build: IBuild, log: BuildLog, now: number): IStep[] {
  const state = stateOf(build, log);
  const at = STAGES.indexOf(stageOf(build, log));
  const steps = STAGES.map((name, index): IStep => {
    const step = stepState(state, index, at);
    return {
      name,
      state: step,
      seconds: secondsIn(name, step, build, log, now)
    };
  });
  const ready = state === 'succeeded' ? 'done' : 'waiting';
  return [...steps, { name: 'ready', state: ready, seconds: null }];
}

/** The stage that a build is in, or ended in. */
function stageOf(build: IBuild, log: BuildLog): BuildStage {
  const logged = log.stages[log.stages.length - 1]?.stage;
  const active = STAGES.find(stage => stage === build.state);
  const ended = build.stages.find(
    ({ state }) => state === 'failed' || state === 'running'
  )?.stage;
  const told = active ?? ended ?? 'queued';
  return logged && STAGES.indexOf(logged) > STAGES.indexOf(told)
    ? logged
    : told;
}

function stepState(
  state: BuildState,
  index: number,
  at: number
): IStep['state'] {
  if (state === 'succeeded' || index < at) {
    return 'done';
  }
  if (index > at) {
    return 'waiting';
  }
  return state === 'failed' || state === 'cancelled' || state === 'interrupted'
    ? state
    : 'running';
}

function secondsIn(
  stage: BuildStage,
  state: IStep['state'],
  build: IBuild,
  log: BuildLog,
  now: number
): number | null {
  if (state === 'waiting') {
    return null;
  }
  const told = build.stages.find(s => s.stage === stage)?.seconds ?? null;
  const index = log.stages.findIndex(s => s.stage === stage);
  if (state === 'running') {
    const since = index < 0 ? null : log.time - log.stages[index].time;
    const waited = log.receivedAt ? (now - log.receivedAt) / 1000 : 0;
    return since === null ? told : Math.max(0, since + waited);
  }
  if (told !== null || index < 0) {
    return told;
  }
  const end = log.stages[index + 1]?.time ?? log.time;
  return Math.max(0, end - log.stages[index].time);
}
