import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { chip, expect, Panel, register, run, test } from './environments';

const PAGE = join(__dirname, '../../docs/explanation/first-ten-tasks.md');
const TABLE = /(<!-- counted -->\n)[^]*?(<!-- end -->)/;

interface ICounted {
  task: string;
  how: string;
  clicks: number;
  keys: number;
}

/** Counts what a hand does: presses of the pointer and of keys that the browser really got. */
async function startCounting(page: IJupyterLabPageFixture): Promise<void> {
  await page.evaluate(() => {
    const counted = { clicks: 0, keys: 0 };
    Object.assign(window, { counted });
    document.addEventListener(
      'pointerdown',
      event => (counted.clicks += event.isTrusted ? 1 : 0),
      true
    );
    document.addEventListener(
      'keydown',
      event => (counted.keys += event.isTrusted ? 1 : 0),
      true
    );
  });
}

test('ten things that people do first, with what each takes', async ({
  page
}) => {
  test.setTimeout(600_000);
  const panel = new Panel(page);
  const { root } = panel;
  const told: ICounted[] = [];
  const counted = () =>
    page.evaluate(
      () =>
        (window as unknown as { counted: { clicks: number; keys: number } })
          .counted
    );
  const task = async (
    name: string,
    how: string,
    doIt: () => Promise<unknown>
  ) => {
    const before = await counted();
    await test.step(name, doIt);
    const after = await counted();
    told.push({
      task: name,
      how,
      clicks: after.clicks - before.clicks,
      keys: after.keys - before.keys
    });
  };
  const box = root.getByRole('combobox', { name: 'Add a package' });
  const tab = page.locator('.jp-SideBar [data-id="mlenv-environments"]');

  await page.notebook.createNew();
  await startCounting(page);

  await task(
    'Find an environment with PyTorch',
    'the icon at the left, `pytorch`',
    async () => {
      await tab.click();
      await root.getByRole('searchbox').click();
      await page.keyboard.type('pytorch');
      await expect(panel.row('mlenv-pytorch')).toBeVisible();
    }
  );
  await task('See what is in it', 'its row', async () => {
    await panel.row('mlenv-pytorch').first().click();
    await expect(root.locator('[data-package="torch"]')).toBeVisible();
  });
  await panel.button('Environments').click();
  await root.getByRole('searchbox').fill('');

  await task(
    'Make an environment with two packages and build it',
    '*New*, *Blank*, its name, each package and `Enter`, *Save and build*',
    async () => {
      await panel.button('New').click();
      await page.getByRole('menuitem', { name: 'Blank' }).click();
      await expect(root.getByLabel('Name', { exact: true })).toBeFocused();
      await page.keyboard.type('mine');
      await box.click();
      await page.keyboard.type('idna');
      await page.keyboard.press('Enter');
      await page.keyboard.type('attrs');
      await page.keyboard.press('Enter');
      await panel.button('Save and build').click();
      await panel.expectReady();
    }
  );
  await task('Use it in the notebook', '*Use in notebook*', async () => {
    await panel.button('Use in notebook').click();
    await expect(chip(page)).toContainText('mine');
  });
  expect(await run(page, 'import idna, attr; print("ok")')).toBe('ok');

  await task(
    'Add a package and use it',
    '*Packages*, its name and `Enter`, *Save and build*, *Use in notebook*',
    async () => {
      await panel.tab('Packages').click();
      await box.click();
      await page.keyboard.type('six');
      await page.keyboard.press('Enter');
      await panel.button('Save and build').click();
      await panel.expectReady();
      await panel.button('Use in notebook').click();
      await expect(chip(page)).toContainText('v2');
    }
  );
  await task(
    'Set a variable without a build',
    '*Variables*, name, `Tab`, value, *Save and restart 1 kernel*',
    async () => {
      await panel.tab('Variables').click();
      await root.getByPlaceholder('NAME').last().click();
      await page.keyboard.type('STAGE');
      await page.keyboard.press('Tab');
      await page.keyboard.type('test');
      await panel.button('Save and restart 1 kernel').click();
      await expect(chip(page)).toContainText('v3');
    }
  );
  await task(
    'Keep a password out of the notebook',
    '*Add secret*, the variable, `Tab` twice, the value, `Enter`, *Save and restart 1 kernel*',
    async () => {
      await panel.button('Add secret').click();
      await page.keyboard.type('DB_PASSWORD');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.type('hunter2');
      await page.keyboard.press('Enter');
      await expect(root.locator('.mlenv-SecretRow')).toBeVisible();
      await panel.button('Save and restart 1 kernel').click();
      await expect(chip(page)).toContainText('v4');
    }
  );
  await task(
    "Go back to last week's version",
    '*Versions*, its row, *Use in notebook*',
    async () => {
      await panel.tab('Versions').click();
      await root.getByText('v1', { exact: true }).first().click();
      await panel.button('Use in notebook').click();
      await expect(chip(page)).toContainText('v1');
    }
  );
  await panel.button('Environments').click();
  await register(page, 'broken', {
    pip: { requirements: ['numpy>=2.3', 'numba==0.61.2'] }
  });
  await panel.row('broken').click();
  await panel.button('Build').click();
  await expect(panel.error).toBeVisible({ timeout: 60_000 });
  await panel.button('Environments').click();
  await task('Why did my build fail?', 'its row among the builds', async () => {
    await root
      .getByRole('region', { name: /Builds/ })
      .getByText('broken')
      .first()
      .click();
    await expect(panel.error).toContainText('numba');
  });
  await task(
    'Switch the notebook to another environment',
    'its name in the toolbar, the beginning of the name, `Enter`',
    async () => {
      await chip(page).click();
      const switcher = page.getByRole('dialog', { name: 'Switch environment' });
      await expect(switcher.getByRole('combobox')).toBeFocused();
      await page.keyboard.type('mini');
      await expect(switcher.getByRole('option')).toHaveCount(1);
      await page.keyboard.press('Enter');
      await expect(chip(page)).toContainText('mlenv-minimal', {
        timeout: 90_000
      });
    }
  );
  expect(told).toHaveLength(10);

  const rows = told.map(
    ({ task: name, how, clicks, keys }, index) =>
      `| ${index + 1} | ${name} | ${how} | ${clicks} | ${keys} |`
  );
  const text = readFileSync(PAGE, 'utf8');
  writeFileSync(
    PAGE,
    text.replace(TABLE, (_, begin: string, end: string) =>
      [
        `${begin}`,
        '| | task | how | clicks | keys |',
        '|---|---|---|---|---|',
        ...rows,
        '',
        end
      ].join('\n')
    )
  );
});
