import { expect, test } from '@playwright/test';
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';

import { fresh, gated, open } from './environments';

/** A port that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** A server of this test's own, over the same registry and store. */
function serve(port: number): ChildProcess {
  return spawn(
    'jupyter',
    ['lab', '--config', 'tests/ui/jupyter_server_config.py', '--no-browser'],
    {
      env: { ...process.env, MLENV_UI_PORT: String(port) },
      stdio: 'ignore'
    }
  );
}

function ended(server: ChildProcess): Promise<void> {
  return new Promise(resolve => server.once('exit', () => resolve()));
}

test('a build goes on while its server is restarted, and its log is whole after it', async ({
  page,
  request
}) => {
  test.setTimeout(180_000);
  const name = fresh('restarted');
  const slow = fresh('gated-restarted');
  const port = await freePort();
  const at = `http://localhost:${port}`;
  let server = serve(port);
  const isUp = () =>
    request.get(`${at}/api`).then(
      answer => answer.ok(),
      () => false
    );
  try {
    await expect.poll(isUp, { timeout: 60_000 }).toBe(true);
    const made = await request.post(`${at}/mlenv/api/environments`, {
      data: { name, definition: gated(slow, 'idna==3.10') }
    });
    expect(made.status(), await made.text()).toBe(201);
    await page.goto(`${at}/lab?mlenv=${name}`);
    const panel = page.locator('#mlenv-environments');
    const step = (word: string) =>
      panel.locator('.mlenv-Step', { hasText: word });
    // The rows of the list, which is there first, have such a button, too.
    await expect(panel.getByRole('heading', { name })).toBeVisible();
    await panel.getByRole('button', { name: 'Build', exact: true }).click();
    await expect(step('Installing')).toHaveAttribute('data-state', 'running');
    await expect(
      panel.getByRole('region', { name: 'Build log' })
    ).toContainText('install');

    const gone = ended(server);
    server.kill('SIGTERM');
    await gone;
    await expect(
      panel.getByText(/Connection lost, trying again/)
    ).toBeVisible();

    await open(request, slow);
    server = serve(port);
    await expect.poll(isUp, { timeout: 60_000 }).toBe(true);
    // The page tries again by itself.
    await expect(
      panel.locator('.mlenv-Step[data-state="done"]', { hasText: 'Ready' })
    ).toBeVisible({ timeout: 90_000 });
    const log = panel.getByRole('region', { name: 'Build log' });
    await expect(log.getByText('resolve Python')).toHaveCount(1);
    await expect(log.getByText('Ready in')).toHaveCount(1);
  } finally {
    const gone = ended(server);
    server.kill('SIGTERM');
    await gone;
  }
});
