import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { type IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { BuildLogStream } from '../buildlog';
import { IEnvironments } from '../tokens';
import { findBuild, findList, type ICellContext } from './find';
import { type Find, LiveOutput } from './liveoutput';
import { BUILD, LIST } from './said';

/** Before HTML, which is what the same output says to everybody else. */
const RANK = 40;

/** What `%mlenv build` and `%mlenv list` show in a cell. */
export const cellPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlenv-jupyter:cell',
  description: 'Shows builds and environments alive in the outputs of %mlenv.',
  autoStart: true,
  requires: [IEnvironments, IRenderMimeRegistry],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    environments: IEnvironments,
    rendermime: IRenderMimeRegistry,
    translator: ITranslator | null
  ) => {
    const context: ICellContext = {
      environments,
      stream: BuildLogStream.to(app.serviceManager.serverSettings),
      translator: translator ?? nullTranslator,
      commands: app.commands
    };
    const add = (mimeType: string, find: Find) =>
      rendermime.addFactory(
        {
          // Also for those who did not run it: what it does then, `find` decides.
          safe: true,
          mimeTypes: [mimeType],
          createRenderer: () =>
            new LiveOutput(mimeType, model => cardOf(model, rendermime), find)
        },
        RANK
      );
    add(BUILD, findBuild(context));
    add(LIST, findList(context));
  }
};

/** What JupyterLab itself would show of an output. */
function cardOf(
  model: IRenderMime.IMimeModel,
  rendermime: IRenderMimeRegistry
): IRenderMime.IRenderer | null {
  const type = ['text/html', 'text/plain'].find(one => one in model.data);
  return type ? rendermime.createRenderer(type) : null;
}
