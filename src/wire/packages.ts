/** What the configured package indexes have. */

/** The indexes of the definition that is written; without them, those of the server. */
export interface IIndexes {
  index_url?: string | null;
  extra_index_urls?: string[];
}

export interface IPackageNames {
  items: {
    name: string;
    /** What was typed, where the package is only imported under that name. */
    imported_as?: string;
  }[];
  /** When the oldest list of names was fetched. */
  asked_at: string | null;
  /** The lists of all indexes were looked through. */
  complete: boolean;
}

export interface IRelease {
  version: string;
  requires_python?: string;
  date?: string;
  yanked?: boolean;
  prerelease?: boolean;
}

/** The versions of one package, final ones first, newest first. */
export interface IPackageReleases {
  name: string;
  items: IRelease[];
  /** The host of the index that has it. */
  index: string;
  asked_at: string;
  /** The index did not answer now; this is what was known before. */
  offline: boolean;
}
