import { expect, fresh, Panel, register, test } from './environments';

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
