import {
  api,
  expect,
  fresh,
  gated,
  Panel,
  register,
  test
} from './environments';

test('packages are written as text, and a wrong line is marked while it is typed', async ({
  page
}) => {
  const name = fresh('text');
  const panel = await new Panel(page).show();
  await register(page, name, { pip: { requirements: ['idna==3.10'] } });
  await panel.row(name).click();
  await panel.button('Edit as text').click();
  const text = panel.root.getByLabel('All packages, one a line');
  await expect(text).toHaveClass(/cm-content/);
  await expect(text).toHaveText('idna==3.10');
  await text.fill('idna==3.10\nattrs>=24\nnumpy=>1');
  const wrong = panel.root.locator('.cm-line.mlenv-mod-wrong');
  await expect(wrong).toHaveText('numpy=>1');
  await expect(panel.root.getByRole('alert')).toContainText('Line 3');
  await text.fill('idna==3.10\nattrs>=24');
  await expect(wrong).toHaveCount(0);
  await panel.button('Take over').click();
  await expect(panel.root.locator('[data-package="attrs"]')).toHaveAttribute(
    'data-change',
    'added'
  );
  // What it would come to is told before anything is saved.
  await expect(
    panel.root.getByRole('region', { name: '1 unsaved change' })
  ).toContainText(/attrs/);
});

test('all that was resolved is a tree', async ({ page }) => {
  const name = fresh('tree');
  const panel = await new Panel(page).show();
  await register(page, name, {
    pip: { requirements: ['python-dateutil==2.9.0.post0'] }
  });
  await panel.row(name).click();
  await panel.button('Build').click();
  await panel.expectReady();
  await panel.tab('Packages').click();
  await panel.button('Show all').click();
  await expect(panel.root.locator('[data-package="six"]')).toHaveAttribute(
    'data-depth',
    '1'
  );
});

test('a name and then its version are completed from the index of the environment', async ({
  page
}) => {
  const name = fresh('complete');
  const panel = await new Panel(page).show();
  await register(page, name, gated('gated-two==0.9'));
  await panel.row(name).click();
  const box = panel.root.getByRole('combobox', { name: 'Add a package' });
  const options = panel.root.locator('.mlenv-Popover-option');
  await box.pressSequentially('gated-o');
  await expect(options).toHaveText('gated-one');
  await box.press('Tab');
  await expect(box).toHaveValue('gated-one==');
  await expect(options).toHaveText(/^1\.0/);
  await box.press('ArrowDown');
  await box.press('Enter');
  const added = panel.root.locator('[data-package="gated-one"]');
  await expect(added).toContainText('==1.0');
  await expect(box).toHaveValue('');

  // What is held to a version is taken to the newest one, and back again.
  const held = panel.root.locator('[data-package="gated-two"]');
  await expect(held).toContainText('==0.9');
  await panel.button('Upgrade all').click();
  await expect(held).toContainText('==1.0');
  await held.focus();
  await page.keyboard.press('Control+z');
  await expect(held).toContainText('==0.9');
});

test('conda packages and the order of channels are edited in place', async ({
  page
}) => {
  const name = fresh('conda');
  const panel = await new Panel(page).show();
  await register(page, name, {
    conda: { packages: ['zlib'], channels: ['conda-forge'] }
  });
  await panel.row(name).click();
  const conda = panel.root.getByRole('region', { name: 'Conda' });
  const spec = conda.getByLabel('Add a conda package');
  await spec.fill('no package!');
  await spec.press('Enter');
  await expect(conda.getByRole('alert')).toContainText('no conda package');
  await spec.fill('xz>=5');
  await spec.press('Enter');
  const channel = conda.getByLabel('Add a channel');
  await channel.fill('https://channel.example/team');
  await channel.press('Enter');
  await conda.getByRole('button', { name: /^Ask https:.* earlier/ }).click();
  await expect(conda).toContainText(/team.*asked first.*conda-forge/s);
  await panel.button('Save as v2').click();
  await expect(
    panel.root.getByRole('combobox', { name: 'Version', exact: true })
  ).toHaveAttribute('title', 'Version 2');
  const saved = (await api(page, 'get', `environments/${name}/versions/2`)) as {
    definition: { conda: { packages: string[]; channels: string[] } };
  };
  expect(saved.definition.conda).toMatchObject({
    packages: ['xz>=5', 'zlib'],
    channels: ['https://channel.example/team', 'conda-forge']
  });
});
