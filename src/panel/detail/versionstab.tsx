import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { problemOf } from '../../api';
import { ChangeMark } from '../../editor/packagestable';
import { formatAge, formatDate, formatVersion } from '../../format';
import { diffQuery } from '../../queries';
import type { IPackageChange, IVersionSummary } from '../../wire';
import { useNow, usePanel } from '../context';
import { Button, ProblemNote } from '../parts';
import { StateMark, stateWord } from '../states';

/** The history, newest first, and what one version changed. */
export function VersionsTab(props: {
  versions: readonly IVersionSummary[];
  selected: string;
  readOnly: boolean;
  onSelect: (version: string) => void;
  onUse: (version: string) => void;
  onEditFrom: (version: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { versions, selected, readOnly } = props;
  const now = useNow(30_000);
  const at = versions.findIndex(one => one.version === selected);
  const current = versions[at];
  const before = versions[at + 1];
  return (
    <div className="mlenv-Tab mlenv-VersionsTab">
      <ol
        className="mlenv-History"
        role="listbox"
        aria-label={trans.__('Versions')}
      >
        {versions.map(one => (
          <li
            key={one.version}
            role="option"
            tabIndex={one.version === selected ? 0 : -1}
            aria-selected={one.version === selected}
            className="mlenv-History-row"
            onClick={() => props.onSelect(one.version)}
            onKeyDown={event => {
              const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
              const next = step && versions[at + step];
              if (next) {
                props.onSelect(next.version);
                const row = event.currentTarget;
                const target = step > 0 ? row.nextSibling : row.previousSibling;
                (target as HTMLElement | null)?.focus();
                event.preventDefault();
              }
            }}
          >
            <StateMark state={one.state} shapeOnly />
            <span className="mlenv-History-first">
              <strong title={one.version}>{formatVersion(one.version)}</strong>
              {one.labels.map(label => (
                <span key={label} className="mlenv-Label">
                  {label}
                </span>
              ))}
              <span className="mlenv-Quiet" title={formatDate(one.created_at)}>
                {[formatAge(one.created_at, trans, now), one.author]
                  .filter(Boolean)
                  .join(' · ')}
              </span>
            </span>
            <span className="mlenv-History-state">
              {stateWord(one.state, trans)}
            </span>
            {one.message && (
              <span className="mlenv-History-message">{one.message}</span>
            )}
          </li>
        ))}
      </ol>
      {current && before && (
        <Diff name={current.name} from={before.version} to={current.version} />
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
              onClick={() => props.onEditFrom(current.version)}
            />
          )}
        </div>
      )}
    </div>
  );
}

function Diff(props: {
  name: string;
  from: string;
  to: string;
}): JSX.Element | null {
  const { trans, environments } = usePanel();
  const { name, from, to } = props;
  const { data, error } = useQuery(
    diffQuery(environments.api, `${name}:${from}`, `${name}:${to}`)
  );
  if (error) {
    return <ProblemNote problem={problemOf(error)} />;
  }
  if (!data) {
    return null;
  }
  const python: IPackageChange[] = data.python
    ? [
        {
          name: trans.__('Python'),
          before: data.python[0] ?? trans.__('default'),
          after: data.python[1] ?? trans.__('default'),
          change: 'changed',
          by: ''
        }
      ]
    : [];
  const asked = [...python, ...data.requirements];
  const nothing = asked.length === 0 && data.variables.length === 0;
  return (
    <section className="mlenv-Diff" aria-label={trans.__('What changed')}>
      <h3>
        {trans.__(
          'What changed from %1 to %2',
          formatVersion(from),
          formatVersion(to)
        )}
      </h3>
      <Changes title={trans.__('Packages you asked for')} changes={asked} />
      <Changes
        title={trans.__('What that resolved to')}
        changes={data.packages ?? []}
      />
      <Changes title={trans.__('Variables')} changes={data.variables} />
      <p className="mlenv-Quiet">
        {nothing
          ? trans.__('The same packages and variables are asked for.')
          : data.other.length
            ? trans.__('Also different: %1', data.other.join(', '))
            : ''}
      </p>
    </section>
  );
}

function Changes(props: {
  title: string;
  changes: readonly IPackageChange[];
}): JSX.Element | null {
  const { trans } = usePanel();
  const { title, changes } = props;
  if (changes.length === 0) {
    return null;
  }
  const words = (value: string | null, name: string) =>
    value === null
      ? ''
      : value.startsWith(name)
        ? value.slice(name.length) || trans.__('any')
        : value;
  return (
    <>
      <h4>{title}</h4>
      {changes.map(one => (
        <div key={one.name} className="mlenv-Diff-line">
          <ChangeMark change={one.change} />
          <span title={one.name}>{one.name}</span>
          <span className="mlenv-Code mlenv-Quiet">
            {words(one.before, one.name)}
          </span>
          <span className="mlenv-Quiet">
            {one.before !== null && one.after !== null ? '→' : ''}
          </span>
          <span className="mlenv-Code">{words(one.after, one.name)}</span>
        </div>
      ))}
    </>
  );
}
