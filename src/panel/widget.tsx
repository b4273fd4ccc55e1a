import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import type { IPanelContext } from './context';

const App = React.lazy(() => import('./app'));

/** The frame of the panel: nothing is loaded or asked before it is looked at. */
export class EnvironmentsPanel extends ReactWidget {
  constructor(
    private readonly _context: IPanelContext,
    private readonly _alone = false
  ) {
    super();
    this.addClass('mlenv-Panel');
  }

  protected render(): JSX.Element {
    return (
      <React.Suspense fallback={null}>
        {this._wasShown && <App context={this._context} alone={this._alone} />}
      </React.Suspense>
    );
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._show();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this._show();
    }
  }

  /** The keyboard goes to the field or row that stands for the whole. */
  protected onActivateRequest(): void {
    this.node
      .querySelector<HTMLElement>('input, [tabindex="0"], button')
      ?.focus();
  }

  private _show(): void {
    if (!this._wasShown) {
      this._wasShown = true;
      this.update();
    }
  }

  private _wasShown = false;
}
