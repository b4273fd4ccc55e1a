import { readFile } from 'node:fs/promises';

import {
  api,
  expect,
  fresh,
  mlenv,
  Panel,
  register,
  test
} from './environments';

test('two versions are compared, and an older one is edited into the next', async ({
  page
}) => {
  const name = fresh('history');
  const panel = await new Panel(page).show();
  await register(page, name, { pip: { requirements: ['idna==3.9'] } });
  for (const requirements of [['idna==3.10'], ['idna==3.10', 'attrs>=24']]) {
    await api(page, 'post', `environments/${name}/versions`, {
      definition: { pip: { requirements }, variables: { STAGE: 'test' } }
    });
  }
  await panel.row(name).click();
  await panel.tab('Versions').click();
  const rows = panel.root.getByRole('listbox', { name: 'Versions' });
  await expect(rows.getByRole('option')).toHaveCount(3);
  await expect(rows.getByRole('option').nth(0)).toContainText('1 added');
  await expect(rows.getByRole('option').nth(2)).toContainText('First version');

  const changed = panel.root.getByRole('region', { name: 'What changed' });
  // Once as it was asked for, and once as it resolved where that is known.
  const line = (of: string) =>
    changed.locator(`[data-package="${of}"]`).first();
  await expect(line('attrs')).toHaveAttribute('data-change', 'added');
  await expect(line('idna')).toHaveCount(0);
  await expect(changed).toContainText('No change: Python, variables');

  // Against the first instead of the one before.
  await rows
    .getByRole('option')
    .nth(2)
    .click({ modifiers: ['Control'] });
  await expect(line('idna')).toHaveAttribute('data-change', /changed|upgraded/);
  await expect(line('idna')).toContainText('==3.9');
  await expect(line('STAGE')).toHaveAttribute('data-change', 'added');

  await rows.getByRole('option').nth(2).click();
  await panel.button('Edit from v1').click();
  await panel.addPackage('certifi');
  await panel.button('Save as v4').click();
  await expect(panel.root.getByLabel('Version', { exact: true })).toHaveValue(
    '4'
  );
});

test('a version is had as a file', async ({ page }) => {
  const name = fresh('export');
  const panel = await new Panel(page).show();
  await register(page, name, { pip: { requirements: ['idna==3.10'] } });
  await panel.row(name).click();
  await panel.button('More actions').click();
  await page.locator('.lm-Menu-item', { hasText: 'Export' }).hover();
  const downloads = page.waitForEvent('download');
  await page
    .getByRole('menuitem', { name: 'requirements.txt, as asked for' })
    .click();
  const file = await downloads;
  expect(file.suggestedFilename()).toMatch(/\.(txt|in)$/);
  expect(await readFile(await file.path(), 'utf8')).toContain('idna==3.10');
});

test('what the shell changes shows up by itself', async ({ page }) => {
  const name = fresh('shell');
  const panel = await new Panel(page).show();
  await expect(panel.root.getByRole('row').first()).toBeVisible();
  await register(page, name, { pip: { requirements: ['idna==3.10'] } });
  await expect(panel.row(name)).toBeVisible();
  await panel.row(name).click();
  await expect(panel.root.getByLabel('Version', { exact: true })).toHaveValue(
    '1'
  );
  mlenv('build', name);
  await expect(panel.button('Use in notebook')).toBeVisible();
  await expect(panel.root).toContainText('Ready');
});

test('labels, description and tags are set in place, and an older version is the latest again', async ({
  page
}) => {
  const name = fresh('labels');
  const panel = await new Panel(page).show();
  await register(page, name, { pip: { requirements: ['idna==3.9'] } });
  await api(page, 'post', `environments/${name}/versions`, {
    definition: { pip: { requirements: ['idna==3.10'] } }
  });
  await panel.row(name).click();
  await panel.tab('Versions').click();
  const rows = panel.root
    .getByRole('listbox', { name: 'Versions' })
    .getByRole('option');
  await rows.nth(1).click();
  await panel.button('Label').click();
  await panel.root.getByLabel('Label', { exact: true }).fill('prod');
  await panel.root.getByLabel('Label', { exact: true }).press('Enter');
  await expect(rows.nth(1)).toContainText('prod');
  await panel.button('Go back to v1').click();
  await expect(rows.nth(1)).toContainText('latest');
  await expect(rows.nth(0)).not.toContainText('latest');
  await panel.button('Remove prod').click();
  await expect(rows.nth(1)).not.toContainText('prod');

  await panel.button('More tabs').click();
  await page.getByRole('menuitem', { name: 'Overview' }).click();
  await panel.button('Edit the description').click();
  await panel.root.getByLabel('Description, in Markdown').fill('For **churn**');
  await panel.button('Save description').click();
  await expect(panel.root.locator('.mlenv-Markdown strong')).toHaveText(
    'churn'
  );
  await panel.button('Tag').click();
  await panel.root.getByLabel('Tag', { exact: true }).fill('team: growth');
  await panel.root.getByLabel('Tag', { exact: true }).press('Enter');
  await expect(panel.root.getByRole('group', { name: 'Tags' })).toContainText(
    'team: growth'
  );

  // Out of the list, and back.
  await panel.button('More actions').click();
  await page.getByRole('menuitem', { name: 'Archive' }).click();
  await expect(panel.root.getByText('archived')).toBeVisible();
  await panel.button('Environments').click();
  await expect(panel.root.getByRole('row').first()).toBeVisible();
  await expect(panel.row(name)).toHaveCount(0);
  await panel.root.getByRole('radio', { name: 'Archived' }).click();
  await panel.row(name).click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Restore' }).click();
  await panel.root.getByRole('radio', { name: 'All' }).click();
  await expect(panel.row(name)).toBeVisible();
});
