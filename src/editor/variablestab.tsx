import * as React from 'react';

import { usePanel } from '../panel/context';
import { Button, IconButton, Note } from '../panel/parts';
import type { IProblem } from '../wire';
import { parseDotEnv } from './dotenv';
import { DotEnvBox } from './dotenvbox';
import { type IDraft, type IVariable, repeatedVariables } from './draft';
import { ChangeMark } from './changemark';
import type { IPlacedProblems } from './problems';
import { SecretForm } from './secretform';
import { SecretRow } from './secretrow';
import { referenceTo, secretOf, useSecrets } from './secrets';
import type { EditDraft } from './usedraft';
import { VariableRow } from './variablerow';

/** What is asked for in the form: a new variable, a value in clear, a value to replace. */
type Asking =
  | { for: 'new' }
  | { for: 'value'; index: number }
  | { for: 'replacement'; index: number };

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
  const [asking, setAsking] = React.useState<Asking | null>(null);
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
  const count = variables.filter(one => secretOf(one.value)).length;
  const environment = draft.name.trim();
  const secrets = useSecrets(environment, count > 0 || asking !== null);
  const form = (about: Asking) => {
    const row = about.for === 'new' ? null : variables[about.index];
    return (
      <SecretForm
        key="secret"
        variable={row?.name}
        value={about.for === 'value' ? row?.value : undefined}
        replace={
          about.for === 'replacement' && row
            ? (secretOf(row.value) ?? undefined)
            : undefined
        }
        environment={environment}
        known={secrets.known}
        onSet={secrets.set}
        onCancel={() => setAsking(null)}
        onDone={(variable, secret) => {
          setAsking(null);
          const made = { name: variable, value: referenceTo(secret) };
          const at = variables.findIndex(one => one.name === variable);
          edit({
            variables:
              at < 0
                ? [...variables, made]
                : variables.map((one, index) => (index === at ? made : one))
          });
        }}
      />
    );
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
          {[
            trans._n('%1 variable', '%1 variables', variables.length),
            count > 0 && trans._n('%1 secret', '%1 secrets', count)
          ]
            .filter(Boolean)
            .join(' · ')}
        </span>
        {!readOnly && (
          <Button
            kind="plain"
            icon="secret"
            label={trans.__('Add secret')}
            title={trans.__('Add secret')}
            onClick={() => setAsking({ for: 'new' })}
          />
        )}
        {!readOnly && (
          <Button
            kind="plain"
            icon="paste"
            label={trans.__('Paste .env')}
            title={trans.__('Paste .env')}
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
      {asking?.for === 'new' && form(asking)}
      <div className="mlenv-Variables" ref={body}>
        <div className="mlenv-Table-head" aria-hidden="true">
          <span>{trans.__('Name')}</span>
          <span>{trans.__('Value')}</span>
        </div>
        {rows.map((row, index) =>
          asking && asking.for !== 'new' && asking.index === index ? (
            form(asking)
          ) : secretOf(row.value) ? (
            <SecretRow
              key={`${index} ${row.name}`}
              variable={row.name}
              secret={secretOf(row.value) ?? ''}
              environment={environment}
              known={secrets.known}
              readOnly={readOnly !== undefined}
              change={
                readOnly || before[row.name] === row.value
                  ? undefined
                  : before[row.name] === undefined
                    ? 'added'
                    : 'changed'
              }
              onReplace={() => setAsking({ for: 'replacement', index })}
              onAllow={() => {
                void secrets.set(secretOf(row.value) ?? '', null);
              }}
              onRemove={() => remove(index)}
            />
          ) : readOnly ? (
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
              onSecret={() => setAsking({ for: 'value', index })}
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
              'Variables are set when a kernel starts. Changing one never builds again. Secrets are kept on the server, and only a reference to them in a version.'
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
