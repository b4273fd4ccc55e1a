import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatSeconds, formatSize } from '../format';
import type { IProgress } from '../wire';
import type { IPace } from './pace';

interface IProgressProps {
  progress: IProgress;
  pace: IPace;
  trans: TranslationBundle;
}

/** How much is done, and how long it still takes once that has been measured. */
export function Progress({
  progress,
  pace,
  trans
}: IProgressProps): JSX.Element {
  const { done, total } = progress;
  return (
    <div className="mlenv-Progress">
      {total > 0 && (
        <div
          className="mlenv-Progress-bar"
          role="progressbar"
          aria-label={trans.__('Packages')}
          aria-valuemin={0}
          aria-valuemax={total}
          aria-valuenow={done}
        >
          <div
            style={{ inlineSize: `${(100 * shareOf(progress)).toFixed(1)}%` }}
          />
        </div>
      )}
      <div className="mlenv-Progress-facts">
        <span>
          {total > 0
            ? trans._n('%2 of %1 package', '%2 of %1 packages', total, done)
            : trans._n('%1 package', '%1 packages', done)}
        </span>
        <span className="mlenv-Progress-bytes">{bytesOf(progress, trans)}</span>
        {pace.bytesPerSecond !== null && (
          <span className="mlenv-Progress-rate">
            {trans.__('%1/s', formatSize(pace.bytesPerSecond))}
          </span>
        )}
        {pace.secondsLeft !== null && (
          <span className="mlenv-Progress-left">
            {left(pace.secondsLeft, trans)}
          </span>
        )}
      </div>
    </div>
  );
}

/** Between 0 and 1; by bytes while they are known, since packages differ so much. */
function shareOf({ done, total, bytes_done, bytes_total }: IProgress): number {
  const byCount = total ? done / total : 0;
  const byBytes = bytes_total ? (bytes_done ?? 0) / bytes_total : byCount;
  return Math.min(1, Math.max(0, byCount, Math.min(byBytes, 0.99)));
}

function bytesOf(progress: IProgress, trans: TranslationBundle): string {
  const { bytes_done, bytes_total } = progress;
  if (bytes_done === null) {
    return '';
  }
  return bytes_total
    ? trans.__('%1 of %2', formatSize(bytes_done), formatSize(bytes_total))
    : formatSize(bytes_done);
}

function left(seconds: number, trans: TranslationBundle): string {
  // Tenths would claim more than a measurement of a network can know.
  const whole = Math.max(1, Math.round(seconds));
  return whole < 60
    ? trans.__('about %1 s left', whole)
    : trans.__('about %1 left', formatSeconds(whole, trans));
}
