import { packageRows } from '../editor/packagerows';
import { roomFor } from '../editor/room';
import type { ILockedPackage } from '../wire';

function locked(name: string, ...requiredBy: string[]): ILockedPackage {
  return {
    name,
    version: '1',
    sha256: '',
    filename: '',
    size: 1,
    direct: requiredBy.length === 0,
    required_by: requiredBy
  };
}

const input = {
  requirements: ['pandas>=2', 'numpy'],
  before: ['pandas>=2', 'numpy'],
  packages: [
    locked('pandas'),
    locked('numpy', 'pandas'),
    locked('python-dateutil', 'pandas'),
    locked('six', 'python-dateutil'),
    locked('tzdata', 'pandas', 'python-dateutil'),
    locked('ipykernel')
  ],
  problems: new Map()
};

describe('the rows of packages', () => {
  it('are those asked for, by name', () => {
    const rows = packageRows({ ...input, all: false });
    expect(rows.map(one => one.name)).toEqual(['numpy', 'pandas']);
  });

  it('are a tree with all that came along, each once under what needs it', () => {
    const rows = packageRows({ ...input, all: true });
    expect(rows.map(one => [one.name, one.depth])).toEqual([
      ['numpy', 0],
      ['pandas', 0],
      ['python-dateutil', 1],
      ['six', 2],
      ['tzdata', 2],
      ['ipykernel', 0]
    ]);
    // What stands above a row is not said again.
    expect(rows.map(one => one.requiredBy)).toEqual([
      ['pandas'],
      [],
      [],
      [],
      ['pandas'],
      []
    ]);
  });

  it('ends where packages need each other', () => {
    const rows = packageRows({
      ...input,
      requirements: ['a'],
      before: ['a'],
      packages: [locked('a'), locked('b', 'a', 'c'), locked('c', 'b')],
      all: true
    });
    expect(rows.map(one => one.name)).toEqual(['a', 'b', 'c']);
  });
});

describe('the room on the disk', () => {
  it('is compared with what is unpacked', () => {
    const sizes = [{ size: 100 }, { size: null }, { size: 50 }];
    expect(roomFor(sizes, 1000)).toEqual({
      download: 150,
      free: 1000,
      isTight: false
    });
    expect(roomFor(sizes, 500)?.isTight).toBe(true);
    expect(roomFor([{ size: null }], 10)).toBeNull();
  });
});
