import * as React from 'react';

import { formatSize } from '../format';
import { usePanel } from '../panel/context';
import { Button, FieldProblem, IconButton } from '../panel/parts';
import type { ILockedPackage, IProblem } from '../wire';
import { channelsOf, condaName, condaOf, type IDraft, withSpec } from './draft';
import type { EditDraft } from './usedraft';

const PACKAGE = /^(?:definition\.)?conda\.packages/;
const CHANNEL = /^(?:definition\.)?conda\.channels/;
/** A name with what is wanted of it: `numpy`, `conda-forge::numpy>=1`, `cudatoolkit 11.*`. */
const SPEC =
  /^(?:\S+::)?[A-Za-z0-9_][A-Za-z0-9._-]*(?:\s*[=<>!~[].*|\s+[\d*].*)?$/;
const START = 'conda-forge';

/** What conda installs, and the channels that it comes from, the first asked first. */
export function CondaSection(props: {
  draft: IDraft;
  packages: readonly ILockedPackage[] | null;
  problems: readonly IProblem[];
  readOnly: boolean;
  edit: EditDraft;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { draft, readOnly, edit } = props;
  const [opened, setOpened] = React.useState(false);
  const specs = condaOf(draft);
  const channels = channelsOf(draft);
  const locked = new Map(
    (props.packages ?? [])
      .filter(one => one.installer === 'conda')
      .map(one => [one.name, one])
  );
  const before = draft.origin.conda?.packages ?? [];
  if (specs.length === 0 && channels.length === 0 && !opened) {
    return readOnly ? null : (
      <div className="mlenv-Conda">
        <Button
          kind="plain"
          icon="add"
          label={trans.__('Add conda packages')}
          title={trans.__('For what is not on a Python package index')}
          onClick={() => setOpened(true)}
        />
      </div>
    );
  }
  const setSpecs = (conda: readonly string[]) =>
    edit({
      conda: [...conda].sort(),
      // Without a channel conda has nothing to ask.
      ...(conda.length && !channels.length ? { channels: [START] } : {})
    });
  const setChannels = (next: readonly string[]) =>
    edit({ channels: [...new Set(next)] });
  const move = (index: number) => {
    const next = [...channels];
    next.splice(index - 1, 0, ...next.splice(index, 1));
    setChannels(next);
  };
  return (
    <section className="mlenv-Conda" aria-label={trans.__('Conda')}>
      <h3>{trans.__('Conda packages')}</h3>
      {specs.map(spec => (
        <Line
          key={spec}
          text={spec}
          note={factsOf(locked.get(condaName(spec)))}
          isNew={!before.includes(spec)}
          readOnly={readOnly}
          onRemove={() => setSpecs(specs.filter(one => one !== spec))}
        />
      ))}
      {!readOnly && (
        <NewLine
          label={trans.__('Add a conda package')}
          placeholder={trans.__('cudatoolkit or cudatoolkit=11.8')}
          check={text =>
            SPEC.test(text) ? null : trans.__('%1 is no conda package.', text)
          }
          autoFocus={opened && specs.length === 0}
          onAdd={text => setSpecs(withSpec(specs, text))}
        />
      )}
      <FieldProblem problem={props.problems.find(isAt(PACKAGE))} />
      <h3>{trans.__('Channels')}</h3>
      {channels.map((channel, index) => (
        <Line
          key={channel}
          text={channel}
          note={index === 0 ? trans.__('asked first') : ''}
          isNew={!(draft.origin.conda?.channels ?? []).includes(channel)}
          readOnly={readOnly}
          onUp={index > 0 ? () => move(index) : undefined}
          onRemove={() => setChannels(channels.filter(one => one !== channel))}
        />
      ))}
      {!readOnly && (
        <NewLine
          label={trans.__('Add a channel')}
          placeholder={trans.__('conda-forge, or an address')}
          check={text =>
            /\s/.test(text) ? trans.__('A channel has no spaces.') : null
          }
          onAdd={text => setChannels([...channels, text])}
        />
      )}
      <FieldProblem problem={props.problems.find(isAt(CHANNEL))} />
    </section>
  );
}

function isAt(place: RegExp): (problem: IProblem) => boolean {
  return problem => place.test(problem.where);
}

function factsOf(one: ILockedPackage | undefined): string {
  const size = one?.size ? formatSize(one.size) : '';
  return [one?.version, size].filter(Boolean).join(' · ');
}

function Line(props: {
  text: string;
  note: string;
  isNew: boolean;
  readOnly: boolean;
  onUp?: () => void;
  onRemove: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { text, note, readOnly, onUp } = props;
  return (
    <div
      className="mlenv-Conda-line"
      data-change={(!readOnly && props.isNew && 'added') || undefined}
    >
      <span className="mlenv-Code" title={text}>
        {text}
      </span>
      <span className="mlenv-Quiet">{note}</span>
      {!readOnly && onUp && (
        <IconButton
          icon="up"
          label={trans.__('Ask %1 earlier', text)}
          onClick={onUp}
        />
      )}
      {!readOnly && (
        <IconButton
          icon="close"
          label={trans.__('Remove %1', text)}
          onClick={props.onRemove}
        />
      )}
    </div>
  );
}

/** A field for one more line: `Enter` takes it. */
function NewLine(props: {
  label: string;
  placeholder: string;
  /** What is wrong with it, or `null`. */
  check: (text: string) => string | null;
  autoFocus?: boolean;
  onAdd: (text: string) => void;
}): JSX.Element {
  const [text, setText] = React.useState('');
  const [wrong, setWrong] = React.useState<string | null>(null);
  const id = React.useId();
  return (
    <>
      <div className="mlenv-Field" data-invalid={wrong !== null || undefined}>
        <input
          type="text"
          className="mlenv-Code"
          value={text}
          placeholder={props.placeholder}
          aria-label={props.label}
          aria-invalid={wrong !== null}
          aria-describedby={wrong ? id : undefined}
          autoFocus={props.autoFocus}
          spellCheck={false}
          autoComplete="off"
          onChange={event => {
            setText(event.target.value);
            setWrong(null);
          }}
          onKeyDown={event => {
            const line = text.trim();
            if (event.key === 'Enter' && line) {
              const problem = props.check(line);
              setWrong(problem);
              if (!problem) {
                props.onAdd(line);
                setText('');
              }
              event.preventDefault();
            }
          }}
        />
      </div>
      <FieldProblem
        id={id}
        problem={wrong ? { message: wrong, remedy: '' } : null}
      />
    </>
  );
}
