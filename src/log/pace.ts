import type { IProgress } from '../wire';

/** How fast it goes and how long it still takes; `null` while that is not known. */
export interface IPace {
  readonly bytesPerSecond: number | null;
  readonly secondsLeft: number | null;
}

/** Before this many seconds of measuring nothing is said. */
const LEAST_SECONDS = 2;

/** Only what happened in this many seconds counts. */
const WINDOW_SECONDS = 10;

interface ISample {
  readonly time: number;
  readonly progress: IProgress;
}

/** Measures the pace of a build from its progress records. */
export class PaceMeter {
  add(time: number, progress: IProgress): void {
    const last = this._samples[this._samples.length - 1];
    if (last && progress.done < last.progress.done) {
      // Another stage began to count from nothing.
      this._samples = [];
    }
    this._samples.push({ time, progress });
    // The first sample older than the window stays as its edge.
    while (
      this._samples.length > 2 &&
      this._samples[1].time <= time - WINDOW_SECONDS
    ) {
      this._samples.shift();
    }
  }

  get pace(): IPace {
    const first = this._samples[0];
    const last = this._samples[this._samples.length - 1];
    const seconds = last ? last.time - first.time : 0;
    if (seconds < LEAST_SECONDS) {
      return { bytesPerSecond: null, secondsLeft: null };
    }
    const { done, total, bytes_done, bytes_total } = last.progress;
    const moved = (bytes_done ?? 0) - (first.progress.bytes_done ?? 0);
    const bytesPerSecond = moved > 0 ? moved / seconds : null;
    if (bytesPerSecond && bytes_total && bytes_done !== null) {
      const left = Math.max(0, bytes_total - bytes_done);
      return { bytesPerSecond, secondsLeft: left / bytesPerSecond };
    }
    const perSecond = (done - first.progress.done) / seconds;
    const secondsLeft =
      perSecond > 0 && total > done ? (total - done) / perSecond : null;
    return { bytesPerSecond, secondsLeft };
  }

  private _samples: ISample[] = [];
}
