import * as React from 'react';

import { changesOf, draftOf } from '../../editor/draft';
import { withCulprits } from '../../editor/problems';
import { useBlocked } from '../../editor/useblocked';
import { useEditing, usePreview, useProblems } from '../../editor/usedraft';
import { useSave } from '../../editor/usesave';
import type { IProblem, IVersion } from '../../wire';
import { usePanel } from '../context';
import { confirmDiscard } from '../dialogs';

/** The unsaved changes to a version: what they are, what they come to, and what is wrong. */
export function useChanges(version: IVersion) {
  const { trans, environments } = usePanel();
  const { drafts } = environments;
  const { name } = version;
  const start = React.useMemo(
    () => draftOf(name, version.version, version.definition),
    [name, version.version, version.definition]
  );
  const editing = useEditing(name, start);
  /** The version that unsaved changes belong to, when it is another one than this. */
  const elsewhere =
    editing.isDirty && editing.draft?.base !== version.version
      ? (editing.draft?.base ?? null)
      : null;
  const draft = (elsewhere === null ? editing.draft : start) ?? start;
  const isDirty = editing.isDirty && elsewhere === null;
  const problems = useProblems(draft, isDirty);
  const { save, saving, refused } = useSave(name, draft);
  const changes = changesOf(draft);
  const resolves = changes.requirements.length > 0 || changes.python !== null;
  const preview = usePreview(
    draft,
    isDirty && resolves && problems.all.length === 0
  );
  const marked = withCulprits(
    problems,
    draft.requirements,
    preview?.problem ?? null
  );
  const blocked = useBlocked(draft, problems, { name: false });
  const discard = async () => {
    if (changes.count <= 3 || (await confirmDiscard(changes.count, trans))) {
      drafts.discard(name);
    }
  };
  return {
    draft,
    isDirty,
    elsewhere,
    edit: editing.edit,
    changes,
    problems,
    marked,
    preview,
    blocked,
    refused: firstOf(refused) ?? problems.others[0] ?? null,
    save,
    saving,
    canUndo: drafts.canUndo(name),
    undo: () => drafts.undo(name),
    discard
  };
}

export type Changes = ReturnType<typeof useChanges>;

function firstOf(
  refused: ReturnType<typeof useSave>['refused']
): IProblem | null {
  return (
    refused.others[0] ??
    refused.name ??
    refused.python ??
    [...refused.requirements.values(), ...refused.variables.values()][0] ??
    null
  );
}
