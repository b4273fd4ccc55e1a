import type {
  DefinitionInput,
  IAdopted,
  IExisting,
  IImport,
  IIndexes,
  IPackageNames,
  IPackageReleases,
  IResolution,
  IValidation
} from '../wire';
import { type Door, path } from './door';

/** What is wanted: checked, resolved, read from files and written to them. */
export const definitions = (door: Door) => ({
  validate(
    body:
      | { name?: string; definition?: DefinitionInput }
      | { text: string; format: 'requirements' },
    signal?: AbortSignal
  ): Promise<IValidation> {
    return door.send('POST', 'validate', body, signal);
  },

  resolve(
    body: {
      definition: DefinitionInput;
      against?: { name: string; version: string };
    },
    signal?: AbortSignal
  ): Promise<IResolution> {
    return door.send('POST', 'resolve', body, signal);
  },

  /** Names of packages that begin with what was typed, then those that hold it. */
  packageNames(
    text: string,
    indexes: IIndexes,
    signal?: AbortSignal
  ): Promise<IPackageNames> {
    return door.send('POST', 'packages/names', { text, ...indexes }, signal);
  },

  /** The versions of a package in the index that has it. */
  packageReleases(
    name: string,
    indexes: IIndexes,
    signal?: AbortSignal
  ): Promise<IPackageReleases> {
    return door.send('POST', 'packages/releases', { name, ...indexes }, signal);
  },

  /** Reads a file with the texts beside it, or, without a text, the files of a directory. */
  importFile(body: {
    text?: string;
    filename: string;
    files?: { [path: string]: string };
    /** Where it is on the server: what says the Python may stand beside it. */
    directory?: string;
    name?: string;
  }): Promise<IImport> {
    return door.send('POST', 'import', body);
  },

  /** A version as a file that other tools read, under the name that the server gives it. */
  async exportFile(
    name: string,
    version: string,
    format: string
  ): Promise<{ blob: Blob; filename: string }> {
    const where = path('environments', name, 'versions', version, 'export');
    const response = await door.fetch(
      `${where}?format=${encodeURIComponent(format)}`,
      {}
    );
    const named = /filename="([^"]+)"/.exec(
      response.headers.get('Content-Disposition') ?? ''
    );
    return {
      blob: await response.blob(),
      filename: named?.[1] ?? `${name}-${version}`
    };
  },

  /** The environments on this machine that mlenv did not make. */
  adoptable(signal?: AbortSignal): Promise<{ items: IExisting[] }> {
    return door.get('adoptable', {}, signal);
  },

  /** What would make one of them again; nothing is registered. */
  readAdoptable(id: string, signal?: AbortSignal): Promise<IImport> {
    return door.get(path('adoptable', id), {}, signal);
  },

  /** Makes one of them reproducible: a version that is locked to what is in it. */
  adopt(id: string, name: string): Promise<IAdopted> {
    return door.send('POST', path('adoptable', id), { name });
  }
});
