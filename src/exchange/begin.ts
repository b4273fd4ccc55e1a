import { ProblemError } from '../api';
import { draftOf, type IDraft, newDraft } from '../editor/draft';
import { NEW } from '../editor/drafts';
import type { IPanelContext } from '../panel/context';
import { confirmDiscard } from '../panel/dialogs';
import type { DefinitionInput, IImport, IProblem } from '../wire';
import { bodyOf, type IFileToRead } from './contents';

type Context = Pick<IPanelContext, 'environments' | 'place' | 'trans'>;

function size(draft: IDraft): number {
  return (
    draft.requirements.length +
    draft.variables.length +
    (draft.origin.conda?.packages?.length ?? 0)
  );
}

/** Begins a new environment in the editor, but never over an unfinished one without asking. */
export async function begin(
  draft: IDraft,
  { environments, place, trans }: Context,
  show: () => void
): Promise<void> {
  const { drafts } = environments;
  const unfinished = drafts.get(NEW);
  const isBlank = size(draft) === 0 && !draft.report;
  const lost = unfinished ? size(unfinished) : 0;
  if (lost > 0 && !isBlank && !(await confirmDiscard(lost, trans))) {
    show();
    place.go({ view: 'new', tab: 'packages' });
    return;
  }
  if (!unfinished || !isBlank || draft.name) {
    drafts.put(
      NEW,
      isBlank && unfinished ? { ...unfinished, name: draft.name } : draft
    );
  }
  show();
  place.go({ view: 'new', tab: 'packages' });
}

/** A draft in which all that the editor shows counts as new; the rest is kept as it is. */
export function freshDraft(name: string, definition: DefinitionInput): IDraft {
  return {
    ...draftOf(name, null, definition),
    origin: {
      ...definition,
      python: null,
      pip: { ...definition.pip, requirements: [] },
      variables: {}
    }
  };
}

/** Begins with what a file holds; the editor shows what was made of each part of it. */
export async function beginFromFile(
  file: IFileToRead,
  context: Context,
  show: () => void
): Promise<void> {
  let read: IImport;
  try {
    read = await context.environments.api.importFile(bodyOf(file));
  } catch (reason) {
    if (!(reason instanceof ProblemError)) {
      throw reason;
    }
    // Nothing of it can be taken: the editor says which lines are at fault.
    const report = {
      filename: file.name,
      taken: [],
      kept: [],
      refused: reason.problems.map(lineOfReport)
    };
    await begin({ ...newDraft(), report }, context, show);
    return;
  }
  const name = read.name || nameFrom(file.name);
  await begin(
    {
      ...(read.definition ? freshDraft(name, read.definition) : newDraft(name)),
      ...(read.version && { version: read.version }),
      report: {
        filename: file.name,
        taken: read.report.taken,
        kept: read.report.kept,
        refused: read.report.refused
      }
    },
    context,
    show
  );
}

function lineOfReport({ where, message, remedy }: IProblem): string {
  return `${where ? `${where}: ` : ''}${message} ${remedy}`.trim();
}

/** "churn" from "churn.yml"; nothing from names that say only what kind of file it is. */
export function nameFrom(filename: string): string {
  const stem = filename.replace(/(\.mlenv)?\.[^.]*$/, '');
  const generic =
    /^(requirements.*|environment|conda|conda-lock|pyproject|pylock|pixi|uv|poetry|pipfile|python_env|dockerfile|definition|mlproject|azureml_environment|)$/i;
  return generic.test(stem) || /^mlenv-/i.test(stem)
    ? ''
    : stem.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[^A-Za-z0-9]+/, '');
}
