import * as React from 'react';

import { ProblemError, problemOf } from '../api';
import { usePanel } from '../panel/context';
import { useFocusBack } from '../panel/focusback';
import { Button, FieldProblem } from '../panel/parts';
import type { IProblem, ISecret } from '../wire';
import { suggestedName } from './secrets';

/**
 * Asks once for a secret: which one, and where it is new, its value.
 *
 * The value is in this form until it is sent, and nowhere in the browser after that.
 */
export function SecretForm(props: {
  /** The variable that is to hold it, where that is settled. */
  variable?: string;
  /** A value that stands in clear until now. */
  value?: string;
  /** The secret whose value is replaced. */
  replace?: string;
  environment: string;
  known: readonly ISecret[] | null;
  /** `null` for the value that is there. */
  onSet: (secret: string, value: string | null) => Promise<ISecret>;
  onDone: (variable: string, secret: string) => void;
  onCancel: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  useFocusBack();
  const { environment, known, replace } = props;
  const [variable, setVariable] = React.useState(props.variable ?? '');
  const [named, setNamed] = React.useState<string | null>(replace ?? null);
  const [value, setValue] = React.useState(props.value ?? '');
  const [busy, setBusy] = React.useState(false);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const id = React.useId();
  const name = named ?? suggestedName(environment, variable);
  const exists = known?.some(one => one.name === name) ?? false;
  const ready =
    variable !== '' && name !== '' && environment !== '' && (exists || value);

  const submit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await props.onSet(name, value || null);
      setValue('');
      props.onDone(variable, name);
    } catch (reason) {
      setBusy(false);
      setProblem(
        reason instanceof ProblemError ? reason.problem : problemOf(reason)
      );
    }
  };
  return (
    <form
      className="mlenv-SecretForm"
      aria-label={
        replace
          ? trans.__('Replace the value of %1', replace)
          : trans.__('Add a secret')
      }
      onSubmit={event => {
        event.preventDefault();
        if (ready && !busy) {
          void submit();
        }
      }}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          props.onCancel();
          event.stopPropagation();
        }
      }}
    >
      {!props.variable && (
        <label>
          {trans.__('Variable')}
          <input
            type="text"
            className="mlenv-Code"
            value={variable}
            placeholder="HF_TOKEN"
            spellCheck={false}
            autoFocus
            onChange={event => setVariable(event.target.value.trim())}
          />
        </label>
      )}
      {!replace && (
        <label>
          {trans.__('Secret')}
          <input
            type="text"
            className="mlenv-Code"
            list={`${id}-known`}
            value={name}
            placeholder={trans.__('team/token')}
            spellCheck={false}
            autoComplete="off"
            onChange={event => setNamed(event.target.value.trim())}
          />
        </label>
      )}
      <datalist id={`${id}-known`}>
        {known?.map(one => (
          <option key={one.name} value={one.name} />
        ))}
      </datalist>
      <label>
        {trans.__('Value')}
        <input
          type="password"
          value={value}
          autoComplete="new-password"
          autoFocus={props.variable !== undefined}
          placeholder={
            exists && !replace
              ? trans.__('keep the value there is')
              : trans.__('asked for once')
          }
          onChange={event => setValue(event.target.value)}
        />
      </label>
      <FieldProblem problem={problem} />
      {environment === '' && (
        <p className="mlenv-Hint">
          {trans.__('Give the environment a name first: a secret is for it.')}
        </p>
      )}
      <div className="mlenv-Actions">
        <button
          type="submit"
          className="mlenv-Button mlenv-mod-primary"
          disabled={!ready || busy}
        >
          <span>
            {replace ? trans.__('Replace') : trans.__('Keep as secret')}
          </span>
        </button>
        <Button
          kind="plain"
          label={trans.__('Cancel')}
          onClick={props.onCancel}
        />
      </div>
    </form>
  );
}
