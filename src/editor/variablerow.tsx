import * as React from 'react';

import { usePanel } from '../panel/context';
import { Button, FieldProblem, IconButton, Note } from '../panel/parts';
import type { IProblem } from '../wire';
import type { IVariable } from './draft';
import { looksSecret } from './secrets';

/** One variable in clear, or the empty row at the end. */
export function VariableRow(props: {
  index: number;
  row: IVariable;
  isLast: boolean;
  before: string | undefined;
  problem: Pick<IProblem, 'message' | 'remedy'> | null;
  onChange: (part: Partial<IVariable>) => void;
  onRemove: () => void;
  onEnter: () => void;
  onPaste: (text: string) => void;
  /** Makes a secret of its value. */
  onSecret: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { index, row, isLast, before, problem } = props;
  const id = React.useId();
  const [kept, keep] = useKept(row);
  const secret = looksSecret(row.name) && row.value !== '';
  const warning = kept ? null : warningFor(row.name, trans.__.bind(trans));
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
      {warning && !problem && !isLast && (
        <Note tone="warning" icon="warning">
          {warning}
          <div className="mlenv-Actions">
            {secret ? (
              <Button
                label={trans.__('Make it a secret…')}
                onClick={props.onSecret}
              />
            ) : (
              <Button label={trans.__('Remove')} onClick={props.onRemove} />
            )}
            <Button kind="plain" label={trans.__('Keep')} onClick={keep} />
          </div>
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
  if (looksSecret(name)) {
    return __(
      '%1 looks like a secret. Its value is kept in clear with every version.',
      name
    );
  }
  return null;
}

/** Whether somebody has said that this name with this value is right, and the way to say so. */
function useKept({ name, value }: IVariable): [boolean, () => void] {
  const key = `mlenv:kept:${name}=${digestOf(value)}`;
  const [said, say] = React.useState('');
  const kept = said === key || window.localStorage.getItem(key) !== null;
  return [
    kept,
    () => {
      window.localStorage.setItem(key, '1');
      say(key);
    }
  ];
}

/** Enough to know a value again, and too little to tell it. */
function digestOf(text: string): string {
  let sum = 0;
  for (const letter of text) {
    sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  }
  return sum.toString(36);
}
