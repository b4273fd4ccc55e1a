import * as React from 'react';

import { CommandIDs } from '../../commandids';
import { nextVersion } from '../../editor/draft';
import { PackagesTab } from '../../editor/packagestab';
import { PythonField } from '../../editor/pythonfield';
import { VariablesTab } from '../../editor/variablestab';
import type {
  IBuild,
  IEnvironment,
  IFix,
  IVersion,
  IVersionSummary
} from '../../wire';
import { usePanel } from '../context';
import type { Tab } from '../place';
import { BuildsTab } from './buildstab';
import { ImageTab } from './imagetab';
import { OverviewTab } from './overviewtab';
import { type ITab, Tabs } from './tabs';
import type { Changes } from './usechanges';
import { UsedByTab, useUsers } from './usedbytab';
import { VersionsTab } from './versionstab';

/** The tabs of one environment. Overview comes first where there is room to read it. */
export function DetailTabs(props: {
  tab: Tab;
  overviewFirst: boolean;
  environment: IEnvironment;
  versions: readonly IVersionSummary[];
  version: IVersion;
  builds: readonly IBuild[];
  build: IBuild | null;
  editing: Changes;
  /** Why nothing can be changed here. */
  readOnly?: string;
  onVersion: (version: string, tab?: Tab) => void;
  onBuild: (build: IBuild) => void;
  onFix: (failed: IBuild, fix: IFix) => void;
}): JSX.Element {
  const { trans, commands, place } = usePanel();
  const { tab, environment, versions, version, editing, readOnly } = props;
  const { name, read_only: isReadOnly } = environment;
  const { draft } = editing;
  const users = useUsers(name);
  const overview: ITab = { id: 'overview', label: trans.__('Overview') };
  const tabs: ITab[] = [
    ...(props.overviewFirst ? [overview] : []),
    {
      id: 'packages',
      label: trans.__('Packages'),
      count: draft.requirements.length + condaCount(draft.origin)
    },
    {
      id: 'variables',
      label: trans.__('Variables'),
      count: draft.variables.length
    },
    ...(version.definition.docker ||
    version.forms?.some(one => one.form === 'image' && one.built)
      ? [{ id: 'image' as const, label: trans.__('Image') }]
      : []),
    { id: 'versions', label: trans.__('Versions'), count: versions.length },
    { id: 'builds', label: trans.__('Builds') },
    ...(props.overviewFirst ? [] : [overview]),
    { id: 'used-by', label: trans.__('Used by'), count: users.count }
  ];
  return (
    <Tabs
      label={name}
      current={tab}
      onTab={one => place.showTab(one)}
      tabs={tabs}
    >
      {tab === 'packages' && (
        <PackagesTab
          draft={draft}
          packages={editing.preview?.resolution?.packages ?? version.packages}
          problems={editing.marked}
          readOnly={readOnly}
          edit={editing.edit}
          onUndo={editing.undo}
          python={
            <PythonField
              python={draft.python}
              problem={editing.problems.python}
              onChange={python => editing.edit({ python }, 'python')}
            />
          }
        />
      )}
      {tab === 'variables' && (
        <VariablesTab
          draft={draft}
          problems={editing.problems}
          readOnly={readOnly}
          edit={editing.edit}
          onUndo={editing.undo}
        />
      )}
      {tab === 'image' && <ImageTab version={version} />}
      {tab === 'versions' && (
        <VersionsTab
          environment={environment}
          versions={versions}
          selected={version.version}
          onSelect={one => props.onVersion(one)}
          onUse={one => {
            void commands.execute(CommandIDs.use, { name, version: one });
          }}
          onEditFrom={one => props.onVersion(one, 'packages')}
        />
      )}
      {tab === 'builds' && (
        <BuildsTab
          builds={props.builds}
          build={props.build}
          requirements={version.definition.pip.requirements}
          nextVersion={nextVersion(environment.latest.version)}
          onBuild={props.onBuild}
          onFix={isReadOnly ? undefined : props.onFix}
          onEditPackages={
            isReadOnly
              ? undefined
              : failed => props.onVersion(failed.version, 'packages')
          }
        />
      )}
      {tab === 'overview' && (
        <OverviewTab environment={environment} version={version} />
      )}
      {tab === 'used-by' && <UsedByTab name={name} users={users} />}
    </Tabs>
  );
}

function condaCount(definition: { conda?: { packages?: string[] } }): number {
  return definition.conda?.packages?.length ?? 0;
}
