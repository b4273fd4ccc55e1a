import type { IDisposable } from '@lumino/disposable';
import { DisposableDelegate } from '@lumino/disposable';
import { QueryClientProvider } from '@tanstack/react-query';
import * as React from 'react';
import { createRoot } from 'react-dom/client';

import { BuildCell, type IBuildCellProps } from './buildcell';
import type { ICellContext } from './find';
import { type IListCellProps, ListCell } from './listcell';

export { knownOf } from './listcell';

export function mountBuild(
  node: HTMLElement,
  props: IBuildCellProps
): IDisposable {
  return mount(node, props.context, <BuildCell {...props} />);
}

export function mountList(
  node: HTMLElement,
  props: IListCellProps
): IDisposable {
  return mount(node, props.context, <ListCell {...props} />);
}

function mount(
  node: HTMLElement,
  context: ICellContext,
  view: JSX.Element
): IDisposable {
  const root = createRoot(node);
  root.render(
    <QueryClientProvider client={context.environments.queries}>
      {view}
    </QueryClientProvider>
  );
  // Not while React is still in what asked for it.
  return new DisposableDelegate(() => void setTimeout(() => root.unmount(), 0));
}
