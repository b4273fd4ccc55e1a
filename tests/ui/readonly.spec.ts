import { expectAccessible } from './axe';
import {
  banner,
  chip,
  expect,
  fresh,
  mlenv,
  openNotebookFrom,
  Panel,
  register,
  run,
  test
} from './environments';

// The answer to who somebody is and what they may do has to be the server's own.
test.use({ mockUser: false });

test('whoever may only look sees why, finds nothing to press that is refused, and uses what is ready', async ({
  page,
  context,
  baseURL,
  tmpPath
}) => {
  test.setTimeout(180_000);
  const name = fresh('looked-at');
  const unbuilt = fresh('unbuilt');
  await register(page, name, { pip: { requirements: ['idna==3.10'] } });
  await register(page, unbuilt, { pip: { requirements: ['idna'] } });
  mlenv('build', name);
  mlenv('kernel', 'install', name);
  const refused: string[] = [];
  page.on('response', answer => {
    if (answer.url().includes('/mlenv/api') && answer.status() === 403) {
      refused.push(`${answer.request().method()} ${answer.url()}`);
    }
  });
  await context.addCookies([
    { name: 'mlenv-reader', value: 'yes', url: baseURL }
  ]);
  await page.reload();
  await page.notebook.createNew();
  const panel = await new Panel(page).show();
  const why = panel.root.getByText('You may use what is ready here');

  await test.step('the list says why, and offers nothing that changes something', async () => {
    await expect(why).toBeVisible();
    await expect(panel.row(name)).toBeVisible();
    await expectAccessible(page, 'read-only');
    await expect(panel.button('New')).toHaveCount(0);
    await expect(panel.button('Make an environment…')).toHaveCount(0);
    await panel.row(unbuilt).hover();
    await expect(
      panel.row(unbuilt).getByRole('button', { name: 'Open in tab' })
    ).toBeVisible();
    await expect(
      panel.row(unbuilt).getByRole('button', { name: 'Build' })
    ).toHaveCount(0);
    await panel.row(unbuilt).click({ modifiers: ['Control'] });
    await expect(panel.root.getByText('1 selected')).toHaveCount(0);
    await panel.row(name).click({ button: 'right' });
    const menu = page.locator('.lm-Menu');
    await expect(menu.getByText('Open in Tab')).toBeVisible();
    for (const gone of ['Build', 'Copy and Edit', 'Archive', 'Delete…']) {
      await expect(
        menu.getByRole('menuitem', { name: gone, exact: true })
      ).toBeHidden();
    }
    await page.keyboard.press('Escape');
  });

  await test.step('an environment that is not built has no action', async () => {
    await panel.row(unbuilt).click();
    await expect(
      panel.root.getByText('You may use this environment but not change it.')
    ).toBeVisible();
    for (const gone of ['Build', 'Copy and edit', 'Edit as text']) {
      await expect(panel.button(gone)).toHaveCount(0);
    }
    await expect(
      panel.root.getByRole('combobox', { name: 'Add a package' })
    ).toHaveCount(0);
    await panel.tab('Variables').click();
    await expect(panel.button('Add secret')).toHaveCount(0);
    await expect(panel.root.getByPlaceholder('NAME')).toHaveCount(0);
    await panel.button('Environments').click();
  });

  await test.step('one whose kernel is installed is used', async () => {
    await panel.row(name).click();
    await panel.button('Use in notebook').click();
    await expect(chip(page)).toContainText(name);
    expect(await run(page, 'import idna; idna.__version__')).toContain('3.10');
    await panel.button('More tabs').click();
    await page.getByRole('menuitem', { name: 'Used by' }).click();
    await expect(
      panel.root.getByRole('list', { name: 'Installed kernels' })
    ).toContainText(name);
    await expect(panel.button('Remove')).toHaveCount(0);
  });

  await test.step('the switcher has what can be switched to', async () => {
    await chip(page).click();
    const switcher = page.getByRole('dialog', { name: 'Switch environment' });
    await expect(
      switcher.getByRole('option', { name: 'in use here' })
    ).toContainText(name);
    await expect(switcher.getByRole('option', { name: /builds/ })).toHaveCount(
      0
    );
    await expect(switcher.getByRole('button', { name: 'New…' })).toHaveCount(0);
    await page.keyboard.press('Escape');
  });

  await test.step('a notebook of what is not here is told so, and no more', async () => {
    await openNotebookFrom(page, tmpPath, unbuilt);
    await expect(banner(page)).toContainText('is not on this machine');
    await expect(
      banner(page).getByRole('button', { name: 'Choose another kernel…' })
    ).toBeVisible();
    await expect(
      banner(page).getByRole('button', { name: 'Build and use' })
    ).toHaveCount(0);
  });

  expect(refused).toEqual([]);
});
