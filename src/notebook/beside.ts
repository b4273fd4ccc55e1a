import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';

/** What lists packages beside a notebook, as Binder and others look for it. */
export interface IBeside {
  readonly name: string;
  readonly path: string;
  readonly isFolder: boolean;
}

/** The first that is there counts; what is wanted comes before what was locked. */
const FILES = [
  'environment.yml',
  'environment.yaml',
  'pixi.toml',
  'pyproject.toml',
  'uv.lock',
  'pixi.lock',
  'Pipfile',
  'requirements.txt'
];

/** Binder looks nowhere else where one of these is. */
const FOLDERS = ['binder', '.binder'];

/** What of a pyproject.toml lists packages: most only configure tools. */
const LISTS = /^\[(?:project|tool\.pixi|tool\.poetry)[\].]/m;

/** What lists packages beside a notebook; `null` for nothing. Only a pyproject.toml is read. */
export async function besideNotebook(
  contents: Contents.IManager,
  notebook: string
): Promise<IBeside | null> {
  const place = PathExt.dirname(notebook);
  const { content } = await contents.get(place, {
    type: 'directory',
    content: true
  });
  const there = new Map(
    (content as Contents.IModel[]).map(one => [one.name, one])
  );
  for (const name of FOLDERS) {
    const folder = there.get(name);
    if (folder?.type === 'directory') {
      return { name: `${name}/`, path: folder.path, isFolder: true };
    }
  }
  for (const name of FILES) {
    const file = there.get(name);
    if (file && file.type !== 'directory') {
      const { path } = file;
      if (name !== 'pyproject.toml' || (await lists(contents, path))) {
        return { name, path, isFolder: false };
      }
    }
  }
  return null;
}

async function lists(
  contents: Contents.IManager,
  path: string
): Promise<boolean> {
  const options = { type: 'file', format: 'text', content: true } as const;
  try {
    return LISTS.test(String((await contents.get(path, options)).content));
  } catch {
    return false;
  }
}

/** The environment that a kernel of other tools is named after; `null` for none. */
export function namedBy(kernelName: string): string | null {
  if (/^(?:python[\d.]*|ir|\.?venv|conda-root-.*)$/.test(kernelName)) {
    return null;
  }
  const conda = /^conda-env-(.+)-py\d*$/.exec(kernelName);
  const name = conda ? conda[1] : kernelName;
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(name) ? name : null;
}
