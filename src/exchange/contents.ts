import { PathExt } from '@jupyterlab/coreutils';
import type { Contents } from '@jupyterlab/services';

import type { Api } from '../api';

/** What is sent to be read: a file with the texts beside it, or the files of a folder. */
export interface IFileToRead {
  readonly name: string;
  /** Left out for a folder. */
  readonly text?: string;
  readonly files?: { [path: string]: string };
  /** The folder of the server that the file is in. */
  readonly directory?: string;
}

/** Of a folder, so many files at most, none larger than this, and so many folders deep. */
const MAX_FILES = 60;
const MAX_SIZE = 500_000;
const MAX_DEPTH = 2;

/** Files beside it that a requirements file names. */
const NESTED = /^\s*(?:-r|-c|--requirement|--constraint)[ =]*(\S+)/gm;

async function textOf(
  contents: Contents.IManager,
  path: string
): Promise<string> {
  const options = { content: true, type: 'file', format: 'text' } as const;
  return String((await contents.get(path, options)).content);
}

/** A file of the server's own, and those of its folder that it names. */
export async function readContents(
  contents: Contents.IManager,
  path: string
): Promise<IFileToRead> {
  const files: { [path: string]: string } = {};
  const text = await textOf(contents, path);
  const folder = PathExt.dirname(path);
  const add = async (of: string, inFolder: string, depth: number) => {
    for (const [, name] of of.matchAll(NESTED)) {
      const at = PathExt.join(inFolder, name);
      const known = PathExt.relative(folder, PathExt.join(folder, at));
      if (known in files || known.startsWith('..') || depth > MAX_DEPTH) {
        continue;
      }
      try {
        files[known] = await textOf(contents, PathExt.join(folder, known));
        await add(files[known], PathExt.dirname(known), depth + 1);
      } catch {
        // Not there, or no text: the server says what is missing, and in which line.
      }
    }
  };
  await add(text, '', 0);
  const beside = Object.keys(files).length ? { files } : {};
  return {
    name: PathExt.basename(path),
    text,
    directory: folder,
    ...beside
  };
}

/** What is sent of a file or a folder for the server to read. */
export function bodyOf(file: IFileToRead): Parameters<Api['importFile']>[0] {
  const { name: filename, text, files, directory } = file;
  return {
    ...(text !== undefined && { text }),
    ...(files && { files }),
    ...(directory !== undefined && { directory }),
    filename
  };
}

/** The texts of a folder of the server's own, and of the folders in it. */
export async function readFolder(
  contents: Contents.IManager,
  path: string
): Promise<IFileToRead> {
  const files: { [path: string]: string } = {};
  const add = async (at: string, depth: number) => {
    const { content } = await contents.get(PathExt.join(path, at), {
      content: true,
      type: 'directory'
    });
    for (const one of content as Contents.IModel[]) {
      if (Object.keys(files).length >= MAX_FILES) {
        return;
      }
      const name = PathExt.join(at, one.name);
      if (one.type === 'directory') {
        if (depth < MAX_DEPTH) {
          await add(name, depth + 1);
        }
      } else if ((one.size ?? 0) <= MAX_SIZE) {
        try {
          files[name] = await textOf(contents, PathExt.join(path, name));
        } catch {
          // No text: no format of ours is anything else.
        }
      }
    }
  };
  await add('', 0);
  return { name: PathExt.basename(path), files };
}
