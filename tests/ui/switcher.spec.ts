import {
  api,
  chip,
  expect,
  fresh,
  gated,
  mlenv,
  open,
  Panel,
  register,
  run,
  test
} from './environments';

test('a notebook is switched from its chip, by keyboard, and what is not built is built first', async ({
  page
}) => {
  const stem = fresh('switch');
  const [ready, waiting, wheel] = [`${stem}-a`, `${stem}-b`, fresh('gated')];
  await register(page, ready, { variables: { WHO: 'first' } });
  mlenv('build', ready);
  await register(page, waiting, {
    ...gated(wheel),
    variables: { WHO: 'second' }
  });
  const panel = await new Panel(page).show();
  await panel.row(ready).click();
  await panel.button('Use in notebook').click();
  await expect(chip(page)).toContainText(ready);

  await chip(page).click();
  const switcher = page.getByRole('dialog', { name: 'Switch environment' });
  const field = switcher.getByRole('combobox');
  await expect(field).toBeFocused();
  await expect(switcher.getByRole('option').first()).toContainText(
    /v1.*in use here/
  );
  await page.keyboard.press('Escape');
  await expect(switcher).toHaveCount(0);
  await expect(chip(page)).toBeFocused();

  await chip(page).press('Enter');
  await field.pressSequentially(waiting);
  const option = switcher.getByRole('option');
  await expect(option).toHaveCount(1);
  await expect(option).toContainText('builds first');
  await page.keyboard.press('Enter');
  await expect(page.getByText('is built first').first()).toBeVisible();
  // Until it is there, the notebook keeps its kernel.
  await expect(chip(page)).toContainText(ready);
  await open(page.request, wheel);
  await expect(chip(page)).toContainText(waiting, { timeout: 60_000 });
  expect(await run(page, 'import os; print(os.environ["WHO"])')).toBe('second');

  // The way back takes no build, and the switcher says so.
  await chip(page).click();
  await expect(switcher.getByRole('option', { name: ready })).toContainText(
    'ready'
  );
  await switcher.getByRole('option', { name: ready }).click();
  await expect(chip(page)).toContainText(ready);
  const { items } = (await api(page, 'get', 'kernels')) as {
    items: { name: string }[];
  };
  expect(items.filter(one => one.name.startsWith(stem))).toHaveLength(2);
});
