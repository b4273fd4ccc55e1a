import type { BuildLogStream } from '../buildlog';
import { buildQuery } from '../queries';
import type { IEnvironments } from '../tokens';
import type { ITranslator } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { Find } from './liveoutput';
import { saidBuild, saidList } from './said';

/** What the views in cells may use. */
export interface ICellContext {
  environments: IEnvironments;
  stream: BuildLogStream;
  translator: ITranslator;
  commands: CommandRegistry;
}

/** Finds the build that an output is about: that one, and not another of the same number. */
export function findBuild(context: ICellContext): Find {
  const { api, queries } = context.environments;
  return async (said, trusted) => {
    const meant = saidBuild(said);
    if (!meant) {
      return null;
    }
    const build = await queries.fetchQuery(buildQuery(api, meant.id));
    if (build.name !== meant.name || build.version !== meant.version) {
      return null;
    }
    const { mountBuild } = await import('./views');
    return (node, onGone) =>
      mountBuild(node, { context, build, onGone, mayAct: trusted });
  };
}

/** Finds the environments that an output lists; buttons are all that it adds, so only if trusted. */
export function findList(context: ICellContext): Find {
  return async (said, trusted) => {
    const meant = saidList(said);
    if (!meant || !trusted) {
      return null;
    }
    const { mountList, knownOf } = await import('./views');
    const { queries } = context.environments;
    const known = await queries.fetchQuery(knownOf(context, meant));
    return known.size === 0
      ? null
      : (node, onGone) => mountList(node, { context, meant, onGone });
  };
}
