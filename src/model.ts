import type { Event, ServiceManager, Session } from '@jupyterlab/services';
import { Throttler } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';
import {
  QueryCache,
  QueryClient,
  type QueryKey,
  QueryObserver
} from '@tanstack/react-query';

import { type Api, apiOf, makeProblem, ProblemError } from './api';
import { Connection } from './connection';
import { Drafts } from './editor/drafts';
import { buildsQuery, keys, mayWriteQuery } from './queries';
import type { IConnection, IEnvironments, ISave, ISession } from './tokens';
import {
  EVENT_SCHEMAS,
  type Form,
  type IBuild,
  type IChangeEvent,
  type IKernel,
  isActive,
  type IVersion
} from './wire';

/** How often builds are asked for, in case an event was missed. */
const POLL_RUNNING = 1_500;
const POLL_IDLE = 60_000;
/** Events come in flocks; what they touch is asked for once in this time. */
const EVENT_WINDOW = 250;

/**
 * The registry as this browser tab knows it.
 *
 * Events say that something changed, never what it is now: the answer comes from REST, so a
 * missed event costs time and not truth. A slow poll of the builds supervises the events.
 */
export class Environments implements IEnvironments {
  constructor(options: Environments.IOptions) {
    const { services } = options;
    this.api = apiOf(services.serverSettings);
    this.drafts = new Drafts(options.storage);
    this.queries = new QueryClient({
      queryCache: new QueryCache({
        onSuccess: () => this._connection.answered(),
        onError: reason => this._connection.failed(reason)
      }),
      defaultOptions: {
        // A Jupyter server may well be on this machine: the browser's idea of "online" is moot.
        queries: { networkMode: 'always', retry: false, staleTime: 5_000 },
        mutations: { networkMode: 'always' }
      }
    });
    this._throttler = new Throttler(() => this._flush(), EVENT_WINDOW);
    this._events = services.events;
    this._sessions = services.sessions;
  }

  readonly api: Api;
  readonly queries: QueryClient;
  readonly drafts: Drafts;

  get connection(): IConnection {
    return this._connection.current;
  }

  get connectionChanged(): ISignal<object, IConnection> {
    return this._connection.changed;
  }

  get mayWrite(): boolean {
    return this._mayWrite;
  }

  get mayWriteChanged(): ISignal<this, void> {
    return this._mayWriteChanged;
  }

  get runningBuilds(): readonly IBuild[] {
    return this._builds.filter(isActive);
  }

  get buildsChanged(): ISignal<this, void> {
    return this._buildsChanged;
  }

  get runningKernels(): ReadonlySet<string> {
    return this._runningKernels;
  }

  get sessions(): readonly ISession[] {
    return this._running;
  }

  get runningKernelsChanged(): ISignal<this, void> {
    return this._runningKernelsChanged;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Begins to listen and to ask; until then nothing is sent. */
  start(): void {
    this.queries.mount();
    this._events.stream.connect(this._onEvent, this);
    this._sessions.runningChanged.connect(this._onSessions, this);
    this._onSessions();
    const observer = new QueryObserver(this.queries, {
      ...buildsQuery(this.api),
      refetchInterval: query =>
        query.state.data?.some(isActive) ? POLL_RUNNING : POLL_IDLE
    });
    const stopBuilds = observer.subscribe(result => {
      if (result.data) {
        this._onBuilds(result.data);
      }
    });
    const stopMayWrite = new QueryObserver(
      this.queries,
      mayWriteQuery(this.api)
    ).subscribe(({ data = true }) => {
      if (data !== this._mayWrite) {
        this._mayWrite = data;
        this._mayWriteChanged.emit();
      }
    });
    this._stop = () => {
      stopBuilds();
      stopMayWrite();
    };
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._connection.dispose();
    this._stop?.();
    this._throttler.dispose();
    this.queries.unmount();
    this.queries.clear();
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  tryNow(): void {
    this._connection.tryNow();
  }

  async refresh(): Promise<void> {
    await this.queries.invalidateQueries();
  }

  async save(what: ISave): Promise<IVersion> {
    const { name, base, definition, description, version: called } = what;
    const version =
      base === null
        ? await this.api.createEnvironment({
            name,
            definition,
            description,
            ...(called && { version: called })
          })
        : await this.api.createVersion(name, { definition, base });
    this.queries.setQueryData(keys.version(name, version.version), version);
    this._touch(name);
    return version;
  }

  async remove(name: string): Promise<void> {
    await this.api.deleteEnvironment(name);
    this.drafts.discard(name);
    this._touch(name);
  }

  async startBuild(
    name: string,
    version: string,
    options: { force?: boolean; cache?: boolean; form?: Form } = {}
  ): Promise<IBuild> {
    const build = await this.api.startBuild({ name, version, ...options });
    this._remember(build);
    this._touch(name, version);
    return build;
  }

  async cancelBuild(id: string): Promise<IBuild> {
    const build = await this.api.cancelBuild(id);
    this._remember(build);
    this._touch(build.name, build.version);
    return build;
  }

  async installKernel(
    name: string,
    version: string,
    form?: Form
  ): Promise<IKernel> {
    if (!this._mayWrite) {
      return this._installed(name, version);
    }
    const kernel = await this.api.installKernel({ name, version, form });
    this._invalidate(keys.kernels, keys.version(name, version));
    return kernel;
  }

  async removeKernel(kernelName: string): Promise<void> {
    await this.api.removeKernel(kernelName);
    this._invalidate(keys.kernels, ['version']);
  }

  async change<T>(name: string, action: (api: Api) => Promise<T>): Promise<T> {
    try {
      return await action(this.api);
    } finally {
      this._touch(name);
    }
  }

  /** The kernel that somebody else has installed: one's own request would be refused. */
  private async _installed(name: string, version: string): Promise<IKernel> {
    const { items } = await this.api.kernels();
    const found = items.find(
      one => one.name === name && one.version === version
    );
    if (!found) {
      const message = `No kernel of ${name} v${version} is installed here, and you may not install one.`;
      throw new ProblemError(makeProblem({ code: 'forbidden', message }), 403);
    }
    return found;
  }

  private _onEvent(_: Event.IManager, emission: Event.Emission): void {
    const schema: string = emission.schema_id;
    const event = emission as unknown as IChangeEvent;
    if (schema === EVENT_SCHEMAS.build) {
      this._invalidate(keys.builds);
    } else if (schema === EVENT_SCHEMAS.environment) {
      this._touch(event.name, event.version);
    } else if (schema === EVENT_SCHEMAS.kernel && event.state !== 'starting') {
      this._invalidate(keys.kernels);
    } else if (schema === EVENT_SCHEMAS.run) {
      this._invalidate(keys.runs);
    } else if (schema === EVENT_SCHEMAS.service) {
      this._invalidate(keys.services);
    }
  }

  private _onSessions(): void {
    const running: ISession[] = [];
    for (const { kernel, path, type } of this._sessions.running()) {
      if (kernel) {
        const status = kernel.execution_state ?? '';
        running.push({ path, type, kernelName: kernel.name, status });
      }
    }
    if (JSON.stringify(running) === JSON.stringify(this._running)) {
      return;
    }
    const names = new Set(running.map(one => one.kernelName));
    const before = this._runningKernels;
    const others =
      names.size !== before.size || [...names].some(name => !before.has(name));
    this._running = running;
    // Keeps its identity while the names are the same.
    this._runningKernels = others ? names : before;
    this._runningKernelsChanged.emit();
    if (others) {
      this._invalidate(keys.kernels);
    }
  }

  /** Asks again for the version of each build whose state is not what it was. */
  private _onBuilds(builds: IBuild[]): void {
    const before = new Map(this._builds.map(build => [build.id, build.state]));
    const known = this._builds.length > 0 || this._heardOfBuilds;
    this._builds = builds;
    this._heardOfBuilds = true;
    if (known) {
      for (const build of builds) {
        if (before.get(build.id) !== build.state) {
          this._touch(build.name, build.version);
        }
      }
    }
    this._buildsChanged.emit();
  }

  /** Puts a build that an answer brought among the known ones, ahead of the next poll. */
  private _remember(build: IBuild): void {
    this.queries.setQueryData(
      buildsQuery(this.api).queryKey,
      (known: IBuild[] | undefined) => [
        build,
        ...(known ?? []).filter(other => other.id !== build.id)
      ]
    );
  }

  private _touch(name?: string, version?: string): void {
    this._invalidate(keys.environments, keys.catalogue, keys.builds);
    if (name) {
      this._invalidate(keys.environment(name));
      this._invalidate(
        version ? keys.version(name, version) : ['version', name]
      );
      this._invalidate(['diff']);
    }
  }

  private _invalidate(...touched: QueryKey[]): void {
    for (const key of touched) {
      this._touched.set(JSON.stringify(key), key);
    }
    void this._throttler.invoke();
  }

  private _flush(): void {
    const touched = [...this._touched.values()];
    this._touched.clear();
    for (const queryKey of touched) {
      void this.queries.invalidateQueries({ queryKey });
    }
  }

  private readonly _events: Event.IManager;
  private readonly _sessions: Session.IManager;
  private readonly _throttler: Throttler;
  private readonly _touched = new Map<string, QueryKey>();
  private readonly _connection = new Connection(
    () => this.api.builds(1),
    () => void this.refresh()
  );
  private readonly _buildsChanged = new Signal<this, void>(this);
  private readonly _mayWriteChanged = new Signal<this, void>(this);
  private readonly _runningKernelsChanged = new Signal<this, void>(this);
  private _mayWrite = true;
  private _builds: readonly IBuild[] = [];
  private _heardOfBuilds = false;
  private _runningKernels: ReadonlySet<string> = new Set();
  private _running: readonly ISession[] = [];
  private _stop: (() => void) | undefined;
  private _isDisposed = false;
}

export namespace Environments {
  export interface IOptions {
    services: Pick<
      ServiceManager.IManager,
      'serverSettings' | 'events' | 'sessions'
    >;
    /** Where drafts are kept. */
    storage: Storage;
  }
}
