import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { problemOf } from '../../api';
import { ChangeMark } from '../../editor/changemark';
import { formatVersion } from '../../format';
import { diffQuery } from '../../queries';
import type { IPackageChange, IVersionSummary } from '../../wire';
import { usePanel } from '../context';
import { Button, IconButton, ProblemNote } from '../parts';
import { askedChanges, diffText, resolvedChanges, wantedOf } from './difftext';

/** Lines of what was resolved that are shown before `Show more`. */
const SHOWN = 6;

export function useDiff(name: string, from: string | null, to: string) {
  const { environments } = usePanel();
  return useQuery({
    ...diffQuery(environments.api, `${name}:${from ?? to}`, `${name}:${to}`),
    enabled: from !== null
  });
}

/** What is different between two versions, whichever. */
export function DiffView(props: {
  versions: readonly IVersionSummary[];
  from: IVersionSummary;
  to: IVersionSummary;
  onFrom: (version: string) => void;
  onTo: (version: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { versions, from, to } = props;
  const { data, error } = useDiff(to.name, from.version, to.version);
  const parts = data
    ? [
        {
          title: trans.__('Packages you asked for'),
          changes: askedChanges(data, trans)
        },
        {
          title: trans.__('What that resolved to'),
          changes: resolvedChanges(data, to.wanted ?? [])
        },
        { title: trans.__('Variables'), changes: data.variables },
        { title: trans.__('Settings'), changes: data.settings }
      ]
    : [];
  const choose = (
    label: string,
    chosen: IVersionSummary,
    onChoose: (version: string) => void
  ) => (
    <select
      className="mlenv-PlainSelect"
      aria-label={label}
      value={chosen.version}
      onChange={event => onChoose(event.target.value)}
    >
      {versions.map(one => (
        <option key={one.version} value={one.version}>
          {formatVersion(one.version)}
        </option>
      ))}
    </select>
  );
  return (
    <section className="mlenv-Diff" aria-label={trans.__('What changed')}>
      <div className="mlenv-Diff-head">
        <h3>{trans.__('What changed')}</h3>
        {choose(trans.__('From version'), from, props.onFrom)}
        <span className="mlenv-Quiet">{trans.__('to')}</span>
        {choose(trans.__('To version'), to, props.onTo)}
        {data && (
          <CopyDiff
            text={diffText(
              `${to.name} ${formatVersion(from.version)} → ${formatVersion(to.version)}`,
              parts
            )}
          />
        )}
      </div>
      {error && <ProblemNote problem={problemOf(error)} />}
      {parts.map((part, index) => (
        <Changes
          key={part.title}
          {...part}
          limit={index === 1 ? SHOWN : null}
        />
      ))}
      {data && (
        <p className="mlenv-Quiet">
          {sameWords(
            {
              python: data.python === null,
              packages: parts[0].changes.length === 0,
              variables: data.variables.length === 0,
              other: data.other,
              unlocked: !data.packages
            },
            trans
          )}
        </p>
      )}
    </section>
  );
}

/** What stayed the same, and what is not told line by line. */
function sameWords(
  same: {
    python: boolean;
    packages: boolean;
    variables: boolean;
    other: readonly string[];
    unlocked: boolean;
  },
  trans: ReturnType<typeof usePanel>['trans']
): string {
  const unchanged = [
    same.packages ? trans.__('packages') : '',
    same.python && !same.packages ? trans.__('Python') : '',
    same.variables ? trans.__('variables') : '',
    same.other.length === 0 ? trans.__('index and base image') : ''
  ].filter(Boolean);
  return [
    unchanged.length ? trans.__('No change: %1.', unchanged.join(', ')) : '',
    same.unlocked
      ? trans.__('What it resolves to is known once both are built.')
      : ''
  ]
    .filter(Boolean)
    .join(' ');
}

function CopyDiff(props: { text: string }): JSX.Element {
  const { trans } = usePanel();
  const [copied, setCopied] = React.useState(false);
  return (
    <IconButton
      icon={copied ? 'ready' : 'copy'}
      label={
        copied ? trans.__('Copied') : trans.__('Copy the difference as text')
      }
      onClick={() => {
        void navigator.clipboard
          .writeText(props.text)
          .then(() => setCopied(true));
      }}
    />
  );
}

function Changes(props: {
  title: string;
  changes: readonly IPackageChange[];
  limit: number | null;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { title, changes, limit } = props;
  const [all, setAll] = React.useState(false);
  if (changes.length === 0) {
    return null;
  }
  // One more line takes the room of the button that would hide it.
  const cut = limit !== null && !all && changes.length > limit + 1;
  const shown = cut ? changes.slice(0, limit) : changes;
  const words = (value: string | null, name: string) =>
    value === null ? '' : wantedOf(value, name) || trans.__('any');
  return (
    <>
      <h4>
        {title}
        {cut && (
          <span className="mlenv-Quiet">
            {trans.__('%1 of %2 changes', shown.length, changes.length)}
          </span>
        )}
      </h4>
      {shown.map(one => (
        <div
          key={`${one.name} ${one.after ?? ''}`}
          className="mlenv-Diff-line"
          data-change={one.change}
          data-package={one.name}
        >
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
      {cut && (
        <Button
          kind="link"
          label={trans._n(
            'Show %1 more',
            'Show %1 more',
            changes.length - shown.length
          )}
          onClick={() => setAll(true)}
        />
      )}
    </>
  );
}
