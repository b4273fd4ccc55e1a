import { expectAccessible, expectFits } from './axe';
import {
  api,
  expect,
  fresh,
  mlenv,
  Panel,
  register,
  run,
  chip,
  test
} from './environments';

test('every view is accessible in light and dark, and fits 240 pixels from either side', async ({
  page
}) => {
  test.setTimeout(240_000);
  const name = fresh('accessible');
  const other = fresh('another-one');
  const panel = await new Panel(page).show();
  await page.sidebar.setWidth(240);
  const check = async (view: string) => {
    await expectFits(page, view);
    await expectAccessible(page, view);
  };
  const showTab = async (tab: string) => {
    await panel.button('More tabs').click();
    await page.getByRole('menuitem', { name: tab }).click();
  };

  await register(page, name, {
    pip: { requirements: ['requests==2.31.0', 'urllib3==1.20'] },
    variables: { STAGE: 'test', PATH: '/bin' }
  });
  await api(page, 'post', `environments/${name}/versions`, {
    definition: { pip: { requirements: ['idna==3.10'] } }
  });
  await register(page, other, {});
  await expect(panel.row(name)).toBeVisible();
  await panel.row(name).click({ modifiers: ['Control'] });
  await panel.row(other).click({ modifiers: ['Control'] });
  await expect(panel.root.getByText('2 selected')).toBeVisible();
  await check('list, with two selected');
  await panel.button('Select none').click();

  await panel.root.getByLabel('Search environments').fill('no such thing');
  await expect(panel.button('Clear search').first()).toBeVisible();
  await check('nothing found');
  await panel.button('Clear search').first().click();

  await panel.row(name).click();
  await check('packages');
  const box = panel.root.getByRole('combobox', { name: 'Add a package' });
  await box.fill('urll');
  await expect(
    panel.root.locator('.mlenv-Popover').getByRole('option').first()
  ).toBeVisible();
  await check('completion');
  await box.press('Escape');
  await box.fill('');
  await panel.button('Add conda packages').click();
  await check('conda');

  await panel.tab('Variables').click();
  await panel.button('Add secret').click();
  await check('variables, with the form of a secret');
  await panel.button('Cancel').click();
  await expect(panel.button('Add secret')).toBeFocused();
  await panel.button('Paste .env').click();
  await panel.button('Cancel').click();
  await expect(panel.button('Paste .env')).toBeFocused();

  await showTab('Versions');
  await expect(
    panel.root.getByRole('region', { name: 'What changed' })
  ).toContainText('idna');
  await check('versions');
  await panel.root
    .getByRole('listbox', { name: 'Versions' })
    .getByRole('option')
    .nth(1)
    .click();
  await panel.button('Build').click();
  await expect(panel.error).toBeVisible({ timeout: 60_000 });
  await check('failed build');
  await panel.button('Copy, download, show folded lines').click();
  await page.keyboard.press('Escape');
  await expect(panel.button('Copy, download, show folded lines')).toBeFocused();
  for (const tab of ['Overview', 'Used by']) {
    await showTab(tab);
    await check(tab);
  }
  await panel.tab('Packages').click();
  await panel.addPackage('attrs');
  await expect(panel.button('Discard')).toBeVisible();
  await check('changes');
  await panel.button('Discard').click();
  await panel.button('Edit as text').click();
  await panel.root.locator('.cm-content').press('Escape');
  await expect(panel.button('Edit as text')).toBeFocused();
  await panel.button('Environments').click();

  await panel.create('../x');
  await panel.addPackage('idna');
  await expect(panel.root.getByRole('alert').first()).toBeVisible();
  await check('new');
});

test('the chip, the switcher and the banners of a notebook are accessible', async ({
  page
}) => {
  const name = fresh('switched');
  await register(page, name, {});
  mlenv('build', name);
  const panel = await new Panel(page).show();
  await panel.row(name).click();
  await panel.button('Use in notebook').click();
  await expect(chip(page)).toContainText(name);
  await run(page, '%pip install -q attrs');
  await expect(page.locator('.mlenv-Banner')).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page, 'banner', '.mlenv-Banner');
  await expectAccessible(page, 'chip', '.mlenv-ChipWidget');
  await panel.button('Environments').click();
  await panel.button('Change…').click();
  const switcher = page.getByRole('dialog', { name: 'Switch environment' });
  await expect(switcher.getByRole('option').first()).toBeVisible();
  await expectAccessible(page, 'switcher', '.mlenv-Switcher');
  await page.keyboard.press('Escape');
  await expect(panel.button('Change…')).toBeFocused();
});

test('the list is walked through and an environment opened by keyboard', async ({
  page
}) => {
  const name = fresh('aaa-keyboard');
  const panel = await new Panel(page).show();
  await register(page, name, { pip: { requirements: ['idna==3.10'] } });
  await expect(panel.row(name)).toBeVisible();
  const search = panel.root.getByLabel('Search environments');
  await search.fill(name);
  await expect(panel.row('mlenv-minimal')).toHaveCount(0);
  await search.press('ArrowDown');
  await expect(panel.row(name)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(panel.root.getByRole('heading', { name })).toBeVisible();
  await panel.tab('Packages').focus();
  await page.keyboard.press('ArrowRight');
  await expect(panel.tab('Variables')).toBeFocused();
  await expect(panel.tab('Variables')).toHaveAttribute('aria-selected', 'true');
});
