import * as React from 'react';

import { formatVersion } from '../../format';
import type { IVersionSummary } from '../../wire';
import { usePanel } from '../context';
import { Button } from '../parts';
import { DiffView } from './diffview';
import { History } from './history';

/** The history, newest first, and what is different between two versions. */
export function VersionsTab(props: {
  versions: readonly IVersionSummary[];
  selected: string;
  readOnly: boolean;
  onSelect: (version: string) => void;
  onUse: (version: string) => void;
  onEditFrom: (version: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { versions, selected, readOnly, onSelect } = props;
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
        <div className="mlenv-Actions mlenv-VersionsTab-actions">
          {current.state === 'ready' && (
            <Button
              label={trans.__(
                'Use %1 in notebook',
                formatVersion(current.version)
              )}
              onClick={() => props.onUse(current.version)}
            />
          )}
          {!readOnly && at > 0 && (
            <Button
              label={trans.__('Edit from %1', formatVersion(current.version))}
              title={trans.__(
                'Starts changes from it; it stays as it is itself'
              )}
              onClick={() => props.onEditFrom(current.version)}
            />
          )}
        </div>
      )}
    </div>
  );
}
