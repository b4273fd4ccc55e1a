import type { Contents } from '@jupyterlab/services';

import { besideNotebook, namedBy } from '../notebook/beside';

/** A folder `work` with these texts; `null` is a folder in it. */
function contentsOf(texts: { [name: string]: string | null }) {
  const asked: string[] = [];
  const get = (path: string) => {
    asked.push(path);
    const content =
      path === 'work'
        ? Object.entries(texts).map(([name, text]) => ({
            name,
            path: `work/${name}`,
            type: text === null ? 'directory' : 'file'
          }))
        : texts[path.slice('work/'.length)];
    return Promise.resolve({ content });
  };
  return { contents: { get } as unknown as Contents.IManager, asked };
}

const find = (texts: { [name: string]: string | null }) =>
  besideNotebook(contentsOf(texts).contents, 'work/a.ipynb');

describe('what lists packages beside a notebook', () => {
  it('is nothing where nothing does', async () => {
    expect(await find({ 'a.ipynb': '', 'notes.txt': '' })).toBeNull();
  });

  it('is the first that Binder would take, and is not read', async () => {
    const texts = { 'requirements.txt': 'six', 'environment.yml': '' };
    const { contents, asked } = contentsOf(texts);
    expect(await besideNotebook(contents, 'work/a.ipynb')).toEqual({
      name: 'environment.yml',
      path: 'work/environment.yml',
      isFolder: false
    });
    expect(asked).toEqual(['work']);
  });

  it('is the folder of Binder alone where there is one', async () => {
    expect(await find({ binder: null, 'environment.yml': '' })).toEqual({
      name: 'binder/',
      path: 'work/binder',
      isFolder: true
    });
  });

  it('is a pyproject.toml only where that lists packages', async () => {
    const tools = { 'pyproject.toml': '[tool.ruff]\nline-length = 100\n' };
    expect(await find(tools)).toBeNull();
    expect((await find({ ...tools, 'requirements.txt': '' }))?.name).toBe(
      'requirements.txt'
    );
    const project = { 'pyproject.toml': '[project]\nname = "a"\n' };
    expect((await find(project))?.name).toBe('pyproject.toml');
  });
});

describe('the environment that a kernel is named after', () => {
  it('is that of conda, or one of the same name', () => {
    expect(namedBy('conda-env-churn-py')).toBe('churn');
    expect(namedBy('churn-model')).toBe('churn-model');
  });

  it('is none for a Python of any name', () => {
    for (const name of ['python3', 'python', '.venv', 'conda-root-py', 'a/b']) {
      expect(namedBy(name)).toBeNull();
    }
  });
});
