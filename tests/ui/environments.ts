import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { test as base } from '@jupyterlab/galata';
import type { APIRequestContext, Locator } from '@playwright/test';
import { expect } from '@playwright/test';

const API = 'mlenv/api';

/** Galata takes `/mlenv/api/kernels` for Jupyter's own; sessions end their kernels anyway. */
export const test = base.extend({
  kernels: async ({}, use) => {
    await use(null);
  }
});

export { expect };

/** Where the packages are whose downloads wait for `open`. */
export const GATED_INDEX = `http://localhost:${process.env.MLENV_UI_INDEX_PORT}`;

/** Where conda channels with real packages are, see tests/conda_channel.py. */
export const CONDA_CHANNELS = `http://127.0.0.1:${process.env.MLENV_UI_CONDA_PORT}`;

/** Lets the downloads of a gated package through. */
export async function open(
  request: APIRequestContext,
  name: string
): Promise<void> {
  await request.post(`${GATED_INDEX}/open/${name}`);
}

let count = 0;

/** A name that no other test has; also for packages of the gated index. */
export function fresh(stem: string): string {
  return `${stem}-${process.pid}-${count++}`;
}

/** The Environments panel, by what a person sees in it. */
export class Panel {
  constructor(readonly page: IJupyterLabPageFixture) {
    this.root = page.locator('#mlenv-environments');
  }

  readonly root: Locator;

  async show(): Promise<this> {
    await this.page.sidebar.openTab('mlenv-environments');
    return this;
  }

  button(name: string | RegExp): Locator {
    return this.root.getByRole('button', { name, exact: true });
  }

  tab(name: string): Locator {
    return this.root.getByRole('tab', { name: new RegExp(`^${name}`) });
  }

  /** One stage of the stepper. */
  step(name: string): Locator {
    return this.root.locator('.mlenv-Step', { hasText: name });
  }

  /** The lines of the log that are in view. */
  get log(): Locator {
    return this.root.getByRole('region', { name: 'Build log' });
  }

  get error(): Locator {
    return this.root.locator('.mlenv-ErrorCard');
  }

  /** The row of an environment in the list. */
  row(name: string): Locator {
    return this.root.getByRole('row', { name: new RegExp(`^${name}\\b`) });
  }

  /** Begins a new environment. */
  async create(name: string): Promise<void> {
    await this.button('New').click();
    await this.page
      .getByRole('menuitem', { name: /Blank|New environment/i })
      .first()
      .click();
    await this.root.getByLabel('Name', { exact: true }).fill(name);
  }

  async addPackage(requirement: string): Promise<void> {
    const box = this.root.getByRole('combobox', { name: 'Add a package' });
    await box.fill(requirement);
    await box.press('Enter');
  }

  async setVariable(name: string, value: string): Promise<void> {
    await this.tab('Variables').click();
    await this.root.getByPlaceholder('NAME').last().fill(name);
    const field = this.root.getByLabel(`Value of ${name}`);
    await field.fill(value);
    await field.press('Enter');
  }

  /** Waits until a notebook can use what is open, or does. */
  async expectUsable(): Promise<void> {
    await expect(
      this.button('Use in notebook')
        .or(this.root.getByText('In use here'))
        .first()
    ).toBeVisible({ timeout: 90_000 });
  }

  /** Waits until the build in view has ended well. */
  async expectReady(): Promise<void> {
    await expect(
      this.root.locator('.mlenv-Step[data-state="done"]', { hasText: 'Ready' })
    ).toBeVisible({ timeout: 90_000 });
  }
}

/** A definition whose gated packages come from the gated index, and all others as ever. */
export function gated(...requirements: string[]): object {
  return {
    pip: { requirements, extra_index_urls: [`${GATED_INDEX}/simple`] }
  };
}

/** Registers an environment without the panel. */
export async function register(
  page: IJupyterLabPageFixture,
  name: string,
  definition: object,
  description = ''
): Promise<void> {
  const answer = await page.request.post(
    new URL(`${API}/environments`, await baseUrl(page)).href,
    { data: { name, definition, description } }
  );
  expect(answer.status(), await answer.text()).toBe(201);
}

/** Asks the server something else. */
export async function api(
  page: IJupyterLabPageFixture,
  method: 'get' | 'post' | 'put' | 'delete',
  path: string,
  data?: object
): Promise<unknown> {
  const url = new URL(`${API}/${path}`, await baseUrl(page)).href;
  const answer = await page.request[method](url, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
  return answer.status() === 204 ? null : answer.json();
}

async function baseUrl(page: IJupyterLabPageFixture): Promise<string> {
  return await page.evaluate(
    () => window.jupyterapp.serviceManager.serverSettings.baseUrl
  );
}

/** Runs code in the first cell of the notebook in front and answers what it prints. */
export async function run(
  page: IJupyterLabPageFixture,
  code: string
): Promise<string> {
  await page.notebook.setCell(0, 'code', code);
  await page.notebook.runCell(0);
  const output = await page.notebook.getCellTextOutput(0);
  return (output ?? []).join('').trim();
}

/** Builds from the first cell, and waits until the output has folded its log at the end. */
export async function buildInCell(
  page: IJupyterLabPageFixture,
  reference: string
): Promise<void> {
  await run(page, `%mlenv build ${reference}`);
  await expect(
    page.locator(
      '.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Cell .mlenv-Step[data-state="done"]',
      { hasText: 'Ready' }
    )
  ).toBeVisible();
}

/** The chip in the toolbar of the notebook in front. */
export function chip(page: IJupyterLabPageFixture): Locator {
  return page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Chip');
}

/** A notebook of cells that were never run, as a file has it. */
export function notebookOf(metadata: object, ...sources: string[]): object {
  return {
    cells: sources.map((source, index) => ({
      id: `cell-${index}`,
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    })),
    metadata,
    nbformat: 4,
    nbformat_minor: 5
  };
}

/** Opens a notebook that ran in a version whose kernel is not here. */
export async function openNotebookFrom(
  page: IJupyterLabPageFixture,
  tmpPath: string,
  name: string
): Promise<void> {
  const notebook = notebookOf(
    {
      kernelspec: {
        display_name: `${name} (v1)`,
        language: 'python',
        name: `mlenv-${name}-0a1b2c3d`
      },
      language_info: { name: 'python' }
    },
    '1 + 1'
  );
  const path = `${tmpPath}/${name}.ipynb`;
  await page.contents.uploadContent(JSON.stringify(notebook), 'text', path);
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.refresh();
  await page.filebrowser.open(path);
}

/** The banner over the notebook in front. */
export function banner(page: IJupyterLabPageFixture): Locator {
  return page.locator('.jp-NotebookPanel:not(.lm-mod-hidden) .mlenv-Banner');
}

/** Runs a command of the shell, in the places that the server uses. */
export function mlenv(...args: string[]): string {
  return execFileSync('mlenv', args, { encoding: 'utf8', stdio: 'pipe' });
}

/** Deletes everything that was built, as somebody might who needs the space. */
export function deletePrefixes(): void {
  const prefixes = join(process.env.MLENV_STORE ?? '', 'prefixes');
  // What was built is read-only.
  execFileSync('chmod', ['-R', 'u+w', prefixes]);
  rmSync(prefixes, { recursive: true });
}

/** Restarts the kernel of the notebook in front, as its button does, once it has answered. */
export async function restartKernel(
  page: IJupyterLabPageFixture
): Promise<void> {
  type Context = {
    restartKernel(): Promise<void>;
    session: { kernel: { status: string } | null } | null;
  };
  await page.waitForFunction(() => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      sessionContext: Context;
    };
    return panel.sessionContext.session?.kernel?.status === 'idle';
  });
  await page.evaluate(async () => {
    const panel = window.jupyterapp.shell.currentWidget as unknown as {
      sessionContext: Context;
    };
    await panel.sessionContext.restartKernel();
  });
}
