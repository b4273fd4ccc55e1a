import * as React from 'react';

import { ProblemError, problemOf } from '../../api';
import { CommandIDs } from '../../commandids';
import { ChangesBar } from '../../editor/changesbar';
import {
  applyFix,
  changesOf,
  definitionOf,
  draftOf,
  nextVersion
} from '../../editor/draft';
import { PackagesTab } from '../../editor/packagestab';
import { withCulprits } from '../../editor/problems';
import { PythonField } from '../../editor/pythonfield';
import { useBlocked } from '../../editor/useblocked';
import { useEditing, usePreview, useProblems } from '../../editor/usedraft';
import { useSave } from '../../editor/usesave';
import { VariablesTab } from '../../editor/variablestab';
import { formatVersion } from '../../format';
import type {
  IBuild,
  IEnvironmentDetail,
  IFix,
  IProblem,
  IVersion
} from '../../wire';
import { isActive } from '../../wire';
import { useConnection, usePanel, useSlow } from '../context';
import { useBuilds, useEnvironment, useVersion } from '../data';
import { ConnectionBanner } from '../list/connectionbanner';
import { confirmDiscard } from '../dialogs';
import { openEnvironmentMenu } from '../menus';
import { Button, IconButton, Note, ProblemNote, SkeletonRow } from '../parts';
import type { Tab } from '../place';
import { stateOfBuild } from '../states';
import { BuildsTab } from './buildstab';
import { DetailBar } from './detailbar';
import { DetailHeader } from './detailheader';
import { OverviewTab } from './overviewtab';
import { Tabs } from './tabs';
import { VersionsTab } from './versionstab';

interface IDetailProps {
  name: string;
  /** A version, or "latest". */
  version: string;
  tab: Tab;
  /** One build; the newest when left out. */
  build?: string;
  /** In a tab of the main area: there is no list to go back to. */
  alone?: boolean;
}

/** One environment: fetches what it needs and shows why it cannot. */
export function DetailView(props: IDetailProps): JSX.Element {
  const { trans, place, environments } = usePanel();
  const { lost } = useConnection();
  const answer = useEnvironment(props.name);
  const { data } = answer;
  const wanted = data
    ? props.version === 'latest'
      ? data.environment.latest.version
      : props.version
    : null;
  const version = useVersion(props.name, wanted);
  const error = data ? version.error : answer.error;
  const slow = useSlow(!error && !version.data);

  if (error && !version.data && !lost) {
    return (
      <div className="mlenv-Detail">
        {!props.alone && <DetailBar label={trans.__('Environments')} />}
        <ProblemNote problem={problemOf(error)}>
          {!props.alone && (
            <Button
              label={trans.__('Back to the list')}
              onClick={() => place.go({ view: 'list' })}
            />
          )}
          <Button
            label={trans.__('Try again')}
            onClick={() => void environments.refresh()}
          />
        </ProblemNote>
      </div>
    );
  }
  if (!data || !version.data) {
    return (
      <div className="mlenv-Detail">
        {!props.alone && <DetailBar label={trans.__('Environments')} />}
        <ConnectionBanner />
        {slow && [0, 1, 2, 3].map(row => <SkeletonRow key={row} />)}
      </div>
    );
  }
  return (
    <Detail
      {...props}
      key={data.environment.name}
      data={data}
      version={version.data}
      follows={props.version === 'latest'}
    />
  );
}

function Detail(
  props: Omit<IDetailProps, 'version'> & {
    data: IEnvironmentDetail;
    version: IVersion;
    /** The newest version is shown, whichever that is. */
    follows: boolean;
  }
): JSX.Element {
  const { trans, commands, environments, place } = usePanel();
  const { name, tab, version, alone } = props;
  const { environment, versions } = props.data;
  const { drafts } = environments;
  const latest = environment.latest.version;
  const builds = useBuilds().filter(one => one.name === name);
  const build = newestOf(builds, version);
  const state = build ? currentState(build, version) : version.state;

  const start = React.useMemo(
    () => draftOf(name, version.version, version.definition),
    [name, version.version, version.definition]
  );
  const editing = useEditing(name, start);
  const elsewhere = editing.isDirty && editing.draft?.base !== version.version;
  const draft = (elsewhere ? start : editing.draft) ?? start;
  const isDirty = editing.isDirty && !elsewhere;
  const problems = useProblems(draft, isDirty);
  const { save, saving, refused } = useSave(name, draft);
  const changes = changesOf(draft);
  const resolves = changes.requirements.length > 0 || changes.python !== null;
  const preview = usePreview(
    draft,
    isDirty && resolves && problems.all.length === 0
  );
  const marked = withCulprits(
    problems,
    draft.requirements,
    preview?.problem ?? null
  );
  const blocked = useBlocked(draft, problems, { name: false });
  const undo = () => drafts.undo(name);
  const discard = async () => {
    if (changes.count <= 3 || (await confirmDiscard(changes.count, trans))) {
      drafts.discard(name);
    }
  };

  const [problem, attempt] = useAttempt();
  const showLog = (one?: IBuild) =>
    place.go({
      view: 'detail',
      name,
      version: props.follows ? 'latest' : version.version,
      tab: 'builds',
      build: one?.id
    });
  const startBuild = (cache?: boolean) =>
    attempt(async () => {
      await environments.startBuild(name, version.version, { cache });
      showLog();
    });
  const actions = {
    use: () => {
      void commands.execute(CommandIDs.use, {
        name,
        version: version.version
      });
    },
    build: () => void startBuild(),
    cancel: () => {
      if (build) {
        void attempt(() => environments.cancelBuild(build.id));
      }
    },
    openLog: () => showLog(),
    copyAndEdit: () => {
      void commands.execute(CommandIDs.copyAndEdit, {
        name,
        version: version.version
      });
    }
  };
  const mend = (failed: IBuild, fix: IFix) =>
    attempt(async () => {
      const { api } = environments;
      const broken = await api.version(name, failed.version);
      const mended = applyFix(
        draftOf(name, failed.version, broken.definition),
        fix
      );
      const saved = await environments.save({
        name,
        base: failed.version,
        definition: definitionOf(mended)
      });
      drafts.discard(name);
      await environments.startBuild(name, saved.version);
      place.open(name, { tab: 'builds' });
    });
  const showVersion = (one: string, where: Tab = tab) =>
    place.open(name, {
      version: one === latest ? 'latest' : one,
      tab: where
    });

  const readOnly = environment.read_only
    ? environment.source === 'catalogue'
      ? trans.__(
          'Curated environments are read-only. A copy is yours to change.'
        )
      : trans.__('You may use this environment but not change it.')
    : elsewhere
      ? trans.__(
          'There are unsaved changes to %1. Save or discard them before you change this version.',
          formatVersion(editing.draft?.base ?? '')
        )
      : undefined;
  const shownBuild =
    builds.find(one => one.id === props.build) ?? build ?? null;

  return (
    <div className="mlenv-Detail" data-name={name}>
      {!alone && (
        <DetailBar label={trans.__('Environments')}>
          <IconButton
            icon="open-tab"
            label={trans.__('Open in tab')}
            onClick={() => {
              void commands.execute(CommandIDs.openInTab, {
                name,
                version: props.follows ? 'latest' : version.version
              });
            }}
          />
          <IconButton
            icon="more"
            label={trans.__('More actions')}
            menu
            onClick={event =>
              openEnvironmentMenu(
                commands,
                environment,
                event.currentTarget,
                version.version
              )
            }
          />
        </DetailBar>
      )}
      <ConnectionBanner />
      <DetailHeader
        environment={environment}
        versions={versions}
        version={version}
        state={state}
        build={build}
        isDirty={isDirty}
        onBuildsTab={tab === 'builds'}
        actions={actions}
        onVersion={one => showVersion(one)}
      />
      {problem && <ProblemNote problem={problem} />}
      {elsewhere && (
        <Note tone="brand" icon="unsaved" role="note">
          {readOnly}{' '}
          <Button
            kind="link"
            label={trans.__('Show them')}
            onClick={() => showVersion(editing.draft?.base ?? latest)}
          />
        </Note>
      )}
      <Tabs
        label={name}
        current={tab}
        onTab={one => place.showTab(one)}
        tabs={[
          {
            id: 'packages',
            label: trans.__('Packages'),
            count: draft.requirements.length
          },
          {
            id: 'variables',
            label: trans.__('Variables'),
            count: draft.variables.length
          },
          {
            id: 'versions',
            label: trans.__('Versions'),
            count: versions.length
          },
          { id: 'builds', label: trans.__('Builds') },
          { id: 'overview', label: trans.__('Overview') }
        ]}
      >
        {tab === 'packages' && (
          <PackagesTab
            draft={draft}
            packages={preview?.resolution?.packages ?? version.packages}
            problems={marked}
            readOnly={readOnly}
            edit={editing.edit}
            onUndo={undo}
            python={
              <PythonField
                python={draft.python}
                problem={problems.python}
                onChange={python => editing.edit({ python }, 'python')}
              />
            }
          />
        )}
        {tab === 'variables' && (
          <VariablesTab
            draft={draft}
            problems={problems}
            readOnly={readOnly}
            edit={editing.edit}
            onUndo={undo}
          />
        )}
        {tab === 'versions' && (
          <VersionsTab
            versions={versions}
            selected={version.version}
            readOnly={environment.read_only}
            onSelect={one => showVersion(one)}
            onUse={one => {
              void commands.execute(CommandIDs.use, { name, version: one });
            }}
            onEditFrom={one => showVersion(one, 'packages')}
          />
        )}
        {tab === 'builds' && (
          <BuildsTab
            builds={builds}
            build={shownBuild}
            requirements={version.definition.pip.requirements}
            nextVersion={nextVersion(latest)}
            onBuild={showLog}
            onFix={
              environment.read_only
                ? undefined
                : (failed, fix) => void mend(failed, fix)
            }
            onEditPackages={
              environment.read_only
                ? undefined
                : failed => showVersion(failed.version, 'packages')
            }
          />
        )}
        {tab === 'overview' && <OverviewTab version={version} />}
      </Tabs>
      {isDirty && tab !== 'builds' && (
        <ChangesBar
          changes={changes}
          isNew={false}
          next={nextVersion(latest)}
          preview={preview}
          blocked={blocked}
          refused={firstOf(refused) ?? problems.others[0] ?? null}
          saving={saving}
          canUndo={drafts.canUndo(name)}
          onSave={andBuild => void save(andBuild)}
          onFix={fix =>
            editing.edit({ requirements: applyFix(draft, fix).requirements })
          }
          onDiscard={() => void discard()}
          onUndo={undo}
        />
      )}
    </div>
  );
}

/** The newest build of a version: from the list, or as it came with the version. */
function newestOf(builds: readonly IBuild[], version: IVersion): IBuild | null {
  const listed = builds.find(one => one.version === version.version);
  return listed ?? version.build;
}

/** A build that runs is fresher than its version; one that has ended may be of long ago. */
function currentState(build: IBuild, version: IVersion) {
  if (isActive(build)) {
    return stateOfBuild(build.state);
  }
  const stale = version.state === 'queued' || version.state === 'building';
  return stale ? stateOfBuild(build.state) : version.state;
}

function firstOf(
  refused: ReturnType<typeof useSave>['refused']
): IProblem | null {
  return (
    refused.others[0] ??
    refused.name ??
    refused.python ??
    [...refused.requirements.values(), ...refused.variables.values()][0] ??
    null
  );
}

/** Runs an action, and keeps what the server had against the last one. */
function useAttempt(): [
  IProblem | null,
  (action: () => Promise<unknown>) => Promise<void>
] {
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const attempt = React.useCallback(async (action: () => Promise<unknown>) => {
    setProblem(null);
    try {
      await action();
    } catch (reason) {
      setProblem(
        reason instanceof ProblemError ? reason.problems[0] : problemOf(reason)
      );
    }
  }, []);
  return [problem, attempt];
}
