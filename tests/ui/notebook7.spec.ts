import { expect, test } from '@playwright/test';

import { fresh, mlenv, notebookOf } from './environments';

/** Jupyter Notebook: another shell around the same parts, without a list at the left. */
test('in Jupyter Notebook a notebook is switched from the menu and the chip, and the panel opens', async ({
  page,
  request
}) => {
  test.setTimeout(180_000);
  const name = fresh('in-notebook');
  const path = `${name}.ipynb`;
  const made = await request.post('mlenv/api/environments', {
    data: {
      name,
      definition: { pip: { requirements: ['idna==3.10'] } }
    }
  });
  expect(made.status(), await made.text()).toBe(201);
  mlenv('build', name);
  const saved = await request.put(`api/contents/${path}`, {
    data: {
      type: 'notebook',
      content: notebookOf(
        { kernelspec: { name: 'python3', display_name: 'Python 3' } },
        'import idna; print("idna", idna.__version__)'
      )
    }
  });
  expect(saved.ok()).toBe(true);

  const wrong: string[] = [];
  page.on('pageerror', error => {
    // Notebook and JupyterLab have errors of their own.
    if (error.stack?.includes('mlenv-jupyter')) {
      wrong.push(error.stack);
    }
  });
  await page.goto(`notebooks/${path}`);
  const chip = page.locator('.mlenv-Chip');
  const switcher = page.getByRole('dialog', { name: 'Switch environment' });

  await test.step('the menu leads to the switcher', async () => {
    await page.getByRole('menuitem', { name: 'Environments' }).click();
    await page.getByRole('menuitem', { name: /^Switch Environment/ }).click();
    await switcher.getByRole('combobox').fill(name);
    await expect(switcher.getByRole('option')).toHaveCount(1);
    await page.keyboard.press('Enter');
    await expect(chip).toContainText(`${name}`, { timeout: 60_000 });
  });

  await test.step('a cell runs in it', async () => {
    await page.locator('.jp-CodeCell .cm-content').first().click();
    await page.keyboard.press('Shift+Enter');
    await expect(page.locator('.jp-OutputArea').first()).toContainText(
      'idna 3.10'
    );
  });

  await test.step('the chip opens the switcher, and has the focus again', async () => {
    await chip.click();
    await expect(switcher.getByRole('option').first()).toContainText(
      'in use here'
    );
    await page.keyboard.press('Escape');
    await expect(chip).toBeFocused();
  });

  await test.step('packages added in a cell are told by the banner', async () => {
    await page.keyboard.press('Escape');
    await page.locator('.jp-CodeCell .cm-content').last().click();
    await page.keyboard.insertText('%pip install -q attrs');
    await page.keyboard.press('Shift+Enter');
    await expect(page.locator('.mlenv-Banner')).toContainText(
      'This kernel has 1 package',
      { timeout: 60_000 }
    );
  });

  await test.step('the panel shows the environment beside the notebook', async () => {
    await page.getByRole('menuitem', { name: 'Environments' }).click();
    await page.getByRole('menuitem', { name: 'Show Environments' }).click();
    const panel = page.locator('#mlenv-environments');
    await expect(
      panel.getByRole('region', { name: 'This notebook' })
    ).toContainText(name);
    await panel.getByRole('row', { name: new RegExp(`^${name}`) }).click();
    await expect(panel.getByText('In use here')).toBeVisible();
    // The main area is the notebook's alone.
    await expect(
      panel.getByRole('button', { name: 'Open in tab' })
    ).toHaveCount(0);
  });

  expect(wrong).toEqual([]);
});

test('in Jupyter Notebook nothing is asked over what is offered', async ({
  page,
  request
}) => {
  const folder = fresh('theirs');
  const put = async (path: string, data: object) =>
    expect((await request.put(`api/contents/${path}`, { data })).ok()).toBe(
      true
    );
  await put(folder, { type: 'directory' });
  await put(`${folder}/requirements.txt`, {
    type: 'file',
    format: 'text',
    content: `${folder}\n` // nobody has asked for that yet
  });
  const kernelspec = { name: '.venv', display_name: '.venv', language: 'R' };
  await put(`${folder}/a.ipynb`, {
    type: 'notebook',
    content: notebookOf({ kernelspec }, '1')
  });
  await page.goto(`notebooks/${folder}/a.ipynb`);
  await expect(page.locator('.mlenv-Banner')).toContainText(
    'requirements.txt beside this notebook lists packages.'
  );
  await expect(page.locator('.jp-Dialog')).toHaveCount(0);
});
