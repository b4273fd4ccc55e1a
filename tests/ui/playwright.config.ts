import { defineConfig } from '@playwright/test';

const port = process.env.MLENV_UI_PORT;
const indexPort = process.env.MLENV_UI_INDEX_PORT;
const condaPort = process.env.MLENV_UI_CONDA_PORT;

export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  // One server and few cores: builds of two tests would wait for each other.
  workers: 1,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  projects: [
    {
      name: 'journeys',
      testIgnore: ['screenshots.spec.ts', 'sheet.spec.ts', 'tasks.spec.ts']
    },
    { name: 'screenshots', testMatch: 'screenshots.spec.ts' },
    // They write pages of the documentation: only when they are asked for.
    ...(process.env.MLENV_UI_WRITE
      ? [
          { name: 'tasks', testMatch: 'tasks.spec.ts' },
          { name: 'sheet', testMatch: 'sheet.spec.ts' }
        ]
      : [])
  ],
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1440, height: 900 },
    // Both would need programs that a plain Chromium does not bring.
    video: 'off',
    trace: 'off',
    launchOptions: {
      executablePath: process.env.MLENV_UI_CHROMIUM,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update'
      ]
    }
  },
  webServer: [
    {
      command: 'jupyter lab --config tests/ui/jupyter_server_config.py',
      cwd: '../..',
      url: `http://localhost:${port}/lab`,
      timeout: 120_000,
      reuseExistingServer: false,
      stdout: process.env.MLENV_UI_VERBOSE ? 'pipe' : 'ignore',
      stderr: process.env.MLENV_UI_VERBOSE ? 'pipe' : 'ignore'
    },
    {
      command: `python tests/ui/gated_index.py ${indexPort}`,
      cwd: '../..',
      url: `http://localhost:${indexPort}/`,
      reuseExistingServer: false
    },
    {
      // Packing the channels takes half a minute on a machine where it was never done.
      command: `python tests/conda_channel.py ${condaPort}`,
      cwd: '../..',
      url: `http://127.0.0.1:${condaPort}/main/noarch/repodata.json`,
      timeout: 240_000,
      reuseExistingServer: false
    }
  ]
});
