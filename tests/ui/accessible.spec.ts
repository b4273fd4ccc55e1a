import AxeBuilder from '@axe-core/playwright';

import { api, expect, fresh, Panel, register, test } from './environments';

/** What axe finds that a person could not get around. */
async function serious(panel: Panel): Promise<string[]> {
  const found = await new AxeBuilder({ page: panel.page })
    .include('#mlenv-environments')
    .analyze();
  return found.violations
    .filter(one => one.impact === 'serious' || one.impact === 'critical')
    .map(
      one =>
        `${one.id}: ${one.help}: ${one.nodes.map(node => node.html.slice(0, 200)).join(' | ')}`
    );
}

test('axe finds nothing serious on any view, in light and dark', async ({
  page
}) => {
  test.setTimeout(180_000);
  const name = fresh('accessible');
  const panel = await new Panel(page).show();
  const check = async (view: string) => {
    for (const theme of ['light', 'dark'] as const) {
      await (theme === 'light'
        ? page.theme.setLightTheme()
        : page.theme.setDarkTheme());
      expect(await serious(panel), `${view}, ${theme}`).toEqual([]);
    }
  };

  await register(page, name, {
    pip: { requirements: ['requests==2.31.0', 'urllib3==1.20'] },
    variables: { STAGE: 'test', PATH: '/bin' }
  });
  await api(page, 'post', `environments/${name}/versions`, {
    definition: { pip: { requirements: ['idna==3.10'] } }
  });
  await expect(panel.row(name)).toBeVisible();
  await check('list');

  await panel.root.getByLabel('Search environments').fill('no such thing');
  await expect(panel.button('Clear search').first()).toBeVisible();
  await check('nothing found');
  await panel.button('Clear search').first().click();

  await panel.row(name).click();
  await check('packages');
  await panel.tab('Variables').click();
  await check('variables');
  await panel.tab('Versions').click();
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
  for (const tab of ['Overview', 'Used by']) {
    await panel.button('More tabs').click();
    await page.getByRole('menuitem', { name: tab }).click();
    await check(tab);
  }
  await panel.tab('Packages').click();
  await panel.addPackage('attrs');
  await expect(panel.button('Discard')).toBeVisible();
  await check('changes');
  await panel.button('Discard').click();
  await panel.button('Environments').click();

  await panel.create('../x');
  await panel.addPackage('idna');
  await expect(panel.root.getByRole('alert').first()).toBeVisible();
  await check('new');
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
