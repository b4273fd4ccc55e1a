import { ISignal, Signal } from '@lumino/signaling';

import type { IDraft } from './draft';

/** The key of the draft of an environment that has no name yet. */
export const NEW = '';

const PREFIX = 'mlenv:draft:';

/** Edits that no version holds yet, by environment. */
export interface IDrafts {
  /** The draft of an environment; `NEW` for one that does not exist yet. */
  get(key: string): IDraft | null;
  /** Keeps a draft. Successive edits of the same field (`edit`) are undone as one. */
  put(key: string, draft: IDraft, edit?: string): void;
  discard(key: string): void;
  /** Whether an earlier state can be had back. */
  canUndo(key: string): boolean;
  undo(key: string): void;
  /** Emitted with the key of the draft that is different now. */
  readonly changed: ISignal<IDrafts, string>;
}

/**
 * Drafts, kept in the browser's storage so that they survive a reload.
 *
 * Earlier states are kept in memory only: after a reload there is nothing to undo.
 */
export class Drafts implements IDrafts {
  constructor(private readonly _storage: Storage) {}

  get changed(): ISignal<this, string> {
    return this._changed;
  }

  get(key: string): IDraft | null {
    let draft = this._known.get(key);
    if (draft === undefined) {
      draft = this._read(key);
      this._known.set(key, draft);
    }
    return draft;
  }

  put(key: string, draft: IDraft, edit?: string): void {
    const before = this.get(key);
    if (before && (edit === undefined || edit !== this._lastEdit)) {
      this._past.set(key, [...(this._past.get(key) ?? []), before]);
    }
    this._lastEdit = edit;
    this._write(key, draft);
  }

  discard(key: string): void {
    this._past.delete(key);
    if (this.get(key)) {
      this._write(key, null);
    }
  }

  canUndo(key: string): boolean {
    return (this._past.get(key)?.length ?? 0) > 0;
  }

  undo(key: string): void {
    const past = this._past.get(key);
    const draft = past?.pop();
    this._lastEdit = undefined;
    if (draft) {
      this._write(key, draft);
    }
  }

  private _write(key: string, draft: IDraft | null): void {
    this._known.set(key, draft);
    try {
      if (draft) {
        this._storage.setItem(PREFIX + key, JSON.stringify(draft));
      } else {
        this._storage.removeItem(PREFIX + key);
      }
    } catch {
      // A full or forbidden storage: the draft lives as long as the page.
    }
    this._changed.emit(key);
  }

  private _read(key: string): IDraft | null {
    try {
      const text = this._storage.getItem(PREFIX + key);
      const draft = text ? (JSON.parse(text) as IDraft) : null;
      return draft && Array.isArray(draft.requirements) ? draft : null;
    } catch {
      return null;
    }
  }

  private readonly _changed = new Signal<this, string>(this);
  private readonly _known = new Map<string, IDraft | null>();
  private _lastEdit: string | undefined;
  private readonly _past = new Map<string, IDraft[]>();
}
