/**
 * What can be asked, and under which key the answer is kept: one function a question,
 * for `useQuery`, `fetchQuery` and `invalidateQueries` alike.
 */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';

import { type Api, ProblemError } from './api';
import type { DefinitionInput, IDrift, IIndexes } from './wire';

/** Environments that one request brings. */
export const PAGE_SIZE = 200;

export const keys = {
  environments: ['environments'] as const,
  catalogue: ['catalogue'] as const,
  environment: (name: string) => ['environment', name] as const,
  version: (name: string, version: string) =>
    ['version', name, version] as const,
  builds: ['builds'] as const,
  kernels: ['kernels'] as const,
  drift: (kernelId: string) => ['drift', kernelId] as const,
  secrets: ['secrets'] as const,
  runs: ['runs'] as const,
  services: ['services'] as const
};

export const environmentsQuery = (api: Api, q: string, archived = false) =>
  infiniteQueryOptions({
    queryKey: [...keys.environments, q, archived],
    queryFn: ({ pageParam, signal }) =>
      api.environments(
        {
          q: q || undefined,
          limit: PAGE_SIZE,
          cursor: pageParam,
          ...(archived && { archived })
        },
        signal
      ),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next
  });

export const catalogueQuery = (api: Api) =>
  queryOptions({
    queryKey: keys.catalogue,
    queryFn: ({ signal }) => api.catalogue(signal)
  });

export const environmentQuery = (api: Api, name: string) =>
  queryOptions({
    queryKey: keys.environment(name),
    queryFn: ({ signal }) => api.environment(name, signal)
  });

export const versionQuery = (api: Api, name: string, version: string) =>
  queryOptions({
    queryKey: keys.version(name, version),
    queryFn: ({ signal }) => api.version(name, version, signal)
  });

export const imageQuery = (
  api: Api,
  name: string,
  version: string,
  state: string
) =>
  queryOptions({
    // A build that ends has made or lost it.
    queryKey: [...keys.version(name, version), 'image', state],
    queryFn: ({ signal }) => api.image(name, version, signal)
  });

export const buildsQuery = (api: Api) =>
  queryOptions({
    queryKey: keys.builds,
    queryFn: async ({ signal }) => (await api.builds(50, signal)).items
  });

export const buildQuery = (api: Api, id: string) =>
  queryOptions({
    queryKey: [...keys.builds, id],
    queryFn: ({ signal }) => api.build(id, signal)
  });

export const kernelsQuery = (api: Api) =>
  queryOptions({
    queryKey: keys.kernels,
    queryFn: async ({ signal }) => (await api.kernels(signal)).items
  });

export const runsQuery = (api: Api, name: string) =>
  queryOptions({
    queryKey: [...keys.runs, name],
    queryFn: async ({ signal }) => (await api.runs(name, signal)).items
  });

export const servicesQuery = (api: Api) =>
  queryOptions({
    queryKey: keys.services,
    queryFn: async ({ signal }) => (await api.services(signal)).items
  });

/** What a running kernel has beyond its version; `null` where nothing can be told. */
export const driftQuery = (api: Api, kernelId: string) =>
  queryOptions({
    queryKey: keys.drift(kernelId),
    queryFn: async (): Promise<IDrift | null> => {
      try {
        return await api.drift(kernelId);
      } catch (reason) {
        if (reason instanceof ProblemError) {
          // A kernel that is gone, or only starts, or whose container engine is silent.
          return null;
        }
        throw reason;
      }
    },
    // Whoever watches the kernel asks again when it says that something changed.
    staleTime: Infinity
  });

export const mayWriteQuery = (api: Api) =>
  queryOptions({
    queryKey: ['may write'],
    queryFn: ({ signal }) => api.mayWrite(signal),
    staleTime: Infinity
  });

export const nearbyQuery = (api: Api, directory: string) =>
  queryOptions({
    queryKey: ['nearby', directory],
    queryFn: async ({ signal }) => (await api.nearby(directory, signal)).items,
    staleTime: 30_000
  });

export const pythonsQuery = (api: Api) =>
  queryOptions({
    queryKey: ['python'],
    queryFn: ({ signal }) => api.pythons(signal),
    staleTime: 5 * 60_000
  });

export const adoptableQuery = (api: Api) =>
  queryOptions({
    queryKey: ['adoptable'],
    queryFn: async ({ signal }) => (await api.adoptable(signal)).items,
    staleTime: 5 * 60_000
  });

export const statusQuery = (api: Api) =>
  queryOptions({
    queryKey: ['status'],
    queryFn: ({ signal }) => api.status(signal),
    staleTime: 60_000
  });

export const diffQuery = (api: Api, from: string, to: string) =>
  queryOptions({
    queryKey: ['diff', from, to],
    queryFn: ({ signal }) => api.diff(from, to, signal),
    // Versions never change, but their locks come with the build.
    staleTime: 10_000
  });

export const validationQuery = (
  api: Api,
  body: { name?: string; definition: DefinitionInput }
) =>
  queryOptions({
    queryKey: ['validate', body],
    queryFn: ({ signal }) => api.validate(body, signal),
    staleTime: Infinity,
    gcTime: 60_000
  });

export const resolutionQuery = (
  api: Api,
  body: Parameters<Api['resolve']>[0]
) =>
  queryOptions({
    queryKey: ['resolve', body],
    queryFn: ({ signal }) => api.resolve(body, signal),
    staleTime: 5 * 60_000,
    retry: false
  });

export const packageNamesQuery = (api: Api, text: string, indexes: IIndexes) =>
  queryOptions({
    queryKey: ['package names', text, indexes],
    queryFn: ({ signal }) => api.packageNames(text, indexes, signal),
    staleTime: 60_000,
    retry: false
  });

export const releasesQuery = (api: Api, name: string, indexes: IIndexes) =>
  queryOptions({
    queryKey: ['package releases', name, indexes],
    queryFn: ({ signal }) => api.packageReleases(name, indexes, signal),
    staleTime: 5 * 60_000,
    retry: false
  });

export const secretsQuery = (api: Api) =>
  queryOptions({
    queryKey: keys.secrets,
    queryFn: async ({ signal }) => (await api.secrets(signal)).items,
    staleTime: 30_000
  });
