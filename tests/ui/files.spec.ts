import { chip, expect, fresh, Panel, run, test } from './environments';

const CONDA = `name: NAME
channels: [conda-forge]
dependencies:
  - python=3.11
  - pip:
      - idna==3.10
      - attrs>=24
prefix: /somewhere/else
`;

/** Drops a file of the desktop on the panel. */
async function drop(panel: Panel, name: string, text: string): Promise<void> {
  const transfer = await panel.page.evaluateHandle(
    ([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      return data;
    },
    [name, text]
  );
  await panel.root.dispatchEvent('dragover', { dataTransfer: transfer });
  await expect(panel.root).toHaveAttribute('data-drop', '');
  await panel.root.dispatchEvent('drop', { dataTransfer: transfer });
}

test('a file that is dropped is read, reported, and registered when told to', async ({
  page
}) => {
  const name = fresh('dropped');
  const panel = await new Panel(page).show();
  await drop(panel, 'environment.yml', CONDA.replace('NAME', name));

  const report = panel.root.getByRole('region', {
    name: 'What was read from environment.yml'
  });
  await expect(report).toBeVisible();
  await expect(report).toContainText(/parts? kept, without effect here/);
  await expect(report).toContainText('prefix');
  await expect(report).toContainText(/parts? taken/);
  await expect(panel.root.getByLabel('Name', { exact: true })).toHaveValue(
    name
  );
  await expect(panel.root.locator('[data-package="idna"]')).toBeVisible();
  // Nothing is registered by reading.
  await panel.button('Environments').click();
  await expect(panel.row(name)).toHaveCount(0);
  await panel.button('New').click();
  await page.getByRole('menuitem', { name: 'Blank' }).click();
  await panel.button('Save as v1').click();
  await expect(panel.root.getByRole('heading', { name })).toBeVisible();
});

test('a file of the file browser that cannot be read is refused by its line', async ({
  page,
  tmpPath
}) => {
  const name = fresh('browsed');
  await page.contents.uploadContent(
    'idna==3.10\nnumpy=>1\n',
    'text',
    `${tmpPath}/${name}.txt`
  );
  await page.contents.uploadContent('a,b\n', 'text', `${tmpPath}/data.csv`);
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  const entry = (of: string) =>
    page.locator('.jp-DirListing-item', { hasText: of });
  const offer = page.getByRole('menuitem', {
    name: 'New Environment from This File'
  });
  await entry('data.csv').click({ button: 'right' });
  await expect(page.getByRole('menuitem', { name: 'Rename' })).toBeVisible();
  await expect(offer).toHaveCount(0);
  await page.keyboard.press('Escape');
  await entry(`${name}.txt`).click({ button: 'right' });
  await offer.click();

  const panel = new Panel(page);
  const report = panel.root.getByRole('alert', { name: 'What was read from' });
  await expect(report).toContainText(/1 part refused/);
  await expect(report).toContainText(/line 2: 'numpy=>1' is not a requirement/);
});

test('the notebook in front says that it uses it already', async ({ page }) => {
  await page.notebook.createNew(undefined, { kernel: 'python3' });
  const panel = await new Panel(page).show();
  // Below the environments of all the tests before it is out of view.
  await panel.root.getByLabel('Search environments').fill('minimal');
  await panel.row('mlenv-minimal').click();
  const build = panel.button('Build');
  await build.or(panel.button('Use in notebook')).first().waitFor();
  if (await build.isVisible()) {
    await build.click();
  }
  // Pressed impatiently, while the notebook's first kernel may still be starting.
  await panel.button('Use in notebook').dblclick();
  await expect(chip(page)).toContainText('mlenv-minimal');
  await expect(panel.root.getByText('In use here')).toBeVisible();
  await expect(panel.button('Use in notebook')).toHaveCount(0);
  expect(await run(page, 'print(1 + 1)')).toBe('2');

  await panel.button('More tabs').click();
  await page.getByRole('menuitem', { name: 'Used by' }).click();
  await expect(
    panel.root.getByRole('list', { name: 'In use now' })
  ).toContainText('Untitled');
});

test('what is on the machine already is read-only, and made reproducible', async ({
  page
}) => {
  const name = fresh('adopted');
  const panel = await new Panel(page).show();
  const existing = panel.root.locator('[data-existing]', {
    hasText: 'of this server'
  });
  await panel.root.getByLabel('Search environments').fill('server');
  await existing.click();
  await expect(panel.root).toContainText('never changes it');
  await expect(
    panel.root.getByRole('region', { name: /What was read from/ })
  ).toContainText(/parts? taken/, { timeout: 60_000 });
  await panel.root.getByLabel('Name', { exact: true }).fill(name);
  await panel.button('Make reproducible').click();
  await expect(panel.root.getByRole('heading', { name })).toBeVisible({
    timeout: 60_000
  });
  // What nothing else here requires.
  await expect(panel.root.locator('[data-package="notebook"]')).toBeVisible();
});

test('a folder of the file browser is read with what its files name', async ({
  page,
  tmpPath
}) => {
  const name = fresh('folder');
  await page.contents.createDirectory(`${tmpPath}/${name}`);
  await page.contents.uploadContent(
    'idna==3.10\n-r more.txt\n',
    'text',
    `${tmpPath}/${name}/requirements.txt`
  );
  await page.contents.uploadContent(
    'attrs>=24\n',
    'text',
    `${tmpPath}/${name}/more.txt`
  );
  await page.contents.uploadContent(
    'python-3.11\n',
    'text',
    `${tmpPath}/${name}/runtime.txt`
  );
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  await page
    .locator('.jp-DirListing-item', { hasText: name })
    .click({ button: 'right' });
  await page
    .getByRole('menuitem', { name: 'New Environment from This Folder' })
    .click();
  const panel = new Panel(page);
  await expect(panel.root.locator('[data-package="idna"]')).toBeVisible();
  await expect(panel.root.locator('[data-package="attrs"]')).toBeVisible();
});
