import {
  isActive,
  type IBuild,
  type IEnvironment,
  type IKernel,
  type INearby
} from '../wire';

/** `project`: what the other notebooks of the directory run in, or remember. */
export type Group = 'recent' | 'project' | 'mine' | 'curated';

/** What a press costs. */
export type Cost =
  | { is: 'here' }
  | { is: 'ready' }
  | { is: 'building' }
  /** `seconds` is what the last build of that environment took, where one is known. */
  | { is: 'build'; seconds: number | null }
  | { is: 'failed'; build: string | null };

/** One environment in one version that a notebook can run in. */
export interface IChoice {
  key: string;
  group: Group;
  name: string;
  version: string;
  icon: string | null;
  cost: Cost;
}

const RECENT = 5;
const MINE = 30;

export interface IChoices {
  mine: readonly IEnvironment[];
  curated: readonly IEnvironment[];
  builds: readonly IBuild[];
  /** Those that are installed: what notebooks here ran in. */
  kernels: readonly IKernel[];
  /** Kernels that notebooks in the same directory run on now. */
  nearby: ReadonlySet<string>;
  /** What notebooks in the same directory remember. */
  remembered: readonly INearby[];
  /** The kernel of this notebook. */
  here: string;
  query: string;
  /** Whether what is not installed can be. */
  mayWrite: boolean;
}

/**
 * What a notebook can be switched to: what it runs in and what ran here before, what its
 * neighbours run in or remember, then one's own environments by their newest version, then the
 * curated ones.
 */
export function choices(input: IChoices): IChoice[] {
  const { here, nearby, builds } = input;
  const known = new Map(
    [...input.mine, ...input.curated].map(one => [one.name, one])
  );
  const seen = new Set<string>();
  const made: IChoice[] = [];
  const add = (
    group: Group,
    name: string,
    version: string,
    cost: Cost
  ): boolean => {
    const key = keyOf({ name, version });
    if (seen.has(key) || !holds(name, input.query)) {
      return false;
    }
    seen.add(key);
    const icon = known.get(name)?.icon ?? null;
    made.push({ key, group, name, version, icon, cost });
    return true;
  };
  const installed = input.kernels.filter(
    one => one.path_exists || one.kernel_name === here
  );
  const own = installed.find(one => one.kernel_name === here);
  if (own) {
    add('recent', own.name, own.version, { is: 'here' });
  }
  // A neighbour is shown as one.
  const beside = new Set(input.remembered.map(one => keyOf(one)));
  const isNeighbour = (one: IKernel) =>
    nearby.has(one.kernel_name) || beside.has(keyOf(one));
  const others = installed.filter(one => one !== own);
  const recent = others.filter(one => !isNeighbour(one));
  for (const one of recent.slice(0, input.mayWrite ? RECENT : undefined)) {
    add('recent', one.name, one.version, { is: 'ready' });
  }
  for (const one of others.filter(isNeighbour)) {
    add('project', one.name, one.version, { is: 'ready' });
  }
  if (!input.mayWrite) {
    return made;
  }
  for (const one of input.remembered) {
    const environment = known.get(one.name);
    if (environment && environment.latest.version === one.version) {
      add('project', one.name, one.version, costOf(environment, builds));
    } else if (environment) {
      add('project', one.name, one.version, { is: 'build', seconds: null });
    }
  }
  const groups = [
    ['mine', input.mine.slice(0, MINE)],
    ['curated', input.curated]
  ] as const;
  for (const [group, environments] of groups) {
    for (const one of environments) {
      if (!one.archived_at) {
        add(group, one.name, one.latest.version, costOf(one, builds));
      }
    }
  }
  return made;
}

function keyOf(one: { name: string; version: string }): string {
  return `${one.name}:${one.version}`;
}

function holds(name: string, query: string): boolean {
  const text = name.toLowerCase();
  return query
    .toLowerCase()
    .split(/\s+/)
    .every(word => text.includes(word));
}

function costOf(one: IEnvironment, builds: readonly IBuild[]): Cost {
  const own = builds.filter(build => build.name === one.name);
  const newest = own.find(build => build.version === one.latest.version);
  if (one.latest.state === 'ready') {
    return { is: 'ready' };
  }
  if (newest && isActive(newest)) {
    return { is: 'building' };
  }
  if (one.latest.state === 'failed') {
    return { is: 'failed', build: newest?.id ?? null };
  }
  const done = own.find(
    build => build.state === 'succeeded' && build.started_at && !build.reused
  );
  return {
    is: 'build',
    seconds: done
      ? (Date.parse(done.finished_at ?? '') -
          Date.parse(done.started_at ?? '')) /
        1000
      : null
  };
}
