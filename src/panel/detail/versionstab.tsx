import * as React from 'react';

import type { IEnvironment, IVersionSummary } from '../../wire';
import { usePanel } from '../context';
import { DiffView } from './diffview';
import { History } from './history';
import { VersionActions } from './versionactions';

/** The history, newest first, and what is different between two versions. */
export function VersionsTab(props: {
  environment: IEnvironment;
  versions: readonly IVersionSummary[];
  selected: string;
  onSelect: (version: string) => void;
  onUse: (version: string) => void;
  onEditFrom: (version: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { environment, versions, selected, onSelect } = props;
  const [picked, setPicked] = React.useState<string | null>(null);
  const at = versions.findIndex(one => one.version === selected);
  const current = versions[at];
  const before =
    versions.find(one => one.version === picked && picked !== selected) ??
    versions[at + 1];
  const select = (version: string) => {
    setPicked(null);
    onSelect(version);
  };
  return (
    <div className="mlenv-Tab mlenv-VersionsTab">
      <History
        versions={versions}
        selected={selected}
        other={before?.version ?? null}
        onSelect={select}
        onPick={setPicked}
      />
      {current && before ? (
        <DiffView
          versions={versions}
          from={before}
          to={current}
          onFrom={setPicked}
          onTo={select}
        />
      ) : (
        current && (
          <p className="mlenv-Hint">
            {versions.length > 1
              ? trans.__(
                  'This is the first version. Ctrl+click another one to compare.'
                )
              : trans.__(
                  'One version so far. Each save adds the next one; none is ever changed.'
                )}
          </p>
        )
      )}
      {current && (
        <VersionActions
          key={current.version}
          environment={environment}
          version={current}
          onUse={() => props.onUse(current.version)}
          onEditFrom={() => props.onEditFrom(current.version)}
          onGone={() => select('latest')}
        />
      )}
    </div>
  );
}
