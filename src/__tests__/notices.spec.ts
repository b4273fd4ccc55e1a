import { linesOf, shortOf } from '../notebook/driftwatch';
import { versionOf } from '../notebook/notice';
import type { IDrift, IEnvironmentDetail } from '../wire';

const DRIFT: IDrift = {
  name: 'churn',
  version: '3',
  form: 'prefix',
  added: [
    { name: 'polars', version: '1.35' },
    { name: 'ruff', version: '0.14' }
  ],
  removed: [{ name: 'six', version: '1.17' }],
  changed: [{ name: 'numpy', before: '2.3', after: '2.4' }],
  notebook: null,
  rebuilt: false
};

describe('drift in words', () => {
  it('is short in the chip', () => {
    expect(shortOf(DRIFT)).toBe('+2 −1 ~1');
    expect(shortOf({ ...DRIFT, removed: [], changed: [] })).toBe('+2');
  });

  it('names each package once where it is asked for', () => {
    expect(linesOf(DRIFT)).toEqual([
      '+ polars 1.35',
      '+ ruff 0.14',
      '− six 1.17',
      '~ numpy 2.3 → 2.4'
    ]);
  });
});

describe('the version of a label', () => {
  const detail = {
    environment: {
      labels: { prod: '2', latest: '3' },
      latest: { version: '3' }
    }
  } as unknown as IEnvironmentDetail;

  it('is where the label is, and nothing for one that is gone', () => {
    expect(versionOf('prod', detail)).toBe('2');
    expect(versionOf('latest', detail)).toBe('3');
    expect(versionOf('staging', detail)).toBeUndefined();
  });
});
