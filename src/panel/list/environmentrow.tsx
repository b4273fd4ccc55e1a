import * as React from 'react';

import { CommandIDs } from '../../commandids';
import { formatAge, formatDate, formatSize, formatVersion } from '../../format';
import { Glyph, isGlyph } from '../../icons';
import { isActive, type IBuild, type IEnvironment } from '../../wire';
import { useDraft, useMayWrite, usePanel } from '../context';
import { useCanUse } from '../data';
import { openEnvironmentMenu } from '../menus';
import { IconButton } from '../parts';
import { StateMark, stageWords, stateOfBuild, stateWord } from '../states';

interface IRowProps {
  environment: IEnvironment;
  /** Its build that runs now, fresher than what came with the environment. */
  build: IBuild | null;
  inUse: boolean;
  now: number;
  canWrite: boolean;
}

/** The cells of one environment: state, name and facts, then the right-hand column or actions. */
export const EnvironmentRow = React.memo(function EnvironmentRow(
  props: IRowProps
): JSX.Element {
  const { trans } = usePanel();
  const { environment } = props;
  const { latest } = environment;
  const build = props.build ?? latest.build;
  const state = props.build ? stateOfBuild(props.build.state) : latest.state;
  const curated = environment.source === 'catalogue';
  const draft = useDraft(environment.name);
  return (
    <>
      <span role="gridcell" className="mlenv-Row-icon">
        {curated ? (
          <Glyph
            name={isGlyph(environment.icon) ? environment.icon : 'environment'}
          />
        ) : (
          <StateMark state={state} size={16} shapeOnly />
        )}
      </span>
      <span role="gridcell" className="mlenv-Row-main">
        <span className="mlenv-Row-first">
          <span className="mlenv-Row-name" title={environment.name}>
            {environment.name}
          </span>
          <span className="mlenv-Version" title={latest.version}>
            {curated ? '' : formatVersion(latest.version)}
          </span>
          {draft && (
            <span
              className="mlenv-Row-unsaved"
              title={trans.__('Unsaved changes')}
              aria-label={trans.__('Unsaved changes')}
              role="img"
            >
              <Glyph name="unsaved" size={12} />
            </span>
          )}
        </span>
        <span className="mlenv-Row-second">
          {curated ? curatedFacts(environment) : <OwnFacts {...props} />}
        </span>
      </span>
      <span role="gridcell" className="mlenv-Row-right">
        <span className="mlenv-Row-state">
          {curated && state !== 'not-built' ? (
            <StateMark state={state} />
          ) : (
            <span className={curated ? 'mlenv-Row-quiet' : undefined}>
              {stateWord(state, trans)}
            </span>
          )}
        </span>
        <span
          className="mlenv-Row-when"
          title={formatDate(build?.finished_at ?? environment.updated_at)}
        >
          <When {...props} />
        </span>
      </span>
      <RowActions {...props} />
    </>
  );
});

function curatedFacts(environment: IEnvironment): string {
  return environment.latest.wanted?.join(', ') || environment.description;
}

function OwnFacts(props: IRowProps): JSX.Element {
  const { trans } = usePanel();
  const { latest, ready_version: ready } = props.environment;
  const older =
    ready !== null && ready !== latest.version && latest.state !== 'ready';
  return (
    <>
      <span className="mlenv-Fact">{latest.kind}</span>
      {latest.python && (
        <span className="mlenv-Fact">
          <span className="mlenv-wideOnly">{trans.__('Python')} </span>
          {latest.python}
        </span>
      )}
      {older ? (
        <span className="mlenv-Fact">
          {trans.__('%1 is ready', formatVersion(ready))}
        </span>
      ) : (
        latest.size !== null && (
          <span className="mlenv-Fact mlenv-wideOnly">
            {formatSize(latest.size)}
          </span>
        )
      )}
    </>
  );
}

/** The second line on the right: what is most worth knowing besides the state. */
function When(props: IRowProps): JSX.Element {
  const { trans } = usePanel();
  const { environment, build, inUse, now } = props;
  if (build && isActive(build)) {
    const { stage, count } = stageWords(build, trans);
    return <>{count || stage}</>;
  }
  if (inUse) {
    return <>{trans.__('in use')}</>;
  }
  if (environment.source === 'catalogue') {
    const { size } = environment.latest;
    return <>{size === null ? '' : formatSize(size)}</>;
  }
  const { latest } = environment;
  const time = latest.build?.finished_at ?? latest.created_at;
  return <>{time ? formatAge(time, trans, now) : ''}</>;
}

function RowActions(props: IRowProps): JSX.Element {
  const { trans, commands } = usePanel();
  const { environment, build, canWrite } = props;
  const { name, latest, ready_version: ready } = environment;
  const mayWrite = useMayWrite();
  const canUse = useCanUse();
  const run = (id: string, args: { [key: string]: string }) => {
    void commands.execute(id, args);
  };
  return (
    <span role="gridcell" className="mlenv-Row-actions">
      {ready !== null && canUse(name, ready) ? (
        <IconButton
          icon="use"
          label={trans.__('Use in notebook')}
          tabIndex={-1}
          onClick={() => run(CommandIDs.use, { name, version: ready })}
        />
      ) : !mayWrite ? null : build && isActive(build) ? (
        <IconButton
          icon="close"
          label={trans.__('Cancel build')}
          tabIndex={-1}
          disabled={build.cancelling}
          onClick={() => run(CommandIDs.cancelBuild, { id: build.id })}
        />
      ) : (
        <IconButton
          icon="build"
          label={trans.__('Build')}
          tabIndex={-1}
          disabled={!canWrite}
          onClick={() =>
            run(CommandIDs.build, { name, version: latest.version })
          }
        />
      )}
      {commands.isVisible(CommandIDs.openInTab) && (
        <IconButton
          icon="open-tab"
          label={trans.__('Open in tab')}
          tabIndex={-1}
          onClick={() => run(CommandIDs.openInTab, { name })}
        />
      )}
      <IconButton
        icon="more"
        label={trans.__('More actions')}
        menu
        tabIndex={-1}
        onClick={event =>
          openEnvironmentMenu(
            { commands, trans },
            environment,
            event.currentTarget
          )
        }
      />
    </span>
  );
}
