import { expect, fresh, Panel, test } from './environments';

test.describe('what cannot be right is said at its place, and nothing is saved', () => {
  test('a name that leaves its directory', async ({ page }) => {
    const panel = await new Panel(page).show();
    await panel.create('../x');
    await panel.addPackage('idna');
    await expect(panel.root.getByRole('alert')).toContainText(
      /cannot be the name of an environment/
    );
    await expect(panel.button('Save and build')).toBeDisabled();
    await panel.button('Environments').click();
    await expect(panel.root).not.toContainText('../x v1');
  });

  test('a variable that no shell could set', async ({ page }) => {
    const panel = await new Panel(page).show();
    await panel.create(fresh('variable'));
    await panel.setVariable('1=2', 'x');
    await expect(panel.root.getByRole('alert')).toContainText(
      /cannot be the name of a variable/
    );
    await expect(panel.button('Save and build')).toBeDisabled();
  });

  test('a requirement that is none', async ({ page }) => {
    const panel = await new Panel(page).show();
    await panel.create(fresh('requirement'));
    await panel.button('Edit as text').click();
    await panel.root
      .getByLabel('All packages, one a line')
      .fill('idna\nnumpy=>1\n');
    await panel.button('Take over').click();
    await expect(panel.root.getByRole('alert').first()).toContainText('numpy');
    // Nothing of it was taken over.
    await expect(
      panel.root.getByLabel('All packages, one a line')
    ).toBeVisible();
    await expect(panel.root.getByText('0 wanted')).toBeVisible();
  });
});
