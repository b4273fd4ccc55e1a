import type { DefinitionInput, IFix, IPackageChange, IVersion } from '../wire';

import {
  parseRequirement,
  requirementKey,
  withRequirement
} from './requirement';

/** A row of the table of variables; both may be half written. */
export interface IVariable {
  name: string;
  value: string;
}

/** Edits of one environment that no version holds yet. An immutable value. */
export interface IDraft {
  /** What a new environment will be called, or is called. */
  readonly name: string;
  /** The version that is edited; `null` for an environment that does not exist yet. */
  readonly base: string | null;
  readonly description: string;
  /** What the version is called in the file that it was read from. */
  readonly version?: string;
  /** What the editing began with, and all that has no field in the editor. */
  readonly origin: DefinitionInput;
  readonly python: string | null;
  readonly requirements: readonly string[];
  /** Conda packages where they differ from those it began with: a fix changes them. */
  readonly conda?: readonly string[];
  /** Channels, the first asked first, where they differ from those it began with. */
  readonly channels?: readonly string[];
  readonly variables: readonly IVariable[];
  /** What was made of the file that it was read from. */
  readonly report?: IImportReport;
}

/** What was made of each part of a file. */
export interface IImportReport {
  readonly filename: string;
  /** What is honoured. */
  readonly taken: readonly string[];
  /** What is kept and has no effect. */
  readonly kept: readonly string[];
  /** What was left out. */
  readonly refused: readonly string[];
}

/** A draft of something new. */
export function newDraft(name = '', python: string | null = null): IDraft {
  return {
    name,
    base: null,
    description: '',
    origin: {},
    python,
    requirements: [],
    variables: []
  };
}

/** A draft that is as yet no different from the definition it begins with. */
export function draftOf(
  name: string,
  base: string | null,
  definition: DefinitionInput,
  description = ''
): IDraft {
  return {
    name,
    base,
    description,
    origin: definition,
    python: definition.python ?? null,
    requirements: definition.pip?.requirements ?? [],
    variables: Object.entries(definition.variables ?? {}).map(
      ([name, value]) => ({ name, value })
    )
  };
}

/** A draft of a new environment with everything that a version has. */
export function copyOf(version: IVersion, name: string): IDraft {
  const { definition, description } = version;
  return {
    ...draftOf(name, null, definition, description),
    // Everything in the copy is new, so that nothing looks as if it had been saved.
    origin: {
      ...definition,
      python: null,
      pip: { ...definition.pip, requirements: [] },
      variables: {}
    }
  };
}

/** What the draft asks for, as it is sent. */
export function definitionOf(draft: IDraft): DefinitionInput {
  return {
    ...draft.origin,
    ...((draft.conda || draft.channels) && {
      conda: {
        ...draft.origin.conda,
        packages: [...condaOf(draft)],
        channels: [...channelsOf(draft)]
      }
    }),
    python: draft.python || null,
    pip: { ...draft.origin.pip, requirements: [...draft.requirements] },
    variables: Object.fromEntries(
      draft.variables
        .filter(({ name, value }) => name !== '' || value !== '')
        .map(({ name, value }) => [name, value])
    )
  };
}

/** The conda packages that the draft asks for. */
export function condaOf(draft: IDraft): readonly string[] {
  return draft.conda ?? draft.origin.conda?.packages ?? [];
}

/** The channels that the draft's conda packages come from, in their order. */
export function channelsOf(draft: IDraft): readonly string[] {
  return draft.channels ?? draft.origin.conda?.channels ?? [];
}

/** The match specs with one more, which takes the place of one for the same package. */
export function withSpec(specs: readonly string[], spec: string): string[] {
  const name = condaName(spec);
  const at = specs.findIndex(other => condaName(other) === name);
  return at < 0
    ? [...specs, spec]
    : specs.map((other, index) => (index === at ? spec : other));
}

/** The names that stand in more than one row. */
export function repeatedVariables(draft: IDraft): ReadonlySet<string> {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const { name } of draft.variables) {
    if (name && seen.has(name)) {
      repeated.add(name);
    }
    seen.add(name);
  }
  return repeated;
}

/** What is different from the version it was edited from. */
export interface IDraftChanges {
  requirements: IPackageChange[];
  variables: IPackageChange[];
  python: { before: string | null; after: string | null } | null;
  count: number;
}

export function changesOf(draft: IDraft): IDraftChanges {
  const requirements = compare(
    keyed(draft.origin.pip?.requirements ?? [], requirementKey, line => line),
    keyed(draft.requirements, requirementKey, line => line),
    nameOf
  );
  requirements.push(
    ...compare(
      keyed(draft.origin.conda?.packages ?? [], condaName, line => line),
      keyed(condaOf(draft), condaName, line => line),
      key => key
    )
  );
  // The order of channels counts, so each is kept with its place.
  requirements.push(
    ...compare(
      placed(draft.origin.conda?.channels ?? []),
      placed(channelsOf(draft)),
      key => key
    )
  );
  const variables = compare(
    new Map(Object.entries(draft.origin.variables ?? {})),
    keyed(
      draft.variables.filter(({ name }) => name !== ''),
      ({ name }) => name,
      ({ value }) => value
    ),
    name => name
  );
  const before = draft.origin.python ?? null;
  const after = draft.python || null;
  const python = before === after ? null : { before, after };
  return {
    requirements,
    variables,
    python,
    count: requirements.length + variables.length + (python ? 1 : 0)
  };
}

function keyed<T>(
  items: readonly T[],
  key: (item: T) => string,
  value: (item: T) => string
): Map<string, string> {
  return new Map(items.map(item => [key(item), value(item)]));
}

function placed(channels: readonly string[]): Map<string, string> {
  return new Map(channels.map((one, index) => [`channel ${index + 1}`, one]));
}

function compare(
  before: Map<string, string>,
  after: Map<string, string>,
  name: (key: string, line: string) => string
): IPackageChange[] {
  const changes: IPackageChange[] = [];
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const was = before.get(key) ?? null;
    const is = after.get(key) ?? null;
    if (was !== is) {
      changes.push({
        name: name(key, is ?? was ?? key),
        before: was,
        after: is,
        change: was === null ? 'added' : is === null ? 'removed' : 'changed',
        by: ''
      });
    }
  }
  return changes;
}

function nameOf(key: string, line: string): string {
  return parseRequirement(line)?.name ?? line;
}

/** The draft with a fix applied that the server proposed. */
export function applyFix(draft: IDraft, fix: IFix): IDraft {
  // A line stands where it is asked for, so what takes its place stands there too.
  const asked = condaOf(draft);
  const remove = new Set(fix.remove);
  if (asked.some(line => remove.has(line))) {
    const kept = asked.filter(line => !remove.has(line));
    return { ...draft, conda: [...new Set([...kept, ...fix.add])].sort() };
  }
  const gone = new Set(fix.remove.map(requirementKey));
  const kept = draft.requirements.filter(
    line => !gone.has(requirementKey(line))
  );
  return { ...draft, requirements: fix.add.reduce(withRequirement, kept) };
}

/** The name in a match spec: `numpy` of `conda-forge::numpy>=1`. */
export function condaName(spec: string): string {
  return /^(?:.*::)?([A-Za-z0-9._-]+)/.exec(spec)?.[1] ?? spec;
}

/** The number that the next version will most likely get. */
export function nextVersion(latest: string): string | null {
  return /^\d+$/.test(latest) ? String(Number(latest) + 1) : null;
}
