import type { Event, Session } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { ConnectionLost } from '../api';
import { Environments } from '../model';
import { keys } from '../queries';
import { EVENT_SCHEMAS, type IBuild, type IKernel } from '../wire';

function build(id: string, state: IBuild['state']): IBuild {
  return { id, name: 'churn', version: '1', state } as IBuild;
}

/** A model over services that do nothing but what the test says. */
function makeModel() {
  const stream = new Signal<object, Event.Emission>({});
  const running: { kernel: { name: string } }[] = [];
  const runningChanged = new Signal<object, Session.IModel[]>({});
  const model = new Environments({
    storage: localStorage,
    services: {
      serverSettings: { baseUrl: 'http://host/' },
      events: { stream },
      sessions: { running: () => running.values(), runningChanged }
    } as unknown as Environments.IOptions['services']
  });
  const builds = jest.spyOn(model.api, 'builds');
  builds.mockResolvedValue({ items: [] });
  const mayWrite = jest.spyOn(model.api, 'mayWrite').mockResolvedValue(true);
  const emit = (schema_id: string, data: object) =>
    stream.emit({ schema_id, ...data } as unknown as Event.Emission);
  return { model, builds, mayWrite, emit, running, runningChanged };
}

/** Lets answers arrive and timers of up to so many milliseconds ring. */
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  localStorage.clear();
  jest.useFakeTimers();
});

afterEach(() => jest.useRealTimers());

describe('Environments', () => {
  it('asks nothing before it is started', async () => {
    const { model, builds } = makeModel();
    await pass(5_000);
    expect(builds).not.toHaveBeenCalled();
    model.start();
    await pass(0);
    expect(builds).toHaveBeenCalledTimes(1);
    model.dispose();
  });

  it('asks again for what an event is about, once for a flock', async () => {
    const { model, emit } = makeModel();
    const invalidate = jest.spyOn(model.queries, 'invalidateQueries');
    model.start();
    await pass(0);
    invalidate.mockClear();
    for (let index = 0; index < 20; index++) {
      emit(EVENT_SCHEMAS.environment, { action: 'changed', name: 'churn' });
    }
    emit('https://example.org/other', { name: 'x' });
    await pass(1_000);
    const asked = invalidate.mock.calls.map(([filter]) => filter?.queryKey);
    expect(asked).toContainEqual(keys.environment('churn'));
    expect(
      asked.filter(key => key?.[0] === 'environments').length
    ).toBeLessThanOrEqual(2);
    model.dispose();
  });

  it('polls while a build runs, and tells of its end', async () => {
    const { model, builds } = makeModel();
    const states: number[] = [];
    model.buildsChanged.connect(() => states.push(model.runningBuilds.length));
    builds.mockResolvedValue({ items: [build('1', 'installing')] });
    model.start();
    await pass(0);
    expect(model.runningBuilds.map(one => one.id)).toEqual(['1']);
    builds.mockResolvedValue({ items: [build('1', 'succeeded')] });
    const invalidate = jest.spyOn(model.queries, 'invalidateQueries');
    await pass(3_000);
    expect(model.runningBuilds).toEqual([]);
    expect(states[0]).toBe(1);
    expect(states[states.length - 1]).toBe(0);
    expect(invalidate.mock.calls.map(([one]) => one?.queryKey)).toContainEqual(
      keys.version('churn', '1')
    );
    model.dispose();
  });

  it('knows that the server is away, tries again, and catches up', async () => {
    const { model, builds } = makeModel();
    model.start();
    await pass(0);
    builds.mockRejectedValue(new ConnectionLost(null));
    await model.refresh();
    expect(model.connection.lost).toBe(true);
    const { nextTry } = model.connection;
    expect(nextTry).toBeGreaterThan(Date.now());
    await pass(2_000);
    expect(model.connection.nextTry).toBeGreaterThan(nextTry ?? 0);

    builds.mockResolvedValue({ items: [] });
    model.tryNow();
    await pass(0);
    expect(model.connection).toMatchObject({ lost: false, nextTry: null });
    model.dispose();
  });

  it('asks for no kernel that this person may not install', async () => {
    const { model, mayWrite } = makeModel();
    const told = jest.fn();
    model.mayWriteChanged.connect(told);
    mayWrite.mockResolvedValue(false);
    const install = jest.spyOn(model.api, 'installKernel');
    const here = { name: 'churn', version: '1', kernel_name: 'mlenv-churn' };
    jest
      .spyOn(model.api, 'kernels')
      .mockResolvedValue({ items: [here as IKernel] });
    model.start();
    await pass(0);
    expect([model.mayWrite, told.mock.calls.length]).toEqual([false, 1]);
    expect(await model.installKernel('churn', '1')).toBe(here);
    await expect(model.installKernel('churn', '2')).rejects.toThrow(
      'No kernel of churn v2'
    );
    expect(install).not.toHaveBeenCalled();
    model.dispose();
  });

  it('follows the kernels that run', async () => {
    const { model, running, runningChanged } = makeModel();
    model.start();
    running.push({ kernel: { name: 'mlenv-a-1' } });
    runningChanged.emit([]);
    expect([...model.runningKernels]).toEqual(['mlenv-a-1']);
    model.dispose();
  });

  it('does nothing more once it is disposed of', async () => {
    const { model, builds } = makeModel();
    model.start();
    builds.mockRejectedValue(new ConnectionLost(null));
    await pass(0);
    model.dispose();
    builds.mockClear();
    await pass(120_000);
    expect(builds).not.toHaveBeenCalled();
    expect(model.isDisposed).toBe(true);
  });
});
