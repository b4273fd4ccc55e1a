import {
  expect,
  fresh,
  gated,
  open,
  Panel,
  register,
  test
} from './environments';

test('a reload in the middle of a build goes on with it', async ({
  page,
  request
}) => {
  const name = fresh('reload');
  const slow = fresh('gated-reload');
  const panel = await new Panel(page).show();
  await register(page, name, gated(slow, 'idna==3.10'));
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.step('Installing')).toHaveAttribute(
    'data-state',
    'running'
  );
  await expect(panel.log).toContainText('install 2 packages');

  await page.reload();
  await panel.show();
  await expect(panel.step('Installing')).toHaveAttribute(
    'data-state',
    'running'
  );
  await expect(panel.log).toContainText('resolve Python');

  await open(request, slow);
  await panel.expectReady();
  await expect(panel.log).toContainText('Ready in');
  await expect(panel.log.getByText('resolve Python')).toHaveCount(1);
});

test('a lost connection is said, and the log goes on after it', async ({
  page,
  request
}) => {
  const name = fresh('lost');
  const slow = fresh('gated-lost');
  let cut = () => {};
  let isCut = false;
  await page.routeWebSocket(/mlenv\/api\/stream/, socket => {
    if (isCut) {
      void socket.close();
      return;
    }
    const server = socket.connectToServer();
    cut = () => {
      isCut = true;
      void server.close();
      void socket.close();
    };
  });
  // Sockets are seen from the next load of the page on.
  await page.reload();
  const panel = await new Panel(page).show();
  await register(page, name, gated(slow));
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.log).toContainText('install 1 package');
  cut();
  await expect(
    panel.root.getByText(/Connection lost, trying again/)
  ).toBeVisible();
  await open(request, slow);
  isCut = false;
  await panel.button('Try now').click();
  await panel.expectReady();
  await expect(panel.log.getByText('resolve Python')).toHaveCount(1);
  await expect(panel.log.getByText('Ready in')).toHaveCount(1);
});

test('a cancelled build stops, leaves the version as it was, and can be built again', async ({
  page,
  request
}) => {
  const name = fresh('cancel');
  const slow = fresh('gated-cancel');
  const panel = await new Panel(page).show();
  await register(page, name, gated(slow));
  await panel.row(name).click();
  await panel.button('Build').click();
  await expect(panel.step('Installing')).toHaveAttribute(
    'data-state',
    'running'
  );
  await panel.button('Cancel build').click();
  await expect(panel.step('Installing')).toHaveAttribute(
    'data-state',
    'cancelled'
  );
  await expect(panel.log).toContainText('Cancelled');
  await expect(panel.root).toContainText('Cancelled');

  await open(request, slow);
  await panel.button(/Build/).first().click();
  await panel.expectReady();
});

test('a curated environment is built and used without being changed', async ({
  page
}) => {
  const panel = await new Panel(page).show();
  await panel.row('mlenv-minimal').click();
  await expect(panel.root.getByText('curated', { exact: true })).toBeVisible();
  await expect(
    panel.root.getByRole('combobox', { name: 'Add a package' })
  ).toHaveCount(0);
  await panel.button('Build').click();
  await panel.expectReady();
  await panel.button('Use in notebook').click();
  await expect(
    page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Chip')
  ).toContainText('mlenv-minimal');
});
