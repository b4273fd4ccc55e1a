import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { classesOf } from './ansi';
import type { IFold } from './folds';
import type { BuildLog } from './log';
import { plain } from './lines';
import type { Noise } from './noise';
import { occurrences } from './search';
import { mark, tint } from './tint';

interface ILineProps {
  log: BuildLog;
  line: number;
  query: string;
  /** Whether the search stands at this line. */
  current: boolean;
}

/** One line: seconds, then the text with its colours and what the search found. */
export function LogLine({
  log,
  line,
  query,
  current
}: ILineProps): JSX.Element {
  const text = log.lines.text(line);
  const found = query ? occurrences(plain(text), query) : [];
  const pieces = mark(tint(text, log.lines.kind(line)), found);
  const quiet = log.lines.continues(line) || log.isCulprit(line);
  return (
    <>
      <Gutter seconds={quiet ? null : log.lines.time(line)} />
      <span className="mlenv-Log-text">
        {pieces.map((piece, key) =>
          piece.found ? (
            <mark key={key} data-current={current || undefined}>
              {piece.text}
            </mark>
          ) : (
            <span key={key} className={classesOf(piece.style)}>
              {piece.text}
            </span>
          )
        )}
      </span>
    </>
  );
}

interface IFoldProps {
  log: BuildLog;
  fold: IFold;
  trans: TranslationBundle;
}

/** The row that stands for a run of noise; a press shows or hides its lines. */
export function FoldLine({ log, fold, trans }: IFoldProps): JSX.Element {
  return (
    <>
      <Gutter seconds={log.lines.time(fold.start)} />
      <button
        type="button"
        className="mlenv-Log-fold"
        aria-expanded={fold.open}
        onClick={() => log.toggleFold(fold.start)}
      >
        {fold.open ? '▾ ' : '▸ '}
        {trans._n(
          '%1 line: %2',
          '%1 lines: %2',
          fold.count,
          wordsFor(fold.noise, trans)
        )}
      </button>
    </>
  );
}

function Gutter({ seconds }: { seconds: number | null }): JSX.Element {
  return (
    <span className="mlenv-Log-gutter" aria-hidden="true">
      {seconds === null ? '' : seconds.toFixed(1)}
    </span>
  );
}

function wordsFor(noise: Noise, trans: TranslationBundle): string {
  switch (noise) {
    case 'lock':
      return trans.__('the lock, one per package');
    case 'download':
      return trans.__('Downloading, Downloaded');
    case 'metadata':
      return trans.__('package metadata read');
    case 'installed':
      return trans.__('installed packages');
    case 'detail':
      return trans.__('details of the tool');
  }
}
