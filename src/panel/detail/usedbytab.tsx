import { PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';

import { formatVersion } from '../../format';
import { Glyph } from '../../icons';
import type { ISession } from '../../tokens';
import type { IKernel } from '../../wire';
import { useMayWrite, usePanel, useSessions } from '../context';
import { useKernels } from '../data';
import { Button, ProblemNote } from '../parts';
import { RunsList } from './runslist';
import { ServicesList } from './serviceslist';
import { useAttempt } from './useattempt';

/** What runs in an environment now, and the kernels of it that are installed. */
export interface IUsers {
  readonly running: readonly (ISession & { version: string })[];
  readonly kernels: readonly IKernel[];
  readonly count: number;
}

export function useUsers(name: string): IUsers {
  const sessions = useSessions();
  const all = useKernels();
  return React.useMemo(() => {
    const kernels = all.filter(one => one.name === name);
    const running = sessions.flatMap(session => {
      const kernel = kernels.find(
        one => one.kernel_name === session.kernelName
      );
      return kernel ? [{ ...session, version: kernel.version }] : [];
    });
    return { running, kernels, count: running.length };
  }, [sessions, all, name]);
}

export function UsedByTab(props: { name: string; users: IUsers }): JSX.Element {
  const { trans, environments } = usePanel();
  const { running, kernels } = props.users;
  const mayWrite = useMayWrite();
  const [problem, attempt] = useAttempt();
  const busy = new Set(running.map(one => one.kernelName));
  return (
    <div className="mlenv-Tab mlenv-Overview-words mlenv-UsedBy">
      {problem && <ProblemNote problem={problem} />}
      <h3>{trans.__('In use now')}</h3>
      <Running users={props.users} />
      <h3>{trans.__('Runs')}</h3>
      <RunsList name={props.name} />
      <h3>{trans.__('Services')}</h3>
      <ServicesList name={props.name} />
      <h3>{trans.__('Installed kernels')}</h3>
      {kernels.length === 0 && (
        <p className="mlenv-Quiet">
          {trans.__(
            'None. “Use in notebook” installs one; any Jupyter client can start it then.'
          )}
        </p>
      )}
      <ul className="mlenv-Users" aria-label={trans.__('Installed kernels')}>
        {kernels.map(one => (
          <li key={one.kernel_name} className="mlenv-Users-row">
            <Glyph name="environment" />
            <span className="mlenv-Users-name" title={one.kernel_name}>
              {one.display_name}
            </span>
            <span className="mlenv-Quiet">
              {one.path_exists ? '' : trans.__('not on this machine')}
            </span>
            {mayWrite && (
              <Button
                kind="plain"
                label={trans.__('Remove')}
                title={
                  busy.has(one.kernel_name)
                    ? trans.__('It runs now: shut it down first.')
                    : trans.__('Takes the kernel away; what is built stays.')
                }
                disabled={busy.has(one.kernel_name)}
                onClick={() =>
                  void attempt(() => environments.removeKernel(one.kernel_name))
                }
              />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The notebooks and consoles that run in it; a click opens one. */
export function Running(props: { users: IUsers }): JSX.Element {
  const { trans, commands } = usePanel();
  const { running } = props.users;
  if (running.length === 0) {
    return (
      <p className="mlenv-Quiet">{trans.__('No notebook runs in it now.')}</p>
    );
  }
  return (
    <ul className="mlenv-Users" aria-label={trans.__('In use now')}>
      {running.map(one => (
        <li key={one.path} className="mlenv-Users-row">
          <Glyph name={one.type === 'notebook' ? 'notebook' : 'use'} />
          <Button
            kind="link"
            className="mlenv-Users-name"
            label={PathExt.basename(one.path)}
            title={one.path}
            onClick={() => {
              void commands.execute('docmanager:open', { path: one.path });
            }}
          />
          <span className="mlenv-Version">{formatVersion(one.version)}</span>
          <span className="mlenv-Quiet">{one.status}</span>
        </li>
      ))}
    </ul>
  );
}
