import { nameOptions, wantedOf } from '../editor/usecompletion';
import { takesPython } from '../editor/requirespython';
import { isPinned, newestOf } from '../editor/useupgrade';

test('what is typed asks for names, for versions or for nothing', () => {
  expect(wantedOf('n').kind).toBe('nothing');
  expect(wantedOf('nu')).toEqual({ kind: 'name', text: 'nu' });
  expect(wantedOf('numpy>=1').kind).toBe('nothing');
  expect(wantedOf('git+https://x').kind).toBe('nothing');
  expect(wantedOf('httpx[http2]==0.2')).toEqual({
    kind: 'version',
    name: 'httpx',
    extras: '[http2]',
    text: '0.2'
  });
});

test('names used here come first, each once, and import names lead to packages', () => {
  const names = (known: string[], ...answered: string[]) =>
    nameOptions(
      'pand',
      known,
      answered.map(name => ({ name }))
    ).map(one => one.line);
  expect(names(['numpy', 'pandas'], 'pandas', 'pandera', 'geopandas')).toEqual([
    'pandas',
    'pandera',
    'geopandas'
  ]);
  const [meant] = nameOptions(
    'sklearn',
    ['sklearn-extra'],
    [{ name: 'scikit-learn', imported_as: 'sklearn' }]
  );
  expect(meant).toMatchObject({ line: 'scikit-learn', note: 'sklearn' });
});

test('only what is held to one version is upgraded, and to a final one', () => {
  expect(['==1.0', '===1.0'].every(isPinned)).toBe(true);
  expect(['', '>=1', '==1.*', '==1,<2', null].some(isPinned)).toBe(false);
  const releases = [
    { version: '2.1', yanked: true },
    { version: '2.0', requires_python: '>=3.12' },
    { version: '1.9', requires_python: '>=3.9,<3.13' },
    { version: '3.0rc1', prerelease: true }
  ];
  expect(newestOf(releases, '3.12')).toBe('2.0');
  expect(newestOf(releases, '3.11')).toBe('1.9');
  expect(newestOf(releases, '')).toBe('2.0');
  expect(newestOf(releases.slice(3), '3.12')).toBeNull();
});

test.each([
  ['>=3.10', '3.9', false],
  ['>=3.10', '3.10', true],
  ['>=3.10.2', '3.10', true],
  ['>=3.10.2', '3.10.1', false],
  ['<3.13', '3.13', false],
  ['<3.13', '3.12.4', true],
  ['<=3.11', '3.11', false],
  ['<=3.11.9', '3.11', true],
  ['~=3.8', '3.12', true],
  ['~=3.8', '4.0', false],
  ['!=3.11.*', '3.11', false],
  ['!=3.11.*,>=3.8', '3.12', true],
  ['==3.*', '3.12', true],
  ['>3.11', '3.11', true],
  ['what?', '3.11', true],
  ['>=3.12', '>=3.9', true]
])('Requires-Python %s takes %s: %s', (requires, python, takes) => {
  expect(takesPython(requires, python)).toBe(takes);
});
