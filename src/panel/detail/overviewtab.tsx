import * as React from 'react';

import { formatDate, formatSize, formatVersion } from '../../format';
import type { IVersion } from '../../wire';
import { usePanel } from '../context';
import { IconButton } from '../parts';

/** In words: what it is, how it is used, and its facts. */
export function OverviewTab(props: { version: IVersion }): JSX.Element {
  const { trans } = usePanel();
  const { version } = props;
  const reference = `${version.name}:${version.version}`;
  const facts: [string, string | null][] = [
    [trans.__('Python'), version.python ?? trans.__('default')],
    [
      trans.__('Packages'),
      version.packages
        ? trans.__(
            '%1 wanted, %2 resolved',
            version.definition.pip.requirements.length,
            version.packages.length
          )
        : trans.__('%1 wanted', version.definition.pip.requirements.length)
    ],
    [trans.__('Size'), version.size === null ? null : formatSize(version.size)],
    [trans.__('Digest'), version.digest.slice(0, 8)],
    [
      trans.__('Registered'),
      version.author
        ? trans.__('%1 by %2', formatDate(version.created_at), version.author)
        : formatDate(version.created_at)
    ],
    [trans.__('Kernel'), version.kernel]
  ];
  const tags = Object.entries(version.tags);
  return (
    <div className="mlenv-Tab mlenv-Overview">
      <div className="mlenv-Overview-words">
        <h3>{trans.__('Description')}</h3>
        <p>{version.description || trans.__('No description.')}</p>
        {tags.length > 0 && (
          <div className="mlenv-Actions">
            {tags.map(([key, value]) => (
              <span key={key} className="mlenv-FilterChip">
                {value ? `${key}: ${value}` : key}
              </span>
            ))}
          </div>
        )}
        <h3>{trans.__('Use it')}</h3>
        <Snippet
          label={trans.__('In a cell')}
          text={`%mlenv use ${reference}`}
        />
        <Snippet
          label={trans.__('In a shell')}
          text={`mlenv exec ${reference} -- python train.py`}
        />
      </div>
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
    </div>
  );
}

function Snippet(props: { label: string; text: string }): JSX.Element {
  const { trans } = usePanel();
  const [copied, setCopied] = React.useState(false);
  return (
    <div className="mlenv-Snippet">
      <span>{props.label}</span>
      <code>{props.text}</code>
      <IconButton
        icon={copied ? 'ready' : 'copy'}
        label={copied ? trans.__('Copied') : trans.__('Copy')}
        onClick={() => {
          void navigator.clipboard
            .writeText(props.text)
            .then(() => setCopied(true));
        }}
      />
    </div>
  );
}
