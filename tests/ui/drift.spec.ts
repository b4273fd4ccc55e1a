import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { APIRequestContext } from '@playwright/test';

import {
  api,
  banner,
  buildInCell,
  chip,
  expect,
  fresh,
  gated,
  GATED_INDEX,
  mlenv,
  notebookOf,
  open,
  Panel,
  register,
  restartKernel,
  run,
  test
} from './environments';

/** A notebook that runs in version 1 of a new environment. */
async function notebookIn(
  page: IJupyterLabPageFixture,
  request: APIRequestContext,
  name: string
): Promise<void> {
  const base = fresh('gated-base');
  await open(request, base);
  await page.notebook.createNew();
  const panel = await new Panel(page).show();
  await register(page, name, gated(base));
  await panel.row(name).click();
  await panel.button('Build').click();
  await panel.expectReady();
  await panel.button('Use in notebook').click();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`
  );
}

/** What a cell says that adds a package which no version has. */
async function add(
  page: IJupyterLabPageFixture,
  request: APIRequestContext,
  name: string
): Promise<string> {
  await open(request, name);
  return run(page, `%mlenv add --index-url ${GATED_INDEX}/simple ${name}`);
}

test('what a cell adds is seen at once, and becomes the next version', async ({
  page,
  request
}) => {
  const name = fresh('drifting');
  const added = fresh('gated-added');
  const module = added.replaceAll('-', '_');
  await notebookIn(page, request, name);
  await expect(banner(page)).toBeHidden();

  await add(page, request, added);
  await expect(banner(page)).toContainText(
    `This kernel has 1 package that ${name} v1 does not have.`
  );
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: +1 package`
  );
  // The panel says it too.
  const panel = new Panel(page);
  await panel.button('Environments').click();
  await expect(panel.root.getByText('+1 package')).toBeVisible();
  await expect(panel.button('Save as v2')).toBeVisible();
  // Importable without a restart, and still there after one.
  const found = `import ${module} as m; print(m.__version__)`;
  expect(await run(page, found)).toBe('1.0');
  await restartKernel(page);
  expect(await run(page, found)).toBe('1.0');
  await expect(banner(page)).toContainText('This kernel has 1 package');

  await banner(page).getByRole('button', { name: 'Save as v2' }).click();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v2: ready`,
    { timeout: 60_000 }
  );
  const { definition } = (await api(
    page,
    'get',
    `environments/${name}/versions/2`
  )) as { definition: { pip: { requirements: string[] } } };
  expect(definition.pip.requirements).toContain(`${added}==1.0`);

  // The result in the cell is of the version before.
  await expect(banner(page)).toContainText(
    '1 cell shows results from v1; the kernel runs v2.'
  );
  await banner(page).getByRole('button', { name: 'Run it again' }).click();
  await expect(banner(page)).toBeHidden();
  expect(await page.notebook.getCellTextOutput(0)).toEqual(['1.0\n']);
});

test('what was added can be taken back', async ({ page, request }) => {
  const name = fresh('drifting');
  const added = fresh('gated-added');
  await notebookIn(page, request, name);
  await add(page, request, added);
  const panel = new Panel(page);
  await panel.button('Environments').click();
  await panel.button('Discard…').click();
  const dialog = page.locator('.jp-Dialog');
  await expect(dialog).toContainText(`+ ${added} 1.0`);
  await dialog.getByRole('button', { name: 'Discard and restart' }).click();
  await expect(banner(page)).toBeHidden();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`
  );
  const found = `import importlib.util as u; print(u.find_spec("${added.replaceAll('-', '_')}"))`;
  expect(await run(page, found)).toBe('None');
});

// A container engine with the tests' base image: `.ci/engine start`.
const engine = process.env.DOCKER_HOST;

test('what is added in a container is seen at once, and becomes the next version', async ({
  page
}) => {
  test.skip(!engine, 'No container engine: .ci/engine start');
  test.setTimeout(240_000);
  const name = fresh('contained');
  await register(page, name, {
    pip: { requirements: ['idna==3.10'] },
    docker: { base_image: 'mlenv/test-base:1' }
  });
  mlenv('build', name);
  const kernel = (await api(page, 'post', 'kernels', { name })) as {
    kernel_name: string;
  };
  await page.evaluate(async kernelName => {
    const { commands, serviceManager } = window.jupyterapp;
    await serviceManager.kernelspecs.refreshSpecs();
    await commands.execute('notebook:create-new', { kernelName });
  }, kernel.kernel_name);
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`,
    { timeout: 60_000 }
  );
  const install = '%pip install -q --no-deps --disable-pip-version-check six';
  await run(page, install);
  await expect(banner(page)).toContainText(
    `This kernel has 1 package that ${name} v1 does not have.`
  );
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: +1 package`
  );
  const panel = await new Panel(page).show();
  await expect(panel.root.getByText('+1 package')).toBeVisible();
  await expect(panel.button('Save as v2')).toBeVisible();
  if (process.env.MLENV_UI_SCREENSHOTS) {
    // A wide panel leaves no room for the chip.
    for (const width of [900, 280]) {
      for (const theme of ['Dark', 'Light'] as const) {
        await page.theme[`set${theme}Theme`]();
        await page.sidebar.setWidth(width);
        await page.screenshot({
          path: `${process.env.MLENV_UI_SCREENSHOTS}/contained-${width}-${theme}.png`
        });
      }
    }
  }

  await panel.button('Discard…').click();
  await page
    .locator('.jp-Dialog')
    .getByRole('button', { name: 'Discard', exact: true })
    .click();
  await expect(banner(page)).toBeHidden();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`
  );

  await run(page, install);
  await banner(page).getByRole('button', { name: 'Save as v2' }).click();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v2: ready`,
    { timeout: 120_000 }
  );
  expect(
    await run(page, 'import os, six; print(os.path.exists("/opt/mlenv/env"))')
  ).toBe('True');
});

test('a newer version is offered, and a label is followed', async ({
  page,
  request
}) => {
  const name = fresh('moving');
  await notebookIn(page, request, name);
  const base = `environments/${name}/versions`;
  const { definition } = (await api(page, 'get', `${base}/1`)) as {
    definition: object;
  };
  const next = { definition: { ...definition, variables: { NEXT: 'yes' } } };
  await api(page, 'post', base, next);
  await expect(banner(page)).toContainText(
    `${name} v2 is available; this notebook is pinned to v1.`
  );
  await banner(page).getByRole('button', { name: 'Dismiss' }).click();
  await expect(banner(page)).toBeHidden();

  await buildInCell(page, `${name}:2`);
  await run(page, `%mlenv use ${name}:latest --follow`);
  await expect(chip(page)).toContainText('v2', { timeout: 60_000 });
  const other = { definition: { ...definition, variables: { NEXT: 'no' } } };
  await api(page, 'post', base, other);
  await expect(banner(page)).toContainText(
    `${name}:latest is at v3 now; the kernel runs v2.`
  );
  await banner(page).getByRole('button', { name: 'Switch to v3' }).click();
  await expect(chip(page)).toContainText('v3', { timeout: 60_000 });
  await page
    .locator('.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Chip-more')
    .click();
  await expect(
    page.getByRole('menuitem', { name: '✓ Go with latest (v3)' })
  ).toBeVisible();
  await page.keyboard.press('Escape');

  // The same version built again: the kernel goes on, and its notebook is told.
  expect(await run(page, 'kept = 41; print(kept)')).toBe('41');
  await api(page, 'post', 'builds', { name, version: '3', force: true });
  await expect(banner(page)).toContainText(
    `${name} v3 was built again since this kernel started; the kernel goes on as it is.`,
    { timeout: 60_000 }
  );
  expect(await run(page, 'print(kept + 1)')).toBe('42');
  // The kernel itself knows: a page that saw nothing of it tells the same.
  await page.evaluate(() => {
    sessionStorage.clear();
  });
  // Galata's own way waits for the launcher to be in front.
  await Promise.all([
    page.waitForEvent('load'),
    page.evaluate(() => window.location.reload())
  ]);
  await expect(banner(page)).toContainText('was built again', {
    timeout: 60_000
  });
  await restartKernel(page);
  await expect(banner(page)).toBeHidden();
});

test('a notebook that lists its packages is offered an environment', async ({
  page,
  tmpPath
}) => {
  const block = '# /// script\n# dependencies = ["six==1.16.0"]\n# ///';
  const kernelspec = {
    display_name: 'Python 3',
    language: 'python',
    name: 'python3'
  };
  const notebook = notebookOf({ kernelspec }, block, 'import six');
  const path = `${tmpPath}/listed.ipynb`;
  await page.contents.uploadContent(JSON.stringify(notebook), 'text', path);
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  await page.filebrowser.open(path);
  await expect(banner(page)).toContainText(
    'This notebook lists its packages (PEP 723).'
  );
  await banner(page)
    .getByRole('button', { name: 'Make an environment' })
    .click();
  const panel = new Panel(page);
  await expect(panel.root).toContainText('six');
  await expect(panel.root.getByLabel('Name', { exact: true })).toBeVisible();
});
