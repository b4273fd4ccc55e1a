import { ISignal, Signal } from '@lumino/signaling';

export const TABS = [
  'overview',
  'packages',
  'variables',
  'image',
  'versions',
  'builds',
  'used-by'
] as const;

export type Tab = (typeof TABS)[number];

export type Filter =
  'all' | 'mine' | 'curated' | 'built' | 'in-use' | 'archived';

/** What a view shows. */
export type Location =
  | { view: 'list' }
  | { view: 'new'; tab: Tab }
  | { view: 'adopt'; id: string }
  | {
      view: 'detail';
      name: string;
      /** A version, or "latest" to follow the newest. */
      version: string;
      tab: Tab;
      /** One build of the version; the newest when left out. */
      build?: string;
    };

/** Where the person is in the panel, and how the list is set up. */
export interface IPlaceState {
  location: Location;
  filter: Filter;
  /** Sections of the list that are folded. */
  folded: string[];
  /** Failed builds that were looked at. */
  seen: string[];
}

const START: IPlaceState = {
  location: { view: 'list' },
  filter: 'all',
  folded: [],
  seen: []
};

/** Only so many builds are listed, so no more need to be remembered. */
const MAX_SEEN = 50;

/** The state of one view, which comes back after a reload when it has a storage. */
export class Place {
  constructor(
    private readonly _key: string,
    private readonly _storage: Storage | null,
    location?: Location
  ) {
    this._state = { ...START, ...this._read() };
    if (location) {
      this._state = { ...this._state, location };
    }
  }

  get state(): IPlaceState {
    return this._state;
  }

  get location(): Location {
    return this._state.location;
  }

  get changed(): ISignal<this, IPlaceState> {
    return this._changed;
  }

  go(location: Location): void {
    this._update({ location });
  }

  /** Opens the detail of an environment. */
  open(
    name: string,
    options: { version?: string; tab?: Tab; build?: string } = {}
  ): void {
    const { version = 'latest', tab = 'packages', build } = options;
    this.go({ view: 'detail', name, version, tab, build });
  }

  showTab(tab: Tab): void {
    const { location } = this._state;
    if (location.view === 'detail') {
      this.go({ ...location, tab, build: undefined });
    } else if (location.view === 'new') {
      this.go({ ...location, tab });
    }
  }

  setFilter(filter: Filter): void {
    this._update({ filter });
  }

  fold(section: string, folded: boolean): void {
    const others = this._state.folded.filter(id => id !== section);
    this._update({ folded: folded ? [...others, section] : others });
  }

  markSeen(build: string): void {
    if (!this._state.seen.includes(build)) {
      this._update({ seen: [build, ...this._state.seen].slice(0, MAX_SEEN) });
    }
  }

  private _update(part: Partial<IPlaceState>): void {
    this._state = { ...this._state, ...part };
    try {
      this._storage?.setItem(this._key, JSON.stringify(this._state));
    } catch {
      // A full or forbidden storage: the place is lost with the page.
    }
    this._changed.emit(this._state);
  }

  private _read(): Partial<IPlaceState> {
    try {
      const text = this._storage?.getItem(this._key);
      const state = text ? (JSON.parse(text) as Partial<IPlaceState>) : {};
      return state.location?.view ? state : {};
    } catch {
      return {};
    }
  }

  private _state: IPlaceState;
  private readonly _changed = new Signal<this, IPlaceState>(this);
}
