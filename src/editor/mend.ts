import type { IEnvironments } from '../tokens';
import type { IBuild, IFix } from '../wire';
import { applyFix, definitionOf, draftOf } from './draft';

/** Saves the next version with the one change that a failed build proposes, and builds it. */
export async function mend(
  environments: IEnvironments,
  failed: IBuild,
  fix: IFix
): Promise<IBuild> {
  const { name, version, form } = failed;
  const broken = await environments.api.version(name, version);
  const mended = applyFix(draftOf(name, version, broken.definition), fix);
  const saved = await environments.save({
    name,
    base: version,
    definition: definitionOf(mended)
  });
  return environments.startBuild(name, saved.version, form ? { form } : {});
}
