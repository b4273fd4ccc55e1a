import {
  isActive,
  type IBuild,
  type IEnvironment,
  type IKernel
} from '../wire';

export type Group = 'recent' | 'mine' | 'curated';

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
  /** The kernel of this notebook. */
  here: string;
  query: string;
}

/**
 * What a notebook can be switched to: what it runs in, what its neighbours run in and what ran
 * here before, then one's own environments by their newest version, then the curated ones.
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
    const key = `${name}:${version}`;
    if (seen.has(key) || !holds(name, input.query)) {
      return false;
    }
    seen.add(key);
    const icon = known.get(name)?.icon ?? null;
    made.push({ key, group, name, version, icon, cost });
    return true;
  };
  const rank = (one: IKernel) =>
    one.kernel_name === here ? 0 : nearby.has(one.kernel_name) ? 1 : 2;
  const used = input.kernels
    .filter(one => one.path_exists || one.kernel_name === here)
    .map((one, index) => [rank(one), index, one] as const)
    .sort((one, other) => one[0] - other[0] || one[1] - other[1])
    .slice(0, RECENT);
  for (const [first, , one] of used) {
    const cost: Cost = { is: first === 0 ? 'here' : 'ready' };
    add('recent', one.name, one.version, cost);
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
