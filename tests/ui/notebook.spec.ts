import {
  api,
  banner,
  buildInCell,
  chip,
  deletePrefixes,
  expect,
  fresh,
  gated,
  open,
  openNotebookFrom,
  Panel,
  register,
  restartKernel,
  run,
  test
} from './environments';

test('a notebook whose environment is not here offers to build it', async ({
  page,
  request,
  tmpPath
}) => {
  const name = fresh('absent');
  const slow = fresh('gated-absent');
  await register(page, name, gated(slow));
  await openNotebookFrom(page, tmpPath, name);

  await expect(banner(page)).toContainText(
    `This notebook ran in ${name} v1, which is not on this machine.`
  );
  await expect(page.locator('.jp-Dialog')).toHaveCount(0);
  await expect(chip(page)).toHaveAccessibleName(/not on this machine/);
  // Looking at it starts nothing, neither a build nor another kernel.
  const { items } = (await api(page, 'get', 'builds')) as {
    items: { name: string }[];
  };
  expect(items.filter(build => build.name === name)).toEqual([]);
  await expect(page.locator('#jp-main-statusbar')).toContainText('No Kernel');

  await banner(page).getByRole('button', { name: 'Build and use' }).click();
  await expect(banner(page)).toContainText(`Building ${name} v1: Installing`);
  await open(request, slow);
  await expect(banner(page)).toBeHidden({ timeout: 60_000 });
  await expect(chip(page)).toHaveAccessibleName(
    `Environment ${name} v1: ready`
  );
  const module = slow.replaceAll('-', '_');
  expect(await run(page, `import ${module} as m; print(m.__version__)`)).toBe(
    '1.0'
  );
});

test('the build of a missing environment can be cancelled from the notebook', async ({
  page,
  tmpPath
}) => {
  const name = fresh('absent');
  await register(page, name, gated(fresh('gated-absent')));
  await openNotebookFrom(page, tmpPath, name);
  await banner(page).getByRole('button', { name: 'Build and use' }).click();
  await banner(page).getByRole('button', { name: 'Cancel' }).click();
  await expect(banner(page)).toContainText('was cancelled');
  await expect(
    banner(page).getByRole('button', { name: 'Build and use' })
  ).toBeVisible();
});

test('a notebook whose environment nobody knows says so', async ({
  page,
  tmpPath
}) => {
  const name = fresh('nobodys');
  await openNotebookFrom(page, tmpPath, name);
  await banner(page).getByRole('button', { name: 'Build and use' }).click();
  await expect(banner(page)).toContainText(`${name} v1 is not registered here`);
  await banner(page).getByRole('button', { name: 'Dismiss' }).click();
  await expect(banner(page)).toBeHidden();
});

test('a cell switches its notebook', async ({ page, request }) => {
  const [one, two] = [fresh('from'), fresh('to')];
  const slow = fresh('gated-to');
  await open(request, slow);
  await page.notebook.createNew();
  const panel = await new Panel(page).show();
  await register(page, one, gated(slow));
  await register(page, two, {
    ...gated(slow),
    variables: { WHERE: 'the second' }
  });
  await panel.row(one).click();
  await panel.button('Build').click();
  await panel.expectReady();
  await panel.button('Use in notebook').click();
  await expect(chip(page)).toContainText(one);

  await buildInCell(page, two);
  expect(await run(page, `%mlenv use ${two}:1`)).toContain(two);
  await expect(chip(page)).toContainText(two, { timeout: 60_000 });
  expect(await run(page, 'import os; print(os.environ["WHERE"])')).toBe(
    'the second'
  );
});

test('an environment that was deleted under its kernel is built again from the notebook', async ({
  page,
  request
}) => {
  const name = fresh('gone');
  const gone = fresh('gated-gone');
  await open(request, gone);
  await page.notebook.createNew();
  const panel = await new Panel(page).show();
  await register(page, name, gated(gone));
  await panel.row(name).click();
  await panel.button('Build').click();
  await panel.expectReady();
  await panel.button('Use in notebook').click();
  await expect(chip(page)).toContainText(name);

  deletePrefixes();
  await restartKernel(page);
  await run(page, '1 + 1');
  await expect(banner(page)).toContainText('which is not on this machine');

  await banner(page).getByRole('button', { name: 'Build and use' }).click();
  await expect(banner(page)).toBeHidden({ timeout: 60_000 });
  const module = gone.replaceAll('-', '_');
  expect(await run(page, `import ${module} as m; print(m.__version__)`)).toBe(
    '1.0'
  );
});
