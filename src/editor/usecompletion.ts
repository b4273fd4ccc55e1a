import { keepPreviousData, useQuery } from '@tanstack/react-query';

import { ProblemError } from '../api';
import { usePanel, useSettled } from '../panel/context';
import { packageNamesQuery, releasesQuery } from '../queries';
import type { DefinitionInput, IIndexes, IRelease } from '../wire';
import { canonicalName } from './requirement';

/** Letters before anything is asked for. */
const LETTERS = 2;
const TYPED_AFTER = 120;
const MAX_NAMES = 8;
const MAX_RELEASES = 40;

/** What is being typed: the beginning of a name, or of a version after `==`. */
export type Wanted =
  | { kind: 'nothing' }
  | { kind: 'name'; text: string }
  | { kind: 'version'; name: string; extras: string; text: string };

export interface IOption {
  key: string;
  /** What choosing it adds. */
  line: string;
  label: string;
  /** Beside it: a date, or why it may not be the one. */
  note: string;
  release?: IRelease;
}

/** Where the packages of a definition come from. */
export function indexesOf(definition: DefinitionInput): IIndexes {
  const { index_url, extra_index_urls } = definition.pip ?? {};
  return {
    ...(index_url && { index_url }),
    ...(extra_index_urls?.length && { extra_index_urls })
  };
}

/** What the text in the field asks for. */
export function wantedOf(text: string): Wanted {
  const version =
    /^\s*([a-z0-9][a-z0-9._-]*)\s*(\[[^\]]*\])?\s*==\s*([0-9a-z.+!]*)$/i.exec(
      text
    );
  if (version) {
    const [, name, extras = '', typed] = version;
    return { kind: 'version', name, extras, text: typed };
  }
  const name = text.trim();
  return name.length >= LETTERS && /^[a-z0-9][a-z0-9._-]*$/i.test(name)
    ? { kind: 'name', text: name }
    : { kind: 'nothing' };
}

export interface ICompletion {
  kind: Wanted['kind'];
  options: readonly IOption[];
  /** When the list of names was fetched; `null` where there is none. */
  askedAt: string | null;
  /** The index does not answer: only what is known here is offered. */
  offline: boolean;
  /** Why there are no versions. */
  problem: string | null;
  loading: boolean;
}

/** Names and versions for what is typed; nothing is asked while `open` is false. */
export function useCompletion(
  text: string,
  open: boolean,
  known: readonly string[],
  indexes: IIndexes
): ICompletion {
  const { api } = usePanel().environments;
  const wanted = wantedOf(text);
  const typed = wanted.kind === 'name' ? wanted.text : '';
  const settled = useSettled(typed, TYPED_AFTER);
  const names = useQuery({
    ...packageNamesQuery(api, settled, indexes),
    enabled: open && settled !== '' && settled === typed,
    placeholderData: keepPreviousData
  });
  const of = wanted.kind === 'version' ? canonicalName(wanted.name) : '';
  const releases = useQuery({
    ...releasesQuery(api, of, indexes),
    enabled: open && of !== ''
  });
  if (!open || wanted.kind === 'nothing') {
    return NOTHING;
  }
  if (wanted.kind === 'name') {
    const answered = names.data?.items ?? [];
    return {
      kind: 'name',
      options: nameOptions(wanted.text, known, answered),
      askedAt: names.data?.asked_at ?? null,
      offline: names.isError || !names.data?.asked_at,
      problem: null,
      loading: names.isFetching
    };
  }
  return {
    kind: 'version',
    options: releaseOptions(wanted, releases.data?.items ?? []),
    askedAt: releases.data?.asked_at ?? null,
    offline: releases.data?.offline ?? false,
    problem:
      releases.error instanceof ProblemError
        ? releases.error.problem.message
        : (releases.error?.message ?? null),
    loading: releases.isFetching
  };
}

const NOTHING: ICompletion = {
  kind: 'nothing',
  options: [],
  askedAt: null,
  offline: false,
  problem: null,
  loading: false
};

/** Names used here that begin with what was typed, what the index has, then names that hold it. */
export function nameOptions(
  text: string,
  known: readonly string[],
  answered: readonly { name: string; imported_as?: string }[]
): IOption[] {
  const typed = canonicalName(text);
  const meant = answered.filter(one => one.imported_as);
  const names = [
    ...known.filter(name => name.startsWith(typed)),
    ...answered.map(one => one.name).filter(name => name.startsWith(typed)),
    ...known.filter(name => name.includes(typed)),
    ...answered.map(one => one.name)
  ].filter(name => name.includes(typed));
  const made = [
    ...meant.map(one => [one.name, one.imported_as ?? ''] as const),
    ...names.map(name => [name, ''] as const)
  ];
  const seen = new Set<string>();
  return made
    .filter(([name]) => !seen.has(name) && seen.add(name))
    .slice(0, MAX_NAMES)
    .map(([name, note]) => ({ key: name, line: name, label: name, note }));
}

function releaseOptions(
  wanted: Wanted & { kind: 'version' },
  releases: readonly IRelease[]
): IOption[] {
  return releases
    .filter(one => one.version.startsWith(wanted.text))
    .slice(0, MAX_RELEASES)
    .map(release => ({
      key: release.version,
      line: `${wanted.name}${wanted.extras}==${release.version}`,
      label: release.version,
      note: release.date?.slice(0, 10) ?? '',
      release
    }));
}
