import {
  api,
  expect,
  fresh,
  mlenv,
  Panel,
  register,
  run,
  test
} from './environments';

test('a secret is asked for once, kept by reference, and reaches the notebook by a restart of its kernel', async ({
  page
}) => {
  const name = fresh('hidden');
  const value = `s3cr3t-${name}`;
  await register(page, name, { variables: { PLAIN: 'one' } });
  mlenv('build', name);
  const panel = await new Panel(page).show();
  await panel.row(name).click();
  await panel.button('Use in notebook').click();
  await expect(panel.root.getByText('In use here').first()).toBeVisible();
  expect(await run(page, 'import os; print(os.environ["PLAIN"])')).toBe('one');

  await panel.show();
  await panel.tab('Variables').click();
  await panel.button('Add secret').click();
  const form = panel.root.getByRole('form', { name: 'Add a secret' });
  await form.getByLabel('Variable').fill('HF_TOKEN');
  await expect(form.getByLabel('Secret')).toHaveValue(`${name}/hf-token`);
  await form.getByLabel('Value').fill(value);
  await form.getByLabel('Value').press('Enter');
  const row = panel.root.locator('.mlenv-SecretRow');
  await expect(row).toContainText(`••••••${name}/hf-token`);
  await expect(row).toContainText('from server');

  await panel.button('Save and restart 1 kernel').click();
  await expect(page.getByText(/1 notebook runs on .*v2.* now/)).toBeVisible();
  expect(
    await run(page, 'import os; print(os.environ["HF_TOKEN"][::-1])')
  ).toBe([...value].reverse().join(''));

  // The browser has the reference and nothing else.
  const saved = await api(page, 'get', `environments/${name}/versions/2`);
  const secrets = await api(page, 'get', 'secrets');
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  for (const text of [JSON.stringify([saved, secrets]), kept]) {
    expect(text).not.toContain(value);
  }
  expect(JSON.stringify(saved)).toContain(`\${secret:${name}/hf-token}`);
});

test('a .env is pasted, and what looks like a secret is made one', async ({
  page
}) => {
  const name = fresh('dotenv');
  await register(page, name, {});
  const panel = await new Panel(page).show();
  await panel.row(name).click();
  await panel.tab('Variables').click();
  await panel.button('Paste .env').click();
  await panel.root
    .getByLabel('Variables, one a line')
    .fill('export PATH=/opt/bin\nAPI_KEY="abc"\n');
  await panel.button('Add').click();
  await expect(panel.root.getByText('PATH replaces')).toBeVisible();
  await panel.root
    .locator('.mlenv-Note', { hasText: 'PATH replaces' })
    .getByRole('button', { name: 'Keep' })
    .click();
  await expect(panel.root.getByText('PATH replaces')).toHaveCount(0);
  await panel.button('Make it a secret…').click();
  await panel.button('Keep as secret').click();
  await expect(panel.root.locator('.mlenv-SecretRow')).toContainText(
    `••••••${name}/api-key`
  );
  await expect(
    panel.root.getByRole('region', { name: '2 unsaved changes' })
  ).toContainText(`•••••• ${name}/api-key`);
});
