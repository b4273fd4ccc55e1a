import type { Contents } from '@jupyterlab/services';
import type { Drag } from '@lumino/dragdrop';

import { type IFileToRead, readContents, readFolder } from './contents';

/** What JupyterLab's file browser calls the paths that are dragged out of it. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';

/**
 * Takes files that are dropped on a node, from the desktop and from the file browser.
 *
 * While one hovers, the node has the attribute `data-drop`. Returns what undoes it.
 */
export function acceptFiles(
  node: HTMLElement,
  contents: Contents.IManager,
  onFile: (read: () => Promise<IFileToRead>) => void
): () => void {
  const hover = (on: boolean) => node.toggleAttribute('data-drop', on);

  const onDragOver = (event: DragEvent) => {
    if (event.dataTransfer?.types.includes('Files')) {
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      hover(true);
    }
  };
  const onDragLeave = (event: DragEvent) => {
    if (!node.contains(event.relatedTarget as Node | null)) {
      hover(false);
    }
  };
  const onDrop = (event: DragEvent) => {
    hover(false);
    const file = event.dataTransfer?.files[0];
    if (file) {
      event.preventDefault();
      event.stopPropagation();
      onFile(async () => ({ name: file.name, text: await file.text() }));
    }
  };

  const pathIn = (event: Drag.Event): string | null => {
    const paths: unknown = event.mimeData.getData(CONTENTS_MIME);
    const [first] = Array.isArray(paths) ? paths : [];
    return typeof first === 'string' ? first : null;
  };
  const onLumino = (raw: Event) => {
    const event = raw as Drag.Event;
    if (!event.mimeData?.hasData(CONTENTS_MIME)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    switch (event.type) {
      case 'lm-dragenter':
      case 'lm-dragover':
        event.dropAction = event.proposedAction;
        hover(true);
        return;
      case 'lm-dragleave':
        hover(false);
        return;
      case 'lm-drop': {
        hover(false);
        const path = pathIn(event);
        if (path) {
          event.dropAction = event.proposedAction;
          // The file browser does not say which of the two it is.
          onFile(() =>
            readContents(contents, path).catch(() => readFolder(contents, path))
          );
        }
      }
    }
  };

  const listeners: [string, (event: never) => void][] = [
    ['dragover', onDragOver],
    ['dragleave', onDragLeave],
    ['drop', onDrop],
    ...['lm-dragenter', 'lm-dragover', 'lm-dragleave', 'lm-drop'].map(
      (name): [string, (event: never) => void] => [name, onLumino]
    )
  ];
  for (const [name, listener] of listeners) {
    node.addEventListener(name, listener as EventListener);
  }
  return () => {
    for (const [name, listener] of listeners) {
      node.removeEventListener(name, listener as EventListener);
    }
  };
}
