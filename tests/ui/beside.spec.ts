import {
  banner,
  expect,
  fresh,
  notebookOf,
  Panel,
  register,
  test
} from './environments';

test('a notebook of other tools is offered the environment of its kernel, and the file beside it', async ({
  page,
  tmpPath
}) => {
  const name = fresh('theirs');
  await register(page, name, { variables: { WHO: name } });
  const kernelspec = {
    display_name: `Python [conda env:${name}]`,
    language: 'python',
    name: `conda-env-${name}-py`
  };
  const notebook = notebookOf({ kernelspec }, '1');
  const put = (text: string, file: string) =>
    page.contents.uploadContent(text, 'text', `${tmpPath}/${file}`);
  await put(JSON.stringify(notebook), `${name}.ipynb`);
  await put('dependencies:\n  - pip:\n    - six\n', 'environment.yml');
  // JupyterLab asks for a kernel in the place of the one that is not here.
  const noKernel = page.locator('.jp-Dialog .jp-mod-reject');
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  await page.filebrowser.openDirectory(tmpPath);
  await page
    .getByRole('listitem', { name: new RegExp(`${name}.ipynb`) })
    .dblclick();
  await expect(noKernel).toBeVisible();
  await noKernel.press('Enter');
  await expect(noKernel).toHaveCount(0);
  await expect(banner(page)).toContainText(
    `The kernel conda-env-${name}-py is not here; the environment ${name} v1 has its name.`
  );
  await banner(page).getByRole('button', { name: 'Dismiss' }).click();
  await expect(banner(page)).toContainText(
    'environment.yml beside this notebook lists packages.'
  );
  await banner(page)
    .getByRole('button', { name: 'Make an environment' })
    .click();
  const panel = new Panel(page);
  await expect(panel.root.getByText('six').first()).toBeVisible();
});
