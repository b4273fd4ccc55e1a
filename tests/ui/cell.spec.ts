import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import { expectAccessible } from './axe';
import {
  chip,
  expect,
  fresh,
  gated,
  open,
  register,
  test
} from './environments';

/** Runs code in the first cell and does not wait for its end. */
async function begin(
  page: IJupyterLabPageFixture,
  code: string
): Promise<void> {
  // The field of an output would be taken for that of its cell.
  await page.evaluate(() =>
    window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')
  );
  await page.notebook.setCell(0, 'code', code);
  await page.notebook.selectCells(0);
  await page.evaluate(() => {
    void window.jupyterapp.commands.execute('notebook:run-cell');
  });
}

/** Pictures of the output, to look at. */
async function shoot(page: IJupyterLabPageFixture, name: string) {
  const directory = process.env.MLENV_UI_SCREENSHOTS;
  if (!directory) {
    return;
  }
  for (const theme of ['light', 'dark'] as const) {
    await (theme === 'light'
      ? page.theme.setLightTheme()
      : page.theme.setDarkTheme());
    await page
      .locator('.jp-NotebookPanel:not(.lm-mod-hidden)')
      .screenshot({ path: `${directory}/${name}-${theme}.png` });
  }
  await page.theme.setLightTheme();
}

test('a build is alive in its cell and can be cancelled there; the list of another switches', async ({
  page,
  request,
  tmpPath
}) => {
  const name = fresh('in-cell');
  const slow = fresh('gated-in-cell');
  // The kernel that was used last is proposed; only this one needs the extension loaded.
  const file = await page.notebook.createNew(undefined, { kernel: 'python3' });
  await register(page, name, gated(slow));
  const cell = page.locator(
    '.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Cell'
  );
  const step = (stage: string) =>
    cell.locator('.mlenv-Step', { hasText: stage });
  const output = page.locator(
    '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell-outputArea'
  );
  const build = `%load_ext mlenv_jupyter\n%mlenv build ${name}`;

  await test.step('the build is cancelled while the cell runs', async () => {
    await begin(page, build);
    await expect(step('Installing')).toHaveAttribute('data-state', 'running');
    await expect(cell.getByRole('region', { name: 'Build log' })).toContainText(
      'install 1 package'
    );
    await shoot(page, 'cell-build');
    await cell.getByRole('button', { name: 'Cancel build' }).click();
    await expect(step('Installing')).toHaveAttribute('data-state', 'cancelled');
    await expect(output.first()).toContainText('MlenvError');
  });

  await test.step('the next one goes on to its end', async () => {
    await begin(page, build);
    await expect(step('Installing')).toHaveAttribute('data-state', 'running');
    await open(request, slow);
    await expect(step('Ready')).toHaveAttribute('data-state', 'done', {
      timeout: 90_000
    });
    await expect(
      cell.getByRole('button', { name: 'Use in notebook' })
    ).toBeVisible();
    await cell.getByText('Log', { exact: true }).click();
    await expect(cell.getByRole('region', { name: 'Build log' })).toContainText(
      'Ready in'
    );
    await shoot(page, 'cell-ready');
    await expectAccessible(page, 'a build in a cell', '.mlenv-Cell');
  });

  await test.step('it is there when the notebook is opened again', async () => {
    await page.notebook.save();
    await page.notebook.close();
    await page.notebook.openByPath(`${tmpPath}/${file}`);
    await expect(step('Ready')).toHaveAttribute('data-state', 'done');
  });

  await test.step('the list switches the notebook', async () => {
    await begin(page, `%mlenv list`);
    const row = cell.getByRole('listitem').filter({ hasText: name });
    await expect(row).toContainText('Ready');
    await expect(
      cell.getByRole('listitem').filter({ hasText: 'mlenv-minimal' })
    ).toHaveCount(1);
    await shoot(page, 'cell-list');
    await expectAccessible(page, 'a list in a cell', '.mlenv-Cell');
    await row.getByRole('button', { name: 'Use' }).click();
    await expect(chip(page)).toHaveAccessibleName(
      `Environment ${name} v1: ready`
    );
  });
});

test('a failed build is mended in its cell', async ({ page }) => {
  const name = fresh('mended-in-cell');
  await page.notebook.createNew(undefined, { kernel: 'python3' });
  await register(page, name, {
    pip: { requirements: ['requests==2.31.0', 'urllib3==1.20'] }
  });
  const cell = page.locator(
    '.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Cell'
  );
  const error = cell.locator('.mlenv-ErrorCard');
  const version = cell.locator('.mlenv-BuildHead .mlenv-Version');
  await begin(page, `%load_ext mlenv_jupyter\n%mlenv build ${name}`);
  await expect(error).toContainText('Saves v2 with that one change', {
    timeout: 60_000
  });
  await expect(
    error.locator('[data-culprit]').filter({ hasText: 'urllib3==1.20' })
  ).toBeVisible();
  await shoot(page, 'cell-failed');
  await expectAccessible(page, 'a failed build in a cell', '.mlenv-Cell');

  const facts = cell.locator('.mlenv-BuildHead-facts');
  const before = await facts.textContent();
  await cell.getByRole('button', { name: 'Retry' }).click();
  await page.getByRole('menuitem', { name: 'Retry', exact: true }).click();
  await expect(facts).not.toHaveText(before ?? '', { timeout: 60_000 });
  await expect(error).toContainText('Saves v2 with that one change', {
    timeout: 60_000
  });
  await error.getByRole('button', { name: /^Use / }).first().click();
  await expect(
    cell.locator('.mlenv-Step[data-state="done"]', { hasText: 'Ready' })
  ).toBeVisible({ timeout: 90_000 });
  await expect(version).toHaveText('v2');
});

test('buttons of ipywidgets cancel a build beside its cell and browse the environments', async ({
  page,
  request
}) => {
  const slow = fresh('gated-widget');
  const name = fresh('by-widget');
  await page.notebook.createNew(undefined, { kernel: 'python3' });
  await register(page, name, gated(slow));
  const output = page
    .locator('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell-outputArea')
    .first();
  const widget = output.locator('.widget-vbox').first();

  await begin(page, `%load_ext mlenv_jupyter\n%mlenv build --widget ${name}`);
  await expect(widget).toContainText('◔ Installing', { timeout: 60_000 });
  await shoot(page, 'widget-build');
  await widget.getByRole('button', { name: 'Cancel build' }).click();
  // What is left is the card; here the extension shows it.
  await expect(widget).toHaveCount(0);
  await expect(
    output.locator('.mlenv-Cell .mlenv-Step[data-state="cancelled"]')
  ).toBeVisible();

  await begin(page, `%mlenv list --widget ${name}`);
  await expect(widget.locator('.widget-select option')).toHaveText([
    /Cancelled/
  ]);
  await expect(widget).toContainText(slow);
  await shoot(page, 'widget-list');
  await widget.getByRole('button', { name: 'Build', exact: true }).click();
  await expect(
    widget.getByRole('button', { name: 'Cancel build' })
  ).toBeVisible();
  await open(request, slow);
  await expect(widget.locator('.widget-select option')).toHaveText([/Ready/], {
    timeout: 60_000
  });
  await shoot(page, 'widget-ready');
  await widget.getByRole('button', { name: 'Use', exact: true }).click();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`
  );
});
