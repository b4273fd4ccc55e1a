import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { execFileSync } from 'node:child_process';

import {
  api,
  chip,
  expect,
  fresh,
  Panel,
  register,
  run,
  test
} from './environments';

// A container engine with the tests' base image: `.ci/engine start`.
const engine = process.env.DOCKER_HOST;

test('an image is built with its log inline, and its kernel runs a cell', async ({
  page
}) => {
  test.skip(!engine, 'No container engine: .ci/engine start');
  test.setTimeout(240_000);
  const name = fresh('image');
  await page.notebook.createNew(undefined, { kernel: 'python3' });
  // A kernel that is changed while it starts can leave the notebook disconnected.
  await page.locator('#jp-main-statusbar').getByText('Idle').waitFor();
  const panel = await new Panel(page).show();
  await register(page, name, {
    pip: { requirements: ['idna==3.8'] },
    docker: { base_image: 'mlenv/test-base:1', arguments: ['--privileged'] },
    variables: { GREETING: 'hello $USER' }
  });
  await forgetImage(page, name);
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.log).toContainText('resolve the base image');
  await expect(
    panel.root.locator('.mlenv-Step[data-state="done"]', { hasText: 'Ready' })
  ).toBeVisible({ timeout: 180_000 });

  const image = (await api(
    page,
    'get',
    `environments/${name}/versions/1/image`
  )) as { exists: boolean; image: string; dockerfile: string; base: string };
  expect(image.exists).toBe(true);
  await panel.tab('Image').click();
  const tab = panel.root.locator('.mlenv-ImageTab');
  await expect(tab).toContainText(image.image);
  await expect(tab).toContainText(image.base);
  await expect(tab).toContainText('it has a base image or a Dockerfile');
  await expect(tab).toContainText(/Size\s*[\d.]+ MB in \d+ layers/);
  const written = tab.getByRole('region', {
    name: 'Dockerfile that it was built with'
  });
  await expect(written.locator('pre')).toHaveText(image.dockerfile);
  const saved = page.waitForEvent('download');
  await written.getByRole('button', { name: 'Download' }).click();
  expect((await saved).suggestedFilename()).toBe(`${name}-1.Dockerfile`);
  if (process.env.MLENV_UI_SCREENSHOTS) {
    await tab.locator('h3').first().scrollIntoViewIfNeeded();
    await shoot(page, 'image');
  }
  await tab.locator('summary').click();
  await expect(tab.getByRole('listitem').first()).toContainText('COPY');

  await panel.button('Use in notebook').click();
  await expect(chip(page)).toContainText(name, { timeout: 60_000 });
  const said = await run(
    page,
    'import idna, os, sys; print(os.environ["GREETING"], idna.__version__, os.path.exists("/opt/mlenv/env"))'
  );
  expect(said).toBe('hello $USER 3.8 True');
});

test('a version that is a prefix is built and used as an image, too', async ({
  page
}) => {
  test.skip(!engine, 'No container engine: .ci/engine start');
  test.setTimeout(240_000);
  const name = fresh('both');
  await page.notebook.createNew(undefined, { kernel: 'python3' });
  await page.locator('#jp-main-statusbar').getByText('Idle').waitFor();
  const panel = await new Panel(page).show();
  await register(page, name, { pip: { requirements: ['idna==3.9'] } });
  await forgetImage(page, name);
  await panel.row(name).click();
  const choose = async (item: string) => {
    await panel.button('As…').click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Build as image');
  await expect(panel.log).toContainText('since that was asked for');
  await expect(panel.button('Use in notebook')).toBeVisible({
    timeout: 180_000
  });
  await choose('Build as prefix');
  await expect
    .poll(async () => {
      const where = `environments/${name}/versions/1`;
      const { forms } = (await api(page, 'get', where)) as {
        forms: { built: boolean }[];
      };
      return forms.every(one => one.built);
    })
    .toBe(true);
  if (process.env.MLENV_UI_SCREENSHOTS) {
    await shoot(page, 'form-builds');
  }
  await panel.tab('Overview').click();
  const facts = panel.root.locator('.mlenv-Overview-facts');
  await expect(facts).toContainText('a prefix, by uv');
  await expect(facts).toContainText('an image, by the container engine');
  if (process.env.MLENV_UI_SCREENSHOTS) {
    await facts.scrollIntoViewIfNeeded();
    await shoot(page, 'form-overview');
  }
  await choose('Use the image in notebook');
  await expect(chip(page)).toContainText(name, { timeout: 60_000 });
  const said = await run(
    page,
    'import os; print(os.path.exists("/opt/mlenv/env"))'
  );
  expect(said).toBe('True');
});

/** Pictures of the view in both themes and at both widths. */
async function shoot(
  page: IJupyterLabPageFixture,
  name: string
): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await (theme === 'light'
      ? page.theme.setLightTheme()
      : page.theme.setDarkTheme());
    for (const width of [280, 900]) {
      await page.sidebar.setWidth(width);
      await page.screenshot({
        path: `${process.env.MLENV_UI_SCREENSHOTS}/${name}-${width}-${theme}.png`
      });
    }
  }
  await page.theme.setLightTheme();
  await page.sidebar.setWidth(360);
}

/** Removes what an earlier run has built of the same definition: it would be used again. */
async function forgetImage(
  page: IJupyterLabPageFixture,
  name: string
): Promise<void> {
  const { digest } = (await api(
    page,
    'get',
    `environments/${name}/versions/1`
  )) as { digest: string };
  const docker = (...words: string[]) =>
    execFileSync('/usr/bin/docker', words, { encoding: 'utf8' }).split('\n');
  const repository = `mlenv/mlenv_${digest.slice(0, 32)}`;
  const ids = docker('images', '--quiet', repository).filter(Boolean);
  if (ids.length > 0) {
    docker('rmi', '--force', ...new Set(ids));
  }
}
