/** What is wrong, where, and what would mend it. */

/** A requirement at fault, with what is wrong with it. */
export interface ICulprit {
  requirement: string;
  note: string;
}

/** One change to the requirements that would mend the problem. */
export interface IFix {
  label: string;
  remove: string[];
  add: string[];
}

/** Something went wrong, or will: what, why, and what to do about it. */
export interface IProblem {
  code: string;
  /** What happened, in one sentence. */
  message: string;
  /** Why; may be empty. */
  detail: string;
  /** What to do now. */
  remedy: string;
  /** The place: "", "name", "pip.requirements[3]", "variables.1=2", "line 4". */
  where: string;
  culprits: ICulprit[];
  fixes: IFix[];
  /** Set when one answer holds several. */
  problems?: IProblem[];
}

/** The body of every answer with a status of 400 or more. */
export interface IErrorBody {
  error: Partial<IProblem> & { code: string; message: string };
}
