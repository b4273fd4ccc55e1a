import type { IProblem } from '../wire';
import { requirementKey } from './requirement';

/** The problems of a definition, by the place in the editor where they are shown. */
export interface IPlacedProblems {
  name: IProblem | null;
  python: IProblem | null;
  /** By the index of the line. */
  requirements: ReadonlyMap<number, IProblem>;
  /** By the name of the variable. */
  variables: ReadonlyMap<string, IProblem>;
  /** Those with no field of their own. */
  others: readonly IProblem[];
}

export const NO_PROBLEMS: IPlacedProblems = {
  name: null,
  python: null,
  requirements: new Map(),
  variables: new Map(),
  others: []
};

const REQUIREMENT = /^(?:definition\.)?pip\.requirements\[(\d+)\]/;
const VARIABLE = /^(?:definition\.)?variables\.(.*)$/s;

/** Sorts problems to the fields that their `where` names. */
export function placeProblems(problems: readonly IProblem[]): IPlacedProblems {
  const placed = {
    name: null as IProblem | null,
    python: null as IProblem | null,
    requirements: new Map<number, IProblem>(),
    variables: new Map<string, IProblem>(),
    others: [] as IProblem[]
  };
  for (const problem of problems) {
    const { where } = problem;
    const requirement = REQUIREMENT.exec(where);
    const variable = VARIABLE.exec(where);
    if (where === 'name') {
      placed.name ??= problem;
    } else if (where === 'python' || where === 'definition.python') {
      placed.python ??= problem;
    } else if (requirement) {
      placed.requirements.set(Number(requirement[1]), problem);
    } else if (variable) {
      placed.variables.set(variable[1], problem);
    } else {
      placed.others.push(problem);
    }
  }
  return placed;
}

/** The problems, and with them the lines that a conflict names. */
export function withCulprits(
  problems: IPlacedProblems,
  requirements: readonly string[],
  conflict: IProblem | null
): IPlacedProblems {
  if (!conflict) {
    return problems;
  }
  const marked = new Map(problems.requirements);
  for (const { requirement, note } of conflict.culprits) {
    const key = requirementKey(requirement);
    const index = requirements.findIndex(line => requirementKey(line) === key);
    if (index >= 0 && note && !marked.has(index)) {
      marked.set(index, { ...conflict, message: note, remedy: '' });
    }
  }
  return { ...problems, requirements: marked };
}

/** The number in "line 4", from 1. */
export function lineOf(problem: IProblem): number | null {
  const match =
    /^line (\d+)/.exec(problem.where) ?? /\[(\d+)\]$/.exec(problem.where);
  if (!match) {
    return null;
  }
  return Number(match[1]) + (problem.where.startsWith('line') ? 0 : 1);
}
