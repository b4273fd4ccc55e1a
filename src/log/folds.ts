import type { LineKind } from './lines';
import type { Noise } from './noise';
import { hiddenOf, noiseOf } from './noise';

/** A run of noise behind one row. */
export interface IFold {
  readonly noise: Noise;
  /** First line behind the fold. */
  readonly start: number;
  /** How many lines are behind it. */
  readonly count: number;
  readonly open: boolean;
}

/** What stands in a row of the view. */
export type Row =
  | { readonly fold: IFold; readonly line: number }
  | { readonly fold: null; readonly line: number };

interface IMutableFold extends IFold {
  count: number;
  open: boolean;
  /** The row of the fold itself. */
  row: number;
}

/**
 * The rows of a log: its lines, with runs of noise folded into one row each.
 * A fold has a row of its own, open or not. Looking a row up costs the logarithm
 * of the number of folds; a new line costs nothing.
 */
export class FoldedRows {
  /** Whether nothing is folded at all. */
  get showAll(): boolean {
    return this._showAll;
  }

  set showAll(value: boolean) {
    this._showAll = value;
  }

  get folds(): readonly IFold[] {
    return this._folds;
  }

  /** How many folds are open. */
  get openCount(): number {
    return this._openCount;
  }

  /** How many rows there are to show. */
  get length(): number {
    if (this._showAll || !this._folds.length) {
      return this._lines;
    }
    const last = this._folds[this._folds.length - 1];
    return this._afterFold(last) + this._lines - last.start - last.count;
  }

  /** Takes note of the next line. */
  push(text: string, kind: LineKind): void {
    const line = this._lines++;
    const noise = noiseOf(text, kind);
    if (noise === null || noise !== this._run?.noise) {
      this._run = noise && { noise, start: line, fold: null };
      if (!this._run) {
        return;
      }
    }
    const run = this._run;
    const hidden = hiddenOf(run.noise, line - run.start + 1);
    if (!hidden) {
      return;
    }
    if (run.fold) {
      run.fold.count = hidden;
      return;
    }
    const before = this._folds[this._folds.length - 1];
    const row = before
      ? this._afterFold(before) + run.start - before.start - before.count
      : run.start;
    run.fold = {
      noise: run.noise,
      start: run.start,
      count: hidden,
      open: false,
      row
    };
    this._folds.push(run.fold);
  }

  /** What stands in a row. */
  at(row: number): Row {
    const fold = this._showAll ? null : this._lastFold(f => f.row <= row);
    if (!fold) {
      return { fold: null, line: row };
    }
    if (fold.row === row) {
      return { fold, line: fold.start };
    }
    const after = row - fold.row - 1;
    const first = fold.open ? fold.start : fold.start + fold.count;
    return { fold: null, line: first + after };
  }

  /** The row that shows a line: its own, or that of the closed fold over it. */
  rowOf(line: number): number {
    const fold = this._showAll ? null : this._lastFold(f => f.start <= line);
    if (!fold) {
      return line;
    }
    const into = line - fold.start;
    if (fold.open) {
      return fold.row + 1 + into;
    }
    return into < fold.count ? fold.row : fold.row + 1 + into - fold.count;
  }

  /** Opens or closes the fold that begins at a line. */
  toggle(start: number): void {
    const fold = this._lastFold(f => f.start <= start);
    if (fold?.start === start) {
      fold.open = !fold.open;
      this._openCount += fold.open ? 1 : -1;
      this._renumber();
    }
  }

  /** Makes sure that a line is not behind a closed fold. */
  reveal(line: number): void {
    const fold = this._lastFold(f => f.start <= line);
    if (fold && !fold.open && line < fold.start + fold.count) {
      this.toggle(fold.start);
    }
  }

  private _afterFold(fold: IMutableFold): number {
    return fold.row + 1 + (fold.open ? fold.count : 0);
  }

  private _renumber(): void {
    let row = 0;
    let line = 0;
    for (const fold of this._folds) {
      fold.row = row + fold.start - line;
      row = this._afterFold(fold);
      line = fold.start + fold.count;
    }
  }

  /** The last fold for which a condition holds that holds for all before it. */
  private _lastFold(
    holds: (fold: IMutableFold) => boolean
  ): IMutableFold | null {
    let low = 0;
    let high = this._folds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this._folds[middle])) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low ? this._folds[low - 1] : null;
  }

  private _lines = 0;
  private _showAll = false;
  private _openCount = 0;
  private _folds: IMutableFold[] = [];
  private _run: {
    noise: Noise;
    start: number;
    fold: IMutableFold | null;
  } | null = null;
}
