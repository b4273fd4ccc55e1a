import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import {
  api,
  banner,
  chip,
  expect,
  fresh,
  Panel,
  run,
  test
} from './environments';

/** Registers, builds and installs, as its author did. */
async function author(
  page: IJupyterLabPageFixture,
  name: string,
  variables: object = {}
): Promise<string> {
  await api(page, 'post', 'environments', {
    name,
    definition: { pip: { requirements: ['six==1.16.0'] }, variables }
  });
  await api(page, 'post', 'builds', { name });
  await expect
    .poll(
      async () => {
        const found = (await api(
          page,
          'get',
          `environments/${name}/versions/1`
        )) as { state: string };
        return found.state;
      },
      { timeout: 60_000 }
    )
    .toBe('ready');
  const kernel = (await api(page, 'post', 'kernels', { name })) as {
    kernel_name: string;
  };
  return kernel.kernel_name;
}

/** A notebook that ran in a kernel, saved and closed; its path. */
async function written(
  page: IJupyterLabPageFixture,
  kernelName: string
): Promise<string> {
  await page.evaluate(async kernel => {
    const { commands, serviceManager } = window.jupyterapp;
    await serviceManager.kernelspecs.refreshSpecs();
    await commands.execute('notebook:create-new', { kernelName: kernel });
  }, kernelName);
  await expect(chip(page)).toHaveAccessibleName(/: ready/);
  expect(await run(page, 'import six; print(six.__version__)')).toBe('1.16.0');
  await expect
    .poll(() =>
      page.evaluate(() => {
        const panel = window.jupyterapp.shell.currentWidget as unknown as {
          context: { model: { getMetadata(key: string): unknown } };
        };
        return JSON.stringify(panel.context.model.getMetadata('mlenv') ?? null);
      })
    )
    .toContain('six==1.16.0');
  await page.notebook.save();
  const path = await page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      context: { path: string };
    };
    return panel.context.path;
  });
  await page.notebook.close();
  await page.evaluate(() =>
    window.jupyterapp.serviceManager.sessions.shutdownAll()
  );
  return path;
}

/** What is in the file. */
async function contentOf(
  page: IJupyterLabPageFixture,
  path: string
): Promise<{ metadata: { mlenv?: { name: string } } }> {
  return await page.evaluate(async one => {
    const { contents } = window.jupyterapp.serviceManager;
    return (await contents.get(one)).content as { metadata: object };
  }, path);
}

/** Takes an environment and its kernel away, as if they had never been here. */
async function forget(
  page: IJupyterLabPageFixture,
  name: string
): Promise<void> {
  await api(page, 'delete', `environments/${name}`);
  await page.evaluate(() =>
    window.jupyterapp.serviceManager.kernelspecs.refreshSpecs()
  );
}

async function open(page: IJupyterLabPageFixture, path: string): Promise<void> {
  await page.evaluate(
    async one =>
      void (await window.jupyterapp.commands.execute('docmanager:open', {
        path: one
      })),
    path
  );
}

async function countOf(
  page: IJupyterLabPageFixture,
  what: 'builds' | 'environments',
  name: string
): Promise<number> {
  const { items } = (await api(page, 'get', what)) as {
    items: { name: string }[];
  };
  return items.filter(one => one.name === name).length;
}

test('a notebook carries its environment to where nobody knows it', async ({
  page
}) => {
  const name = fresh('carried');
  const kernel = await author(page, name);
  const path = await written(page, kernel);
  await forget(page, name);
  const builds = await countOf(page, 'builds', name);

  await open(page, path);
  await expect(banner(page)).toContainText('The notebook has its lock.');
  const { root } = await new Panel(page).show();
  const section = root.getByRole('region', { name: 'This notebook' });
  await expect(section).toContainText(name);
  await expect(section).toContainText('no kernel');
  // Looking at it makes nothing.
  expect(await countOf(page, 'environments', name)).toBe(0);
  expect(await countOf(page, 'builds', name)).toBe(builds);

  await banner(page).getByRole('button', { name: 'Review' }).click();
  const review = page.getByRole('region', { name: 'What Restore will do' });
  await expect(review).toContainText('1 package');
  await review.getByRole('button', { name: 'Restore' }).click();
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`,
    { timeout: 60_000 }
  );
  await expect(banner(page)).toBeHidden();
  expect(await run(page, 'import six; print(six.__version__)')).toBe('1.16.0');
});

test('what its author chose beside packages wants a tick', async ({ page }) => {
  const name = fresh('foreign');
  const kernel = await author(page, name, {
    PYTHONOPTIMIZE: '1',
    TEAM: 'growth'
  });
  const path = await written(page, kernel);
  await forget(page, name);
  await open(page, path);
  await banner(page).getByRole('button', { name: 'Review' }).click();
  const review = page.getByRole('region', { name: 'What Restore will do' });
  await expect(
    review.getByRole('checkbox', { name: /PYTHONOPTIMIZE=1/ })
  ).not.toBeChecked();
  await review.getByRole('button', { name: 'Restore' }).click();
  await expect(chip(page)).toHaveAccessibleName(/: ready/, {
    timeout: 60_000
  });
  const code =
    "import os; print(os.environ.get('PYTHONOPTIMIZE'), os.environ['TEAM'])";
  expect(await run(page, code)).toBe('None growth');
});

test('opening and saving a stamped notebook changes nothing in it', async ({
  page
}) => {
  const name = fresh('quiet');
  const path = await written(page, await author(page, name));
  const before = await contentOf(page, path);
  await open(page, path);
  await expect(chip(page)).toHaveAccessibleName(/: ready/);
  const dirty = await page.evaluate(() => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      context: { model: { dirty: boolean } };
    };
    return panel.context.model.dirty;
  });
  expect(dirty).toBe(false);
  await page.notebook.save();
  const after = await contentOf(page, path);
  expect(after.metadata.mlenv?.name).toBe(name);
  expect(after).toEqual(before);
});
