import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { APIRequestContext, Locator } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  api,
  banner,
  chip,
  expect,
  fresh,
  mlenv,
  notebookOf,
  Panel,
  register,
  run,
  test
} from './environments';

/** A kernelspec of somebody else, which is not on this machine. */
function foreign(name: string): object {
  return { kernelspec: { display_name: name, language: 'python', name } };
}

/** JupyterLab's own question for a kernel. */
function question(page: IJupyterLabPageFixture): Locator {
  return page.locator('.jp-Dialog', { hasText: 'Select Kernel' });
}

/** Writes files into the folder of this test, and opens the notebook among them. */
async function opened(
  page: IJupyterLabPageFixture,
  folder: string,
  notebook: object,
  files: { [name: string]: string } = {}
): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    // As an editor or git does it: Jupyter itself writes no hidden file.
    writeFileSync(join(process.env.MLENV_UI_ROOT ?? '', folder, name), text);
  }
  const path = `${folder}/theirs.ipynb`;
  await page.contents.uploadContent(JSON.stringify(notebook), 'text', path);
  await page.evaluate(
    async one =>
      void (await window.jupyterapp.commands.execute('docmanager:open', {
        path: one
      })),
    path
  );
}

/** Press what the banner offers, and wait for a kernel of version 1 of that environment. */
async function useOffered(
  page: IJupyterLabPageFixture,
  offer: string,
  name: string
): Promise<void> {
  await banner(page).getByRole('button', { name: offer, exact: true }).click();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`,
    { timeout: 100_000 }
  );
}

/** The kernels that run for this folder. */
async function sessions(request: APIRequestContext, folder: string) {
  const answer = await request.get('api/sessions');
  const all = (await answer.json()) as { path: string }[];
  return all.filter(one => one.path.startsWith(folder));
}

test('a notebook of other tools is offered the environment of its kernel, and the file beside it', async ({
  page,
  request,
  tmpPath
}) => {
  const name = fresh('theirs');
  await register(page, name, { variables: { WHO: name } });
  const notebook = notebookOf(foreign(`conda-env-${name}-py`), '1');
  await opened(page, tmpPath, notebook, {
    'environment.yml': 'dependencies:\n  - pip:\n    - six\n'
  });
  await expect(banner(page)).toContainText(
    `The kernel conda-env-${name}-py is not here; the environment ${name} v1 has its name.`
  );
  await banner(page).getByRole('button', { name: 'Dismiss' }).click();
  await expect(banner(page)).toContainText(
    'environment.yml beside this notebook lists packages.'
  );
  // Nothing was asked over it, and nothing was started.
  await expect(question(page)).toHaveCount(0);
  expect(await sessions(request, tmpPath)).toEqual([]);
  await banner(page)
    .getByRole('button', { name: 'Make an environment' })
    .click();
  const panel = new Panel(page);
  await expect(panel.root.getByText('six').first()).toBeVisible();
  await expect(question(page)).toHaveCount(0);

  // Who runs a cell wants a kernel.
  await page.notebook.activate('theirs.ipynb');
  await page.notebook.enterCellEditingMode(0);
  await page.keyboard.press('Control+Enter');
  await expect(question(page)).toBeVisible();
});

test('the environment that a kernel is named after is used at a press', async ({
  page,
  tmpPath
}) => {
  // Often the first build of all, which makes the launcher as well.
  test.setTimeout(180_000);
  const name = fresh('named');
  await register(page, name, { variables: { WHO: name } });
  await opened(
    page,
    tmpPath,
    notebookOf(foreign(name), 'import os; print(os.environ["WHO"])')
  );
  await useOffered(page, `Use ${name} v1`, name);
  await expect(question(page)).toHaveCount(0);
  expect(await run(page, 'import os; print(os.environ["WHO"])')).toBe(name);
});

test('a missing .venv: what stands beside it, with its Python, or what was made of that before', async ({
  page,
  tmpPath
}) => {
  const name = fresh('project');
  const files = {
    'pyproject.toml': `[project]\nname = "${name}"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["idna==3.10"]\n`,
    '.python-version': '3.11\n'
  };
  const notebook = notebookOf(foreign('.venv'), 'import idna');
  await opened(page, tmpPath, notebook, files);
  await expect(banner(page)).toContainText(
    'pyproject.toml beside this notebook lists packages.'
  );
  await expect(question(page)).toHaveCount(0);
  await banner(page)
    .getByRole('button', { name: 'Make an environment' })
    .click();
  const panel = new Panel(page);
  await expect(panel.root).toContainText('Python 3.11 (.python-version)');
  await panel
    .button(/^Register|^Save/)
    .first()
    .click();
  await expect(
    panel.row(name).or(panel.root.getByText(name)).first()
  ).toBeVisible();
  await page.notebook.close();

  await opened(page, tmpPath, notebook);
  await expect(banner(page)).toContainText(
    `pyproject.toml beside this notebook lists the packages of ${name} v1.`
  );
  await useOffered(page, `Use ${name} v1`, name);
  expect(await run(page, 'import idna; print(idna.__version__)')).toBe('3.10');
});

test('a notebook that remembers a version and names a kernel of somebody else', async ({
  page,
  request,
  tmpPath
}) => {
  const name = fresh('remembered');
  await register(page, name, { pip: { requirements: ['idna==3.10'] } });
  mlenv('build', name);
  const stamp = (await api(
    page,
    'get',
    `environments/${name}/versions/1/stamp`
  )) as object;
  // Under another name here, and no kernel of it.
  await api(page, 'delete', `environments/${name}`);
  const other = fresh('alike');
  await register(page, other, { pip: { requirements: ['idna==3.10'] } });
  mlenv('build', other);
  const notebook = notebookOf({ ...foreign('gone'), mlenv: stamp }, '1');
  await opened(page, tmpPath, notebook);
  await expect(banner(page)).toContainText(`This notebook ran in ${name} v1`);
  await expect(question(page)).toHaveCount(0);
  expect(await sessions(request, tmpPath)).toEqual([]);
  await useOffered(page, 'Use', other);
});

test('where nothing is offered JupyterLab asks as ever', async ({
  page,
  tmpPath
}) => {
  const spec = { display_name: 'R', language: 'R', name: fresh('r') };
  await opened(page, tmpPath, notebookOf({ kernelspec: spec }, '1'));
  await expect(question(page)).toBeVisible();
});
