import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Glyph, type GlyphName } from '../icons';
import type { BuildState, IBuild, VersionState } from '../wire';
import { usePanel } from './context';

/** The word for a state; its shape has the same name as the state. */
export function stateWord(
  state: VersionState,
  trans: TranslationBundle
): string {
  switch (state) {
    case 'ready':
      return trans.__('Ready');
    case 'not-built':
      return trans.__('Not built');
    case 'queued':
      return trans.__('Queued');
    case 'building':
      return trans.__('Building');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
  }
}

/** The state a version has because of this build. */
export function stateOfBuild(state: BuildState): VersionState {
  switch (state) {
    case 'succeeded':
      return 'ready';
    case 'queued':
    case 'failed':
    case 'cancelled':
      return state;
    case 'interrupted':
      return 'failed';
    default:
      return 'building';
  }
}

/** "Installing", with "41 of 86" when it is known. */
export function stageWords(
  build: IBuild,
  trans: TranslationBundle
): { stage: string; count: string } {
  const { progress } = build;
  return {
    stage: build.cancelling
      ? trans.__('Cancelling…')
      : build.state === 'queued' && build.ahead
        ? trans.__('Waiting: %1 before it', build.ahead)
        : stageWord(build.state, trans),
    count:
      progress && progress.total > 0
        ? trans.__('%1 of %2', progress.done, progress.total)
        : ''
  };
}

/** A stage or an end of a build in one word. */
export function stageWord(state: BuildState, trans: TranslationBundle): string {
  switch (state) {
    case 'queued':
      return trans.__('Queued');
    case 'resolving':
      return trans.__('Resolving');
    case 'installing':
      return trans.__('Installing');
    case 'verifying':
      return trans.__('Verifying');
    case 'succeeded':
      return trans.__('Ready');
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    case 'interrupted':
      return trans.__('Interrupted');
  }
}

/** Shape and word of a state: never one alone, unless the word stands beside it already. */
export function StateMark(props: {
  state: VersionState;
  size?: number;
  /** The word stands elsewhere in the same row. */
  shapeOnly?: boolean;
}): JSX.Element {
  const { trans } = usePanel();
  const { state, size = 14, shapeOnly } = props;
  return (
    <span className="mlenv-State" data-state={state}>
      <Glyph name={state satisfies GlyphName} size={size} />
      {!shapeOnly && <span>{stateWord(state, trans)}</span>}
    </span>
  );
}
