import { BuildLog } from '../log/log';
import { stateOf, stepsOf } from '../log/steps';
import type { BuildState, IBuild, IStage, LogRecord } from '../wire';

function build(state: BuildState, stages: IStage[] = []): IBuild {
  return {
    id: 'b1',
    name: 'a',
    version: '1',
    digest: '',
    state,
    created_at: '2026-01-01T00:00:00Z',
    started_at: null,
    finished_at: null,
    author: '',
    attempt: 1,
    reused: false,
    stages,
    progress: null,
    packages: null,
    error: null,
    cancelling: false
  };
}

function logOf(...records: LogRecord[]): BuildLog {
  const log = new BuildLog('b1', callback => callback());
  const data = records.map(record => JSON.stringify(record) + '\n').join('');
  log.append(0, data.length, data);
  return log;
}

const words = (made: IBuild, log: BuildLog, now = log.receivedAt) =>
  stepsOf(made, log, now).map(({ state, seconds }) =>
    seconds === null ? state : `${state} ${seconds.toFixed(1)}`
  );

const RESOLVING: LogRecord = { t: 0.1, k: 'stage', s: 'resolving', x: 'r' };
const INSTALLING: LogRecord = { t: 1, k: 'stage', s: 'installing', x: 'i' };

describe('stepsOf', () => {
  it('begins in the queue', () => {
    expect(words(build('queued'), logOf())).toEqual([
      'running',
      'waiting',
      'waiting',
      'waiting',
      'waiting'
    ]);
  });

  it('goes by the log, which is ahead of the row', () => {
    const log = logOf({ t: 0, k: 'line', x: 'queued' }, RESOLVING, INSTALLING);
    expect(words(build('queued'), log, log.receivedAt + 2000)).toEqual([
      'done 0.1',
      'done 0.9',
      'running 2.0',
      'waiting',
      'waiting'
    ]);
  });

  it('knows the end before the row does', () => {
    const log = logOf(RESOLVING, INSTALLING, {
      t: 3,
      k: 'result',
      s: 'installing',
      d: { state: 'failed', error: null }
    });
    expect(stateOf(build('installing'), log)).toBe('failed');
    expect(words(build('installing'), log)[2]).toBe('failed 2.0');
  });

  it('takes the times of the row for a build that is over', () => {
    const stages: IStage[] = [
      { stage: 'queued', seconds: 0.2, state: 'done' },
      { stage: 'resolving', seconds: 1.5, state: 'failed' },
      { stage: 'installing', seconds: null, state: 'waiting' },
      { stage: 'verifying', seconds: null, state: 'waiting' }
    ];
    expect(words(build('failed', stages), logOf())).toEqual([
      'done 0.2',
      'failed 1.5',
      'waiting',
      'waiting',
      'waiting'
    ]);
    expect(words(build('cancelled', stages), logOf())[1]).toBe('cancelled 1.5');
  });

  it('ends ready', () => {
    const steps = stepsOf(build('succeeded'), logOf(), 0);
    expect(steps.every(step => step.state === 'done')).toBe(true);
    expect(steps[4].name).toBe('ready');
  });
});
