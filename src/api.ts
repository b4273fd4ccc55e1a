import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type {
  DefinitionInput,
  Form,
  IAdopted,
  IAsked,
  IBuild,
  ICatalogue,
  ICollected,
  IDrift,
  IEnvironment,
  IEnvironmentDetail,
  IEnvironmentPage,
  IErrorBody,
  IExisting,
  IImageDetails,
  IImport,
  IIndexes,
  IKernel,
  IPackageNames,
  IPackageReleases,
  IPlan,
  IProblem,
  IPythons,
  IRefresh,
  IResolution,
  IRun,
  ISecret,
  IService,
  IStamp,
  IStatus,
  IValidation,
  IVersion,
  IVersionDiff
} from './wire';

/** The server understood the request and says what is wrong with it. */
export class ProblemError extends Error {
  constructor(
    readonly problem: IProblem,
    readonly status: number
  ) {
    super(problem.message);
    this.name = 'ProblemError';
  }

  /** All the problems in the answer, at least one. */
  get problems(): IProblem[] {
    const several = this.problem.problems;
    return several?.length ? several : [this.problem];
  }
}

/** No answer came: the server is gone, or something stands between. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super('The server does not answer.', { cause });
    this.name = 'ConnectionLost';
  }
}

/** Whatever was thrown, as a Problem that can be shown. */
export function problemOf(reason: unknown): IProblem {
  if (reason instanceof ProblemError) {
    return reason.problem;
  }
  if (reason instanceof ConnectionLost) {
    return makeProblem({
      code: 'connection_lost',
      message: reason.message,
      remedy: 'Check that Jupyter is running, then try again.'
    });
  }
  return makeProblem({
    code: 'unexpected',
    message: reason instanceof Error ? reason.message : String(reason)
  });
}

/** A Problem with every field there. */
export function makeProblem(
  partial: Partial<IProblem> & { code: string; message: string }
): IProblem {
  return {
    detail: '',
    remedy: '',
    where: '',
    culprits: [],
    fixes: [],
    ...partial
  };
}

/** A gateway answers with these when the server behind it is gone. */
const GATEWAY_STATUSES = new Set([502, 504]);

/** Versions that a detail lists. */
const MAX_VERSIONS = 200;

type Query = { [key: string]: string | number | boolean | undefined | null };

/**
 * The REST interface of `/mlenv/api`, one method a verb and a path.
 *
 * Each rejects with `ProblemError` when the server refuses and with `ConnectionLost` when it
 * does not answer, and with nothing else.
 */
export class Api {
  constructor(readonly settings: ServerConnection.ISettings) {}

  environments(
    query: {
      q?: string;
      limit?: number;
      cursor?: string | null;
      archived?: boolean;
    } = {},
    signal?: AbortSignal
  ): Promise<IEnvironmentPage> {
    return this._get('environments', query, signal);
  }

  catalogue(signal?: AbortSignal): Promise<ICatalogue> {
    return this._get('catalogue', {}, signal);
  }

  environment(name: string, signal?: AbortSignal): Promise<IEnvironmentDetail> {
    // Archived ones come too: notebooks go on using them, and whoever looks should see them.
    const query = { limit: MAX_VERSIONS, archived: true };
    return this._get(path('environments', name), query, signal);
  }

  /** Changes description or tags in place; they are no part of a version. */
  describe(
    name: string,
    body: { description?: string; tags?: { [key: string]: string } }
  ): Promise<IEnvironment> {
    return this._send('PUT', path('environments', name), body);
  }

  /** Has a label mean a version from now on. */
  setLabel(
    name: string,
    label: string,
    version: string
  ): Promise<IEnvironment> {
    const where = path('environments', name, 'labels', label);
    return this._send('PUT', where, { version });
  }

  removeLabel(name: string, label: string): Promise<void> {
    return this._send('DELETE', path('environments', name, 'labels', label));
  }

  /** Has `latest` mean an older version until the next one is registered. */
  rollBack(name: string, version: string): Promise<IVersion> {
    const where = path('environments', name, 'rollback');
    return this._send('POST', where, { version });
  }

  /** Takes an environment, or one version of it, out of every list, or puts it back. */
  archive(
    name: string,
    version: string | null,
    action: 'archive' | 'restore'
  ): Promise<IEnvironment> {
    const of = version === null ? [] : ['versions', version];
    return this._send('POST', path('environments', name, ...of, action), {});
  }

  /** Resolves a version anew, and registers the next one if something else comes of it. */
  refreshVersion(
    name: string,
    version: string,
    dryRun: boolean
  ): Promise<IRefresh> {
    const where = path('environments', name, 'versions', version, 'refresh');
    return this._send('POST', where, { dry_run: dryRun });
  }

  createEnvironment(body: {
    name: string;
    definition: DefinitionInput;
    description?: string;
    message?: string;
    version?: string;
  }): Promise<IVersion> {
    return this._send('POST', 'environments', body);
  }

  deleteEnvironment(name: string): Promise<void> {
    return this._send('DELETE', path('environments', name));
  }

  version(
    name: string,
    version: string,
    signal?: AbortSignal
  ): Promise<IVersion> {
    return this._get(
      path('environments', name, 'versions', version),
      {},
      signal
    );
  }

  deleteVersion(name: string, version: string): Promise<void> {
    return this._send(
      'DELETE',
      path('environments', name, 'versions', version)
    );
  }

  createVersion(
    name: string,
    body: { definition: DefinitionInput; message?: string; base?: string }
  ): Promise<IVersion> {
    return this._send('POST', path('environments', name, 'versions'), body);
  }

  diff(from: string, to: string, signal?: AbortSignal): Promise<IVersionDiff> {
    return this._get('diff', { from, to }, signal);
  }

  validate(
    body:
      | { name?: string; definition?: DefinitionInput }
      | { text: string; format: 'requirements' },
    signal?: AbortSignal
  ): Promise<IValidation> {
    return this._send('POST', 'validate', body, signal);
  }

  resolve(
    body: {
      definition: DefinitionInput;
      against?: { name: string; version: string };
    },
    signal?: AbortSignal
  ): Promise<IResolution> {
    return this._send('POST', 'resolve', body, signal);
  }

  /** Names of packages that begin with what was typed, then those that hold it. */
  packageNames(
    text: string,
    indexes: IIndexes,
    signal?: AbortSignal
  ): Promise<IPackageNames> {
    return this._send('POST', 'packages/names', { text, ...indexes }, signal);
  }

  /** The versions of a package in the index that has it. */
  packageReleases(
    name: string,
    indexes: IIndexes,
    signal?: AbortSignal
  ): Promise<IPackageReleases> {
    return this._send(
      'POST',
      'packages/releases',
      { name, ...indexes },
      signal
    );
  }

  /** Reads a file with the texts beside it, or, without a text, the files of a directory. */
  importFile(body: {
    text?: string;
    filename: string;
    files?: { [path: string]: string };
    name?: string;
  }): Promise<IImport> {
    return this._send('POST', 'import', body);
  }

  /** What is known of a version's image. */
  image(
    name: string,
    version: string,
    signal?: AbortSignal
  ): Promise<IImageDetails> {
    return this._get(
      path('environments', name, 'versions', version, 'image'),
      {},
      signal
    );
  }

  /** A version as a file that other tools read, under the name that the server gives it. */
  async exportFile(
    name: string,
    version: string,
    format: string
  ): Promise<{ blob: Blob; filename: string }> {
    const where = path('environments', name, 'versions', version, 'export');
    const response = await this._fetch(
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
  }

  /** The environments on this machine that mlenv did not make. */
  adoptable(signal?: AbortSignal): Promise<{ items: IExisting[] }> {
    return this._get('adoptable', {}, signal);
  }

  /** What would make one of them again; nothing is registered. */
  readAdoptable(id: string, signal?: AbortSignal): Promise<IImport> {
    return this._get(path('adoptable', id), {}, signal);
  }

  /** Makes one of them reproducible: a version that is locked to what is in it. */
  adopt(id: string, name: string): Promise<IAdopted> {
    return this._send('POST', path('adoptable', id), { name });
  }

  builds(limit = 50, signal?: AbortSignal): Promise<{ items: IBuild[] }> {
    return this._get('builds', { limit }, signal);
  }

  build(id: string, signal?: AbortSignal): Promise<IBuild> {
    return this._get(path('builds', id), {}, signal);
  }

  startBuild(body: {
    name: string;
    version?: string;
    force?: boolean;
    cache?: boolean;
    form?: Form;
  }): Promise<IBuild> {
    return this._send('POST', 'builds', body);
  }

  cancelBuild(id: string): Promise<IBuild> {
    return this._send('DELETE', path('builds', id));
  }

  kernels(signal?: AbortSignal): Promise<{ items: IKernel[] }> {
    return this._get('kernels', {}, signal);
  }

  installKernel(body: {
    name: string;
    version?: string;
    form?: Form;
  }): Promise<IKernel> {
    return this._send('POST', 'kernels', body);
  }

  removeKernel(kernelName: string): Promise<void> {
    return this._send('DELETE', path('kernels', kernelName));
  }

  /** The newest runs in one environment. */
  runs(name: string, signal?: AbortSignal): Promise<{ items: IRun[] }> {
    return this._get('runs', { name, limit: 10 }, signal);
  }

  /** Lines of a run's log from a byte on. */
  runLog(id: string, from: number, signal?: AbortSignal): Promise<string> {
    return this._text(`${path('runs', id, 'log')}?from=${from}`, { signal });
  }

  /** Runs a command on a copy of a directory, which is a path of JupyterLab's files. */
  startRun(body: {
    name: string;
    version?: string;
    source_directory: string;
    command: string[];
  }): Promise<IRun> {
    return this._send('POST', 'runs', body);
  }

  runAgain(id: string): Promise<IRun> {
    return this._send('POST', path('runs', id, 'again'));
  }

  cancelRun(id: string): Promise<IRun> {
    return this._send('DELETE', path('runs', id));
  }

  services(signal?: AbortSignal): Promise<{ items: IService[] }> {
    return this._get('services', {}, signal);
  }

  serviceLog(
    name: string,
    from: number,
    signal?: AbortSignal
  ): Promise<string> {
    const where = path('services', name, 'log');
    return this._text(`${where}?from=${from}`, { signal });
  }

  /** Asks a service with its own key; what it answers, whatever the status. */
  askService(name: string, data: string): Promise<IAsked> {
    return this._send('POST', path('services', name, 'score'), { data });
  }

  deleteService(name: string): Promise<void> {
    return this._send('DELETE', path('services', name));
  }

  /** What a running kernel has beyond its version. */
  drift(kernelId: string): Promise<IDrift> {
    return this._get(path('drift', kernelId), {});
  }

  /** Registers what a kernel has as the next version. */
  saveDrift(kernelId: string): Promise<IVersion> {
    return this._send('POST', path('drift', kernelId), {});
  }

  /** Takes out again what was added to a kernel. */
  discardDrift(kernelId: string): Promise<void> {
    return this._send('DELETE', path('drift', kernelId));
  }

  /** What a notebook in this version should remember. */
  stamp(
    name: string,
    version: string,
    follows?: string | null
  ): Promise<IStamp> {
    return this._get(path('environments', name, 'versions', version, 'stamp'), {
      follows
    });
  }

  /** Fetches, resolves and runs nothing. */
  inspectNotebook(stamp: object, lock?: object): Promise<IPlan> {
    return this._send('POST', 'notebooks/inspect', { stamp, lock });
  }

  restoreNotebook(body: {
    stamp: object;
    lock?: object;
    ticked: string[];
  }): Promise<IVersion> {
    return this._send('POST', 'notebooks/restore', body);
  }

  /** Their names and uses; no answer ever has a value. */
  secrets(signal?: AbortSignal): Promise<{ items: ISecret[] }> {
    return this._get('secrets', {}, signal);
  }

  /** Sets a secret; without a value, it may be used for more. */
  setSecret(
    name: string,
    body: { value?: string; environments: string[] }
  ): Promise<ISecret> {
    return this._send('PUT', path('secrets', name), body);
  }

  pythons(signal?: AbortSignal): Promise<IPythons> {
    return this._get('python', {}, signal);
  }

  /** Chooses how many kernels are kept ready, until the server ends. */
  choosePool(choice: {
    size: number | null;
    memory: number | null;
  }): Promise<unknown> {
    return this._send('PUT', 'pool', choice);
  }

  /** Removes what was built and nothing refers to; with `dryRun` only says what that is. */
  collect(dryRun: boolean): Promise<ICollected> {
    return this._send('POST', 'collect', { dry_run: dryRun });
  }

  status(signal?: AbortSignal): Promise<IStatus> {
    return this._get('status', {}, signal);
  }

  private _get<T>(where: string, query: Query, signal?: AbortSignal) {
    const asked = Object.entries(query)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`);
    const tail = asked.length ? `?${asked.join('&')}` : '';
    return this._request<T>(where + tail, { method: 'GET', signal });
  }

  private _send<T>(
    method: 'POST' | 'PUT' | 'DELETE',
    where: string,
    body?: unknown,
    signal?: AbortSignal
  ) {
    return this._request<T>(where, {
      method,
      signal,
      body: body === undefined ? undefined : JSON.stringify(body)
    });
  }

  private async _request<T>(where: string, init: RequestInit): Promise<T> {
    const text = await this._text(where, init);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  private async _text(where: string, init: RequestInit): Promise<string> {
    const response = await this._fetch(where, init);
    try {
      return await response.text();
    } catch (reason) {
      throw init.signal?.aborted ? reason : new ConnectionLost(reason);
    }
  }

  private async _fetch(where: string, init: RequestInit): Promise<Response> {
    const url = URLExt.join(this.settings.baseUrl, 'mlenv/api') + `/${where}`;
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
      if (response.ok) {
        return response;
      }
      throw refusal(response, await response.text());
    } catch (reason) {
      if (
        init.signal?.aborted ||
        reason instanceof ProblemError ||
        reason instanceof ConnectionLost
      ) {
        throw reason;
      }
      throw new ConnectionLost(reason);
    }
  }
}

/** A path whose parts may hold anything. */
function path(...parts: string[]): string {
  return parts.map(encodeURIComponent).join('/');
}

/** The error in an answer, also when a proxy or Jupyter itself wrote it. */
function refusal(response: Response, text: string): Error {
  if (GATEWAY_STATUSES.has(response.status)) {
    return new ConnectionLost(new Error(response.statusText));
  }
  try {
    const { error } = JSON.parse(text) as IErrorBody;
    if (typeof error?.message === 'string') {
      return new ProblemError(makeProblem(error), response.status);
    }
  } catch {
    // Not ours: told by its status below, never by its raw text.
  }
  return new ProblemError(foreign(response.status), response.status);
}

function foreign(status: number): IProblem {
  if (status === 403 || status === 401) {
    return makeProblem({
      code: 'forbidden',
      message: 'You may not do this here.',
      remedy: 'Log in again, or ask who runs this server.'
    });
  }
  if (status === 404) {
    return makeProblem({
      code: 'not_found',
      message: 'The server does not know this request.',
      remedy: 'Check that the mlenv server extension is installed and enabled.'
    });
  }
  return makeProblem({
    code: 'server_error',
    message: `The server failed to answer (status ${status}).`,
    remedy: 'Try again. If it stays, the server log says more.'
  });
}
