import AxeBuilder from '@axe-core/playwright';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';

import { expect } from './environments';

const PANEL = '#mlenv-environments';

/** What axe finds that a person could not get around. */
async function serious(
  page: IJupyterLabPageFixture,
  selector: string
): Promise<string[]> {
  const found = await new AxeBuilder({ page }).include(selector).analyze();
  return found.violations
    .filter(one => one.impact === 'serious' || one.impact === 'critical')
    .map(
      one =>
        `${one.id}: ${one.help}: ${one.nodes.map(node => node.html.slice(0, 200)).join(' | ')}`
    );
}

/** Holds a view to what axe knows, in light and dark. */
export async function expectAccessible(
  page: IJupyterLabPageFixture,
  view: string,
  selector = PANEL
): Promise<void> {
  for (const theme of ['light', 'dark'] as const) {
    await (theme === 'light'
      ? page.theme.setLightTheme()
      : page.theme.setDarkTheme());
    expect(await serious(page, selector), `${view}, ${theme}`).toEqual([]);
  }
}

/** Holds a view of the panel to its width, read from the left and from the right. */
export async function expectFits(
  page: IJupyterLabPageFixture,
  view: string
): Promise<void> {
  for (const dir of ['rtl', 'ltr']) {
    const wide = await page.evaluate(
      ([selector, dir]) => {
        document.documentElement.dir = dir;
        const panel = document.querySelector<HTMLElement>(selector)!;
        const edges = panel.getBoundingClientRect();
        const isCode = (node: Element) =>
          node.closest('code, pre, textarea, input, .cm-editor, .mlenv-Log');
        return [...panel.querySelectorAll<HTMLElement>('*')]
          .filter(node => {
            const { overflowX } = getComputedStyle(node);
            const scrolls =
              /auto|scroll/.test(overflowX) &&
              node.scrollWidth > node.clientWidth + 1;
            const { left, right, width } = node.getBoundingClientRect();
            const isOut =
              node.matches('button, input, select, [role="tab"]') &&
              width > 1 &&
              // Tabs that do not fit are clipped, and in the menu beside them.
              !node.closest('[aria-hidden="true"], .mlenv-Tabs-list') &&
              (left < edges.left - 1 || right > edges.right + 1);
            return (scrolls || isOut) && !isCode(node);
          })
          .map(node => `${node.className}: ${node.textContent?.slice(0, 40)}`);
      },
      [PANEL, dir]
    );
    expect(wide, `${view}, ${dir}`).toEqual([]);
  }
}
