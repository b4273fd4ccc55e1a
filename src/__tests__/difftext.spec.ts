import { nullTranslator } from '@jupyterlab/translation';

import {
  diffSummary,
  diffText,
  resolvedChanges,
  wantedOf
} from '../panel/detail/difftext';
import { nameFrom } from '../exchange/begin';
import { isKnownFile } from '../exchange/files';
import type { ChangeKind, IPackageChange, IVersionDiff } from '../wire';

const trans = nullTranslator.load('');

function change(
  name: string,
  kind: ChangeKind,
  before: string | null = null,
  after: string | null = null
): IPackageChange {
  return { name, before, after, change: kind, by: '' };
}

function diff(part: Partial<IVersionDiff> = {}): IVersionDiff {
  return {
    python: null,
    requirements: [],
    conda: [],
    variables: [],
    settings: [],
    other: [],
    packages: [],
    ...part
  };
}

describe('a difference in words', () => {
  it('counts what was asked for, in one line', () => {
    expect(
      diffSummary(
        diff({
          python: ['3.11', '3.12'],
          requirements: [
            change('optuna', 'added'),
            change('numpy', 'upgraded'),
            change('pandas', 'upgraded')
          ],
          variables: [change('OMP_NUM_THREADS', 'changed')]
        }),
        trans
      )
    ).toBe('Python 3.11 → 3.12, 1 added, 2 upgraded, 1 variable');
  });

  it('says when only the lock differs', () => {
    const packages = [change('idna', 'upgraded', '3.9', '3.10')];
    expect(diffSummary(diff({ packages }), trans)).toBe(
      'the same wishes, 1 package resolved anew'
    );
    expect(diffSummary(diff(), trans)).toBe('');
  });

  it('puts what was asked for first, then downgrades', () => {
    const packages = [
      change('anyio', 'upgraded'),
      change('protobuf', 'downgraded'),
      change('scikit-learn', 'upgraded')
    ];
    expect(
      resolvedChanges(diff({ packages }), ['scikit_learn']).map(one => one.name)
    ).toEqual(['scikit-learn', 'protobuf', 'anyio']);
  });

  it('is copied with signs and without repeating names', () => {
    expect(
      diffText('churn v1 → v2', [
        {
          title: 'Packages',
          changes: [
            change('numpy', 'upgraded', 'numpy>=2', 'numpy>=2.2'),
            change('optuna', 'added', null, 'optuna')
          ]
        },
        { title: 'Variables', changes: [] }
      ])
    ).toBe('churn v1 → v2\n\nPackages\n↑ numpy  >=2 → >=2.2\n+ optuna  any\n');
    expect(wantedOf(null, 'numpy')).toBeNull();
  });
});

describe('files', () => {
  it('are offered by their names', () => {
    for (const name of [
      'environment.yml',
      'requirements-dev.txt',
      'pyproject.toml',
      'uv.lock',
      'Dockerfile',
      'MLproject',
      'train.py',
      'azureml_environment.json'
    ]) {
      expect([name, isKnownFile(name)]).toEqual([name, true]);
    }
    for (const name of ['data.csv', 'photo.png', 'package.json', 'readme.md']) {
      expect([name, isKnownFile(name)]).toEqual([name, false]);
    }
  });

  it('give a name only where they have one', () => {
    expect(nameFrom('churn model.yml')).toBe('churn-model');
    expect(nameFrom('requirements.txt')).toBe('');
    expect(nameFrom('environment.yml')).toBe('');
    expect(nameFrom('mlenv-mine.yml')).toBe('');
  });
});
