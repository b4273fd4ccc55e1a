import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { KernelSpec } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';

/** What a switch needs of JupyterLab. */
export interface IUseContext {
  readonly commands: CommandRegistry;
  readonly kernelspecs: KernelSpec.IManager;
  readonly tracker: INotebookTracker;
}

/**
 * Runs a notebook on an installed kernel: the one given, else the one in front,
 * else a new one. The notebook keeps its outputs and loses its variables.
 */
export async function switchNotebook(
  kernelName: string,
  context: IUseContext,
  panel: NotebookPanel | null = context.tracker.currentWidget
): Promise<NotebookPanel | null> {
  // The list of kernels is older than the kernel that was just installed.
  await context.kernelspecs.refreshSpecs();
  if (!panel || panel.isDisposed) {
    // Jupyter Notebook opens it in a tab of the browser, which is not ours to look into.
    const made: unknown = await context.commands.execute(
      'notebook:create-new',
      { kernelName }
    );
    return (made as NotebookPanel | undefined) ?? null;
  }
  await switchTo(kernelName, panel);
  return panel;
}

/** The switch each session is in: the server cannot follow two at once. */
const switches = new WeakMap<ISessionContext, Promise<void>>();

function switchTo(kernelName: string, panel: NotebookPanel): Promise<void> {
  const { sessionContext } = panel;
  const before = switches.get(sessionContext) ?? Promise.resolve();
  const after = before
    .catch(() => undefined)
    .then(() => changeKernel(kernelName, panel));
  switches.set(sessionContext, after);
  return after;
}

async function changeKernel(
  kernelName: string,
  panel: NotebookPanel
): Promise<void> {
  await panel.context.ready;
  const { sessionContext } = panel;
  // A session that is being set up would undo the switch when it is ready.
  await sessionContext.initialize();
  sessionContext.kernelPreference = {
    ...sessionContext.kernelPreference,
    name: kernelName,
    shouldStart: true
  };
  const kernel = sessionContext.session?.kernel;
  if (kernel?.name === kernelName && kernel.status !== 'dead') {
    return;
  }
  await sessionContext.changeKernel({ name: kernelName });
}
