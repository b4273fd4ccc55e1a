import {
  keepPreviousData,
  type UseQueryResult,
  useQuery
} from '@tanstack/react-query';
import * as React from 'react';

import { ProblemError } from '../api';
import { useDraft, usePanel, useSettled } from '../panel/context';
import { resolutionQuery, validationQuery } from '../queries';
import type { IProblem, IResolution } from '../wire';
import { changesOf, definitionOf, type IDraft } from './draft';
import { type IPlacedProblems, placeProblems } from './problems';

const VALIDATE_AFTER = 250;
const PREVIEW_AFTER = 400;
/** The server answers so while it cannot preview. */
const NO_PREVIEW = new Set([404, 405, 501]);

/** One way to change the draft; edits of the same `field` in a row are undone as one. */
export type EditDraft = (part: Partial<IDraft>, field?: string) => void;

/**
 * The draft under a key, or what it would begin with, and the way to change it.
 *
 * A draft that is no different from its origin is not kept.
 */
export function useEditing(
  key: string,
  start: IDraft | null
): { draft: IDraft | null; isDirty: boolean; edit: EditDraft } {
  const { drafts } = usePanel().environments;
  const kept = useDraft(key);
  const draft = kept ?? start;
  const latest = React.useRef(draft);
  latest.current = draft;
  const edit = React.useCallback<EditDraft>(
    (part, field) => {
      const before = drafts.get(key) ?? latest.current;
      if (!before) {
        return;
      }
      const after = { ...before, ...part };
      if (after.base !== null && changesOf(after).count === 0) {
        drafts.discard(key);
      } else {
        drafts.put(key, after, field);
      }
    },
    [drafts, key]
  );
  return { draft, isDirty: kept !== null, edit };
}

/** What the server finds wrong with the draft, once the typing pauses. */
export function useProblems(
  draft: IDraft | null,
  isDirty: boolean
): IPlacedProblems & { all: readonly IProblem[] } {
  const { api } = usePanel().environments;
  const body = React.useMemo(
    () =>
      draft && {
        definition: definitionOf(draft),
        ...(draft.base === null && draft.name ? { name: draft.name } : {})
      },
    [draft]
  );
  const settled = useSettled(body, VALIDATE_AFTER);
  const { data, error } = useQuery({
    ...validationQuery(api, settled ?? { definition: {} }),
    enabled: isDirty && settled !== null && settled === body,
    placeholderData: keepPreviousData
  });
  return React.useMemo(() => {
    const all = !isDirty
      ? []
      : error instanceof ProblemError
        ? error.problems
        : (data?.problems ?? []);
    return { ...placeProblems(all), all };
  }, [data, error, isDirty]);
}

export interface IPreview {
  resolution: IResolution | null;
  /** Why it cannot be resolved. */
  problem: IProblem | null;
  /** The result belongs to an earlier state of the draft. */
  stale: boolean;
}

/** What the draft would resolve to; `null` where the server does not tell. */
export function usePreview(
  draft: IDraft | null,
  enabled: boolean
): IPreview | null {
  const { api } = usePanel().environments;
  const body = React.useMemo(
    () =>
      draft && {
        // Variables are no part of what is resolved.
        definition: { ...definitionOf(draft), variables: {} },
        ...(draft.base !== null
          ? { against: { name: draft.name, version: draft.base } }
          : {})
      },
    [draft]
  );
  const asked = useStable(body);
  const settled = useSettled(asked, PREVIEW_AFTER);
  const answer = useQuery({
    ...resolutionQuery(api, settled ?? { definition: {} }),
    enabled: enabled && settled !== null && settled === asked,
    placeholderData: keepPreviousData
  });
  return previewOf(answer, enabled, asked !== settled);
}

function previewOf(
  answer: UseQueryResult<IResolution>,
  enabled: boolean,
  typing: boolean
): IPreview | null {
  const { data, error, isFetching, isPlaceholderData } = answer;
  if (!enabled) {
    return null;
  }
  if (error) {
    const refused = error instanceof ProblemError;
    if (!refused || NO_PREVIEW.has(error.status)) {
      return null;
    }
    return { resolution: null, problem: error.problem, stale: typing };
  }
  if (!data && !isFetching) {
    return null;
  }
  return {
    resolution: data ?? null,
    problem: null,
    stale: typing || isPlaceholderData
  };
}

/** The same object for as long as its content is the same. */
function useStable<T>(value: T): T {
  const kept = React.useRef(value);
  if (JSON.stringify(kept.current) !== JSON.stringify(value)) {
    kept.current = value;
  }
  return kept.current;
}
