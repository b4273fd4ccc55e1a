import { FoldedRows } from '../log/folds';

/** Downloads keep four lines in view, locks none. */
function rowsOf(...texts: string[]): FoldedRows {
  const rows = new FoldedRows();
  texts.forEach(text => rows.push(text, 'out'));
  return rows;
}

function repeat(count: number, text: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => text(at));
}

/** What stands in each row: a line's number, or "▸" and how many lines. */
function shown(rows: FoldedRows): (number | string)[] {
  return repeat(rows.length, String).map((_, row) => {
    const { fold, line } = rows.at(row);
    return fold ? `${fold.open ? '▾' : '▸'}${fold.count}` : line;
  });
}

const lock = (at: number) => `package-${at}==1.0`;
const download = (at: number) => `Downloading thing ${at}`;

describe('FoldedRows', () => {
  it('shows lines that are no noise as they are', () => {
    expect(shown(rowsOf('one', 'two', 'three'))).toEqual([0, 1, 2]);
  });

  it('leaves a few noisy lines alone', () => {
    expect(shown(rowsOf(...repeat(3, lock)))).toEqual([0, 1, 2]);
  });

  it('folds a run of noise', () => {
    const rows = rowsOf('first', ...repeat(6, lock), 'last');
    expect(shown(rows)).toEqual([0, '▸6', 7]);
  });

  it('keeps the newest lines of a download in view', () => {
    const rows = rowsOf('first', ...repeat(10, download), 'last');
    expect(shown(rows)).toEqual([0, '▸6', 7, 8, 9, 10, 11]);
  });

  it('grows the fold while the run goes on', () => {
    const rows = rowsOf(...repeat(10, download));
    const before = rows.length;
    rows.push(download(10), 'out');
    expect(rows.length).toBe(before);
    expect(shown(rows)[0]).toBe('▸7');
  });

  it('opens and closes', () => {
    const rows = rowsOf('a', ...repeat(5, lock), 'b', ...repeat(5, lock), 'c');
    expect(shown(rows)).toEqual([0, '▸5', 6, '▸5', 12]);
    rows.toggle(1);
    expect(shown(rows)).toEqual([0, '▾5', 1, 2, 3, 4, 5, 6, '▸5', 12]);
    rows.toggle(1);
    expect(shown(rows)).toEqual([0, '▸5', 6, '▸5', 12]);
  });

  it('finds the row of every line, whatever is open', () => {
    const rows = rowsOf('a', ...repeat(5, lock), 'b', ...repeat(9, download));
    for (const open of [null, 1, 7]) {
      if (open !== null) {
        rows.toggle(open);
      }
      for (let row = 0; row < rows.length; row++) {
        const { line } = rows.at(row);
        const back = rows.at(rows.rowOf(line));
        expect(back.line).toBe(line);
      }
    }
  });

  it('reveals a line behind a fold', () => {
    const rows = rowsOf('a', ...repeat(5, lock), 'b');
    rows.reveal(3);
    expect(rows.at(rows.rowOf(3))).toEqual({ fold: null, line: 3 });
  });

  it('shows every line when asked to', () => {
    const rows = rowsOf('a', ...repeat(5, lock), 'b');
    rows.showAll = true;
    expect(shown(rows)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('never folds warnings and errors', () => {
    const rows = new FoldedRows();
    repeat(9, download).forEach(text => rows.push(text, 'warn'));
    expect(rows.length).toBe(9);
  });
});
