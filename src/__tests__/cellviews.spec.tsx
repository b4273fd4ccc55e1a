import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import * as React from 'react';

import { makeProblem, ProblemError } from '../api';
import { BuildCell } from '../cell/buildcell';
import type { ICellContext } from '../cell/find';
import { ListCell } from '../cell/listcell';
import { CommandIDs } from '../commandids';
import { BuildLog } from '../log/log';
import type { IBuild } from '../wire';

const BUILD = {
  id: 'b1',
  name: 'churn',
  version: '3',
  state: 'installing',
  created_at: '2026-01-01T00:00:00Z',
  started_at: '2026-01-01T00:00:00Z',
  finished_at: null,
  author: 'ada',
  stages: [],
  error: null,
  cancelling: false
} as unknown as IBuild;

function setUp(given: { api?: object; mayWrite?: boolean } = {}) {
  const api = {
    build: jest.fn().mockResolvedValue(BUILD),
    catalogue: jest.fn().mockResolvedValue({ items: [] }),
    kernels: jest.fn().mockResolvedValue({ items: [] }),
    ...given.api
  };
  const queries = new QueryClient({
    defaultOptions: { queries: { retry: false } }
  });
  const commands = new CommandRegistry();
  const executed = jest.fn();
  for (const id of [CommandIDs.use, CommandIDs.build, CommandIDs.show]) {
    commands.addCommand(id, { execute: args => executed(id, args) });
  }
  const environments = {
    api,
    queries,
    mayWrite: given.mayWrite ?? true,
    mayWriteChanged: new Signal({}),
    cancelBuild: jest.fn().mockResolvedValue({ ...BUILD, cancelling: true }),
    startBuild: jest.fn((name: string, version: string) =>
      Promise.resolve({ ...BUILD, id: 'b2', version })
    ),
    save: jest.fn().mockResolvedValue({ version: '4' })
  };
  const stream = {
    state: { is: 'open' },
    stateChanged: new Signal({}),
    follow: (id: string) => ({
      log: new BuildLog(id, () => undefined),
      dispose: () => undefined
    })
  };
  const context = {
    environments,
    stream,
    commands,
    translator: nullTranslator
  } as unknown as ICellContext;
  const show = (view: JSX.Element) =>
    render(<QueryClientProvider client={queries}>{view}</QueryClientProvider>);
  return { environments, context, executed, show };
}

describe('a build in a cell', () => {
  const view = (
    context: ICellContext,
    mayAct: boolean,
    onGone = jest.fn(),
    build = BUILD
  ) => (
    <BuildCell
      context={context}
      build={build}
      mayAct={mayAct}
      onGone={onGone}
    />
  );

  it('is cancelled with a click', async () => {
    const { environments, context, show } = setUp();
    show(view(context, true));
    await userEvent.click(
      await screen.findByRole('button', { name: 'Cancel build' })
    );
    expect(environments.cancelBuild).toHaveBeenCalledWith('b1');
    await screen.findByRole('button', { name: 'Cancelling…' });
  });

  it.each([
    ['nobody trusts the notebook', false, true],
    ['one may only look', true, false]
  ])('has nothing to press that changes it where %s', async (_, act, write) => {
    const { context, show } = setUp({ mayWrite: write });
    show(view(context, act));
    await screen.findByText('Installing', { selector: '.mlenv-Step *' });
    expect(screen.queryByRole('button', { name: 'Cancel build' })).toBeNull();
    expect(screen.queryAllByRole('button', { name: 'Open' })).toHaveLength(
      act ? 1 : 0
    );
  });

  describe('that failed', () => {
    const fix = { label: 'Use six>=2', remove: ['six<2'], add: ['six>=2'] };
    const failed = {
      ...BUILD,
      state: 'failed',
      finished_at: '2026-01-01T00:00:09Z',
      form: 'prefix',
      error: makeProblem({ code: 'conflict', message: 'no', fixes: [fix] })
    } as IBuild;
    const pip = { requirements: ['idna', 'six<2'] };
    const definition = { pip, conda: {}, variables: {} };
    const api = () => ({
      build: jest.fn((id: string) =>
        Promise.resolve(id === 'b1' ? failed : { ...BUILD, id })
      ),
      version: jest.fn().mockResolvedValue({ definition }),
      environment: jest
        .fn()
        .mockResolvedValue({ environment: { latest: { version: '3' } } })
    });

    it('has the one change that mends it, and shows what comes of it', async () => {
      const { environments, context, show } = setUp({ api: api() });
      show(view(context, true, jest.fn(), failed));
      await screen.findByText('Saves v4 with that one change and builds it.');
      await userEvent.click(screen.getByRole('button', { name: fix.label }));
      await screen.findByRole('button', { name: 'Cancel build' });
      const [[saved]] = environments.save.mock.calls;
      expect(saved).toMatchObject({ name: 'churn', base: '3' });
      expect(saved.definition.pip.requirements).toEqual(['idna', 'six>=2']);
      expect(environments.startBuild.mock.calls).toEqual([
        ['churn', '4', { form: 'prefix' }]
      ]);
    });

    it('has neither where one may only look', async () => {
      const { context, show } = setUp({ api: api(), mayWrite: false });
      show(view(context, true, jest.fn(), failed));
      await screen.findByText('no');
      expect(screen.queryByRole('button', { name: fix.label })).toBeNull();
      expect(screen.queryByRole('button', { name: 'Retry' })).toBeNull();
    });
  });

  it('says so when the server no longer has it', async () => {
    const problem = makeProblem({ code: 'not-found', message: 'no' });
    const build = jest.fn().mockRejectedValue(new ProblemError(problem, 404));
    const { context, show } = setUp({ api: { build } });
    const onGone = jest.fn();
    show(view(context, true, onGone));
    await waitFor(() => expect(onGone).toHaveBeenCalled());
  });
});

describe('environments in a cell', () => {
  const one = (name: string, state: string, ready: string | null) => ({
    name,
    ready_version: ready,
    latest: { name, version: '2', state, description: '' }
  });
  const items = [
    one('churn', 'ready', '2'),
    one('older', 'failed', '1'),
    one('busy', 'building', null)
  ];
  const names = ['churn', 'older', 'busy', 'removed'];
  const list = (context: ICellContext) => (
    <ListCell
      context={context}
      meant={names.map(name => ({ name, version: '1' }))}
      onGone={jest.fn()}
    />
  );
  const pages = () =>
    jest
      .fn()
      .mockResolvedValueOnce({ items: items.slice(0, 1), next: 'more' })
      .mockResolvedValue({ items: items.slice(1), next: null });
  const buttons = (row: HTMLElement) =>
    within(row)
      .queryAllByRole('button')
      .map(button => button.textContent);

  it('have what can be done about each', async () => {
    const { context, show, executed } = setUp({
      api: { environments: pages() }
    });
    show(list(context));
    await screen.findByText('Ready');
    const rows = screen.getAllByRole('listitem');
    expect(rows.map(buttons)).toEqual([
      ['Use', 'Open'],
      ['Use v1', 'Build', 'Open'],
      ['Open'],
      []
    ]);
    expect(rows[3].textContent).toContain('Not here');
    expect(executed).not.toHaveBeenCalled();
    await userEvent.click(
      within(rows[1]).getByRole('button', { name: 'Use v1' })
    );
    await userEvent.click(
      within(rows[1]).getByRole('button', { name: 'Build' })
    );
    expect(executed.mock.calls).toEqual([
      [CommandIDs.use, { name: 'older', version: '1' }],
      [CommandIDs.build, { name: 'older', version: '2' }]
    ]);
  });

  it('offer to who may only look what has a kernel', async () => {
    const kernels = jest.fn().mockResolvedValue({
      items: [{ name: 'churn', version: '2', path_exists: true }]
    });
    const { context, show } = setUp({
      api: { environments: pages(), kernels },
      mayWrite: false
    });
    show(list(context));
    await screen.findByText('Use');
    expect(screen.getAllByRole('listitem').map(buttons)).toEqual([
      ['Use', 'Open'],
      ['Open'],
      ['Open'],
      []
    ]);
  });
});
