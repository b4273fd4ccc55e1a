import * as React from 'react';

import { formatAge, formatVersion } from '../../format';
import { Glyph } from '../../icons';
import { BuildView } from '../../log';
import type { IBuild, IFix } from '../../wire';
import { useNow, usePanel } from '../context';
import { Note } from '../parts';
import { stateOfBuild, stateWord } from '../states';

/** One build of the environment with its log, and the way to the others. */
export function BuildsTab(props: {
  builds: readonly IBuild[];
  build: IBuild | null;
  /** What the version of the build asks for. */
  requirements: readonly string[];
  nextVersion: string | null;
  onBuild: (build: IBuild) => void;
  /** Left out where nothing can be changed. */
  onFix?: (build: IBuild, fix: IFix) => void;
  onEditPackages?: (build: IBuild) => void;
}): JSX.Element {
  const { trans, translator, stream, place } = usePanel();
  const { builds, build, onFix, onEditPackages } = props;
  const failed =
    build && stateOfBuild(build.state) === 'failed' ? build.id : null;
  React.useEffect(() => {
    if (failed !== null) {
      place.markSeen(failed);
    }
  }, [place, failed]);
  if (!build) {
    return (
      <p className="mlenv-Hint">
        {trans.__(
          'This version was not built yet. Press “Build”, and its log appears here line by line.'
        )}
      </p>
    );
  }
  return (
    <div className="mlenv-Tab mlenv-BuildsTab">
      {builds.length > 1 && (
        <BuildSelect builds={builds} build={build} onBuild={props.onBuild} />
      )}
      {build.reused && (
        <Note tone="quiet" icon="info" role="note">
          {trans.__(
            'Nothing had to be built: the same packages were built before, and this version uses them.'
          )}
        </Note>
      )}
      <BuildView
        build={build}
        stream={stream}
        translator={translator}
        requirements={props.requirements}
        nextVersion={props.nextVersion ?? undefined}
        onFix={onFix && (fix => onFix(build, fix))}
        onEditPackages={onEditPackages && (() => onEditPackages(build))}
      />
    </div>
  );
}

function BuildSelect(props: {
  builds: readonly IBuild[];
  build: IBuild;
  onBuild: (build: IBuild) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const now = useNow(30_000);
  const { builds, build } = props;
  const words = (one: IBuild) =>
    [
      formatVersion(one.version),
      stateWord(stateOfBuild(one.state), trans),
      formatAge(one.created_at, trans, now)
    ].join(' · ');
  return (
    <div className="mlenv-SubBar">
      <span className="mlenv-Quiet">
        {trans._n('%1 build', '%1 builds', builds.length)}
      </span>
      <span className="mlenv-Select">
        <select
          value={build.id}
          aria-label={trans.__('Build')}
          onChange={event => {
            const chosen = builds.find(one => one.id === event.target.value);
            if (chosen) {
              props.onBuild(chosen);
            }
          }}
        >
          {builds.map(one => (
            <option key={one.id} value={one.id} label={words(one)} />
          ))}
        </select>
        <span className="mlenv-Select-shown" aria-hidden="true">
          {words(build)}
          <Glyph name="caret" />
        </span>
      </span>
    </div>
  );
}
