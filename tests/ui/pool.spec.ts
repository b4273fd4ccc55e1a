import {
  api,
  chip,
  expect,
  fresh,
  mlenv,
  Panel,
  register,
  run,
  test
} from './environments';

type Pool = { kernels: { name: string }[] };

test.use({
  mockSettings: {
    '@jupyterlab/apputils-extension:notification': { fetchNews: 'false' },
    'mlenv-jupyter:pool': { size: 2 }
  }
});

test('a notebook is switched to a kernel that was kept ready, and back', async ({
  page
}) => {
  const stem = fresh('ready');
  const [first, second] = [`${stem}-a`, `${stem}-b`];
  for (const name of [first, second]) {
    await register(page, name, { variables: { WHO: name } });
    mlenv('build', name);
    mlenv('kernel', 'install', name);
  }
  const ready = async (name: string) => {
    const { kernels } = (await api(page, 'get', 'pool')) as Pool;
    return kernels.some(one => one.name === name);
  };
  const panel = await new Panel(page).show();
  await panel.row(first).click();
  await panel.button('Use in notebook').click();
  await expect(chip(page)).toContainText(first);
  expect(await run(page, 'import os; print(os.environ["WHO"])')).toBe(first);

  const switcher = page.getByRole('dialog', { name: 'Switch environment' });
  for (const name of [second, first, second]) {
    await expect.poll(() => ready(name), { timeout: 30_000 }).toBe(true);
    await chip(page).click();
    await switcher.getByRole('option', { name }).click();
    await expect(chip(page)).toContainText(name);
    expect(
      await run(
        page,
        'import os; print(os.environ["WHO"], os.getcwd() == os.path.dirname(os.environ["JPY_SESSION_NAME"]), "_MLENV_NOTEBOOK_OF" in os.environ)'
      )
    ).toBe(`${name} True True`);
  }
  await api(page, 'put', 'pool', { size: 0 });
  await expect
    .poll(async () => ((await api(page, 'get', 'pool')) as Pool).kernels)
    .toEqual([]);
});
