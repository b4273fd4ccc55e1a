import { queryOptions, useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { CommandIDs } from '../commandids';
import { formatVersion } from '../format';
import { Glyph } from '../icons';
import { useSignal } from '../panel/context';
import { Button } from '../panel/parts';
import { stateWord } from '../panel/states';
import { catalogueQuery, kernelsQuery, keys, PAGE_SIZE } from '../queries';
import { type IEnvironment, type IKernel } from '../wire';
import type { ICellContext } from './find';
import type { ISaidVersion } from './said';

/** How often the list is asked for while it is there, in case an event was missed. */
const POLL = 30_000;
const NO_KERNELS: readonly IKernel[] = [];

export interface IListCellProps {
  context: ICellContext;
  /** What the cell listed. */
  meant: readonly ISaidVersion[];
  onGone: () => void;
}

/** Those of the listed environments that are here, by name, as they are now. */
export function knownOf(context: ICellContext, meant: readonly ISaidVersion[]) {
  const { api, queries } = context.environments;
  const names = meant.map(one => one.name);
  return queryOptions({
    queryKey: [...keys.environments, 'named', names],
    queryFn: async ({ signal }) => {
      const missing = new Set(names);
      const known = new Map<string, IEnvironment>();
      const take = (items: readonly IEnvironment[]) => {
        for (const one of items) {
          if (missing.delete(one.name)) {
            known.set(one.name, one);
          }
        }
      };
      take((await queries.fetchQuery(catalogueQuery(api))).items);
      let cursor: string | null = null;
      do {
        const page = await api.environments(
          { limit: PAGE_SIZE, cursor },
          signal
        );
        take(page.items);
        cursor = page.next;
      } while (cursor !== null && missing.size > 0);
      return known;
    }
  });
}

/** The environments that a cell listed, with what can be done about each. */
export function ListCell(props: IListCellProps): JSX.Element {
  const { context, meant, onGone } = props;
  const { environments, translator } = context;
  const trans = translator.load('mlenv_jupyter');
  const { data: known } = useQuery({
    ...knownOf(context, meant),
    refetchInterval: POLL
  });
  const isGone = known?.size === 0;
  React.useEffect(() => {
    if (isGone) {
      onGone();
    }
  }, [isGone, onGone]);
  const mayWrite = useSignal(
    environments.mayWriteChanged,
    () => environments.mayWrite
  );
  const kernels =
    useQuery({ ...kernelsQuery(environments.api), enabled: !mayWrite }).data ??
    NO_KERNELS;
  return (
    <div className="mlenv-Cell-frame">
      <ul className="mlenv-CellList" aria-label={trans.__('Environments')}>
        {meant.map(one => {
          const here = known?.get(one.name);
          return here ? (
            <Row
              key={one.name}
              environment={here}
              context={context}
              mayWrite={mayWrite}
              kernels={kernels}
            />
          ) : (
            <li key={one.name} className="mlenv-CellList-row">
              <span className="mlenv-CellList-name">{one.name}</span>
              <span className="mlenv-Version">
                {formatVersion(one.version)}
              </span>
              <span className="mlenv-Quiet">
                {known ? trans.__('Not here') : ''}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Row(props: {
  environment: IEnvironment;
  context: ICellContext;
  mayWrite: boolean;
  kernels: readonly IKernel[];
}): JSX.Element {
  const { environment, context, mayWrite, kernels } = props;
  const { commands, translator } = context;
  const trans = translator.load('mlenv_jupyter');
  const { name, latest, ready_version: ready } = environment;
  const { state, version } = latest;
  const canUse =
    ready !== null &&
    commands.hasCommand(CommandIDs.use) &&
    (mayWrite ||
      kernels.some(
        one => one.name === name && one.version === ready && one.path_exists
      ));
  const canBuild = mayWrite && !['ready', 'queued', 'building'].includes(state);
  const run = (command: string, of: string, more = {}) =>
    void commands.execute(command, { name, version: of, ...more });
  return (
    <li className="mlenv-CellList-row">
      <span
        className="mlenv-CellList-name"
        title={[name, latest.description].filter(Boolean).join(': ')}
      >
        {name}
      </span>
      <span className="mlenv-Version">{formatVersion(version)}</span>
      <span className="mlenv-State" data-state={state}>
        <Glyph name={state} size={14} />
        <span>{stateWord(state, trans)}</span>
      </span>
      <span className="mlenv-CellList-actions">
        {canUse && (
          <Button
            label={
              ready === version
                ? trans.__('Use')
                : trans.__('Use %1', formatVersion(ready))
            }
            title={trans.__(
              'Switch this notebook to %1 %2',
              name,
              formatVersion(ready)
            )}
            onClick={() => run(CommandIDs.use, ready)}
          />
        )}
        {canBuild && (
          <Button
            label={trans.__('Build')}
            title={trans.__('Build %1 %2', name, formatVersion(version))}
            onClick={() => run(CommandIDs.build, version)}
          />
        )}
        <Button
          kind="plain"
          label={trans.__('Open')}
          title={trans.__('Show %1 in the panel', name)}
          onClick={() => run(CommandIDs.show, version, { tab: 'packages' })}
        />
      </span>
    </li>
  );
}
