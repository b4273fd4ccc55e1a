import type {
  DefinitionInput,
  ICatalogue,
  IEnvironment,
  IEnvironmentDetail,
  IEnvironmentPage,
  IImageDetails,
  IRefresh,
  IVersion,
  IVersionDiff
} from '../wire';
import { type Door, path } from './door';

/** Versions that a detail lists. */
const MAX_VERSIONS = 200;

/** Environments, their versions and labels. */
export const registry = (door: Door) => ({
  environments(
    query: {
      q?: string;
      limit?: number;
      cursor?: string | null;
      archived?: boolean;
    } = {},
    signal?: AbortSignal
  ): Promise<IEnvironmentPage> {
    return door.get('environments', query, signal);
  },

  catalogue(signal?: AbortSignal): Promise<ICatalogue> {
    return door.get('catalogue', {}, signal);
  },

  environment(name: string, signal?: AbortSignal): Promise<IEnvironmentDetail> {
    // Archived ones come too: notebooks go on using them, and whoever looks should see them.
    const query = { limit: MAX_VERSIONS, archived: true };
    return door.get(path('environments', name), query, signal);
  },

  /** Changes description or tags in place; they are no part of a version. */
  describe(
    name: string,
    body: { description?: string; tags?: { [key: string]: string } }
  ): Promise<IEnvironment> {
    return door.send('PUT', path('environments', name), body);
  },

  /** Has a label mean a version from now on. */
  setLabel(
    name: string,
    label: string,
    version: string
  ): Promise<IEnvironment> {
    const where = path('environments', name, 'labels', label);
    return door.send('PUT', where, { version });
  },

  removeLabel(name: string, label: string): Promise<void> {
    return door.send('DELETE', path('environments', name, 'labels', label));
  },

  /** Has `latest` mean an older version until the next one is registered. */
  rollBack(name: string, version: string): Promise<IVersion> {
    const where = path('environments', name, 'rollback');
    return door.send('POST', where, { version });
  },

  /** Takes an environment, or one version of it, out of every list, or puts it back. */
  archive(
    name: string,
    version: string | null,
    action: 'archive' | 'restore'
  ): Promise<IEnvironment> {
    const of = version === null ? [] : ['versions', version];
    return door.send('POST', path('environments', name, ...of, action), {});
  },

  /** Resolves a version anew, and registers the next one if something else comes of it. */
  refreshVersion(
    name: string,
    version: string,
    dryRun: boolean
  ): Promise<IRefresh> {
    const where = path('environments', name, 'versions', version, 'refresh');
    return door.send('POST', where, { dry_run: dryRun });
  },

  createEnvironment(body: {
    name: string;
    definition: DefinitionInput;
    description?: string;
    message?: string;
    version?: string;
  }): Promise<IVersion> {
    return door.send('POST', 'environments', body);
  },

  deleteEnvironment(name: string): Promise<void> {
    return door.send('DELETE', path('environments', name));
  },

  version(
    name: string,
    version: string,
    signal?: AbortSignal
  ): Promise<IVersion> {
    return door.get(
      path('environments', name, 'versions', version),
      {},
      signal
    );
  },

  deleteVersion(name: string, version: string): Promise<void> {
    return door.send('DELETE', path('environments', name, 'versions', version));
  },

  createVersion(
    name: string,
    body: { definition: DefinitionInput; message?: string; base?: string }
  ): Promise<IVersion> {
    return door.send('POST', path('environments', name, 'versions'), body);
  },

  diff(from: string, to: string, signal?: AbortSignal): Promise<IVersionDiff> {
    return door.get('diff', { from, to }, signal);
  },

  /** What is known of a version's image. */
  image(
    name: string,
    version: string,
    signal?: AbortSignal
  ): Promise<IImageDetails> {
    return door.get(
      path('environments', name, 'versions', version, 'image'),
      {},
      signal
    );
  }
});
