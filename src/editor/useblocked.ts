import { usePanel, useConnection } from '../panel/context';
import { type IDraft, repeatedVariables } from './draft';
import type { IPlacedProblems } from './problems';

/** Why a draft cannot be saved now, in one short sentence; `null` when it can. */
export function useBlocked(
  draft: IDraft,
  problems: IPlacedProblems,
  also: { name: boolean }
): string | null {
  const { trans } = usePanel();
  const { lost } = useConnection();
  if (lost) {
    return trans.__(
      'The server is away: nothing can be saved until it answers.'
    );
  }
  if (draft.base === null && !draft.name.trim()) {
    return trans.__('Give it a name to save it.');
  }
  if (also.name) {
    return trans.__('Mend the name to save.');
  }
  if (problems.python) {
    return trans.__('Mend the Python version to save.');
  }
  if (problems.requirements.size > 0) {
    return trans.__('Mend the packages marked above to save.');
  }
  const unnamed = draft.variables.some(
    one => one.name === '' && one.value !== ''
  );
  if (problems.variables.size > 0 || repeatedVariables(draft).size || unnamed) {
    return trans.__('Mend the variables to save.');
  }
  return null;
}
