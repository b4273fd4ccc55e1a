import * as React from 'react';

import { formatSize, formatVersion } from '../format';
import { Glyph } from '../icons';
import { usePanel } from '../panel/context';
import { Button, IconButton, ProblemNote } from '../panel/parts';
import type { IFix, IPackageChange, IProblem } from '../wire';
import type { IDraftChanges } from './draft';
import { ChangeMark } from './changemark';
import { canonicalName } from './requirement';
import { RoomNote, useRoom } from './room';
import { secretOf } from './secrets';
import type { IPreview } from './usedraft';

const SHOWN = 8;

/** What a preview finds that a build cannot get around. */
const FATAL = new Set([
  'conflict',
  'no_such_version',
  'requires_python',
  'unknown_package',
  'unsolvable',
  'yanked'
]);

/** What waits to be saved, what it would come to, and the buttons that save it. */
export function ChangesBar(props: {
  changes: IDraftChanges;
  isNew: boolean;
  /** What the next version will be called, where that is known. */
  next: string | null;
  preview: IPreview | null;
  /** Why saving is not possible now. */
  blocked: string | null;
  /** What the server said to the last attempt. */
  refused: IProblem | null;
  saving: boolean;
  canUndo: boolean;
  onSave: (build: boolean) => void;
  /** The notebooks that run on the version that is edited, and how they get the next one. */
  restart?: { titles: readonly string[]; onSave: () => void };
  /** Takes a fix that the preview proposes. */
  onFix: (fix: IFix) => void;
  onDiscard: () => void;
  onUndo: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { changes, isNew, next, preview, blocked, refused, saving, restart } =
    props;
  const [all, setAll] = React.useState(false);
  const conflict = preview?.problem ?? null;
  const room = useRoom(preview?.resolution?.packages ?? null);
  const resolved = preview?.resolution?.changes;
  // A wish that changes nothing that is installed is a change all the same.
  const silent = changes.requirements.filter(
    one => !resolved?.some(other => other.name === canonicalName(one.name))
  );
  const packages = [...(resolved ?? []), ...silent];
  const listed = all ? packages : packages.slice(0, SHOWN);
  const title = isNew
    ? trans.__('Not saved yet')
    : trans._n('%1 unsaved change', '%1 unsaved changes', changes.count);
  const onlyVariables =
    !isNew && changes.requirements.length === 0 && changes.python === null;
  const disabled = saving || blocked !== null;
  return (
    <section className="mlenv-Changes" aria-label={title}>
      <div className="mlenv-Changes-head">
        <span className="mlenv-State" data-state="unsaved">
          <Glyph name="unsaved" size={14} />
        </span>
        <strong>{title}</strong>
        {props.canUndo && (
          <IconButton
            icon="undo"
            label={trans.__('Undo the last change')}
            onClick={props.onUndo}
          />
        )}
        <Button
          kind="plain"
          label={trans.__('Discard')}
          disabled={saving}
          onClick={props.onDiscard}
        />
      </div>
      <p className="mlenv-Changes-preview" role="status">
        {blocked ??
          (onlyVariables
            ? [
                trans.__(
                  'Variables are set at start: saving does not build again.'
                ),
                restart?.titles.length
                  ? trans._n(
                      '%1 kernel keeps the old values until it restarts.',
                      '%1 kernels keep the old values until they restart.',
                      restart.titles.length
                    )
                  : ''
              ].join(' ')
            : preview && !conflict
              ? previewWords(preview, trans.__('Resolving…'), count =>
                  [
                    trans._n(
                      'Preview: %1 package in all',
                      'Preview: %1 packages in all',
                      count
                    ),
                    room
                      ? trans.__(
                          '%1 to download, %2 free',
                          formatSize(room.download),
                          formatSize(room.free)
                        )
                      : ''
                  ]
                    .filter(Boolean)
                    .join(' · ')
                )
              : '')}
      </p>
      {!conflict && <RoomNote room={room} />}
      {refused ? (
        <ProblemNote problem={refused} />
      ) : (
        conflict && (
          <ProblemNote problem={conflict}>
            {conflict.fixes.slice(0, 2).map(fix => (
              <Button
                key={fix.label}
                label={fix.label}
                onClick={() => props.onFix(fix)}
              />
            ))}
          </ProblemNote>
        )
      )}
      {!conflict && !isNew && (
        <div className="mlenv-Changes-list" data-stale={preview?.stale}>
          {changes.python && (
            <ChangeLine
              name={trans.__('Python')}
              change="changed"
              before={changes.python.before ?? trans.__('default')}
              after={changes.python.after ?? trans.__('default')}
            />
          )}
          {listed.map(one => (
            <ChangeLine
              key={`${one.name} ${one.after ?? ''}`}
              {...one}
              before={wantedOf(one.before, one.name)}
              after={wantedOf(one.after, one.name)}
            />
          ))}
          {packages.length > SHOWN && (
            <Button
              kind="link"
              label={
                all
                  ? trans.__('Show fewer')
                  : trans._n(
                      'Show %1 more',
                      'Show %1 more',
                      packages.length - SHOWN
                    )
              }
              onClick={() => setAll(!all)}
            />
          )}
          {changes.variables.map(one => (
            <ChangeLine
              key={`variable ${one.name}`}
              {...one}
              before={quoted(one.before)}
              after={quoted(one.after)}
            />
          ))}
        </div>
      )}
      <div className="mlenv-Actions">
        <Button
          kind="primary"
          label={
            next === null
              ? trans.__('Save')
              : trans.__('Save as %1', formatVersion(next))
          }
          disabled={disabled}
          onClick={() => props.onSave(false)}
        />
        {onlyVariables && restart?.titles.length ? (
          <Button
            label={trans._n(
              'Save and restart %1 kernel',
              'Save and restart %1 kernels',
              restart.titles.length
            )}
            title={trans.__(
              'The variables of the code that runs are lost in: %1',
              restart.titles.join(', ')
            )}
            disabled={disabled}
            onClick={restart.onSave}
          />
        ) : (
          <Button
            label={trans.__('Save and build')}
            disabled={
              disabled || (conflict !== null && FATAL.has(conflict.code))
            }
            onClick={() => props.onSave(true)}
          />
        )}
      </div>
    </section>
  );
}

function previewWords(
  preview: IPreview,
  waiting: string,
  words: (packages: number) => string
): string {
  const { resolution, stale } = preview;
  return resolution && !stale ? words(resolution.packages.length) : waiting;
}

/** ">=2" of "numpy>=2"; the name stands beside it. */
function wantedOf(line: string | null, name: string): string | null {
  return line?.startsWith(name) ? line.slice(name.length) : line;
}

/** An empty value is shown as one, and a secret by its name. */
function quoted(value: string | null): string | null {
  const secret = value === null ? null : secretOf(value);
  return value === '' ? '""' : secret ? `•••••• ${secret}` : value;
}

function ChangeLine(
  props: Pick<IPackageChange, 'name' | 'before' | 'after' | 'change'> & {
    by?: string;
  }
): JSX.Element {
  const { trans } = usePanel();
  const { name, before, after, change, by } = props;
  const values = [before, after].filter(value => value !== null);
  return (
    <div className="mlenv-ChangeLine">
      <ChangeMark change={change} />
      <span className="mlenv-ChangeLine-name" title={name}>
        {name}
      </span>
      <span className="mlenv-Code" title={values.join(' → ')}>
        {values.map(value => value || trans.__('any')).join(' → ')}
      </span>
      <span className="mlenv-ChangeLine-by">
        {by ? trans.__('by %1', by) : ''}
      </span>
    </div>
  );
}
