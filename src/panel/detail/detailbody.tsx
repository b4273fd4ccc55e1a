import { PathExt } from '@jupyterlab/coreutils';
import * as React from 'react';

import { CommandIDs } from '../../commandids';
import { ChangesBar } from '../../editor/changesbar';
import { applyFix, nextVersion } from '../../editor/draft';
import { mend } from '../../editor/mend';
import { RoomNote, useRoom } from '../../editor/room';
import { formatVersion } from '../../format';
import {
  type Form,
  type IBuild,
  type IEnvironmentDetail,
  type IFix,
  isActive,
  type IVersion
} from '../../wire';
import { useMayWrite, useNotebook, usePanel, useSessions } from '../context';
import { useBuilds, useCanUse, useKernels } from '../data';
import { ConnectionBanner } from '../list/connectionbanner';
import { openEnvironmentMenu } from '../menus';
import { Button, IconButton, Note, ProblemNote } from '../parts';
import type { Tab } from '../place';
import { stateOfBuild } from '../states';
import type { IDetailProps } from './detail';
import { DetailBar } from './detailbar';
import { DetailHeader } from './detailheader';
import { DetailTabs } from './detailtabs';
import { useAttempt } from './useattempt';
import { useChanges } from './usechanges';

/** One environment that is known: header, tabs, and what waits to be saved. */
export function DetailBody(
  props: Omit<IDetailProps, 'version'> & {
    data: IEnvironmentDetail;
    version: IVersion;
    /** The newest version is shown, whichever that is. */
    follows: boolean;
  }
): JSX.Element {
  const { trans, commands, environments, place } = usePanel();
  const { name, tab, version, alone, follows } = props;
  const { environment, versions } = props.data;
  const { drafts } = environments;
  const latest = environment.latest.version;
  const builds = useBuilds().filter(one => one.name === name);
  const build = newestOf(builds, version);
  const state = build ? currentState(build, version) : version.state;
  const inUseHere = useInUseHere(name, version.version);
  const mayWrite = useMayWrite();
  const canUse = useCanUse();
  const editing = useChanges(version);
  const users = useNotebooksOn(name, version.version);
  // What is to be built: what is ready needs no more room.
  const room = useRoom(state === 'not-built' ? version.packages : null);
  const [problem, attempt] = useAttempt();

  const args = { name, version: version.version };
  const open = { name, version: follows ? 'latest' : version.version };
  const showLog = (one?: IBuild) =>
    place.go({ view: 'detail', ...open, tab: 'builds', build: one?.id });
  const showVersion = (one: string, where: Tab = tab) =>
    place.open(name, {
      version: one === latest ? 'latest' : one,
      tab: where
    });
  const run = (command: string, also: { [key: string]: string } = {}) => {
    void commands.execute(command, { ...args, ...also });
  };
  const applyAndBuild = (failed: IBuild, fix: IFix) =>
    attempt(async () => {
      await mend(environments, failed, fix);
      drafts.discard(name);
      place.open(name, { tab: 'builds' });
    });
  const saveAndRestart = async () => {
    const saved = await editing.save(false);
    if (saved) {
      await commands.execute(CommandIDs.moveNotebooks, {
        name,
        from: version.version,
        to: saved.version
      });
    }
  };
  const actions = {
    use: (form?: Form) => run(CommandIDs.use, form && { form }),
    build: (options?: { form?: Form; cache?: boolean }) =>
      void attempt(async () => {
        await environments.startBuild(name, version.version, options);
        showLog();
      }),
    cancel: () => {
      if (build) {
        void attempt(() => environments.cancelBuild(build.id));
      }
    },
    openLog: () => showLog(),
    copyAndEdit: () => run(CommandIDs.copyAndEdit)
  };
  const more = (
    <IconButton
      icon="more"
      label={trans.__('More actions')}
      menu
      onClick={event =>
        openEnvironmentMenu(
          { commands, trans },
          environment,
          event.currentTarget,
          version.version
        )
      }
    />
  );
  const unsaved =
    editing.elsewhere !== null
      ? trans.__(
          'There are unsaved changes to %1. Save or discard them before you change this version.',
          formatVersion(editing.elsewhere)
        )
      : undefined;
  const readOnly = environment.read_only
    ? environment.source === 'catalogue' && mayWrite
      ? trans.__(
          'Curated environments are read-only. A copy is yours to change.'
        )
      : trans.__('You may use this environment but not change it.')
    : unsaved;

  return (
    <div className="mlenv-Detail" data-name={name}>
      {!alone && (
        <DetailBar label={trans.__('Environments')}>
          {commands.isVisible(CommandIDs.openInTab) && (
            <IconButton
              icon="open-tab"
              label={trans.__('Open in tab')}
              onClick={() => {
                void commands.execute(CommandIDs.openInTab, open);
              }}
            />
          )}
          {more}
        </DetailBar>
      )}
      <ConnectionBanner />
      <DetailHeader
        environment={environment}
        versions={versions}
        version={version}
        state={state}
        build={build}
        isDirty={editing.isDirty}
        inUseHere={inUseHere}
        canUse={canUse(name, version.version)}
        onBuildsTab={tab === 'builds'}
        forms={version.forms ?? []}
        actions={actions}
        more={alone ? more : null}
        onVersion={one => showVersion(one)}
      />
      {problem && <ProblemNote problem={problem} />}
      <RoomNote room={room} />
      {unsaved && (
        <Note tone="brand" icon="unsaved" role="note">
          {unsaved}{' '}
          <Button
            kind="link"
            label={trans.__('Show them')}
            onClick={() => showVersion(editing.elsewhere ?? latest)}
          />
        </Note>
      )}
      <DetailTabs
        tab={tab}
        overviewFirst={alone === true}
        environment={environment}
        versions={versions}
        version={version}
        builds={builds}
        build={builds.find(one => one.id === props.build) ?? build}
        editing={editing}
        readOnly={readOnly}
        onVersion={showVersion}
        onBuild={showLog}
        onFix={(failed, fix) => void applyAndBuild(failed, fix)}
      />
      {editing.isDirty && tab !== 'builds' && (
        <ChangesBar
          changes={editing.changes}
          isNew={false}
          next={nextVersion(latest)}
          preview={editing.preview}
          blocked={editing.blocked}
          refused={editing.refused}
          saving={editing.saving}
          canUndo={editing.canUndo}
          onSave={andBuild => void editing.save(andBuild)}
          restart={{
            titles: users.map(one => PathExt.basename(one.path)),
            onSave: () => void saveAndRestart()
          }}
          onFix={fix => editing.edit(applyFix(editing.draft, fix))}
          onDiscard={() => void editing.discard()}
          onUndo={editing.undo}
        />
      )}
    </div>
  );
}

/** Whether the notebook in front runs in this very version. */
function useInUseHere(name: string, version: string): boolean {
  const notebook = useNotebook();
  const kernels = useKernels();
  return kernels.some(
    one =>
      one.kernel_name === notebook?.kernelName &&
      one.name === name &&
      one.version === version
  );
}

/** The notebooks that run on a version now. */
function useNotebooksOn(name: string, version: string) {
  const sessions = useSessions();
  const kernels = useKernels();
  const names = kernels
    .filter(one => one.name === name && one.version === version)
    .map(one => one.kernel_name);
  return sessions.filter(
    one => one.type === 'notebook' && names.includes(one.kernelName ?? '')
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
