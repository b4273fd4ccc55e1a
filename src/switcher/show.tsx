import { QueryClientProvider } from '@tanstack/react-query';
import * as React from 'react';
import { createRoot } from 'react-dom/client';

import type { ISwitcherOptions } from '.';
import { Switcher } from './popover';

const WIDTH = 420;
const EDGE = 8;

let closeOpen: (() => void) | null = null;

/** Shows the switcher; there is one at a time. */
export function showSwitcher(options: ISwitcherOptions, at: HTMLElement): void {
  closeOpen?.();
  const node = document.createElement('div');
  node.className = 'mlenv-SwitcherFrame';
  const { left, right, bottom } = at.getBoundingClientRect();
  const width = Math.min(WIDTH, window.innerWidth - 2 * EDGE);
  const isRight = document.documentElement.dir === 'rtl';
  const start = isRight ? left : right - width;
  const x = Math.max(EDGE, Math.min(start, window.innerWidth - width - EDGE));
  node.style.left = `${x}px`;
  node.style.top = `${bottom + 2}px`;
  node.style.width = `${width}px`;
  node.style.setProperty(
    '--mlenv-room',
    `${Math.max(160, window.innerHeight - bottom - EDGE)}px`
  );
  document.body.append(node);
  const root = createRoot(node);
  const close = (focus: boolean) => {
    if (closeOpen !== quietly) {
      return;
    }
    closeOpen = null;
    document.removeEventListener('pointerdown', outside, true);
    window.removeEventListener('resize', quietly);
    // Not while React is still in the event that asked for it.
    setTimeout(() => {
      root.unmount();
      node.remove();
    }, 0);
    if (focus && at.isConnected) {
      at.focus();
    }
  };
  const quietly = () => close(false);
  const outside = (event: Event) => {
    if (!node.contains(event.target as Node)) {
      close(false);
    }
  };
  closeOpen = quietly;
  document.addEventListener('pointerdown', outside, true);
  window.addEventListener('resize', quietly);
  const closing =
    <T extends unknown[]>(action: (...given: T) => void) =>
    (...given: T) => {
      close(true);
      action(...given);
    };
  root.render(
    <QueryClientProvider client={options.environments.queries}>
      <Switcher
        {...options}
        onSwitch={closing(options.onSwitch)}
        onDetails={closing(options.onDetails)}
        onNew={closing(options.onNew)}
        onAll={closing(options.onAll)}
        onOther={closing(options.onOther)}
        onClose={() => close(true)}
      />
    </QueryClientProvider>
  );
}
