import { chip, expect, fresh, Panel, run, test } from './environments';

test('from nothing to a cell that runs in the new environment', async ({
  page
}) => {
  const name = fresh('journey');
  await page.notebook.createNew();
  const panel = await new Panel(page).show();

  await test.step('write packages and variables', async () => {
    await panel.create(name);
    await panel.addPackage('idna==3.10');
    await panel.addPackage('attrs>=24');
    // In no other test: what is built already would be there at once, with nothing to watch.
    await panel.addPackage('toolz');
    await panel.setVariable('GREETING', 'hello $USER');
  });

  await test.step('see its log while it is built', async () => {
    // Looked for from the start: a build of little is over soon.
    const running = panel.root
      .locator('.mlenv-Step[data-state="running"]')
      .waitFor();
    await panel.button('Save and build').click();
    await running;
    await expect(panel.log).toContainText('resolve Python');
    await expect(panel.log).toContainText('idna==3.10', { timeout: 60_000 });
    await panel.expectReady();
  });

  await test.step('switch the notebook', async () => {
    await panel.button('Use in notebook').click();
    await expect(chip(page)).toContainText(name);
    await expect(chip(page)).toContainText('v1');
  });

  await test.step('run a cell in it', async () => {
    const said = await run(
      page,
      'import os, idna; print(os.environ["GREETING"], idna.__version__)'
    );
    expect(said).toBe('hello $USER 3.10');
  });

  await test.step('open it again from the notebook', async () => {
    await panel.button('Environments').click();
    await chip(page).click();
    const switcher = page.getByRole('dialog', { name: 'Switch environment' });
    await expect(
      switcher.getByRole('option', { selected: true })
    ).toContainText(/v1.*in use here/);
    await page.keyboard.press('ArrowRight');
    await expect(panel.root.getByRole('heading', { name })).toBeVisible();
  });
});
