import * as React from 'react';

import { ProblemError, problemOf } from '../api';
import { usePanel } from '../panel/context';
import type { IProblem, IVersion } from '../wire';
import { definitionOf, type IDraft } from './draft';
import { placeProblems } from './problems';

/**
 * Saves a draft as the next version, and builds it when asked.
 *
 * A version that was saved stays saved even if its build cannot begin: the reason is told
 * where the build would have been.
 */
export function useSave(key: string, draft: IDraft | null) {
  const { environments, place } = usePanel();
  const [saving, setSaving] = React.useState(false);
  const [refused, setRefused] = React.useState<readonly IProblem[]>([]);
  // What was refused is no longer what would be sent.
  React.useEffect(() => setRefused([]), [draft]);

  /** Answers what was saved; `null` where it was refused. */
  const save = async (build: boolean): Promise<IVersion | null> => {
    if (!draft || saving) {
      return null;
    }
    let made: IVersion | null = null;
    const { name, base, description, version } = draft;
    setSaving(true);
    setRefused([]);
    try {
      const saved = await environments.save({
        name: name.trim(),
        base,
        description: description || undefined,
        ...(version && { version }),
        definition: definitionOf(draft)
      });
      made = saved;
      environments.drafts.discard(key);
      if (build) {
        await environments.startBuild(saved.name, saved.version);
      }
      const { location } = place;
      const tab = 'tab' in location ? location.tab : 'packages';
      place.open(saved.name, { tab: build ? 'builds' : tab });
    } catch (reason) {
      if (environments.drafts.get(key) === null) {
        // Saved, but not built: the detail shows what is there.
        place.open(name.trim(), { tab: 'builds' });
      }
      setRefused(
        reason instanceof ProblemError ? reason.problems : [problemOf(reason)]
      );
    } finally {
      setSaving(false);
    }
    return made;
  };
  const placed = React.useMemo(() => placeProblems(refused), [refused]);
  return { save, saving, refused: placed };
}
