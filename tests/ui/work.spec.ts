import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expectAccessible } from './axe';
import { expect, fresh, mlenv, Panel, register, test } from './environments';

test('runs and services of an environment: logs, stop, again, a try', async ({
  page
}) => {
  test.setTimeout(180_000);
  const name = fresh('work');
  const source = join(process.env.MLENV_UI_ROOT ?? '', name);
  mkdirSync(source);
  writeFileSync(
    join(source, 'score.py'),
    'import json\ndef run(data):\n    return {"sum": sum(json.loads(data)["data"])}\n'
  );
  writeFileSync(
    join(source, 'train.py'),
    'import time, sys\nprint("<b>step</b> one", flush=True)\ntime.sleep(float(sys.argv[1]))\n'
  );
  await register(page, name, {});
  const python = ['--source', source, name, '--', 'python', 'train.py'];
  mlenv('run', '--detach', ...python, '0');
  mlenv('serve', name, '--entry', 'score.py', '--source', source, '--keys');

  try {
    const panel = await new Panel(page).show();
    await panel.row(name).click();
    await panel.tab('Used by').click();
    const runs = panel.root.getByRole('list', { name: 'Runs' });
    const services = panel.root.getByRole('list', { name: 'Services' });
    const done = runs.getByRole('listitem').filter({ hasText: 'Done' });

    await test.step('a run shows what it says, as text', async () => {
      await expect(done).toHaveCount(1, { timeout: 60_000 });
      await done.getByRole('button', { name: 'Log' }).click();
      await expect(runs.getByRole('log')).toContainText('<b>step</b> one');
    });

    await test.step('it runs again', async () => {
      await runs.getByRole('button', { name: 'Run again' }).click();
      await expect(done).toHaveCount(2, { timeout: 60_000 });
    });

    await test.step('one that was started elsewhere appears, and is stopped', async () => {
      mlenv('run', '--detach', ...python, '600');
      const running = runs.getByRole('listitem').filter({ hasText: 'Running' });
      await expect(running).toHaveCount(1, { timeout: 60_000 });
      await running.getByRole('button', { name: 'Log' }).click();
      await expect(running.getByRole('log')).toContainText('one');
      await running.getByRole('button', { name: 'Stop' }).click();
      await expect(
        runs.getByRole('listitem').filter({ hasText: 'Cancelled' })
      ).toHaveCount(1, { timeout: 30_000 });
    });

    await test.step('a notebook runs as a script', async () => {
      await page.notebook.createNew('words.ipynb');
      await page.notebook.setCell(0, 'code', '%time 1\nprint("from", "cells")');
      await page.evaluate(async one => {
        await window.jupyterapp.commands.execute('mlenv:use', { name: one });
        await window.jupyterapp.commands.execute('mlenv:run-as-script');
      }, name);
      await page.getByRole('button', { name: 'Show', exact: true }).click();
      const script = runs
        .getByRole('listitem')
        .filter({ hasText: 'words.ipynb' });
      await expect(script).toContainText('Done', { timeout: 60_000 });
      await script.getByRole('button', { name: 'Log' }).click();
      await expect(script.getByRole('log')).toContainText('from cells');
    });

    await test.step('a service is tried out', async () => {
      await expect(services).toContainText('Healthy', { timeout: 60_000 });
      await services.getByRole('button', { name: 'Try' }).click();
      const asked = services.getByLabel(`What ${name} is asked with`);
      await asked.fill('{"data": [40, 2]}');
      await asked.press('Control+Enter');
      await expect(services.getByLabel('Answer')).toHaveText('{"sum":42}');
      await expect(services).toContainText('Status 200');
      await expectAccessible(page, 'runs and services');
      await asked.fill('{}');
      await services.getByRole('button', { name: 'Ask' }).click();
      await expect(services).toContainText('Status 500');
      await services.getByRole('button', { name: 'Log' }).click();
      await expect(services.getByRole('log')).toContainText('KeyError');
    });

    await test.step('and stopped', async () => {
      await services.getByRole('button', { name: 'Stop' }).click();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: 'Stop' })
        .click();
      await expect(services).toHaveCount(0, { timeout: 60_000 });
    });
  } finally {
    if (mlenv('services', 'list').includes(name)) {
      mlenv('services', 'delete', name);
    }
  }
});
