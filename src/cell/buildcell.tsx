import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { ProblemError } from '../api';
import { CommandIDs } from '../commandids';
import { nextVersion } from '../editor/draft';
import { mend } from '../editor/mend';
import { formatVersion } from '../format';
import { BuildView } from '../log';
import { useSignal } from '../panel/context';
import { Button } from '../panel/parts';
import { buildQuery, environmentQuery, versionQuery } from '../queries';
import { telling } from '../telling';
import { type IBuild, type IFix, isActive } from '../wire';
import type { ICellContext } from './find';

/** How often a build is asked for while it works, in case an event was missed. */
const POLL_RUNNING = 1_500;

export interface IBuildCellProps {
  context: ICellContext;
  build: IBuild;
  /** Whether there are buttons. */
  mayAct: boolean;
  onGone: () => void;
}

/** The build that a cell began, as the panel shows it; its Cancel works while the cell runs. */
export function BuildCell(props: IBuildCellProps): JSX.Element {
  const { context, mayAct, onGone } = props;
  const { environments, commands, translator } = context;
  const trans = translator.load('mlenv_jupyter');
  // What was begun from here takes the place of the build that failed.
  const [latest, setLatest] = React.useState(props.build);
  const { data: build = latest, error } = useQuery({
    ...buildQuery(environments.api, latest.id),
    refetchInterval: ({ state }) =>
      state.data && isActive(state.data) ? POLL_RUNNING : false
  });
  const mayWrite = useSignal(
    environments.mayWriteChanged,
    () => environments.mayWrite
  );
  const isGone = error instanceof ProblemError && error.status === 404;
  React.useEffect(() => {
    if (isGone) {
      onGone();
    }
  }, [isGone, onGone]);

  const { name, version, form } = build;
  const acts = mayAct && mayWrite;
  const failed = build.state === 'failed';
  const requirements = useQuery({
    ...versionQuery(environments.api, name, version),
    enabled: failed
  }).data?.definition.pip.requirements;
  const environment = useQuery({
    ...environmentQuery(environments.api, name),
    enabled: failed && acts
  }).data?.environment;
  const attempt = (work: () => Promise<unknown>) => void telling(work)({});
  const retry = (options?: { cache?: boolean }) =>
    attempt(async () => {
      const again = { ...options, ...(form && { form }) };
      setLatest(await environments.startBuild(name, version, again));
    });
  const fix = (chosen: IFix) =>
    attempt(async () => setLatest(await mend(environments, build, chosen)));
  const cancel = () =>
    attempt(async () => {
      const cancelled = await environments.cancelBuild(build.id);
      environments.queries.setQueryData(
        buildQuery(environments.api, build.id).queryKey,
        cancelled
      );
    });
  const show = (tab: string) =>
    void commands.execute(CommandIDs.show, {
      name,
      version,
      tab,
      ...(tab === 'builds' && { build: build.id })
    });
  return (
    <div className="mlenv-Cell-frame">
      <BuildView
        build={build}
        stream={context.stream}
        translator={translator}
        folded
        title={
          <>
            {name}{' '}
            <span className="mlenv-Version">{formatVersion(version)}</span>
          </>
        }
        requirements={requirements}
        nextVersion={
          (environment && nextVersion(environment.latest.version)) ?? undefined
        }
        onCancel={acts ? cancel : undefined}
        onRetry={acts ? retry : undefined}
        onFix={acts ? fix : undefined}
        onEditPackages={acts ? () => show('packages') : undefined}
      />
      {mayAct && (
        <div className="mlenv-Cell-actions">
          {build.state === 'succeeded' &&
            commands.hasCommand(CommandIDs.use) && (
              <Button
                icon="use"
                label={trans.__('Use in notebook')}
                onClick={() =>
                  void commands.execute(CommandIDs.use, {
                    name,
                    version,
                    ...(form === 'image' && { form })
                  })
                }
              />
            )}
          <Button
            kind="plain"
            label={trans.__('Open')}
            onClick={() => show('builds')}
          />
        </div>
      )}
    </div>
  );
}
