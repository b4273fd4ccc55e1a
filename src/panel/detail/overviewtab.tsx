import * as React from 'react';

import { formatDate, formatSize, formatVersion } from '../../format';
import type { IEnvironment, IVersion } from '../../wire';
import { usePanel } from '../context';
import { IconButton } from '../parts';
import { Running, useUsers } from './usedbytab';
import { Words } from './words';

/** In words: what it is, how it is used, its facts, and what runs in it. */
export function OverviewTab(props: {
  environment: IEnvironment;
  version: IVersion;
}): JSX.Element {
  const { trans } = usePanel();
  const { environment, version } = props;
  const users = useUsers(environment.name);
  return (
    <div className="mlenv-Tab mlenv-Overview">
      <div className="mlenv-Overview-words">
        <Words environment={environment} />
        <h3>{trans.__('Use it')}</h3>
        {snippets(version).map(({ where, text }) => (
          <Snippet key={where} label={wordFor(where, trans)} text={text} />
        ))}
      </div>
      <div className="mlenv-Overview-side">
        <Facts version={version} />
        <h3>{trans.__('In use now')}</h3>
        <Running users={users} />
      </div>
    </div>
  );
}

function Facts(props: { version: IVersion }): JSX.Element {
  const { trans } = usePanel();
  const { version } = props;
  const { pip, conda } = version.definition;
  const wanted = pip.requirements.length + conda.packages.length;
  const facts: [string, string | null][] = [
    [trans.__('Python'), version.python ?? trans.__('default')],
    [
      trans.__('Packages'),
      version.packages
        ? trans.__('%1 wanted, %2 resolved', wanted, version.packages.length)
        : trans.__('%1 wanted', wanted)
    ],
    [trans.__('Size'), version.size === null ? null : formatSize(version.size)],
    [trans.__('Digest'), version.digest.slice(0, 8)],
    [
      trans.__('Registered'),
      version.author
        ? trans.__('%1 by %2', formatDate(version.created_at), version.author)
        : formatDate(version.created_at)
    ],
    [trans.__('Kernel'), version.kernel],
    ...(version.forms ?? []).map((one): [string, string] => [
      one.own ? trans.__('Built as') : trans.__('Or as'),
      one.refused ? trans.__('no %1: %2', one.form, one.refused) : one.builder
    ])
  ];
  return (
    <dl className="mlenv-Overview-facts" aria-label={trans.__('Facts')}>
      <dt>{trans.__('Version')}</dt>
      <dd title={version.version}>{formatVersion(version.version)}</dd>
      {facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}

type Where = 'cell' | 'shell' | 'python';

/** How a version is used, each as something to paste. */
export function snippets(
  version: Pick<IVersion, 'name' | 'version'>
): { where: Where; text: string }[] {
  const reference = `${version.name}:${version.version}`;
  return [
    { where: 'cell', text: `%mlenv use ${reference}` },
    { where: 'shell', text: `mlenv exec ${reference} -- python train.py` },
    {
      where: 'python',
      text: `Environment.get(workspace, ${JSON.stringify(version.name)}, version=${JSON.stringify(version.version)})`
    }
  ];
}

function wordFor(
  where: Where,
  trans: ReturnType<typeof usePanel>['trans']
): string {
  switch (where) {
    case 'cell':
      return trans.__('In a cell');
    case 'shell':
      return trans.__('In a shell');
    case 'python':
      return trans.__('In Python');
  }
}

function Snippet(props: { label: string; text: string }): JSX.Element {
  const { trans } = usePanel();
  const [copied, setCopied] = React.useState(false);
  return (
    <div className="mlenv-Snippet">
      <span>{props.label}</span>
      <code tabIndex={0}>{props.text}</code>
      <IconButton
        icon={copied ? 'ready' : 'copy'}
        label={copied ? trans.__('Copied') : trans.__('Copy: %1', props.label)}
        onClick={() => {
          void navigator.clipboard
            .writeText(props.text)
            .then(() => setCopied(true));
        }}
      />
    </div>
  );
}
