import type { IErrorBody, IProblem } from '../wire';

/** The server understood the request and says what is wrong with it. */
export class ProblemError extends Error {
  constructor(
    readonly problem: IProblem,
    readonly status: number
  ) {
    super(problem.message);
    this.name = 'ProblemError';
  }

  /** All the problems in the answer, at least one. */
  get problems(): IProblem[] {
    const several = this.problem.problems;
    return several?.length ? several : [this.problem];
  }
}

/** No answer came: the server is gone, or something stands between. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('The server does not answer.', { cause });
    this.name = 'ConnectionLost';
  }
}

/** Whatever was thrown, as a Problem that can be shown. */
export function problemOf(reason: unknown): IProblem {
  if (reason instanceof ProblemError) {
    return reason.problem;
  }
  if (reason instanceof ConnectionLost) {
    return makeProblem({
      code: 'connection_lost',
      message: reason.message,
      remedy: 'Check that Jupyter is running, then try again.'
    });
  }
  return makeProblem({
    code: 'unexpected',
    message: reason instanceof Error ? reason.message : String(reason)
  });
}

/** A Problem with every field there. */
export function makeProblem(
  partial: Partial<IProblem> & { code: string; message: string }
): IProblem {
  return {
    detail: '',
    remedy: '',
    where: '',
    culprits: [],
    fixes: [],
    ...partial
  };
}

/** A gateway answers with these when the server behind it is gone. */
const GATEWAY_STATUSES = new Set([502, 504]);

/** The error in an answer, also when a proxy or Jupyter itself wrote it. */
export function refusal(response: Response, text: string): Error {
  if (GATEWAY_STATUSES.has(response.status)) {
    return new ConnectionLost(new Error(response.statusText));
  }
  try {
    const { error } = JSON.parse(text) as IErrorBody;
    if (typeof error?.message === 'string') {
      return new ProblemError(makeProblem(error), response.status);
    }
  } catch {
    // Not ours: told by its status below, never by its raw text.
  }
  return new ProblemError(foreign(response.status), response.status);
}

function foreign(status: number): IProblem {
  if (status === 403 || status === 401) {
    return makeProblem({
      code: 'forbidden',
      message: 'You may not do this here.',
      remedy: 'Log in again, or ask who runs this server.'
    });
  }
  if (status === 404) {
    return makeProblem({
      code: 'not_found',
      message: 'The server does not know this request.',
      remedy: 'Check that the mlenv server extension is installed and enabled.'
    });
  }
  return makeProblem({
    code: 'server_error',
    message: `The server failed to answer (status ${status}).`,
    remedy: 'Try again. If it stays, the server log says more.'
  });
}
