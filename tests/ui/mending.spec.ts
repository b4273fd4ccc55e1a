import {
  CONDA_CHANNELS,
  expect,
  fresh,
  Panel,
  register,
  run,
  test
} from './environments';

test('an impossible pair of pins is mended with one button', async ({
  page
}) => {
  const name = fresh('pins');
  const panel = await new Panel(page).show();
  await register(page, name, {
    pip: { requirements: ['requests==2.31.0', 'urllib3==1.20'] }
  });
  await panel.row(name).click();
  await panel.button('Build').click();

  await expect(panel.error).toBeVisible({ timeout: 60_000 });
  await expect(panel.error).toContainText(
    /requests and urllib3|urllib3 and requests/
  );
  await expect(panel.error).toContainText('Saves v2 with that one change');
  const culprits = panel.error.locator('[data-culprit]');
  await expect(culprits.filter({ hasText: 'urllib3==1.20' })).toBeVisible();
  await expect(panel.log.locator('[data-culprit]').first()).toBeVisible();

  await panel.error.getByRole('button', { name: /^Use / }).first().click();
  await panel.expectReady();
  await expect(panel.root.getByLabel('Version')).toHaveValue('2');
});

test('a conda environment with a conflict is explained and mended', async ({
  page
}) => {
  const name = fresh('conda');
  const panel = await new Panel(page).show();
  await register(page, name, {
    conda: {
      channels: [`${CONDA_CHANNELS}/main`],
      packages: ['newapp', 'padding=1.0', 'probe']
    }
  });
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.error).toBeVisible({ timeout: 60_000 });
  await expect(panel.error).toContainText(
    'padding=1.0 and newapp cannot be installed together.'
  );
  await expect(panel.error).toContainText('newapp 2.0 needs padding>=2');
  const culprits = panel.error.locator('[data-culprit]');
  await expect(culprits.filter({ hasText: 'padding=1.0' })).toBeVisible();
  await page.screenshot({ path: test.info().outputPath('conda-conflict.png') });

  await panel.error.getByRole('button', { name: 'Use padding>=2' }).click();
  await panel.expectReady();
  await expect(panel.root.getByLabel('Version')).toHaveValue('2');

  await page.notebook.createNew();
  await panel.button('Use in notebook').click();
  await expect(
    page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Chip')
  ).toContainText('v2');
  expect(await run(page, "import os; print('PROBE_HOME' in os.environ)")).toBe(
    'True'
  );
});

test('a package that does not exist is mended by editing', async ({ page }) => {
  const name = fresh('unknown');
  const panel = await new Panel(page).show();
  await register(page, name, {
    pip: { requirements: ['idna==3.10', 'no-such-package-of-mlenv'] }
  });
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.error).toContainText('no-such-package-of-mlenv', {
    timeout: 60_000
  });

  await panel.error.getByRole('button', { name: 'Edit packages' }).click();
  await panel.button('Edit as text').click();
  await panel.root.getByLabel('All packages, one a line').fill('idna==3.10\n');
  await panel.button('Take over').click();
  await panel.button('Save and build').click();
  await panel.expectReady();

  await page.notebook.createNew();
  await panel.button('Use in notebook').click();
  await expect(
    page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Chip')
  ).toContainText('v2');
  expect(await run(page, 'import idna; print(idna.__version__)')).toBe('3.10');
});
