import { nameOptions, wantedOf } from '../editor/usecompletion';
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
  expect(
    newestOf([
      { version: '2.1', yanked: true },
      { version: '2.0' },
      { version: '3.0rc1', prerelease: true }
    ])
  ).toBe('2.0');
  expect(newestOf([{ version: '3.0rc1', prerelease: true }])).toBeNull();
});
