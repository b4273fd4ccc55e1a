import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { problemOf } from '../api';
import { usePanel, useSettled } from '../panel/context';
import { useFocusBack } from '../panel/focusback';
import { Button, FieldProblem } from '../panel/parts';
import type { IProblem } from '../wire';
import { CodeText } from './codetext';
import { lineOf } from './problems';

const VALIDATE_AFTER = 400;
const NOTHING: readonly IProblem[] = [];

/**
 * Requirements as text: to paste many at once, or to edit all of them.
 *
 * The server reads the text while it is written and says which lines are wrong. Nothing is taken
 * over until every line can be read.
 */
export function RequirementsText(props: {
  label: string;
  start: string;
  /** Problems that are known already. */
  problems?: readonly IProblem[];
  action: string;
  onDone: (requirements: string[]) => void;
  onCancel: () => void;
}): JSX.Element {
  const { trans, environments, editors } = usePanel();
  useFocusBack();
  const [text, setText] = React.useState(props.start);
  const [refused, setRefused] = React.useState(props.problems ?? NOTHING);
  const [busy, setBusy] = React.useState(false);
  const settled = useSettled(text, VALIDATE_AFTER);
  const { data } = useQuery({
    queryKey: ['validate', 'text', settled],
    queryFn: ({ signal }) =>
      environments.api.validate(
        { text: settled, format: 'requirements' },
        signal
      ),
    enabled: settled === text && settled !== props.start,
    staleTime: Infinity,
    gcTime: 60_000
  });
  const found = settled === text ? (data?.problems ?? NOTHING) : NOTHING;
  const problems = refused.length ? refused : found;
  const wrong = React.useMemo(
    () =>
      problems.flatMap(problem => {
        const line = lineOf(problem);
        return line === null ? [] : [{ line, message: problem.message }];
      }),
    [problems]
  );

  const write = (value: string) => {
    setText(value);
    setRefused(NOTHING);
  };
  const done = async () => {
    setBusy(true);
    try {
      const answer = await environments.api.validate({
        text,
        format: 'requirements'
      });
      if (answer.ok && answer.definition) {
        props.onDone(answer.definition.pip.requirements);
        return;
      }
      setRefused(answer.problems);
    } catch (reason) {
      const problem = problemOf(reason);
      setRefused(problem.problems?.length ? problem.problems : [problem]);
    }
    setBusy(false);
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Escape') {
      props.onCancel();
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      void done();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="mlenv-TextBox" onKeyDownCapture={onKeyDown}>
      {editors ? (
        <CodeText
          editors={editors}
          label={props.label}
          start={props.start}
          mimeType="text/x-requirements"
          problems={wrong}
          onChange={write}
        />
      ) : (
        <textarea
          className="mlenv-TextBox-plain"
          value={text}
          aria-label={props.label}
          aria-invalid={problems.length > 0}
          rows={8}
          spellCheck={false}
          wrap="off"
          autoFocus
          onChange={event => write(event.target.value)}
        />
      )}
      {problems.map((problem, index) => {
        const line = lineOf(problem);
        return (
          <FieldProblem
            key={index}
            problem={{
              ...problem,
              message:
                line === null
                  ? problem.message
                  : trans.__('Line %1: %2', line, problem.message)
            }}
          />
        );
      })}
      <div className="mlenv-Actions">
        <Button
          kind="primary"
          label={props.action}
          disabled={busy}
          onClick={() => void done()}
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
