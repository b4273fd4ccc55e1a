import {
  chipCounts,
  filtered,
  listRows,
  matches,
  namesInUse,
  suggestions
} from '../panel/list/rows';
import { dockedBuilds } from '../panel/list/buildsdock';
import { countFitting, fittingTabs } from '../panel/detail/tabs';
import { Place } from '../panel/place';
import type { BuildState, IBuild, IEnvironment, IKernel } from '../wire';

function environment(name: string, part: Partial<IEnvironment> = {}) {
  return {
    name,
    description: '',
    tags: {},
    ready_version: null,
    latest: { wanted: [], version: '1' },
    ...part
  } as unknown as IEnvironment;
}

function build(id: string, name: string, state: BuildState): IBuild {
  return { id, name, version: '1', state, reused: false } as IBuild;
}

const mine = [
  environment('churn', { ready_version: '1' }),
  environment('forecast', { tags: { team: 'growth' } })
];
const curated = [
  environment('mlenv-tutorial', {
    latest: { wanted: ['scikit-learn', 'pandas'] } as IEnvironment['latest']
  })
];
const input = {
  mine,
  curated,
  total: 2,
  filter: 'all' as const,
  query: '',
  folded: [],
  inUse: new Set(['forecast'])
};

describe('listRows', () => {
  it('puts mine before the curated ones', () => {
    expect(
      listRows(input).map(row =>
        row.kind === 'environment' ? row.environment.name : row.kind
      )
    ).toEqual(['section', 'churn', 'forecast', 'section', 'mlenv-tutorial']);
  });

  it('leaves out sections with nothing in them', () => {
    expect(listRows({ ...input, filter: 'built' })).toHaveLength(2);
    expect(listRows({ ...input, query: 'zzz', mine: [], total: 0 })).toEqual(
      []
    );
  });

  it('shows skeletons until the answer is there', () => {
    const kinds = listRows({ ...input, mine: null }).map(row => row.kind);
    expect(kinds.slice(0, 4)).toEqual([
      'section',
      'skeleton',
      'skeleton',
      'skeleton'
    ]);
  });

  it('shows only the head of a folded section', () => {
    expect(listRows({ ...input, folded: ['mine'] })).toHaveLength(3);
  });
});

test('filters and counts', () => {
  expect(filtered(mine, 'in-use', input.inUse)).toEqual([mine[1]]);
  expect(chipCounts(input)).toEqual({
    mine: 2,
    curated: 1,
    built: 1,
    'in-use': 1
  });
  expect(chipCounts({ ...input, total: 500 }).built).toBeNull();
});

test('matches looks into names, tags and packages', () => {
  expect(matches(curated[0], 'pandas TUTOR')).toBe(true);
  expect(matches(mine[1], 'growth')).toBe(true);
  expect(matches(mine[1], 'growth zzz')).toBe(false);
});

test('suggestions are near what was typed', () => {
  const known = [...mine, ...curated];
  expect(suggestions(known, 'tutroial')).toEqual(curated);
  expect(suggestions(known, 'pandsa')).toEqual(curated);
  expect(suggestions(known, 'xylophone')).toEqual([]);
});

test('namesInUse follows the kernels that run', () => {
  const kernels = [
    { kernel_name: 'mlenv-a-1', name: 'a' },
    { kernel_name: 'mlenv-b-2', name: 'b' }
  ] as IKernel[];
  expect([...namesInUse(kernels, new Set(['mlenv-b-2', 'python3']))]).toEqual([
    'b'
  ]);
});

describe('dockedBuilds', () => {
  it('has running ones first, then failures not looked at, then the last', () => {
    const builds = [
      build('6', 'a', 'succeeded'),
      build('5', 'b', 'failed'),
      build('4', 'c', 'installing'),
      build('3', 'd', 'cancelled')
    ];
    expect(dockedBuilds(builds, []).map(one => one.id)).toEqual([
      '4',
      '5',
      '6'
    ]);
    expect(dockedBuilds(builds, ['5']).map(one => one.id)).toEqual([
      '4',
      '6',
      '5'
    ]);
  });

  it('forgets a failure that a later build followed', () => {
    const builds = [
      build('2', 'a', 'succeeded'),
      ...['x', 'y', 'z'].map(name => build(name, name, 'succeeded')),
      build('1', 'a', 'failed')
    ];
    expect(dockedBuilds(builds, []).map(one => one.id)).not.toContain('1');
  });
});

describe('tabs', () => {
  const tabs = (['packages', 'variables', 'versions', 'builds'] as const).map(
    id => ({ id, label: id })
  );

  it('are all shown where there is room', () => {
    expect(countFitting([80, 80, 80], 240)).toBe(3);
    expect(countFitting([80, 80, 80], 239)).toBe(2);
    expect(countFitting([80, 80, 80], 20)).toBe(1);
  });

  it('never hide the one that is shown', () => {
    expect(fittingTabs(tabs, 2, 'builds').map(tab => tab.id)).toEqual([
      'packages',
      'builds'
    ]);
    expect(fittingTabs(tabs, 2, 'variables')).toEqual(tabs.slice(0, 2));
  });
});

describe('Place', () => {
  beforeEach(() => localStorage.clear());

  it('comes back after a reload', () => {
    const place = new Place('key', localStorage);
    place.open('churn', { version: '3', tab: 'builds', build: 'b1' });
    place.setFilter('built');
    place.fold('curated', true);
    place.markSeen('b1');
    expect(new Place('key', localStorage).state).toEqual(place.state);
  });

  it('begins at the list where the storage holds something else', () => {
    localStorage.setItem('key', '{"location": {}}');
    expect(new Place('key', localStorage).location).toEqual({ view: 'list' });
  });

  it('leaves the build when the tab changes', () => {
    const place = new Place('key', null);
    place.open('churn', { tab: 'builds', build: 'b1' });
    place.showTab('packages');
    expect(place.location).toMatchObject({ tab: 'packages', build: undefined });
  });
});
