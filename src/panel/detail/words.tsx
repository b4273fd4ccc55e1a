import * as React from 'react';

import type { IEnvironment } from '../../wire';
import { usePanel } from '../context';
import { Markdown } from '../markdown';
import { Button, IconButton, ProblemNote } from '../parts';
import { Chips } from './chipsfield';
import { useAttempt } from './useattempt';

/** Description and tags: no part of a version, so they are edited in place and saved at once. */
export function Words(props: { environment: IEnvironment }): JSX.Element {
  const { trans, environments } = usePanel();
  const { name, description, tags, read_only: readOnly } = props.environment;
  const [problem, attempt] = useAttempt();
  const [editing, setEditing] = React.useState(false);
  const describe = (
    body: Parameters<typeof environments.api.describe>[1]
  ): Promise<boolean> =>
    attempt(() => environments.change(name, api => api.describe(name, body)));
  const chips = Object.entries(tags).map(([key, value]) => ({
    key,
    text: value ? `${key}: ${value}` : key
  }));
  return (
    <>
      <h3 className="mlenv-Words-head">
        {trans.__('Description')}
        {!readOnly && !editing && (
          <IconButton
            icon="edit"
            label={trans.__('Edit the description')}
            onClick={() => setEditing(true)}
          />
        )}
      </h3>
      {problem && <ProblemNote problem={problem} />}
      {editing ? (
        <DescriptionField
          start={description}
          onDone={async text => {
            if (
              text === null ||
              text === description ||
              (await describe({ description: text }))
            ) {
              setEditing(false);
            }
          }}
        />
      ) : description ? (
        <Markdown source={description} />
      ) : (
        <p className="mlenv-Quiet">{trans.__('No description.')}</p>
      )}
      {readOnly ? (
        chips.length > 0 && (
          <div className="mlenv-Actions">
            {chips.map(({ key, text }) => (
              <span key={key} className="mlenv-Tag">
                {text}
              </span>
            ))}
          </div>
        )
      ) : (
        <Chips
          label={trans.__('Tags')}
          add={trans.__('Tag')}
          placeholder={trans.__('team: growth')}
          chips={chips}
          onAdd={text => {
            const [key, ...value] = text.split(/[:=]/);
            return describe({
              tags: { ...tags, [key.trim()]: value.join(':').trim() }
            });
          }}
          onRemove={key => {
            const left = { ...tags };
            delete left[key];
            void describe({ tags: left });
          }}
        />
      )}
    </>
  );
}

function DescriptionField(props: {
  start: string;
  /** `null` when the edit is given up. */
  onDone: (text: string | null) => Promise<void>;
}): JSX.Element {
  const { trans } = usePanel();
  const [text, setText] = React.useState(props.start);
  return (
    <>
      <textarea
        className="mlenv-Words-field"
        value={text}
        rows={6}
        aria-label={trans.__('Description, in Markdown')}
        placeholder={trans.__('What it is for, and who keeps it. Markdown.')}
        autoFocus
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            void props.onDone(null);
          } else if (
            event.key === 'Enter' &&
            (event.ctrlKey || event.metaKey)
          ) {
            void props.onDone(text);
          } else {
            return;
          }
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <div className="mlenv-Actions">
        <Button
          kind="primary"
          label={trans.__('Save description')}
          onClick={() => void props.onDone(text)}
        />
        <Button
          kind="plain"
          label={trans.__('Cancel')}
          onClick={() => void props.onDone(null)}
        />
      </div>
    </>
  );
}
