import { Dialog, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { formatVersion } from '../../format';
import type { GlyphName } from '../../icons';
import { keys, servicesQuery } from '../../queries';
import type { IAsked, IService, ServiceState } from '../../wire';
import { useMayWrite, usePanel } from '../context';
import { Button, ProblemNote } from '../parts';
import { WorkState } from './runslist';
import { Tail } from './tail';
import { useAttempt } from './useattempt';

const SHAPES: { [state in ServiceState]: GlyphName } = {
  deploying: 'building',
  healthy: 'ready',
  unhealthy: 'warning',
  failed: 'failed',
  stopped: 'cancelled'
};

/** What answers HTTP in an environment: its log, a form to try it, to stop it. */
export function ServicesList(props: { name: string }): JSX.Element {
  const { trans, environments } = usePanel();
  const mayWrite = useMayWrite();
  const { api, queries } = environments;
  const all = useQuery(servicesQuery(api)).data ?? [];
  const services = all.filter(one => one.environment === props.name);
  const [open, setOpen] = React.useState('');
  const [problem, attempt] = useAttempt();
  const toggle = (what: string) => setOpen(open === what ? '' : what);
  const remove = (service: IService) =>
    void attempt(async () => {
      const { button } = await showDialog({
        title: trans.__('Stop “%1”?', service.name),
        body: trans.__(
          'It answers what it has and is forgotten. Its models stay registered.'
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Cancel') }),
          Dialog.warnButton({ label: trans.__('Stop') })
        ]
      });
      if (button.accept) {
        await api.deleteService(service.name);
        await queries.invalidateQueries({ queryKey: keys.services });
      }
    });
  if (services.length === 0) {
    return (
      <p className="mlenv-Quiet">
        {trans.__('None. In a terminal:')}{' '}
        <code>mlenv serve {props.name} --entry score.py</code>
      </p>
    );
  }
  return (
    <>
      {problem && <ProblemNote problem={problem} />}
      <ul className="mlenv-Users" aria-label={trans.__('Services')}>
        {services.map(one => (
          <li key={one.name} className="mlenv-Work">
            <div className="mlenv-Users-row">
              <WorkState
                shape={SHAPES[one.state]}
                word={serviceWord(one.state, trans)}
              />
              <span
                className="mlenv-Users-name"
                title={`http://127.0.0.1:${one.port}/score`}
              >
                {one.name}
              </span>
              <span className="mlenv-Version">
                {formatVersion(one.version)}
              </span>
              <Button
                kind="plain"
                label={
                  open === `log ${one.name}`
                    ? trans.__('Hide log')
                    : trans.__('Log')
                }
                onClick={() => toggle(`log ${one.name}`)}
              />
              {mayWrite && (
                <>
                  <Button
                    kind="plain"
                    label={trans.__('Try')}
                    onClick={() => toggle(`try ${one.name}`)}
                  />
                  <Button
                    kind="plain"
                    label={trans.__('Stop')}
                    onClick={() => remove(one)}
                  />
                </>
              )}
            </div>
            {one.error && <ProblemNote problem={one.error} />}
            {open === `try ${one.name}` && <TryOut service={one} />}
            {open === `log ${one.name}` && (
              <Tail
                label={trans.__('Log of %1', one.name)}
                ended={false}
                read={(from, signal) => api.serviceLog(one.name, from, signal)}
              />
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Asks a service, and shows what it answers. */
function TryOut(props: { service: IService }): JSX.Element {
  const { trans, environments } = usePanel();
  const { name } = props.service;
  const [data, setData] = React.useState('{"data": [[1, 2, 3]]}');
  const [answer, setAnswer] = React.useState<IAsked | null>(null);
  const [isAsking, setAsking] = React.useState(false);
  const [problem, attempt] = useAttempt();
  const ask = async () => {
    setAsking(true);
    await attempt(async () => {
      setAnswer(null);
      setAnswer(await environments.api.askService(name, data));
    });
    setAsking(false);
  };
  return (
    <form
      className="mlenv-TryOut"
      onSubmit={event => {
        event.preventDefault();
        void ask();
      }}
    >
      <textarea
        className="jp-mod-styled"
        rows={3}
        spellCheck={false}
        aria-label={trans.__('What %1 is asked with', name)}
        value={data}
        onChange={event => setData(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            void ask();
          }
        }}
      />
      <div className="mlenv-Actions">
        <Button
          label={isAsking ? trans.__('Asking…') : trans.__('Ask')}
          title={trans.__('Ctrl+Enter')}
          disabled={isAsking}
          onClick={() => void ask()}
        />
        {answer && (
          <WorkState
            shape={answer.status < 400 ? 'ready' : 'failed'}
            word={trans.__(
              'Status %1 after %2 ms',
              answer.status,
              Math.round(answer.seconds * 1000)
            )}
          />
        )}
      </div>
      {problem && <ProblemNote problem={problem} />}
      {answer && (
        <pre className="mlenv-Tail" aria-label={trans.__('Answer')}>
          {pretty(answer.body)}
          {answer.cut && trans.__('… and more')}
        </pre>
      )}
    </form>
  );
}

/** JSON with its lines, and any other text as it is. */
export function pretty(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    const whole = JSON.stringify(value);
    return whole.length > 60 ? JSON.stringify(value, null, 2) : whole;
  } catch {
    return text;
  }
}

function serviceWord(state: ServiceState, trans: TranslationBundle): string {
  switch (state) {
    case 'deploying':
      return trans.__('Deploying');
    case 'healthy':
      return trans.__('Healthy');
    case 'unhealthy':
      return trans.__('Unhealthy');
    case 'failed':
      return trans.__('Failed');
    case 'stopped':
      return trans.__('Stopped');
  }
}
