import * as React from 'react';

import { formatAge, formatDate, formatSize, formatVersion } from '../../format';
import { Glyph } from '../../icons';
import type {
  IBuild,
  IEnvironment,
  IVersionForm,
  IVersionSummary,
  VersionState
} from '../../wire';
import { useNow, usePanel } from '../context';
import { StateMark, stateWord, stageWords } from '../states';
import { Action, type IDetailActions } from './detailaction';

/** Name, version, labels, state and facts, then the next useful step. */
export function DetailHeader(props: {
  environment: IEnvironment;
  versions: readonly IVersionSummary[];
  version: IVersionSummary;
  state: VersionState;
  build: IBuild | null;
  /** Something waits to be saved: saving is the primary action then. */
  isDirty: boolean;
  /** The notebook in front runs in it. */
  inUseHere: boolean;
  /** A notebook can be switched to it. */
  canUse: boolean;
  onBuildsTab: boolean;
  forms: readonly IVersionForm[];
  actions: IDetailActions;
  /** The button of further actions, where it has no other place. */
  more: React.ReactNode;
  onVersion: (version: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { environment, versions, version } = props;
  const labels = environment.source === 'catalogue' ? [] : version.labels;
  return (
    <header className="mlenv-DetailHeader">
      <div className="mlenv-DetailHeader-words">
        <div className="mlenv-DetailHeader-title">
          <h2 title={environment.name}>{environment.name}</h2>
          <VersionSelect
            versions={versions}
            version={version}
            onVersion={props.onVersion}
          />
          {environment.source === 'catalogue' && (
            <span className="mlenv-Label">
              <Glyph name="read-only" size={12} />
              {trans.__('curated')}
            </span>
          )}
          {(environment.archived_at ?? version.archived_at) && (
            <span className="mlenv-Label">
              <Glyph name="archive" size={12} />
              {trans.__('archived')}
            </span>
          )}
          {labels.map(label => (
            <span key={label} className="mlenv-Label">
              {label}
            </span>
          ))}
        </div>
        <div className="mlenv-DetailHeader-facts">
          <StateMark state={props.state} />
          <Facts {...props} />
        </div>
      </div>
      <Action {...props} readOnly={environment.read_only} />
    </header>
  );
}

function Facts(props: {
  version: IVersionSummary;
  state: VersionState;
  build: IBuild | null;
}): JSX.Element {
  const { trans } = usePanel();
  const { version, state, build } = props;
  const now = useNow(30_000);
  const facts: { text: string; title?: string }[] = [];
  if (build && (state === 'building' || state === 'queued')) {
    const { stage, count } = stageWords(build, trans);
    facts.push(
      ...[state === 'building' ? stage : '', count]
        .filter(Boolean)
        .map(text => ({ text }))
    );
  } else {
    if (version.size !== null) {
      facts.push({ text: formatSize(version.size) });
    }
    if (version.python) {
      facts.push({ text: trans.__('Python %1', version.python) });
    }
    if (state === 'ready' && build?.finished_at) {
      facts.push({
        text: trans.__('built %1', formatAge(build.finished_at, trans, now)),
        title: formatDate(build.finished_at)
      });
    } else if (version.source === 'registry') {
      facts.push({
        text: trans.__('saved %1', formatAge(version.created_at, trans, now)),
        title: formatDate(version.created_at)
      });
    }
  }
  return (
    <>
      {facts.map(({ text, title }) => (
        <span key={text} className="mlenv-Fact" title={title}>
          {text}
        </span>
      ))}
    </>
  );
}

function VersionSelect(props: {
  versions: readonly IVersionSummary[];
  version: IVersionSummary;
  onVersion: (version: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { versions, version } = props;
  return (
    <span className="mlenv-Select">
      <select
        value={version.version}
        title={trans.__('Version %1', version.version)}
        aria-label={trans.__('Version')}
        onChange={event => props.onVersion(event.target.value)}
      >
        {versions.map(one => (
          <option
            key={one.version}
            value={one.version}
            label={`${formatVersion(one.version)} · ${stateWord(one.state, trans)}`}
          />
        ))}
      </select>
      <span className="mlenv-Select-shown" aria-hidden="true">
        {formatVersion(version.version)}
        <Glyph name="caret" />
      </span>
    </span>
  );
}
