import type { IRenderMime } from '@jupyterlab/rendermime';
import { DisposableDelegate } from '@lumino/disposable';
import { QueryClient } from '@tanstack/react-query';
import { Widget } from '@lumino/widgets';

import { makeProblem, ProblemError } from '../api';
import { findBuild, findList, type ICellContext } from '../cell/find';
import { type Find, LiveOutput, type Mount } from '../cell/liveoutput';
import { BUILD, saidBuild, saidList } from '../cell/said';

const SAID = { id: 'b1', name: 'churn', version: '3' };

class Card extends Widget {
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.node.innerHTML = model.data['text/html'] as string;
  }
}

function model(
  html: string,
  said: object = SAID,
  trusted = true
): IRenderMime.IMimeModel {
  const data = { 'text/html': html, [BUILD]: said as never };
  return { data, trusted, metadata: {}, setData: () => undefined };
}

function output(find: Find): LiveOutput {
  return new LiveOutput(BUILD, () => new Card() as never, find);
}

function shown(live: LiveOutput): string {
  return live.widgets
    .filter(one => !one.isHidden)
    .map(one => one.node.textContent)
    .join('|');
}

/** Waits until what was asked has been answered and drawn. */
const settled = () => new Promise(resolve => setTimeout(resolve, 0));

function view(text: string) {
  const ends = jest.fn();
  const mount = jest.fn((node: HTMLElement, onGone: () => void) => {
    node.textContent = text;
    gone = onGone;
    return new DisposableDelegate(ends);
  });
  let gone = () => {};
  return { mount: mount as Mount, ends, calls: mount, gone: () => gone() };
}

describe('an output that is alive', () => {
  it('shows the card where nothing is known', async () => {
    const live = output(() => Promise.resolve(null));
    await live.renderModel(model('the card'));
    await settled();
    expect(shown(live)).toBe('the card');
  });

  it('shows the card, and no error, where asking fails', async () => {
    const live = output(() => Promise.reject(new Error('no server')));
    await live.renderModel(model('the card'));
    await settled();
    await live.renderModel(model('the next card'));
    expect(shown(live)).toBe('the next card');
  });

  it('keeps one view while its build goes on, and asks once', async () => {
    const { mount, calls, ends } = view('alive');
    const find = jest.fn(() => Promise.resolve(mount));
    const live = output(find);
    await live.renderModel(model('one'));
    expect(shown(live)).toBe('one');
    await settled();
    await live.renderModel(model('two'));
    await settled();
    expect(shown(live)).toBe('alive');
    expect(find).toHaveBeenCalledTimes(1);
    expect(calls).toHaveBeenCalledTimes(1);
    live.dispose();
    expect(ends).toHaveBeenCalledTimes(1);
  });

  it('goes back to the newest card when what it shows is gone', async () => {
    const { mount, gone, ends } = view('alive');
    const live = output(() => Promise.resolve(mount));
    await live.renderModel(model('one'));
    await settled();
    await live.renderModel(model('two'));
    gone();
    await settled();
    expect(shown(live)).toBe('two');
    expect(ends).toHaveBeenCalledTimes(1);
  });
});

describe('what is found', () => {
  const build = { ...SAID, state: 'succeeded' };
  const context = (api: object) =>
    ({
      environments: {
        api,
        queries: new QueryClient({
          defaultOptions: { queries: { retry: false } }
        })
      }
    }) as unknown as ICellContext;

  it('is the build of that number, if it is of that version', async () => {
    const api = { build: jest.fn().mockResolvedValue(build) };
    expect(await findBuild(context(api))(SAID, true)).not.toBeNull();
    const other = { ...SAID, name: 'another' };
    expect(await findBuild(context(api))(other, true)).toBeNull();
    const newer = { ...SAID, version: '4' };
    expect(await findBuild(context(api))(newer, true)).toBeNull();
  });

  it('is the card where the server has no such build', async () => {
    const problem = makeProblem({ code: 'not-found', message: 'no' });
    const api = {
      build: jest.fn().mockRejectedValue(new ProblemError(problem, 404))
    };
    const live = output(findBuild(context(api)));
    await live.renderModel(model('the card'));
    await settled();
    expect(api.build).toHaveBeenCalledTimes(1);
    expect(shown(live)).toBe('the card');
  });

  it('is no list, and nothing is asked, where nobody trusts it', async () => {
    const api = { environments: jest.fn(), catalogue: jest.fn() };
    expect(await findList(context(api))({ items: [SAID] }, false)).toBeNull();
    expect(api.environments).not.toHaveBeenCalled();
    expect(api.catalogue).not.toHaveBeenCalled();
  });

  it.each([null, 7, 'x', [], {}, { id: 1 }, { ...SAID, id: '' }, { id: 'b1' }])(
    'is nothing where the output says %j',
    said => {
      expect(saidBuild(said)).toBeNull();
      expect(saidList(said)).toBeNull();
      expect(saidList({ items: [said as null] })?.length ?? 0).toBeLessThan(2);
    }
  );
});
