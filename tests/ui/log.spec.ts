import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  api,
  expect,
  fresh,
  gated,
  mlenv,
  open,
  Panel,
  register,
  test
} from './environments';

/** Little room, so that a log of a dozen lines does not fit. */
test.use({ viewport: { width: 1280, height: 480 } });

test('the log of a build: follow, search, wrap, colours, copy, download', async ({
  page,
  context,
  request
}) => {
  const name = fresh('logged');
  const slow = fresh('gated-logged');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const panel = await new Panel(page).show();
  await register(page, name, gated(slow, 'rich>=13'));
  await panel.row(name).click();
  await panel.button('Build').click();
  const follow = panel.root.getByRole('button', { name: /^Follow/ });
  const isAtEnd = () =>
    panel.log.evaluate(
      node => node.scrollHeight - node.scrollTop - node.clientHeight < 13
    );
  await expect(panel.log).toContainText('install');
  await expect(follow).toHaveAttribute('aria-pressed', 'true');

  await test.step('what is new is counted while it is not followed', async () => {
    await follow.click();
    await expect(follow).toHaveAttribute('aria-pressed', 'false');
    await open(request, slow);
    await panel.expectReady();
    await expect(follow).toContainText(/Follow · \d+ new/);
    await panel.log.focus();
    await page.keyboard.press('End');
    await expect(follow).toHaveAttribute('aria-pressed', 'true');
    await expect.poll(isAtEnd).toBe(true);
    await expect(panel.log).toContainText('Ready in');
  });

  await test.step('scrolling up stops following, too', async () => {
    await panel.log.hover();
    await page.mouse.wheel(0, -60);
    await expect(follow).toHaveAttribute('aria-pressed', 'false');
    expect(await isAtEnd()).toBe(false);
    await page.mouse.wheel(0, 600);
    await expect(follow).toHaveAttribute('aria-pressed', 'true');
  });

  await test.step('colours are the theme’s', async () => {
    await expect(panel.log.locator('.mlenv-ansi-green').first()).toBeVisible();
    await expect(panel.log).not.toContainText('\u001b');
  });

  await test.step('lines wrap', async () => {
    await panel.button('Wrap lines').click();
    await expect(panel.log).toHaveAttribute('data-wrap', 'true');
    await panel.button('Wrap lines').click();
    await expect(panel.log).not.toHaveAttribute('data-wrap');
  });

  await test.step('search goes from one match to the next', async () => {
    await panel.log.focus();
    await page.keyboard.press('Control+f');
    const box = panel.root.getByLabel('Search log');
    await expect(box).toBeFocused();
    await box.fill('install');
    const current = panel.log.locator('mark[data-current]').first();
    await expect(current).toBeInViewport();
    const first = await panel.log
      .locator('.mlenv-Log-row:has(mark[data-current])')
      .getAttribute('data-line');
    await box.press('Enter');
    await expect(
      panel.log.locator('.mlenv-Log-row:has(mark[data-current])')
    ).not.toHaveAttribute('data-line', first ?? '');
    await box.fill('nothing like this');
    await expect(panel.button('Next match')).toBeDisabled();
    await box.press('Escape');
    await expect(box).toHaveValue('');
  });

  await test.step('all of it is copied and downloaded', async () => {
    const more = panel.button('Copy, download, show folded lines');
    await more.click();
    await page.getByRole('menuitem', { name: 'Copy all' }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toContain('Ready in');
    await more.click();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Download' }).click()
    ]);
    expect(file.suggestedFilename()).toMatch(/\.log$/);
    expect(readFileSync(await file.path(), 'utf8')).toBe(copied);
  });
});

test('a failed build goes to its first error, and is built again without cache', async ({
  page
}) => {
  const name = fresh('failed-logged');
  await page.setViewportSize({ width: 1440, height: 900 });
  const panel = await new Panel(page).show();
  await register(page, name, {
    pip: { requirements: ['no-such-package-of-mlenv', 'idna'] }
  });
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.error).toBeVisible({ timeout: 60_000 });
  const error = panel.log.locator('.mlenv-Log-row[data-culprit]').first();
  await expect(error).toBeInViewport();
  await panel.log.focus();
  await page.keyboard.press('Home');
  await panel.button('First error').click();
  await expect(error).toBeInViewport();

  await panel.button('Other ways to build again').click();
  const asked = page.waitForRequest(
    one => one.method() === 'POST' && one.url().includes('/mlenv/api/builds')
  );
  await page
    .getByRole('menuitem', { name: 'Build again without cache' })
    .click();
  expect((await asked).postDataJSON()).toMatchObject({ cache: false });
  await expect
    .poll(
      async () => {
        const { items } = (await api(page, 'get', 'builds?limit=50')) as {
          items: { name: string; state: string }[];
        };
        return items.filter(one => one.name === name).map(one => one.state);
      },
      { timeout: 60_000 }
    )
    .toEqual(['failed', 'failed']);
});

test('a very long log opens at its end, and all of it can be reached', async ({
  page
}) => {
  test.setTimeout(180_000);
  // A million take twice as long as all else here.
  const LINES = Number(process.env.MLENV_UI_LOG_LINES ?? 100_000);
  const name = fresh('long-logged');
  await register(page, name, {});
  // Not one that another test has made already.
  mlenv('build', '--force', name);
  const builds = join(process.env.MLENV_HOME ?? '', 'builds');
  const { items } = (await api(page, 'get', 'builds?limit=50')) as {
    items: { id: string; name: string }[];
  };
  const id = items.find(one => one.name === name)?.id ?? '';
  expect(readdirSync(builds)).toContain(id);
  // The build's own log, with many lines more before its last one.
  const file = join(builds, id, 'log.jsonl');
  const records = readFileSync(file, 'utf8').trimEnd().split('\n');
  const line = records
    .map(one => JSON.parse(one))
    .find(one => one.k === 'line');
  const more = Array.from({ length: LINES }, (_, index) =>
    JSON.stringify({ ...line, x: `line ${index}` })
  );
  const last = records.pop() ?? '';
  writeFileSync(file, [...records, ...more, last, ''].join('\n'));

  const panel = await new Panel(page).show();
  await panel.row(name).click();
  await panel.button('More tabs').click();
  await page.getByRole('menuitem', { name: 'Builds' }).click();
  await expect(panel.log).toContainText(`line ${LINES - 1}`, {
    timeout: 90_000
  });
  // Only what is in view is in the page.
  expect(await panel.log.locator('.mlenv-Log-row').count()).toBeLessThan(200);
  await panel.log.evaluate(node => {
    node.scrollTop = node.scrollHeight / 2;
  });
  await expect
    .poll(async () => {
      const row = panel.log.locator('.mlenv-Log-row').first();
      const line = Number(await row.getAttribute('data-line'));
      return Math.abs(line - LINES / 2);
    })
    .toBeLessThan(200);
  await panel.root.getByLabel('Search log').fill('line 98765');
  await expect(panel.log.locator('mark[data-current]')).toBeInViewport({
    timeout: 60_000
  });
});
