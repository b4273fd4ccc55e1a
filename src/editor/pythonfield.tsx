import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { usePanel } from '../panel/context';
import { FieldProblem } from '../panel/parts';
import { pythonsQuery } from '../queries';
import type { IProblem } from '../wire';

/** The Python that is asked for: free text, with those at hand to choose from. */
export function PythonField(props: {
  python: string | null;
  problem: IProblem | null;
  onChange: (python: string | null) => void;
}): JSX.Element {
  const { trans, environments } = usePanel();
  const { data } = useQuery(pythonsQuery(environments.api));
  const id = React.useId();
  const minors = new Set(
    (data?.items ?? []).map(one => one.version.split('.').slice(0, 2).join('.'))
  );
  return (
    <div className="mlenv-FormField">
      <label htmlFor={id}>{trans.__('Python')}</label>
      <div
        className="mlenv-Field"
        data-invalid={props.problem !== null || undefined}
      >
        <input
          id={id}
          type="text"
          className="mlenv-Code"
          list={`${id}-list`}
          value={props.python ?? ''}
          placeholder={
            data ? trans.__('%1 (default)', data.default) : trans.__('default')
          }
          aria-invalid={props.problem !== null}
          spellCheck={false}
          autoComplete="off"
          onChange={event => props.onChange(event.target.value.trim() || null)}
        />
      </div>
      <datalist id={`${id}-list`}>
        {[...minors].map(version => (
          <option key={version} value={version} />
        ))}
      </datalist>
      <FieldProblem problem={props.problem} />
    </div>
  );
}
