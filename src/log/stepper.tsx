import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatSeconds } from '../format';
import type { GlyphName } from '../icons';
import { Glyph } from '../icons';
import type { IStep } from './steps';

interface IStepperProps {
  steps: readonly IStep[];
  trans: TranslationBundle;
}

const GLYPHS: Readonly<Record<IStep['state'], GlyphName>> = {
  done: 'ready',
  running: 'building',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'warning',
  waiting: 'not-built'
};

/** Queued → Resolving → Installing → Verifying → Ready, and how far the build is. */
export function Stepper({ steps, trans }: IStepperProps): JSX.Element {
  const last = steps[steps.length - 1];
  const current =
    steps.find(step => step.state !== 'done' && step.state !== 'waiting') ??
    (last.state === 'done' ? last : undefined);
  return (
    <ol className="mlenv-Stepper" aria-label={trans.__('Stages of the build')}>
      {steps.map(step => (
        <li
          key={step.name}
          className="mlenv-Step"
          data-state={step.state}
          aria-current={step === current ? 'step' : undefined}
        >
          <div className="mlenv-Step-head">
            <Glyph name={GLYPHS[step.state]} />
          </div>
          <div className="mlenv-Step-name">{nameOf(step, trans)}</div>
          <div className="mlenv-Step-time">{timeOf(step, trans)}</div>
        </li>
      ))}
    </ol>
  );
}

/** The name of a stage, in the past tense once it is over. */
function nameOf(step: IStep, trans: TranslationBundle): string {
  const done = step.state === 'done';
  switch (step.name) {
    case 'queued':
      return trans.__('Queued');
    case 'resolving':
      return done ? trans.__('Resolved') : trans.__('Resolving');
    case 'installing':
      return done ? trans.__('Installed') : trans.__('Installing');
    case 'verifying':
      return done ? trans.__('Verified') : trans.__('Verifying');
    case 'ready':
      return trans.__('Ready');
  }
}

function timeOf(step: IStep, trans: TranslationBundle): string {
  const time = step.seconds === null ? '' : formatSeconds(step.seconds, trans);
  switch (step.state) {
    case 'failed':
      return time ? trans.__('failed, %1', time) : trans.__('failed');
    case 'cancelled':
      return time ? trans.__('cancelled, %1', time) : trans.__('cancelled');
    case 'interrupted':
      return time ? trans.__('interrupted, %1', time) : trans.__('interrupted');
    default:
      return time;
  }
}
