import { Notification } from '@jupyterlab/apputils';
import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { problemOf } from '../api';
import { ImportReport } from '../editor/importreport';
import { adoptableQuery } from '../queries';
import { usePanel, useSlow } from './context';
import { DetailBar } from './detail/detailbar';
import { useAttempt } from './detail/useattempt';
import { kindOf } from './list/existingrow';
import { Button, FieldProblem, Note, ProblemNote, SkeletonRow } from './parts';

/** An environment that mlenv did not make: what is in it, and the way to have it again. */
export function AdoptView(props: { id: string }): JSX.Element {
  const { trans, environments, place } = usePanel();
  const { id } = props;
  const { api } = environments;
  const list = useQuery(adoptableQuery(api));
  const existing = list.data?.find(one => one.id === id);
  const read = useQuery({
    queryKey: ['adoptable', id],
    queryFn: ({ signal }) => api.readAdoptable(id, signal),
    staleTime: 60_000
  });
  const slow = useSlow(read.isPending);
  const [typed, setTyped] = React.useState<string | null>(null);
  const name = typed ?? suggested(existing?.name ?? '');
  const [problem, attempt] = useAttempt();
  const [busy, setBusy] = React.useState(false);
  const field = React.useId();

  const adopt = async () => {
    setBusy(true);
    await attempt(async () => {
      const { version, locked } = await environments.change(name, () =>
        api.adopt(id, name.trim())
      );
      place.open(version.name, { tab: 'packages' });
      Notification.success(
        locked === null
          ? trans.__(
              '%1 is registered. Its build makes the lock.',
              version.name
            )
          : trans._n(
              '%2 is registered, locked to %1 package.',
              '%2 is registered, locked to %1 packages.',
              locked,
              version.name
            ),
        { autoClose: 4000 }
      );
    });
    setBusy(false);
  };

  return (
    <div className="mlenv-Detail">
      <DetailBar label={trans.__('Environments')} />
      <header className="mlenv-DetailHeader">
        <div className="mlenv-DetailHeader-words">
          <div className="mlenv-DetailHeader-title">
            <h2>{existing?.name ?? trans.__('An environment')}</h2>
          </div>
          {existing && (
            <div className="mlenv-DetailHeader-facts" title={existing.prefix}>
              <span className="mlenv-Fact">{kindOf(existing, trans)}</span>
              <span className="mlenv-Fact">
                {trans.__('Python %1', existing.python)}
              </span>
              <span className="mlenv-Fact">
                {trans._n('%1 package', '%1 packages', existing.packages)}
              </span>
            </div>
          )}
        </div>
      </header>
      <div className="mlenv-Adopt">
        <Note tone="quiet" icon="read-only" role="note">
          {trans.__(
            'mlenv did not make this environment and never changes it. “Make reproducible” registers what is in it, with the exact versions, under a name.'
          )}
        </Note>
        {existing && <p className="mlenv-Code">{existing.prefix}</p>}
        {slow && <SkeletonRow />}
        {read.error && <ProblemNote problem={problemOf(read.error)} />}
        {read.data && (
          <>
            <ImportReport
              report={{ filename: existing?.name ?? id, ...read.data.report }}
            />
            <div className="mlenv-FormField mlenv-mod-wide">
              <label htmlFor={field}>{trans.__('Name')}</label>
              <div
                className="mlenv-Field"
                data-invalid={problem !== null || undefined}
              >
                <input
                  id={field}
                  type="text"
                  value={name}
                  spellCheck={false}
                  autoComplete="off"
                  aria-invalid={problem !== null}
                  aria-describedby={`${field}-problem`}
                  onChange={event => setTyped(event.target.value)}
                />
              </div>
              <FieldProblem id={`${field}-problem`} problem={problem} />
            </div>
            <div className="mlenv-Actions">
              <Button
                kind="primary"
                label={trans.__('Make reproducible')}
                disabled={busy || !name.trim()}
                onClick={() => void adopt()}
              />
            </div>
          </>
        )}
      </div>
    </div>
  );
}

/** A name that can be one of ours, from one that need not be. */
export function suggested(name: string): string {
  return name
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
    .replace(/^mlenv-/i, '')
    .slice(0, 100);
}
