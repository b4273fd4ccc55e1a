import { BuildLog } from '../log/log';
import type { LogRecord } from '../wire';

/** Records as the bytes of `log.jsonl`. */
function jsonl(...records: LogRecord[]): string {
  return records.map(record => JSON.stringify(record) + '\n').join('');
}

function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

function line(x: string, t = 0): LogRecord {
  return { t, k: 'line', s: 'resolving', x, l: 'out' };
}

describe('BuildLog', () => {
  let log: BuildLog;
  let frames: (() => void)[];

  beforeEach(() => {
    frames = [];
    log = new BuildLog('b1', callback => frames.push(callback));
  });

  const append = (from: number, data: string) =>
    log.append(from, from + bytes(data), data);
  const texts = () =>
    Array.from({ length: log.lines.length }, (_, at) => log.lines.text(at));

  it('takes chunks in order', () => {
    const first = jsonl(line('one'), line('two'));
    expect(append(0, first)).toBe(true);
    expect(append(bytes(first), jsonl(line('three')))).toBe(true);
    expect(texts()).toEqual(['one', 'two', 'three']);
  });

  it('skips a chunk that it has already', () => {
    const first = jsonl(line('one'));
    append(0, first);
    append(0, first);
    expect(texts()).toEqual(['one']);
    expect(log.offset).toBe(bytes(first));
  });

  it('takes only what is new of a chunk that overlaps, counting bytes', () => {
    const first = jsonl(line('größer → ✓'));
    append(0, first);
    append(0, first + jsonl(line('two')));
    expect(texts()).toEqual(['größer → ✓', 'two']);
  });

  it('refuses a chunk that would leave a gap', () => {
    append(0, jsonl(line('one')));
    const offset = log.offset;
    expect(append(offset + 10, jsonl(line('three')))).toBe(false);
    expect(log.offset).toBe(offset);
    expect(texts()).toEqual(['one']);
  });

  it('puts a record together that comes in two chunks', () => {
    const all = jsonl(line('one'), line('two'));
    append(0, all.slice(0, 50));
    append(50, all.slice(50));
    expect(texts()).toEqual(['one', 'two']);
  });

  it('says that it changed once per frame', () => {
    let changes = 0;
    log.changed.connect(() => changes++);
    append(0, jsonl(line('one')));
    append(log.offset, jsonl(line('two')));
    expect(changes).toBe(0);
    expect(frames).toHaveLength(1);
    frames.forEach(frame => frame());
    expect(changes).toBe(1);
    expect(log.version).toBe(1);
  });

  it('reads stages, progress and the result', () => {
    const error = {
      code: 'no_solution',
      message: 'No.',
      detail: '',
      remedy: '',
      where: '',
      culprits: [],
      fixes: []
    };
    append(
      0,
      jsonl(
        { t: 0.1, k: 'stage', s: 'resolving', x: 'resolve' },
        { t: 0.9, k: 'stage', s: 'installing', x: 'install' },
        {
          t: 1,
          k: 'progress',
          s: 'installing',
          d: { done: 1, total: 4, bytes_done: null, bytes_total: null }
        },
        { t: 2, k: 'result', s: 'installing', d: { state: 'failed', error } }
      )
    );
    expect(log.stages).toEqual([
      { stage: 'resolving', time: 0.1 },
      { stage: 'installing', time: 0.9 }
    ]);
    expect(log.progress?.done).toBe(1);
    expect(log.result?.error?.message).toBe('No.');
    expect(log.time).toBe(2);
  });

  it('begins the stages again when an interrupted build is built again', () => {
    append(
      0,
      jsonl(
        { t: 0, k: 'stage', s: 'installing', x: 'install' },
        { t: 9, k: 'stage', s: 'resolving', x: 'resolve' }
      )
    );
    expect(log.stages).toEqual([{ stage: 'resolving', time: 9 }]);
  });

  it('finds the first error and what belongs to it', () => {
    const err = (x: string): LogRecord => ({
      t: 1,
      k: 'line',
      s: 'resolving',
      x,
      l: 'err'
    });
    append(
      0,
      jsonl(
        err('Using Python 3.11: no error'),
        err('  × No solution found when resolving dependencies:'),
        err('  ╰─▶ Because a needs b<2'),
        err('      and you require b>2.'),
        err('hint: something else')
      )
    );
    expect(log.firstError).toBe(1);
    expect([0, 1, 2, 3, 4].map(at => log.isCulprit(at))).toEqual([
      false,
      false,
      true,
      true,
      false
    ]);
  });

  it('takes the result for the first error when no line tells of one', () => {
    append(
      0,
      jsonl(line('fine'), {
        t: 1,
        k: 'result',
        x: 'The disk is full.',
        d: { state: 'failed', error: null }
      })
    );
    expect(log.firstError).toBe(1);
    expect(log.lines.text(1)).toBe('The disk is full.');
  });

  it('splits a text of several lines and keeps what a return leaves', () => {
    append(0, jsonl(line('one\ntwo'), line('10%\r50%\r100%')));
    expect(texts()).toEqual(['one', 'two', '100%']);
    expect(log.lines.continues(1)).toBe(true);
    expect(log.lines.continues(2)).toBe(false);
  });

  it('shows a line that is no record', () => {
    append(0, 'Killed\n');
    expect(texts()).toEqual(['Killed']);
  });

  it('holds a million lines', () => {
    const chunk = jsonl(
      ...Array.from({ length: 10_000 }, (_, at) => line(`line ${at}`, at))
    );
    const size = bytes(chunk);
    const began = Date.now();
    for (let at = 0; at < 100; at++) {
      log.append(at * size, (at + 1) * size, chunk);
    }
    expect(log.lines.length).toBe(1_000_000);
    expect(log.rows.length).toBe(1_000_000);
    expect(frames).toHaveLength(1);
    // Generous: some 1.5 s on a slow machine, and never quadratic.
    expect(Date.now() - began).toBeLessThan(20_000);
  });
});
