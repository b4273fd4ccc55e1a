/** The answers that views need, as hooks. */
import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery
} from '@tanstack/react-query';
import * as React from 'react';

import { countOf } from '../notebook/driftwatch';
import {
  adoptableQuery,
  buildsQuery,
  catalogueQuery,
  driftQuery,
  environmentQuery,
  environmentsQuery,
  kernelsQuery,
  versionQuery
} from '../queries';
import {
  isActive,
  type IBuild,
  type IDrift,
  type IExisting,
  type IKernel
} from '../wire';
import { useMayWrite, usePanel, useRunningKernels } from './context';
import { namesInUse } from './list/rows';

const NO_BUILDS: readonly IBuild[] = [];
const NO_EXISTING: readonly IExisting[] = [];
const NO_KERNELS: readonly IKernel[] = [];

/** The registered environments that a search finds, page after page. */
export function useMine(query: string, archived = false) {
  const { api } = usePanel().environments;
  const answer = useInfiniteQuery({
    ...environmentsQuery(api, query, archived),
    placeholderData: keepPreviousData,
    // An event that came before the page listened, or never, costs time and not truth.
    refetchInterval: 30_000
  });
  const pages = answer.data?.pages;
  const items = React.useMemo(
    () =>
      pages
        ?.flatMap(page => page.items)
        .filter(one => !archived || one.archived_at !== null) ?? null,
    [pages, archived]
  );
  const total = archived ? (items?.length ?? 0) : (pages?.[0]?.total ?? 0);
  return { ...answer, items, total };
}

export function useCatalogue() {
  const { api } = usePanel().environments;
  return useQuery(catalogueQuery(api));
}

/** What is on this machine already; looked for once the rest is there, because it takes longer. */
export function useAdoptable(): readonly IExisting[] {
  const { api } = usePanel().environments;
  const first = useCatalogue();
  const answer = useQuery({
    ...adoptableQuery(api),
    enabled: !first.isPending
  });
  return answer.data ?? NO_EXISTING;
}

export function useEnvironment(name: string) {
  const { api } = usePanel().environments;
  return useQuery(environmentQuery(api, name));
}

export function useVersion(name: string, version: string | null) {
  const { api } = usePanel().environments;
  return useQuery({
    ...versionQuery(api, name, version ?? ''),
    enabled: version !== null
  });
}

/** What a running kernel has beyond its version, or `null`. */
export function useDrift(kernelId: string): IDrift | null {
  const { api } = usePanel().environments;
  const { data } = useQuery({
    ...driftQuery(api, kernelId),
    enabled: kernelId !== ''
  });
  return data && countOf(data) > 0 ? data : null;
}

/** All builds that the server still lists, newest first. */
export function useBuilds(): readonly IBuild[] {
  const { api } = usePanel().environments;
  return useQuery(buildsQuery(api)).data ?? NO_BUILDS;
}

/** The build that runs now, by name of environment. */
export function useRunning(
  builds: readonly IBuild[]
): ReadonlyMap<string, IBuild> {
  return React.useMemo(
    () =>
      new Map(
        builds
          .filter(isActive)
          .reverse()
          .map(build => [build.name, build])
      ),
    [builds]
  );
}

export function useKernels(): readonly IKernel[] {
  const { api } = usePanel().environments;
  return useQuery(kernelsQuery(api)).data ?? NO_KERNELS;
}

/**
 * Whether a notebook can be switched to a version: whoever may only look can use the kernels that
 * are installed.
 */
export function useCanUse(): (name: string, version: string) => boolean {
  const mayWrite = useMayWrite();
  const kernels = useKernels();
  return (name, version) =>
    mayWrite ||
    kernels.some(
      one => one.name === name && one.version === version && one.path_exists
    );
}

/** The names of the environments whose kernels run now. */
export function useNamesInUse(
  kernels: readonly IKernel[]
): ReadonlySet<string> {
  const running = useRunningKernels();
  return React.useMemo(() => namesInUse(kernels, running), [kernels, running]);
}
