import {
  formatRequirement,
  parseRequirement,
  requirementKey,
  requirementLines,
  withRequirement
} from '../editor/requirement';

describe('parseRequirement', () => {
  it.each([
    ['numpy', 'numpy', '', '', ''],
    ['  numpy >= 2 ', 'numpy', '', '>=2', ''],
    ['httpx[http2, socks]~=0.27', 'httpx', '[http2,socks]', '~=0.27', ''],
    ['pandas (>=2,<3)', 'pandas', '', '>=2,<3', ''],
    [
      "tomli>=2; python_version < '3.11'",
      'tomli',
      '',
      '>=2',
      "; python_version < '3.11'"
    ],
    ['mine @ https://e.org/a.whl', 'mine', '', '@ https://e.org/a.whl', '']
  ])('reads %p', (line, name, extras, wanted, marker) => {
    expect(parseRequirement(line)).toEqual({ name, extras, wanted, marker });
  });

  it.each(['numpy>>2', 'num py', '1 = 2', '-e .', '../bad', 'numpy=2', ''])(
    'leaves %p to the server',
    line => {
      expect(parseRequirement(line)).toBeNull();
    }
  );

  it.each([
    'numpy>=2',
    'httpx[http2]',
    'mine @ https://e.org/a.whl',
    "tomli>=2; python_version < '3.11'"
  ])('is undone by formatRequirement: %p', line => {
    const parts = parseRequirement(line);
    expect(parts && formatRequirement(parts)).toBe(line);
  });
});

describe('withRequirement', () => {
  it('takes the place of a line for the same package, however it is spelt', () => {
    expect(
      withRequirement(['idna', 'Scikit_Learn==1'], 'scikit-learn>=1.5')
    ).toEqual(['idna', 'scikit-learn>=1.5']);
  });

  it('keeps lines for other platforms apart', () => {
    const lines = ["a==1; sys_platform == 'linux'"];
    expect(withRequirement(lines, 'a==2')).toHaveLength(2);
    expect(requirementKey('A')).not.toBe(requirementKey(lines[0]));
  });
});

test('requirementLines drops comments and blank lines', () => {
  expect(requirementLines('# all\n numpy >=2 # fast\n\r\n\npandas\n')).toEqual([
    'numpy >=2',
    'pandas'
  ]);
});
