import { foundIn } from '../notebook/found';

const BLOCK = '# /// script\n# dependencies = ["six"]\n# ///\nimport six';

describe('what a notebook says of its packages', () => {
  it.each([
    [{}, ['1 + 1', BLOCK], 'PEP 723'],
    [{ runt: { uv: { dependencies: ['six'] } } }, [], 'nteract'],
    [{ conda: { dependencies: ['six'] } }, [], 'nteract'],
    [{ requirements: '{"packages": {}}' }, [], 'jupyterlab-requirements'],
    [{}, ['import os\n!uv pip install six'], '%pip install'],
    [{}, ['%pip install -q six'], '%pip install']
  ])('%j %j is %s', (metadata, sources, how) => {
    expect(foundIn(metadata, sources)).toEqual({ how });
  });

  it.each([
    [{}, ['import six', '# pip install six']],
    [{ runt: { uv: { dependencies: [] } } }, []],
    [{ runt: null, uv: 3, requirements: 3 }, []]
  ])('%j %j is nothing', (metadata, sources) => {
    expect(foundIn(metadata, sources)).toBeNull();
  });
});
