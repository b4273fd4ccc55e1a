import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { GlyphName } from '../icons';
import { Glyph } from '../icons';
import { IconButton } from '../panel/parts';

/** What stands above a notebook, as high as what is in it. */
export abstract class BarWidget extends ReactWidget {
  constructor() {
    super();
    this.addClass('mlenv-BannerWidget');
    this.hide();
  }

  dispose(): void {
    this._heights.disconnect();
    super.dispose();
  }

  protected render(): JSX.Element {
    return <div ref={this._watchHeight}>{this.renderBar()}</div>;
  }

  protected abstract renderBar(): JSX.Element;

  /** The layout above the notebook gives a widget its least height and no more. */
  private readonly _watchHeight = (content: HTMLElement | null) => {
    this._heights.disconnect();
    if (content) {
      this._heights.observe(content);
    }
  };

  private readonly _heights = new ResizeObserver(entries => {
    for (const { contentRect } of entries) {
      this.node.style.minHeight = `${Math.ceil(contentRect.height)}px`;
      this.parent?.fit();
    }
  });
}

interface IBannerProps {
  tone: 'quiet' | 'warning' | 'error';
  icon: GlyphName;
  text: string;
  /** The part of the text to set in bold. */
  strong: string;
  onDismiss: () => void;
  children: React.ReactNode;
  trans: TranslationBundle;
}

/** One sentence, and what can be done about it. */
export function Banner(props: IBannerProps): JSX.Element {
  const [before, ...after] = props.text.split(props.strong);
  return (
    <div className="mlenv-Banner" data-tone={props.tone} role="status">
      <Glyph name={props.icon} />
      <div className="mlenv-Banner-text" title={props.text}>
        {before}
        <strong>{props.strong}</strong>
        {after.join(props.strong)}
      </div>
      {props.children}
      <IconButton
        icon="close"
        label={props.trans.__('Dismiss')}
        onClick={props.onDismiss}
      />
    </div>
  );
}
