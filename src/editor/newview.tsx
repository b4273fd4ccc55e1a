import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { usePanel, useSettled } from '../panel/context';
import { FieldProblem } from '../panel/parts';
import { Tabs } from '../panel/detail/tabs';
import { DetailBar } from '../panel/detail/detailbar';
import type { Tab } from '../panel/place';
import { ChangesBar } from './changesbar';
import { applyFix, changesOf, newDraft } from './draft';
import { NEW } from './drafts';
import { ImportReport } from './importreport';
import { PackagesTab } from './packagestab';
import { withCulprits } from './problems';
import { PythonField } from './pythonfield';
import { useEditing, usePreview, useProblems } from './usedraft';
import { useSave } from './usesave';
import { VariablesTab } from './variablestab';
import { useBlocked } from './useblocked';

const EMPTY = newDraft();

/** An environment that does not exist yet: name, Python, packages and variables. */
export function NewView(props: { tab: Tab }): JSX.Element {
  const { trans, environments, place } = usePanel();
  const { draft, isDirty, edit } = useEditing(NEW, EMPTY);
  const current = draft ?? EMPTY;
  const problems = useProblems(current, isDirty);
  const { save, saving, refused } = useSave(NEW, current);
  const preview = usePreview(
    current,
    current.requirements.length > 0 && problems.all.length === 0
  );
  const nameProblem = refused.name ?? problems.name ?? null;
  const taken = useTaken(current.name);
  const changes = changesOf(current);
  const marked = withCulprits(
    problems,
    current.requirements,
    preview?.problem ?? null
  );
  const blocked = useBlocked(current, problems, {
    name: nameProblem !== null || taken !== null
  });
  const id = React.useId();
  const { drafts } = environments;
  const undo = () => drafts.undo(NEW);
  const discard = () => {
    drafts.discard(NEW);
    place.go({ view: 'list' });
  };
  const tab = props.tab === 'variables' ? 'variables' : 'packages';

  return (
    <div className="mlenv-Detail">
      <DetailBar label={trans.__('Environments')} />
      <form
        className="mlenv-Form"
        onSubmit={event => event.preventDefault()}
        aria-label={trans.__('New environment')}
      >
        <div className="mlenv-FormField mlenv-mod-wide">
          <label htmlFor={id}>{trans.__('Name')}</label>
          <div
            className="mlenv-Field"
            data-invalid={nameProblem !== null || taken !== null || undefined}
          >
            <input
              id={id}
              type="text"
              value={current.name}
              placeholder={trans.__('my-environment')}
              aria-invalid={nameProblem !== null || taken !== null}
              aria-describedby={`${id}-problem`}
              spellCheck={false}
              autoComplete="off"
              autoFocus={!current.name}
              onChange={event => edit({ name: event.target.value }, 'name')}
            />
          </div>
          <FieldProblem id={`${id}-problem`} problem={nameProblem ?? taken} />
        </div>
        <PythonField
          python={current.python}
          problem={problems.python}
          onChange={python => edit({ python }, 'python')}
        />
      </form>
      {current.report && (
        <ImportReport
          report={current.report}
          onDismiss={() => edit({ report: undefined }, 'report')}
        />
      )}
      <Tabs
        label={trans.__('New environment')}
        tabs={[
          {
            id: 'packages',
            label: trans.__('Packages'),
            count: current.requirements.length
          },
          {
            id: 'variables',
            label: trans.__('Variables'),
            count: current.variables.length
          }
        ]}
        current={tab}
        onTab={one => place.showTab(one)}
      >
        {tab === 'packages' ? (
          <PackagesTab
            draft={current}
            packages={preview?.resolution?.packages ?? null}
            problems={marked}
            edit={edit}
            onUndo={undo}
          />
        ) : (
          <VariablesTab
            draft={current}
            problems={problems}
            edit={edit}
            onUndo={undo}
          />
        )}
      </Tabs>
      <ChangesBar
        changes={changes}
        isNew
        next="1"
        preview={preview}
        blocked={blocked}
        refused={refused.others[0] ?? problems.others[0] ?? null}
        saving={saving}
        canUndo={drafts.canUndo(NEW)}
        onSave={build => void save(build)}
        onFix={fix => edit(applyFix(current, fix))}
        onDiscard={discard}
        onUndo={undo}
      />
    </div>
  );
}

/** The reason, when there is an environment of that name already. */
function useTaken(name: string) {
  const { trans, environments } = usePanel();
  const settled = useSettled(name.trim(), 250);
  const { data } = useQuery({
    queryKey: ['taken', settled],
    queryFn: async ({ signal }) => {
      const page = await environments.api.environments(
        { q: settled, limit: 50 },
        signal
      );
      return page.items.some(
        one => one.name.toLowerCase() === settled.toLowerCase()
      );
    },
    enabled: settled !== ''
  });
  return data && settled === name.trim()
    ? {
        message: trans.__('“%1” exists already.', settled),
        remedy: trans.__('Choose another name, or edit that one.')
      }
    : null;
}
