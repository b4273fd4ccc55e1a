/** What an output says is meant. It is what somebody's notebook holds: everything is looked at. */
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

export const BUILD = 'application/vnd.mlenv.build+json';
export const LIST = 'application/vnd.mlenv.list+json';

export interface ISaidVersion {
  readonly name: string;
  readonly version: string;
}

export interface ISaidBuild extends ISaidVersion {
  readonly id: string;
}

type Said = ReadonlyPartialJSONValue | undefined;

/** The build that an output is about, or `null` where it does not say. */
export function saidBuild(said: Said): ISaidBuild | null {
  const version = saidVersion(said);
  const id = field(said, 'id');
  return version && id ? { ...version, id } : null;
}

/** The environments that an output lists; `null` where it lists none. */
export function saidList(said: Said): ISaidVersion[] | null {
  const items = isObject(said) ? said.items : null;
  if (!Array.isArray(items)) {
    return null;
  }
  const found = items.map(saidVersion).filter(one => one !== null);
  return found.length ? found : null;
}

function saidVersion(said: Said): ISaidVersion | null {
  const name = field(said, 'name');
  const version = field(said, 'version');
  return name && version ? { name, version } : null;
}

function field(said: Said, key: string): string | null {
  const value = isObject(said) ? said[key] : null;
  return typeof value === 'string' && value !== '' ? value : null;
}

function isObject(said: Said): said is { [key: string]: Said } {
  return typeof said === 'object' && said !== null && !Array.isArray(said);
}
