import type { KernelSpec } from '@jupyterlab/services';

import { factsOfNames, factsOfSpec, isOurs } from '../notebook/kernelfacts';

const NAME = 'mlenv-churn-model-0a1b2c3d';

function specs(metadata: object): KernelSpec.ISpecModels {
  const model = { name: NAME, display_name: 'churn-model (v3)', metadata };
  return {
    default: 'python3',
    kernelspecs: { [NAME]: model as unknown as KernelSpec.ISpecModel }
  };
}

describe('what a kernel stands for', () => {
  it.each([
    [NAME, true],
    ['mlenv-x-0a1b2c3d', true],
    ['mlenv-x', false],
    ['python3', false],
    ['mlenv-../x-0a1b2c3d', false]
  ])('knows whether %s is ours', (name, ours) => {
    expect(isOurs(name)).toBe(ours);
  });

  it('is in the metadata of an installed kernel', () => {
    const ours = { mlenv: { name: 'other', version: '7' } };
    expect(factsOfSpec(NAME, specs(ours))).toEqual({
      kernelName: NAME,
      name: 'other',
      version: '7'
    });
  });

  it('is nothing for a kernel of somebody else', () => {
    expect(factsOfSpec(NAME, specs({}))).toBeNull();
    expect(factsOfSpec('python3', specs({}))).toBeNull();
    expect(factsOfSpec(NAME, null)).toBeNull();
  });

  it('is in the display name of a kernel that is not here', () => {
    expect(factsOfNames(NAME, 'churn-model (v3)')).toEqual({
      kernelName: NAME,
      name: 'churn-model',
      version: '3'
    });
    expect(factsOfNames(NAME, 'a (b) (Autosave_2021)')?.version).toBe(
      'Autosave_2021'
    );
    expect(factsOfNames(NAME, 'churn-model (v3, image)')?.version).toBe('3');
    expect(factsOfNames('python3', 'churn-model (v3)')).toBeNull();
    expect(factsOfNames(NAME, 'churn-model')).toBeNull();
  });
});
