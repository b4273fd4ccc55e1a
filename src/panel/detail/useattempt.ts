import * as React from 'react';

import { ProblemError, problemOf } from '../../api';
import type { IProblem } from '../../wire';

/** Runs an action; answers whether it went well. */
export type Attempt = (action: () => Promise<unknown>) => Promise<boolean>;

/** Runs actions, and keeps what the server had against the last one. */
export function useAttempt(): [IProblem | null, Attempt] {
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const attempt = React.useCallback<Attempt>(async action => {
    setProblem(null);
    try {
      await action();
      return true;
    } catch (reason) {
      setProblem(
        reason instanceof ProblemError ? reason.problems[0] : problemOf(reason)
      );
      return false;
    }
  }, []);
  return [problem, attempt];
}
