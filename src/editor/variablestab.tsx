import * as React from 'react';

import { usePanel } from '../panel/context';
import { Button, FieldProblem, IconButton, Note } from '../panel/parts';
import type { IProblem } from '../wire';
import { type IDraft, type IVariable, repeatedVariables } from './draft';
import { ChangeMark } from './packagestable';
import type { IPlacedProblems } from './problems';
import type { EditDraft } from './usedraft';

/** The variables of a draft: a row each, and always an empty one at the end. */
export function VariablesTab(props: {
  draft: IDraft;
  problems: IPlacedProblems;
  readOnly?: string;
  edit: EditDraft;
  onUndo: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { draft, problems, readOnly, edit } = props;
  const [pasting, setPasting] = React.useState(false);
  const body = React.useRef<HTMLDivElement>(null);
  const { variables } = draft;
  const before = draft.origin.variables ?? {};
  const repeated = repeatedVariables(draft);
  const gone = Object.keys(before).filter(
    name => !variables.some(one => one.name === name)
  );

  const put = (index: number, part: Partial<IVariable>) => {
    const row = { ...(variables[index] ?? { name: '', value: '' }), ...part };
    const rows = [...variables];
    rows[index] = row;
    const field = `variables.${index}.${Object.keys(part)[0]}`;
    edit({ variables: rows }, field);
  };
  const remove = (index: number) =>
    edit({ variables: variables.filter((_, at) => at !== index) });
  const focus = (index: number) => {
    requestAnimationFrame(() => {
      body.current
        ?.querySelector<HTMLElement>(`[data-row="${index}"] input`)
        ?.focus();
    });
  };
  const paste = (text: string, from: number) => {
    const pasted = parseDotEnv(text);
    const names = new Set(pasted.map(one => one.name));
    const kept = variables.filter(
      (one, index) =>
        !names.has(one.name) && (index !== from || one.value !== '')
    );
    edit({ variables: [...kept, ...pasted] });
  };
  const rows = readOnly ? variables : [...variables, { name: '', value: '' }];

  return (
    <div
      className="mlenv-Tab mlenv-VariablesTab"
      onKeyDown={event => {
        const typing = event.target instanceof HTMLInputElement;
        if (event.key === 'z' && event.ctrlKey && !typing) {
          props.onUndo();
          event.preventDefault();
        }
      }}
    >
      {readOnly && (
        <Note tone="quiet" icon="read-only" role="note">
          {readOnly}
        </Note>
      )}
      <div className="mlenv-SubBar">
        <span className="mlenv-Quiet">
          {trans._n('%1 variable', '%1 variables', variables.length)}
        </span>
        {!readOnly && (
          <Button
            kind="plain"
            icon="paste"
            label={trans.__('Paste .env')}
            onClick={() => setPasting(!pasting)}
          />
        )}
      </div>
      {pasting && (
        <DotEnvBox
          onDone={text => {
            paste(text, -1);
            setPasting(false);
          }}
          onCancel={() => setPasting(false)}
        />
      )}
      <div className="mlenv-Variables" ref={body}>
        <div className="mlenv-Table-head" aria-hidden="true">
          <span>{trans.__('Name')}</span>
          <span>{trans.__('Value')}</span>
        </div>
        {rows.map((row, index) =>
          readOnly ? (
            <div key={row.name} className="mlenv-Variables-row">
              <span className="mlenv-Code" title={row.name}>
                {row.name}
              </span>
              <span className="mlenv-Code" title={row.value}>
                {row.value}
              </span>
            </div>
          ) : (
            <VariableRow
              // The place and not the name: the name is being typed.
              key={index}
              index={index}
              row={row}
              isLast={index === variables.length}
              before={before[row.name]}
              problem={
                repeated.has(row.name)
                  ? repeatedProblem(trans.__('%1 is set twice.', row.name))
                  : row.name === '' && row.value !== ''
                    ? repeatedProblem(trans.__('A variable needs a name.'))
                    : (problems.variables.get(row.name) ?? null)
              }
              onChange={part => put(index, part)}
              onRemove={() => {
                remove(index);
                focus(Math.max(0, index - 1));
              }}
              onEnter={() => focus(index + 1)}
              onPaste={text => paste(text, index)}
            />
          )
        )}
        {gone.map(name => (
          <div key={name} className="mlenv-Variables-row" data-change="removed">
            <span className="mlenv-Code">
              <ChangeMark change="removed" /> <s>{name}</s>
            </span>
            <span className="mlenv-Code">
              <s>{before[name]}</s>
            </span>
            <IconButton
              icon="undo"
              label={trans.__('Keep %1', name)}
              onClick={() =>
                edit({
                  variables: [...variables, { name, value: before[name] }]
                })
              }
            />
          </div>
        ))}
      </div>
      <p className="mlenv-Hint">
        {readOnly && variables.length === 0
          ? trans.__('No variables are set.')
          : trans.__(
              'Variables are set when a kernel starts. Changing one never builds again.'
            )}
      </p>
    </div>
  );
}

function repeatedProblem(
  message: string
): Pick<IProblem, 'message' | 'remedy'> {
  return { message, remedy: '' };
}

function VariableRow(props: {
  index: number;
  row: IVariable;
  isLast: boolean;
  before: string | undefined;
  problem: Pick<IProblem, 'message' | 'remedy'> | null;
  onChange: (part: Partial<IVariable>) => void;
  onRemove: () => void;
  onEnter: () => void;
  onPaste: (text: string) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { index, row, isLast, before, problem } = props;
  const id = React.useId();
  const warning = warningFor(row.name, trans.__.bind(trans));
  const change =
    isLast || row.name === ''
      ? undefined
      : before === undefined
        ? 'added'
        : before === row.value
          ? undefined
          : 'changed';
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && (row.name || row.value)) {
      // NAME=value, written as one into the first field.
      const pair = /^([A-Za-z_]\w*)=(.*)$/.exec(row.name);
      if (pair && !row.value) {
        props.onChange({ name: pair[1], value: pair[2] });
      }
      props.onEnter();
      event.preventDefault();
    }
  };
  const onPaste = (event: React.ClipboardEvent) => {
    const text = event.clipboardData.getData('text/plain');
    if (/\n\s*\S/.test(text) || /^\s*(export\s+)?\w+=/.test(text)) {
      event.preventDefault();
      props.onPaste(text);
    }
  };
  return (
    <>
      <div
        className="mlenv-Variables-row"
        data-row={index}
        data-change={change}
        data-invalid={problem !== null || undefined}
      >
        <input
          type="text"
          className="mlenv-Code"
          value={row.name}
          placeholder={trans.__('NAME')}
          aria-label={trans.__('Name of variable %1', index + 1)}
          aria-invalid={problem !== null}
          aria-describedby={problem ? id : undefined}
          spellCheck={false}
          onChange={event =>
            props.onChange({ name: event.target.value.trim() })
          }
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <input
          type="text"
          className="mlenv-Code"
          value={row.value}
          placeholder={trans.__('value')}
          aria-label={
            row.name
              ? trans.__('Value of %1', row.name)
              : trans.__('Value of variable %1', index + 1)
          }
          title={
            change === 'changed' ? trans.__('before: %1', before) : undefined
          }
          spellCheck={false}
          onChange={event => props.onChange({ value: event.target.value })}
          onKeyDown={onKeyDown}
        />
        {!isLast && (
          <IconButton
            icon="close"
            label={trans.__('Remove %1', row.name || trans.__('variable'))}
            onClick={props.onRemove}
          />
        )}
      </div>
      <FieldProblem id={id} problem={problem} />
      {warning && !problem && (
        <Note tone="warning" icon="warning">
          {warning}
        </Note>
      )}
    </>
  );
}

/** What may surprise with a variable of that name. It never blocks. */
function warningFor(
  name: string,
  __: (text: string, ...args: string[]) => string
): string | null {
  if (name === 'LD_PRELOAD') {
    return __(
      'LD_PRELOAD is loaded into every process of the kernel. If the file is missing on the machine, the kernel does not start.'
    );
  }
  if (name === 'PATH') {
    return __(
      'PATH replaces the whole search path: programs of the environment may not be found.'
    );
  }
  if (name === 'PYTHONPATH' || name === 'PYTHONHOME') {
    return __(
      '%1 changes what Python imports: packages of the environment may be hidden.',
      name
    );
  }
  if (name.startsWith('JUPYTER_')) {
    return __('%1 may change how Jupyter itself behaves in the kernel.', name);
  }
  if (/TOKEN|KEY|PASSWORD|SECRET/i.test(name)) {
    return __(
      '%1 looks like a secret. Its value is kept in clear with every version.',
      name
    );
  }
  return null;
}

function DotEnvBox(props: {
  onDone: (text: string) => void;
  onCancel: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const [text, setText] = React.useState('');
  return (
    <div className="mlenv-TextBox">
      <div className="mlenv-TextBox-text" style={{ blockSize: 116 }}>
        <textarea
          value={text}
          aria-label={trans.__('Variables, one a line')}
          placeholder={'NAME=value\nOTHER="two words"'}
          spellCheck={false}
          wrap="off"
          autoFocus
          onChange={event => setText(event.target.value)}
        />
      </div>
      <div className="mlenv-Actions">
        <Button
          kind="primary"
          label={trans.__('Add')}
          disabled={!text.trim()}
          onClick={() => props.onDone(text)}
        />
        <Button
          kind="plain"
          label={trans.__('Cancel')}
          onClick={props.onCancel}
        />
      </div>
    </div>
  );
}

/**
 * The variables of a `.env` text. A line without "=" becomes a name without a value, so that
 * nothing that was pasted is lost; wrong names are told by the server.
 */
export function parseDotEnv(text: string): IVariable[] {
  const found = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const plain = line.trim().replace(/^export\s+/, '');
    if (!plain || plain.startsWith('#')) {
      continue;
    }
    const at = plain.indexOf('=');
    const name = at < 0 ? plain : plain.slice(0, at).trim();
    const value = at < 0 ? '' : unquote(plain.slice(at + 1).trim());
    found.set(name, value);
  }
  return [...found].map(([name, value]) => ({ name, value }));
}

function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1(?:\s+#.*)?$/.exec(value);
  if (!quoted) {
    return value.replace(/\s+#.*$/, '');
  }
  const [, quote, inner] = quoted;
  return quote === '"'
    ? inner.replace(/\\n/g, '\n').replace(/\\(["\\$])/g, '$1')
    : inner;
}
