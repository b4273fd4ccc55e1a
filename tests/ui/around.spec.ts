import { expect, fresh, Panel, register, test } from './environments';

test('a link opens its environment', async ({ page }) => {
  const name = fresh('linked');
  const panel = await new Panel(page).show();
  await register(page, name, { pip: { requirements: ['idna==3.10'] } });
  // Not by Galata's way, which waits for the launcher to be in front.
  await page.evaluate(search => {
    location.search = search;
  }, `?mlenv=${name}:1&mlenv-tab=versions`);
  await expect(panel.root.getByRole('heading', { name })).toBeVisible();
  await expect(panel.tab('Versions')).toHaveAttribute('aria-selected', 'true');
  await expect.poll(() => page.url()).not.toContain('mlenv=');
});

test('an environment opens in a tab of its own, with its description as Markdown', async ({
  page
}) => {
  const name = fresh('tabbed');
  const panel = await new Panel(page).show();
  await register(
    page,
    name,
    { pip: { requirements: ['idna==3.10'] } },
    'For **churn**. <img src=x onerror="window.bitten = 1">'
  );
  await panel.row(name).click();
  await panel.button('Open in tab').click();
  const tab = page.locator('.jp-MainAreaWidget', {
    has: page.getByRole('heading', { name })
  });
  const tabs = tab.getByRole('tab');
  await expect(tabs.first()).toContainText('Overview');
  await tabs.first().click();
  await expect(tab.locator('.mlenv-Markdown strong')).toHaveText('churn');
  expect(await page.evaluate(() => 'bitten' in window)).toBe(false);
  await expect(tab).toContainText(`%mlenv use ${name}:1`);
  await expect(tab).toContainText(`mlenv exec ${name}:1 -- python train.py`);
  await expect(tab).toContainText('Environment.get(workspace');
});

test('the end of a build is told where its log is not in view', async ({
  page
}) => {
  const name = fresh('told');
  const panel = await new Panel(page).show();
  await register(page, name, {
    pip: { requirements: ['no-such-package-of-mlenv'] }
  });
  await expect(panel.row(name)).toBeVisible();
  await panel.row(name).hover();
  await panel
    .row(name)
    .getByRole('button', { name: 'Build', exact: true })
    .click();
  const notice = page.locator('.jp-toast-message, .Toastify__toast').last();
  await expect(notice).toContainText(`Building ${name} v1 failed`, {
    timeout: 60_000
  });
  await page.getByRole('button', { name: 'Open log' }).last().click();
  await expect(panel.error).toBeVisible();
});

test('several environments are selected by pointer and keyboard, and deleted at once', async ({
  page
}) => {
  const stem = fresh('several');
  const names = ['a', 'b', 'c', 'd'].map(end => `${stem}-${end}`);
  for (const name of names) {
    await register(page, name, {});
  }
  const panel = await new Panel(page).show();
  await panel.root.getByRole('searchbox').fill(stem);
  // The newest is at the top.
  const [first, second, third, last] = [...names].reverse();
  await panel.row(first).click({ modifiers: ['Control'] });
  await panel.row(third).click({ modifiers: ['Shift'] });
  const bar = panel.root.getByRole('region', { name: '3 selected' });
  await expect(bar).toBeVisible();
  await panel.row(second).click({ modifiers: ['Control'] });
  await panel.row(second).press('Space');
  await expect(bar).toBeVisible();
  await panel.row(second).press('Delete');
  const dialog = page.getByRole('dialog', { name: 'Delete 3 environments?' });
  await dialog.getByRole('button', { name: 'Delete 3' }).click();
  await expect(panel.row(first)).toHaveCount(0);
  await expect(panel.row(third)).toHaveCount(0);
  await expect(panel.row(last)).toBeVisible();
  await expect(bar).toHaveCount(0);
});
