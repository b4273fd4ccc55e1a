import type { NotebookPanel } from '@jupyterlab/notebook';

/** What says in a notebook itself which packages it needs. */
export interface IFound {
  /** Which way of saying it: "PEP 723", "nteract", … */
  readonly how: string;
}

const BLOCK = /^# \/\/\/ script\s*$/m;
const INSTALL = /^\s*[%!]\s*(?:python3? -m )?(?:uv )?pip3?\s+install\s+\S/m;

/** What a notebook says of its packages, in the ways that mlenv reads; `null` for nothing. */
export function foundIn(
  metadata: { readonly [key: string]: unknown },
  sources: readonly string[]
): IFound | null {
  if (sources.some(source => BLOCK.test(source))) {
    return { how: 'PEP 723' };
  }
  const runt = (metadata.runt ?? {}) as { [key: string]: unknown };
  for (const place of [runt, metadata]) {
    for (const key of ['uv', 'conda']) {
      const asked = (place[key] as { dependencies?: unknown } | undefined)
        ?.dependencies;
      if (Array.isArray(asked) && asked.length > 0) {
        return { how: 'nteract' };
      }
    }
  }
  if (typeof metadata.requirements === 'string' && metadata.requirements) {
    return { how: 'jupyterlab-requirements' };
  }
  return sources.some(source => INSTALL.test(source))
    ? { how: '%pip install' }
    : null;
}

/** The same of an open notebook. */
export function foundInPanel(panel: NotebookPanel): IFound | null {
  const model = panel.content.model;
  if (!model) {
    return null;
  }
  const sources: string[] = [];
  for (const cell of model.cells) {
    if (cell.type === 'code') {
      sources.push(cell.sharedModel.getSource());
    }
  }
  return foundIn(model.metadata, sources);
}
