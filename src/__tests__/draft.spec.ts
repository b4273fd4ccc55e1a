import {
  applyFix,
  changesOf,
  copyOf,
  definitionOf,
  draftOf,
  type IDraft,
  newDraft,
  nextVersion,
  repeatedVariables
} from '../editor/draft';
import { Drafts, NEW } from '../editor/drafts';
import { packageRows } from '../editor/packagerows';
import { placeProblems, withCulprits } from '../editor/problems';
import { parseDotEnv } from '../editor/dotenv';
import { makeProblem } from '../api';
import type { IDefinition, IVersion } from '../wire';

const DEFINITION: IDefinition = {
  python: '3.11',
  pip: {
    requirements: ['numpy>=2', 'pandas'],
    index_url: 'https://index.example/simple',
    extra_index_urls: [],
    find_links: [],
    pre: false,
    no_binary: [],
    only_binary: [],
    constraints: [],
    hashes: {},
    options: []
  },
  conda: {
    channels: [],
    packages: [],
    dependencies_file: null,
    base_environment: null
  },
  wheels: [],
  docker: null,
  variables: { STAGE: 'test', EMPTY: '' },
  user_managed_dependencies: false,
  interpreter_path: null,
  torch_backend: 'cpu',
  spark: null,
  r: null,
  databricks: null,
  inferencing_stack_version: null,
  asset_id: null
};

const draft = draftOf('churn', '3', DEFINITION);

describe('a draft', () => {
  it('asks for exactly what it began with', () => {
    expect(definitionOf(draft)).toEqual(DEFINITION);
    expect(changesOf(draft).count).toBe(0);
  });

  it('keeps what has no field in the editor', () => {
    const edited: IDraft = { ...draft, requirements: ['six'], python: null };
    expect(definitionOf(edited)).toMatchObject({
      python: null,
      torch_backend: 'cpu',
      pip: {
        index_url: 'https://index.example/simple',
        requirements: ['six']
      }
    });
  });

  it('knows what is different', () => {
    const changes = changesOf({
      ...draft,
      python: '3.12',
      requirements: ['numpy>=2.3', 'polars'],
      variables: [{ name: 'STAGE', value: 'prod' }]
    });
    expect(changes.python).toEqual({ before: '3.11', after: '3.12' });
    expect(changes.requirements.map(one => [one.name, one.change])).toEqual([
      ['numpy', 'changed'],
      ['pandas', 'removed'],
      ['polars', 'added']
    ]);
    expect(changes.variables.map(one => [one.name, one.change])).toEqual([
      ['STAGE', 'changed'],
      ['EMPTY', 'removed']
    ]);
    expect(changes.count).toBe(6);
  });

  it('takes a fix of the server', () => {
    const fixed = applyFix(draft, {
      label: 'Use numpy<2',
      remove: ['numpy>=2'],
      add: ['numpy<2']
    });
    expect(fixed.requirements).toEqual(['pandas', 'numpy<2']);
  });

  it('takes a fix of conda packages', () => {
    const origin = {
      conda: { channels: ['conda-forge'], packages: ['newapp', 'padding=1.0'] }
    };
    const fixed = applyFix(
      { ...draft, origin },
      { label: 'Use padding>=2', remove: ['padding=1.0'], add: ['padding>=2'] }
    );
    expect(fixed.requirements).toEqual(draft.requirements);
    expect(definitionOf(fixed).conda).toEqual({
      channels: ['conda-forge'],
      packages: ['newapp', 'padding>=2']
    });
    const change = changesOf(fixed).requirements.find(
      one => one.name === 'padding'
    );
    expect(change).toMatchObject({
      before: 'padding=1.0',
      after: 'padding>=2',
      change: 'changed'
    });
  });

  it('is all new as a copy', () => {
    const copy = copyOf(
      { definition: DEFINITION, description: 'x' } as IVersion,
      'copy'
    );
    expect(copy.base).toBeNull();
    expect(definitionOf(copy)).toEqual(DEFINITION);
    expect(changesOf(copy).requirements).toHaveLength(2);
  });

  it('sees a name that is set twice', () => {
    const variables = ['A', 'B', 'A', '', ''].map(name => ({
      name,
      value: '1'
    }));
    expect([...repeatedVariables({ ...draft, variables })]).toEqual(['A']);
  });
});

test('nextVersion counts numbers only', () => {
  expect(nextVersion('9')).toBe('10');
  expect(nextVersion('Autosave_2021-03-20T17:38:44Z_adda0f97')).toBeNull();
});

describe('Drafts', () => {
  beforeEach(() => localStorage.clear());

  it('survives a reload', () => {
    new Drafts(localStorage).put('churn', draft);
    expect(new Drafts(localStorage).get('churn')).toEqual(draft);
  });

  it('undoes typing in one field as one edit', () => {
    const drafts = new Drafts(localStorage);
    drafts.put(NEW, newDraft('a'), 'name');
    drafts.put(NEW, newDraft('ab'), 'name');
    drafts.put(NEW, newDraft('abc'), 'name');
    drafts.put(NEW, newDraft('abc', '3.12'), 'python');
    drafts.undo(NEW);
    expect(drafts.get(NEW)?.python).toBeNull();
    expect(drafts.get(NEW)?.name).toBe('abc');
  });

  it('says which one changed, and forgets what is discarded', () => {
    const drafts = new Drafts(localStorage);
    const changed: string[] = [];
    drafts.changed.connect((_, key) => changed.push(key));
    drafts.put('churn', draft);
    drafts.discard('churn');
    drafts.discard('churn');
    expect(changed).toEqual(['churn', 'churn']);
    expect(new Drafts(localStorage).get('churn')).toBeNull();
  });

  it('starts anew where the storage holds something else', () => {
    localStorage.setItem('mlenv:draft:churn', '{"requirements": 1}');
    expect(new Drafts(localStorage).get('churn')).toBeNull();
  });
});

describe('packageRows', () => {
  const rows = (all: boolean) =>
    packageRows({
      requirements: ['numpy>=2', 'polars'],
      before: ['numpy', 'shap'],
      packages: [
        {
          name: 'numpy',
          version: '2.3.4',
          sha256: '',
          filename: '',
          size: 17,
          direct: true,
          required_by: []
        },
        {
          name: 'polars-runtime-32',
          version: '1.35.2',
          sha256: '',
          filename: '',
          size: null,
          direct: false,
          required_by: ['polars']
        }
      ],
      problems: new Map([[1, makeProblem({ code: 'x', message: 'no' })]]),
      all
    });

  it('keeps what is removed in its place', () => {
    expect(rows(false).map(row => [row.name, row.change])).toEqual([
      ['numpy', 'changed'],
      ['polars', 'added'],
      ['shap', 'removed']
    ]);
    expect(rows(false)[1].problem?.message).toBe('no');
  });

  it('adds what came along', () => {
    const runtime = rows(true).find(row => row.name === 'polars-runtime-32');
    expect(runtime).toMatchObject({
      name: 'polars-runtime-32',
      wanted: null,
      // It stands under the one that requires it.
      depth: 1,
      requiredBy: []
    });
  });
});

describe('problems', () => {
  const problem = (where: string, message = where) =>
    makeProblem({ code: 'invalid', message, where });

  it('are sorted to their fields', () => {
    const placed = placeProblems([
      problem('name'),
      problem('pip.requirements[3]'),
      problem('variables.1=2'),
      problem('variables.a.b'),
      problem('python'),
      problem('torch_backend')
    ]);
    expect(placed.name?.message).toBe('name');
    expect(placed.python?.message).toBe('python');
    expect([...placed.requirements.keys()]).toEqual([3]);
    expect([...placed.variables.keys()]).toEqual(['1=2', 'a.b']);
    expect(placed.others.map(one => one.where)).toEqual(['torch_backend']);
  });

  it('mark the lines that a conflict names', () => {
    const conflict = makeProblem({
      code: 'conflict',
      message: 'numpy and numba cannot be installed together',
      culprits: [{ requirement: 'numba==0.59.0', note: 'needs numpy<1.27' }]
    });
    const marked = withCulprits(
      placeProblems([]),
      ['numpy==2', 'numba==0.59.0'],
      conflict
    );
    expect(marked.requirements.get(1)?.message).toBe('needs numpy<1.27');
  });
});

test('parseDotEnv reads what people paste', () => {
  expect(
    parseDotEnv(
      '# secrets\nexport A=1\nB="two words" # why\nC=\'$raw\'\n\nD=a=b\n1=2\nE'
    )
  ).toEqual([
    { name: 'A', value: '1' },
    { name: 'B', value: 'two words' },
    { name: 'C', value: '$raw' },
    { name: 'D', value: 'a=b' },
    { name: '1', value: '2' },
    { name: 'E', value: '' }
  ]);
});
