import type { TranslationBundle } from '@jupyterlab/translation';
import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { formatAge, formatDate, formatVersion } from '../../format';
import { Glyph, type GlyphName } from '../../icons';
import { keys, runsQuery } from '../../queries';
import type { IRun, RunState } from '../../wire';
import { useMayWrite, usePanel } from '../context';
import { Button, ProblemNote } from '../parts';
import { Tail } from './tail';
import { useAttempt } from './useattempt';

const SHAPES: { [state in RunState]: GlyphName } = {
  queued: 'queued',
  preparing: 'building',
  running: 'building',
  succeeded: 'ready',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'failed'
};

/** The scripts that ran, or run, in an environment: their logs, to stop them, to run them again. */
export function RunsList(props: { name: string }): JSX.Element {
  const { trans, environments } = usePanel();
  const mayWrite = useMayWrite();
  const { api, queries } = environments;
  const runs = useQuery(runsQuery(api, props.name)).data ?? [];
  const [open, setOpen] = React.useState<string | null>(null);
  const [problem, attempt] = useAttempt();
  const act = (action: () => Promise<unknown>) =>
    void attempt(async () => {
      await action();
      await queries.invalidateQueries({ queryKey: keys.runs });
    });
  if (runs.length === 0) {
    return (
      <p className="mlenv-Quiet">
        {trans.__('None yet. In a terminal:')}{' '}
        <code>mlenv run {props.name} -- python train.py</code>
      </p>
    );
  }
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      <ul className="mlenv-Users" aria-label={trans.__('Runs')}>
        {runs.map(run => (
          <li key={run.id} className="mlenv-Work">
            <div className="mlenv-Users-row">
              <WorkState shape={SHAPES[run.state]} word={runWord(run, trans)} />
              <span
                className="mlenv-Users-name"
                title={`${run.command.join(' ')}\n${run.id}`}
              >
                <code>{run.command.join(' ')}</code>
              </span>
              <span className="mlenv-Version">
                {formatVersion(run.version)}
              </span>
              <span
                className="mlenv-Quiet mlenv-Work-age"
                title={formatDate(run.created_at)}
              >
                {formatAge(run.created_at, trans)}
              </span>
              <Button
                kind="plain"
                label={open === run.id ? trans.__('Hide log') : trans.__('Log')}
                onClick={() => setOpen(open === run.id ? null : run.id)}
              />
              {!mayWrite ? null : isOver(run) ? (
                <Button
                  kind="plain"
                  label={trans.__('Run again')}
                  title={trans.__(
                    'The same version, command and sources as they were then.'
                  )}
                  onClick={() =>
                    act(async () => setOpen((await api.runAgain(run.id)).id))
                  }
                />
              ) : (
                <Button
                  kind="plain"
                  label={trans.__('Stop')}
                  disabled={run.cancelling}
                  onClick={() => act(() => api.cancelRun(run.id))}
                />
              )}
            </div>
            {open === run.id && (
              <Tail
                label={trans.__('Log of %1', run.id)}
                ended={isOver(run)}
                read={(from, signal) => api.runLog(run.id, from, signal)}
              />
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Shape and word of a state. */
export function WorkState(props: {
  shape: GlyphName;
  word: string;
}): JSX.Element {
  return (
    <span className="mlenv-State mlenv-Work-state" data-state={props.shape}>
      <Glyph name={props.shape} size={14} />
      <span>{props.word}</span>
    </span>
  );
}

function isOver(run: IRun): boolean {
  return !['queued', 'preparing', 'running'].includes(run.state);
}

function runWord(run: IRun, trans: TranslationBundle): string {
  if (run.cancelling) {
    return trans.__('Cancelling…');
  }
  switch (run.state) {
    case 'queued':
      return trans.__('Queued');
    case 'preparing':
      return trans.__('Preparing');
    case 'running':
      return trans.__('Running');
    case 'succeeded':
      return trans.__('Done');
    case 'failed':
      return run.exit_code
        ? trans.__('Failed (%1)', run.exit_code)
        : trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    case 'interrupted':
      return trans.__('Interrupted');
  }
}
