import { parseAnsi } from '../log/ansi';
import { linesAround } from '../log/culprits';
import { LogLines, plain } from '../log/lines';
import { PaceMeter } from '../log/pace';
import { LogSearch, occurrences } from '../log/search';
import { mark, tint } from '../log/tint';

const ESC = '\x1b';

describe('parseAnsi', () => {
  const looks = (text: string) =>
    parseAnsi(text).map(({ text, style }) => [
      text,
      style.color,
      style.bold,
      style.dim
    ]);

  it('takes colours, weight and their end', () => {
    expect(looks(`a${ESC}[1;31mb${ESC}[0mc${ESC}[2md${ESC}[22me`)).toEqual([
      ['a', null, false, false],
      ['b', 'red', true, false],
      ['c', null, false, false],
      ['d', null, false, true],
      ['e', null, false, false]
    ]);
  });

  it('takes what it can of many colours and drops the rest', () => {
    expect(looks(`${ESC}[38;5;2ma${ESC}[38;2;1;2;31mb${ESC}[48;5;1mc`)).toEqual(
      [
        ['a', 'green', false, false],
        ['b', 'green', false, false],
        ['c', 'green', false, false]
      ]
    );
  });

  it('drops every other escape', () => {
    const text = `${ESC}[2K${ESC}]8;;file\x07link${ESC}]8;;\x07${ESC}[?25h`;
    expect(looks(text)).toEqual([['link', null, false, false]]);
    expect(plain(text)).toBe('link');
  });
});

describe('tint', () => {
  const looks = (text: string, kind: 'out' | 'stage' | 'note' = 'out') =>
    tint(text, kind).map(({ text, style }) => [
      text,
      style.dim ? 'dim' : style.color
    ]);

  it('colours the first words of what a tool says', () => {
    expect(looks('Downloaded numpy (18 MB)')).toEqual([
      ['Downloaded', 'dim'],
      [' numpy (18 MB)', null]
    ]);
    expect(looks(' + numpy==2.3.4')).toEqual([[' + numpy==2.3.4', 'green']]);
    expect(looks('install 38 packages', 'stage')).toEqual([
      ['install', 'blue'],
      [' 38 packages', null]
    ]);
    expect(looks('Resolved 9 packages with Python', 'note')).toEqual([
      ['Resolved 9 packages', 'green'],
      [' with Python', null]
    ]);
  });

  it('leaves a line its own colours', () => {
    expect(looks(`Downloaded ${ESC}[36mx`)).toEqual([
      ['Downloaded ', null],
      ['x', 'cyan']
    ]);
  });
});

describe('mark', () => {
  it('cuts spans where something was found', () => {
    const spans = parseAnsi(`to${ESC}[31mrch tor`);
    const found = occurrences('torch tor', 'TOR');
    expect(mark(spans, found).map(p => [p.text, p.found])).toEqual([
      ['to', true],
      ['r', true],
      ['ch ', false],
      ['tor', true]
    ]);
  });
});

describe('LogSearch', () => {
  it('finds lines whatever their case and colours, and goes on', () => {
    const lines = new LogLines();
    lines.push('Torch', 0, 'out');
    lines.push('numpy', 0, 'out');
    const search = new LogSearch(lines, 'TORCH');
    while (!search.done) {
      search.step();
    }
    expect(search.matches).toEqual([0]);
    lines.push(`to${ESC}[31mrch`, 0, 'out');
    expect(search.done).toBe(false);
    search.step();
    expect(search.matches).toEqual([0, 2]);
  });

  it('finds nothing for nothing', () => {
    const lines = new LogLines();
    lines.push('a', 0, 'out');
    expect(new LogSearch(lines, '').done).toBe(true);
  });
});

describe('PaceMeter', () => {
  const at = (done: number, bytes: number | null = null) => ({
    done,
    total: 100,
    bytes_done: bytes,
    bytes_total: bytes === null ? null : 1000
  });

  it('says nothing before two seconds', () => {
    const meter = new PaceMeter();
    meter.add(0, at(0));
    meter.add(1.9, at(50));
    expect(meter.pace.secondsLeft).toBeNull();
  });

  it('goes by bytes where they are known', () => {
    const meter = new PaceMeter();
    meter.add(0, at(0, 0));
    meter.add(4, at(90, 200));
    expect(meter.pace).toEqual({ bytesPerSecond: 50, secondsLeft: 16 });
  });

  it('goes by packages else', () => {
    const meter = new PaceMeter();
    meter.add(0, at(0));
    meter.add(5, at(50));
    expect(meter.pace).toEqual({ bytesPerSecond: null, secondsLeft: 5 });
  });

  it('forgets what was long ago', () => {
    const meter = new PaceMeter();
    meter.add(0, at(0));
    meter.add(100, at(10));
    meter.add(105, at(20));
    meter.add(110, at(30));
    expect(meter.pace.secondsLeft).toBeCloseTo(35);
  });
});

describe('linesAround', () => {
  const requirements = ['a', 'b', 'pandas', 'numpy>=2.3', 'econml', 'numba==1'];

  it('shows the culprits, what is between them and the line before', () => {
    const lines = linesAround(
      [
        { requirement: 'numpy>=2.3', note: 'conflicts' },
        { requirement: 'numba==1', note: 'needs' }
      ],
      requirements
    );
    expect(lines).toEqual([
      { number: 3, text: 'pandas', note: null },
      { number: 4, text: 'numpy>=2.3', note: 'conflicts' },
      { number: 5, text: 'econml', note: null },
      { number: 6, text: 'numba==1', note: 'needs' }
    ]);
  });

  it('shows a culprit that nobody asked for without a number', () => {
    const lines = linesAround([{ requirement: 'x', note: 'n' }], requirements);
    expect(lines).toEqual([{ number: null, text: 'x', note: 'n' }]);
  });
});
