import type { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents, KernelSpec } from '@jupyterlab/services';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { bodyOf, readContents, readFolder } from '../exchange/contents';
import { environmentQuery } from '../queries';
import type { IEnvironments } from '../tokens';
import { besideNotebook, type IBeside, namedBy } from './beside';
import { foundInPanel } from './found';

/** An environment of the name of a notebook's kernel, which is not here itself. */
export interface INamed {
  readonly kernel: string;
  readonly name: string;
  readonly version: string;
}

/** A version that is registered here. */
type Version = Pick<INamed, 'name' | 'version'>;

/** What is known of a notebook that remembers no environment, from what stands around it. */
export class Surroundings {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _environments: IEnvironments,
    private readonly _kernelspecs: KernelSpec.IManager,
    private readonly _contents: Contents.IManager
  ) {}

  /** The file beside it that lists packages, as far as it was looked for. */
  get beside(): IBeside | null {
    return this._beside;
  }

  /** The version here that asks for the very same as the file beside it. */
  get here(): Version | null {
    return this._here;
  }

  /** The environment that its kernel is named after, as long as that kernel is not here. */
  get named(): INamed | null {
    return this._named?.kernel === this._missing() ? this._named : null;
  }

  /** Something was found. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Looks once for each place of the notebook and each kernel that it names. */
  look(): void {
    const { path } = this._panel.context;
    const kernel = this._missing();
    const at = `${path}\n${kernel}`;
    if (at !== this._looked) {
      this._looked = at;
      this._looking = this._look(at, path, kernel);
    }
  }

  /** Whether there is anything that its reader can be offered, once it was looked for. */
  async offers(): Promise<boolean> {
    this.look();
    await this._looking;
    return (
      this._beside !== null ||
      this.named !== null ||
      foundInPanel(this._panel) !== null
    );
  }

  private async _look(
    at: string,
    path: string,
    kernel: string | null
  ): Promise<void> {
    const [beside, named] = await Promise.all([
      // A folder that cannot be listed has nothing to offer.
      besideNotebook(this._contents, path).catch(() => null),
      kernel === null ? null : this._find(kernel)
    ]);
    const here = beside && (await this._same(beside));
    if (at === this._looked && !this._panel.isDisposed) {
      this._beside = beside;
      this._named = named;
      this._here = here;
      this._changed.emit();
    }
  }

  /** The server reads it; nothing is registered, resolved or built. */
  private async _same(beside: IBeside): Promise<Version | null> {
    const read = beside.isFolder ? readFolder : readContents;
    try {
      const file = await read(this._contents, beside.path);
      const { here } = await this._environments.api.importFile(bodyOf(file));
      return here ?? null;
    } catch {
      return null; // it cannot be read: the editor says why
    }
  }

  private async _find(kernel: string): Promise<INamed | null> {
    const name = namedBy(kernel);
    if (name === null) {
      return null;
    }
    const { api, queries } = this._environments;
    try {
      const { environment } = await queries.fetchQuery(
        environmentQuery(api, name)
      );
      return { kernel, name, version: environment.latest.version };
    } catch {
      return null; // there is none of that name
    }
  }

  /** The kernel that the notebook names, if it is not here. */
  private _missing(): string | null {
    const { specs } = this._kernelspecs;
    const spec = this._panel.context.model.getMetadata('kernelspec') as
      { name?: unknown } | undefined;
    return specs && typeof spec?.name === 'string' && spec.name
      ? spec.name in specs.kernelspecs
        ? null
        : spec.name
      : null;
  }

  private readonly _changed = new Signal<this, void>(this);
  private _looked = '';
  private _looking: Promise<void> = Promise.resolve();
  private _beside: IBeside | null = null;
  private _here: Version | null = null;
  private _named: INamed | null = null;
}
