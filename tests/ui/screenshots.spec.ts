import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import {
  api,
  banner,
  chip,
  expect,
  fresh,
  gated,
  open,
  openNotebookFrom,
  Panel,
  register,
  run,
  test
} from './environments';

/** Pictures to look at, of every view in both themes and at both widths. */
const DIRECTORY =
  process.env.MLENV_UI_SCREENSHOTS ?? 'test-results/screenshots';

const WIDTHS = [280, 900];

async function shoot(
  page: IJupyterLabPageFixture,
  name: string,
  widths = WIDTHS
): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await (theme === 'light'
      ? page.theme.setLightTheme()
      : page.theme.setDarkTheme());
    for (const width of widths) {
      await page.sidebar.setWidth(width);
      await page.screenshot({
        path: `${DIRECTORY}/${name}-${width}-${theme}.png`
      });
    }
  }
  await page.theme.setLightTheme();
}

test('a build', async ({ page, request }) => {
  test.setTimeout(180_000);
  const name = fresh('churn-model');
  const slow = fresh('gated-model');
  await page.notebook.createNew();
  const panel = await new Panel(page).show();
  await shoot(page, 'list');
  await register(page, name, {
    ...gated(slow, 'rich>=13', 'idna==3.10', 'attrs>=24', 'httpx'),
    variables: { STAGE: 'test' }
  });
  await panel.row(name).click();
  await shoot(page, 'packages');
  await panel.tab('Variables').click();
  await shoot(page, 'variables');
  await panel.tab('Overview').click();
  await shoot(page, 'overview');

  await panel.button('Build').click();
  await expect(panel.step('Installing')).toHaveAttribute(
    'data-state',
    'running'
  );
  await expect(panel.root.getByRole('progressbar')).toBeVisible();
  await panel.root.getByLabel('Search log').fill('install');
  await shoot(page, 'build');
  await panel.root.getByLabel('Search log').fill('');
  await open(request, slow);
  await panel.expectReady();
  await shoot(page, 'build-ready');
  await page.sidebar.setWidth(280);
  await panel.button('Use in notebook').click();
  await expect(chip(page)).toContainText(name);
  await run(page, 'import rich; rich.print("[green]hello[/green]")');
  await shoot(page, 'notebook', [280]);
  await panel.button('Environments').click();
  await shoot(page, 'list-ready');
});

test('a build that fails', async ({ page }) => {
  test.setTimeout(180_000);
  const name = fresh('uplift-study');
  await page.notebook.createNew();
  const panel = await new Panel(page).show();
  await register(page, name, {
    pip: {
      requirements: ['pandas>=2.2', 'numpy>=2.3', 'idna', 'numba==0.61.2']
    }
  });
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.error).toBeVisible({ timeout: 60_000 });
  await shoot(page, 'failed');
  await api(page, 'post', 'environments', {
    name: `${name}-b`,
    definition: { pip: { requirements: ['no-such-package-of-mlenv'] } }
  });
  await panel.button('Environments').click();
  await panel.row(`${name}-b`).click();
  await panel.button('Build').click();
  await expect(panel.error).toBeVisible({ timeout: 60_000 });
  await shoot(page, 'failed-unknown');
});

test('a new environment', async ({ page }) => {
  const panel = await new Panel(page).show();
  await panel.create('../x');
  await panel.addPackage('numpy=>1');
  await panel.setVariable('1=2', 'x');
  await expect(
    panel.root.getByRole('alert').filter({ hasText: '1=2' })
  ).toBeVisible();
  await shoot(page, 'new-variables');
  await panel.tab('Packages').click();
  await shoot(page, 'new-packages');
});

test('a notebook whose environment is not here', async ({
  page,
  request,
  tmpPath
}) => {
  test.setTimeout(180_000);
  const name = fresh('vision-lab');
  const slow = fresh('gated-vision');
  await register(page, name, gated(slow));
  await new Panel(page).show();
  await openNotebookFrom(page, tmpPath, name);
  await expect(banner(page)).toBeVisible();
  await shoot(page, 'banner-missing', [280]);
  await banner(page).getByRole('button', { name: 'Build and use' }).click();
  await expect(banner(page)).toContainText('Installing');
  await shoot(page, 'banner-building', [280]);
  await banner(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(banner(page)).toContainText('was cancelled');
  await shoot(page, 'banner-cancelled', [280]);
  await open(request, slow);
  await openNotebookFrom(page, tmpPath, `${name}-none`);
  await banner(page).getByRole('button', { name: 'Build and use' }).click();
  await expect(banner(page)).toContainText('not registered here');
  await shoot(page, 'banner-failed', [280]);
});

test('versions, files, and what is there already', async ({ page }) => {
  test.setTimeout(180_000);
  const name = fresh('forecasting');
  const panel = await new Panel(page).show();
  await register(
    page,
    name,
    { pip: { requirements: ['idna==3.9', 'attrs'] } },
    'Weekly forecast of **demand**. Owner: growth team.'
  );
  await api(page, 'post', `environments/${name}/versions`, {
    definition: {
      python: '3.11',
      pip: { requirements: ['idna==3.10', 'attrs>=24', 'certifi'] },
      variables: { OMP_NUM_THREADS: '4' }
    }
  });
  await panel.row(name).click();
  await panel.tab('Versions').click();
  await expect(
    panel.root.getByRole('region', { name: 'What changed' })
  ).toContainText('certifi');
  await shoot(page, 'versions');
  await page.sidebar.setWidth(900);
  await panel.tab('Overview').click();
  await shoot(page, 'overview-words');
  await panel.tab('Packages').click();
  await panel.button('Edit as text').click();
  await panel.root
    .getByLabel('All packages, one a line')
    .fill('idna==3.10\nnumpy=>1\nattrs');
  await expect(panel.root.getByRole('alert')).toContainText('Line 2');
  await shoot(page, 'packages-text');
  await panel.button('Cancel').click();
  await panel.addPackage('rich');
  await expect(panel.root.getByText(/Preview: .* in all/)).toBeVisible();
  await shoot(page, 'packages-changes');
  await panel.button('Discard').click();
  await panel.button('Environments').click();
  await panel.root.getByLabel('Search environments').fill('server');
  await panel.root.locator('[data-existing]').first().hover();
  await shoot(page, 'existing');
  await panel.root.locator('[data-existing]').first().click();
  await expect(
    panel.root.getByRole('region', { name: /What was read from/ })
  ).toBeVisible({ timeout: 60_000 });
  await shoot(page, 'adopt');
});
