import * as React from 'react';

import { problemOf } from '../api';
import { usePanel } from '../panel/context';
import { Button, FieldProblem } from '../panel/parts';
import type { IProblem } from '../wire';
import { lineOf } from './problems';

const ROW = 18;
const MIN_ROWS = 6;
const MAX_ROWS = 20;

/**
 * Requirements as text with line numbers: to paste many at once, or to edit all of them.
 *
 * Nothing is taken over until every line can be read; the wrong ones are named by their number.
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
  const { trans, environments } = usePanel();
  const [text, setText] = React.useState(props.start);
  const [problems, setProblems] = React.useState(props.problems ?? []);
  const [busy, setBusy] = React.useState(false);
  const gutter = React.useRef<HTMLDivElement>(null);
  const lines = text.split('\n').length;
  const wrong = new Set(problems.map(lineOf));

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
      setProblems(answer.problems);
    } catch (reason) {
      const problem = problemOf(reason);
      setProblems(problem.problems?.length ? problem.problems : [problem]);
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
  const rows = Math.min(MAX_ROWS, Math.max(MIN_ROWS, lines + 1));

  return (
    <div className="mlenv-TextBox">
      <div className="mlenv-TextBox-text" style={{ blockSize: rows * ROW + 8 }}>
        <div className="mlenv-TextBox-gutter" ref={gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => (
            <div key={index} data-wrong={wrong.has(index + 1) || undefined}>
              {index + 1}
            </div>
          ))}
        </div>
        <textarea
          value={text}
          aria-label={props.label}
          aria-invalid={problems.length > 0}
          placeholder={'numpy>=2\npandas\nscikit-learn==1.7.*'}
          spellCheck={false}
          wrap="off"
          autoFocus
          onChange={event => {
            setText(event.target.value);
            setProblems([]);
          }}
          onKeyDown={onKeyDown}
          onScroll={event => {
            if (gutter.current) {
              gutter.current.scrollTop = event.currentTarget.scrollTop;
            }
          }}
        />
      </div>
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
