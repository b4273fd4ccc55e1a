import * as React from 'react';

import type { IEnvironment } from '../../wire';
import { usePanel } from '../context';
import { Button, Empty } from '../parts';
import type { Filter } from '../place';

/** What a person sees who has no environment yet. */
export function FirstSteps(props: {
  canWrite: boolean;
  mayWrite: boolean;
  onNew: () => void;
  onFile: () => void;
  onCurated: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  return (
    <Empty icon="environment" title={trans.__('No environments yet')}>
      <p>
        {trans.__(
          'An environment is a named list of packages and variables. Build it once, then use it in notebooks and scripts.'
        )}
      </p>
      {props.mayWrite && (
        <Button
          kind="primary"
          icon="add"
          label={trans.__('New environment')}
          disabled={!props.canWrite}
          onClick={props.onNew}
        />
      )}
      <p>
        {props.mayWrite && (
          <>
            <Button
              kind="link"
              label={trans.__('From a file')}
              disabled={!props.canWrite}
              onClick={props.onFile}
            />{' '}
            ·{' '}
          </>
        )}
        <Button
          kind="link"
          label={trans.__('From a curated one')}
          onClick={props.onCurated}
        />
      </p>
    </Empty>
  );
}

/** Nothing is left: why, what is close, and the ways out. */
export function NoMatch(props: {
  query: string;
  filter: Filter;
  close: readonly IEnvironment[];
  onOpen: (environment: IEnvironment) => void;
  onShowAll: () => void;
  onClear: () => void;
  /** Left out where nothing can be made. */
  onCreate?: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { query, filter, close, onCreate } = props;
  const title = query
    ? filter === 'mine'
      ? trans.__('Nothing of yours matches “%1”', query)
      : trans.__('Nothing matches “%1”', query)
    : filter === 'in-use'
      ? trans.__('No environment is in use')
      : filter === 'built'
        ? trans.__('Nothing is built yet')
        : filter === 'archived'
          ? trans.__('Nothing is archived')
          : trans.__('Nothing here');
  return (
    <Empty title={title}>
      {!query && filter === 'in-use' && (
        <p>
          {trans.__(
            'Open an environment and press “Use in notebook”; its kernel shows up here.'
          )}
        </p>
      )}
      {!query && filter === 'built' && (
        <p>
          {trans.__(
            'Open an environment and press “Build”: it is ready after.'
          )}
        </p>
      )}
      {!query && filter === 'archived' && (
        <p>
          {trans.__(
            'What you archive leaves the lists and stays here. Notebooks that use it go on.'
          )}
        </p>
      )}
      {close.length > 0 && (
        <>
          <p>{trans.__('Close names:')}</p>
          <div className="mlenv-Actions">
            {close.map(one => (
              <Button
                key={one.name}
                kind="link"
                label={one.name}
                onClick={() => props.onOpen(one)}
              />
            ))}
          </div>
        </>
      )}
      <div className="mlenv-Actions">
        {filter !== 'all' && (
          <Button
            kind="link"
            label={trans.__('Show all environments')}
            onClick={props.onShowAll}
          />
        )}
        {query && (
          <Button
            kind="link"
            label={trans.__('Clear search')}
            onClick={props.onClear}
          />
        )}
        {query && onCreate && (
          <Button
            kind="link"
            label={trans.__('Create “%1”', query)}
            onClick={onCreate}
          />
        )}
      </div>
    </Empty>
  );
}
