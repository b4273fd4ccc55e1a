import type { ICodeCellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { NotebookActions } from '@jupyterlab/notebook';
import type { Contents, KernelSpec } from '@jupyterlab/services';
import { PathExt } from '@jupyterlab/coreutils';
import type { JSONObject } from '@lumino/coreutils';
import { JSONExt } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IEnvironments } from '../tokens';
import type { IStamp } from '../wire';
import type { IKernelFacts } from './kernelfacts';
import { factsOfSpec } from './kernelfacts';

/** The key in the metadata of notebooks and cells. */
export const KEY = 'mlenv';

/** Bytes of a stamp in a notebook; a longer lock goes into a file beside it. */
const LIMIT = 16 * 1024;

/** What a memory needs of JupyterLab. */
export interface IMemoryContext {
  readonly environments: IEnvironments;
  readonly kernelspecs: KernelSpec.IManager;
  readonly contents: Contents.IManager;
}

/**
 * Has one notebook remember the environment that it runs in, and each cell the
 * version that it ran in.
 *
 * The stamp is written when the kernel changes, together with JupyterLab's own
 * `kernelspec`, and only if it says something else than before: opening a
 * notebook, or saving it, changes nothing.
 */
export class NotebookMemory implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _context: IMemoryContext
  ) {
    _panel.sessionContext.kernelChanged.connect(this._onKernel, this);
    NotebookActions.executed.connect(this._onExecuted, this);
    void _panel.sessionContext.ready.then(() => this._onKernel());
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
  }

  /** What the notebook remembers is something else now. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Has the notebook go with a label of its environment, or stay with its version (`null`). */
  async follow(name: string, label: string | null): Promise<void> {
    this._follows = { name, label };
    await this.write();
  }

  /** Writes down the version of the kernel that runs now. */
  async write(): Promise<void> {
    const facts = this._facts();
    if (!facts) {
      return;
    }
    const { context } = this._panel;
    const before = stampOf(this._panel);
    const chosen = this._follows?.name === facts.name ? this._follows : null;
    const known = before?.name === facts.name ? before.follows : null;
    const follows = chosen ? chosen.label : known;
    let stamp: IStamp;
    try {
      stamp = await this._context.environments.api.stamp(
        facts.name,
        facts.version,
        follows
      );
    } catch {
      // Deleted meanwhile, or no connection: what is remembered stays.
      return;
    }
    await context.ready;
    if (this._isDisposed || this._facts()?.kernelName !== facts.kernelName) {
      return;
    }
    const kept = await this._besideIfLong(stamp);
    const model = context.model;
    const now = kept as unknown as JSONObject;
    if (!JSONExt.deepEqual(model.getMetadata(KEY) ?? null, now)) {
      model.setMetadata(KEY, now);
    }
    if (chosen === this._follows) {
      this._follows = null;
    }
    this._changed.emit();
  }

  private _onKernel(): void {
    if (!this._isDisposed) {
      void this.write();
    }
  }

  private _onExecuted(
    _: unknown,
    args: {
      notebook: { model: unknown };
      cell: { model: ICellModel };
    }
  ): void {
    const facts = this._facts();
    if (!facts || args.notebook.model !== this._panel.content.model) {
      return;
    }
    const { model } = args.cell;
    if (model.type !== 'code') {
      return;
    }
    const ran = { ran: `${facts.name} v${facts.version}` };
    const before = ranOf(model.getMetadata(KEY));
    if (isAboutEnvironments(model.sharedModel.getSource())) {
      // What it had shown before, of whatever version, is gone.
      if (before !== null) {
        model.deleteMetadata(KEY);
      }
    } else if (before !== ran.ran) {
      model.setMetadata(KEY, ran);
    }
  }

  private _facts(): IKernelFacts | null {
    const kernel = this._panel.sessionContext.session?.kernel;
    return kernel
      ? factsOfSpec(kernel.name, this._context.kernelspecs.specs)
      : null;
  }

  private async _besideIfLong(stamp: IStamp): Promise<IStamp> {
    if (!stamp.lock || JSON.stringify(stamp).length <= LIMIT) {
      return stamp;
    }
    const { lock, ...short } = stamp;
    const path = lockPath(this._panel.context.path);
    await this._context.contents.save(path, {
      type: 'file',
      format: 'text',
      content: JSON.stringify(lock)
    });
    return { ...short, lock_file: PathExt.basename(path) };
  }

  private readonly _changed = new Signal<this, void>(this);
  /** What was chosen and is not written down yet. */
  private _follows: { name: string; label: string | null } | null = null;
  private _isDisposed = false;
}

interface ICellModel {
  type: string;
  sharedModel: { getSource(): string };
  getMetadata(key: string): unknown;
  setMetadata(key: string, value: unknown): void;
  deleteMetadata(key: string): void;
}

/** Whether a cell does nothing but change environments: it has no results of any. */
function isAboutEnvironments(source: string): boolean {
  const lines = source.split('\n').filter(line => line.trim() !== '');
  return (
    source.startsWith('%%mlenv') ||
    lines.every(line => line.startsWith('%mlenv'))
  );
}

/** What a notebook remembers; `null` if it is nothing that can be read. */
export function stampOf(panel: NotebookPanel): IStamp | null {
  const raw = panel.context.model.getMetadata(KEY) as
    Partial<IStamp> | undefined;
  return raw && typeof raw.name === 'string' && typeof raw.version === 'string'
    ? (raw as IStamp)
    : null;
}

/** The lock that stands beside a notebook whose stamp says so. */
export async function lockBeside(
  panel: NotebookPanel,
  stamp: IStamp,
  contents: Contents.IManager
): Promise<object | undefined> {
  if (stamp.lock || !stamp.lock_file || stamp.lock_file.includes('/')) {
    return undefined;
  }
  const place = PathExt.dirname(panel.context.path);
  try {
    const file = await contents.get(PathExt.join(place, stamp.lock_file), {
      type: 'file',
      format: 'text'
    });
    return JSON.parse(file.content as string) as object;
  } catch {
    return undefined;
  }
}

/** The cells with results of another version than the one named, and of which. */
export function cellsElsewhere(
  panel: NotebookPanel,
  label: string
): { index: number; ran: string }[] {
  const found: { index: number; ran: string }[] = [];
  const { model } = panel.content;
  for (let index = 0; index < (model?.cells.length ?? 0); index++) {
    const cell = model!.cells.get(index);
    if (
      cell.type !== 'code' ||
      (cell as ICodeCellModel).executionCount === null
    ) {
      continue;
    }
    const ran = ranIn(cell as ICodeCellModel);
    if (ran !== null && ran !== label) {
      found.push({ index, ran });
    }
  }
  return found;
}

/**
 * The version that a cell ran in, `null` if nothing says so. An output is made
 * anew by each run, also by who writes to no cell, so what it says comes first.
 */
function ranIn(cell: ICodeCellModel): string | null {
  const { outputs } = cell;
  for (let index = 0; index < outputs.length; index++) {
    const ran = ranOf(outputs.get(index).metadata[KEY]);
    if (ran !== null) {
      return ran;
    }
  }
  return ranOf(cell.getMetadata(KEY));
}

function ranOf(metadata: unknown): string | null {
  const ran = (metadata as { ran?: unknown } | null | undefined)?.ran;
  return typeof ran === 'string' ? ran : null;
}

function lockPath(notebook: string): string {
  const stem = PathExt.basename(notebook, PathExt.extname(notebook));
  return PathExt.join(PathExt.dirname(notebook), `${stem}.mlenv-lock.json`);
}
