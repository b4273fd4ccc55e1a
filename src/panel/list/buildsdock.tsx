import * as React from 'react';

import { CommandIDs } from '../../commandids';
import { formatAge, formatDate, formatVersion } from '../../format';
import { isActive, type IBuild } from '../../wire';
import { useMayWrite, useNow, usePanel } from '../context';
import { IconButton } from '../parts';
import { StateMark, stageWords, stateOfBuild } from '../states';
import { SectionHead } from './sectionhead';

const RECENT = 3;

/** Running first, then failures not yet looked at, then the last three. */
export function dockedBuilds(
  builds: readonly IBuild[],
  seen: readonly string[]
): IBuild[] {
  const running = builds.filter(isActive);
  const unseen = builds.filter(build => isUnseenFailure(build, builds, seen));
  const first = new Set([...running, ...unseen]);
  const recent = builds.filter(build => !first.has(build) && !build.reused);
  return [...first, ...recent.slice(0, Math.max(0, RECENT - first.size))];
}

/** A failure that nobody looked at, with no later build of the same environment. */
function isUnseenFailure(
  build: IBuild,
  builds: readonly IBuild[],
  seen: readonly string[]
): boolean {
  return (
    stateOfBuild(build.state) === 'failed' &&
    !seen.includes(build.id) &&
    builds.find(other => other.name === build.name) === build
  );
}

/** The builds at the bottom of the list, never out of sight. */
export function BuildsDock(props: {
  builds: readonly IBuild[];
  seen: readonly string[];
  folded: boolean;
  onFold: (folded: boolean) => void;
  onOpen: (build: IBuild) => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { builds, seen, folded, onFold, onOpen } = props;
  const shown = dockedBuilds(builds, seen);
  const running = builds.filter(isActive).length;
  const failed = builds.filter(build =>
    isUnseenFailure(build, builds, seen)
  ).length;
  if (shown.length === 0) {
    return null;
  }
  const counts = [
    running ? trans._n('%1 running', '%1 running', running) : '',
    failed ? trans._n('%1 failed', '%1 failed', failed) : ''
  ].filter(Boolean);
  return (
    <section className="mlenv-Dock" aria-label={trans.__('Builds')}>
      <SectionHead
        title={trans.__('Builds')}
        count={counts.join(' · ')}
        folded={folded}
        onFold={onFold}
      />
      {!folded && (
        <div className="mlenv-Dock-rows" role="list">
          {shown.map(build => (
            <DockRow key={build.id} build={build} onOpen={onOpen} />
          ))}
        </div>
      )}
    </section>
  );
}

function DockRow(props: {
  build: IBuild;
  onOpen: (build: IBuild) => void;
}): JSX.Element {
  const { trans, commands } = usePanel();
  const { build, onOpen } = props;
  const mayWrite = useMayWrite();
  const now = useNow(30_000);
  const active = isActive(build);
  const state = stateOfBuild(build.state);
  const { stage, count } = stageWords(build, trans);
  const { progress } = build;
  const when = build.finished_at ?? build.created_at;
  return (
    <div className="mlenv-DockRow" role="listitem" data-build={build.id}>
      <button
        type="button"
        className="mlenv-DockRow-open"
        onClick={() => onOpen(build)}
        title={trans.__('Open log')}
      >
        <StateMark state={state} size={16} shapeOnly />
        <span className="mlenv-Row-main">
          <span className="mlenv-Row-first">
            <span className="mlenv-Row-name">{build.name}</span>
            <span className="mlenv-Version">
              {formatVersion(build.version)}
            </span>
          </span>
          <span className="mlenv-Row-second">
            <span className="mlenv-Fact">{build.error?.message ?? stage}</span>
            {active && count && <span className="mlenv-Fact">{count}</span>}
          </span>
        </span>
        <span className="mlenv-Row-right">
          <span className={state === 'failed' ? 'mlenv-Link' : undefined}>
            {state === 'failed' ? trans.__('Open log') : ''}
          </span>
          <span className="mlenv-Row-when" title={formatDate(when)}>
            {active ? '' : formatAge(when, trans, now)}
          </span>
        </span>
        {active && (
          <span
            className="mlenv-Bar"
            role="progressbar"
            aria-label={trans.__('Progress')}
            aria-valuemin={0}
            aria-valuemax={progress?.total}
            aria-valuenow={progress?.done}
          >
            {progress && progress.total > 0 && (
              <span
                style={{
                  inlineSize: `${(100 * progress.done) / progress.total}%`
                }}
              />
            )}
          </span>
        )}
      </button>
      {active && mayWrite && (
        <span className="mlenv-DockRow-actions">
          <IconButton
            icon="close"
            label={trans.__('Cancel build')}
            disabled={build.cancelling}
            onClick={() => {
              void commands.execute(CommandIDs.cancelBuild, { id: build.id });
            }}
          />
        </span>
      )}
    </div>
  );
}
