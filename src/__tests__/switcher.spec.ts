import { choices, type IChoices } from '../switcher/options';
import type { IBuild, IEnvironment, IKernel } from '../wire';

function environment(name: string, state = 'ready', version = '2') {
  return {
    name,
    icon: null,
    archived_at: null,
    latest: { version, state }
  } as unknown as IEnvironment;
}

function kernel(name: string, version = '2', path_exists = true) {
  const kernel_name = `mlenv-${name}-${version}`;
  return { name, version, kernel_name, path_exists } as IKernel;
}

const EMPTY: IChoices = {
  mine: [],
  curated: [],
  builds: [],
  kernels: [],
  nearby: new Set(),
  remembered: [],
  here: '',
  query: '',
  mayWrite: true
};

test('what is used comes first: here, before, in this directory; each once', () => {
  const made = choices({
    ...EMPTY,
    mine: [environment('a'), environment('b'), environment('c')],
    curated: [environment('d')],
    kernels: [
      kernel('c'),
      kernel('b'),
      kernel('a', '1'),
      kernel('x', '1', false)
    ],
    here: 'mlenv-a-1',
    nearby: new Set(['mlenv-b-2']),
    remembered: [
      { name: 'a', version: '2', notebooks: 3 },
      { name: 'gone', version: '1', notebooks: 1 },
      { name: 'd', version: '1', notebooks: 1 }
    ]
  });
  expect(made.map(one => `${one.group} ${one.key} ${one.cost.is}`)).toEqual([
    'recent a:1 here',
    'recent c:2 ready',
    'project b:2 ready',
    'project a:2 ready',
    'project d:1 build',
    'curated d:2 ready'
  ]);
});

test('what a switch costs: seconds of the last build, or its log', () => {
  const build = (name: string, version: string, state: string) =>
    ({
      id: `${name}${version}`,
      name,
      version,
      state,
      started_at: '2026-01-01T00:00:00Z',
      finished_at: '2026-01-01T00:00:04Z'
    }) as unknown as IBuild;
  const made = choices({
    ...EMPTY,
    mine: [
      environment('known', 'not-built'),
      environment('unknown', 'not-built'),
      environment('broken', 'failed'),
      environment('busy', 'building')
    ],
    builds: [
      build('known', '1', 'succeeded'),
      build('broken', '2', 'failed'),
      build('busy', '2', 'installing')
    ]
  });
  expect(made.map(one => one.cost)).toEqual([
    { is: 'build', seconds: 4 },
    { is: 'build', seconds: null },
    { is: 'failed', build: 'broken2' },
    { is: 'building' }
  ]);
});

test('every word that is typed is found in the name', () => {
  const mine = [environment('churn-model'), environment('churn-report')];
  const names = (query: string) =>
    choices({ ...EMPTY, mine, query }).map(one => one.name);
  expect(names('mo churn')).toEqual(['churn-model']);
  expect(names('')).toHaveLength(2);
});

test('whoever may not install is shown what is installed, all of it', () => {
  const kernels = [...'abcdefg'].map(name => kernel(name));
  const mine = [environment('new')];
  const made = choices({ ...EMPTY, mine, kernels, mayWrite: false });
  expect(made.map(one => one.name)).toEqual([...'abcdefg']);
});
