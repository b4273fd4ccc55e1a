import type { ISwitcherProps } from './popover';

export { switchNotebookTo } from './switching';

/** What the popover is opened with; it closes itself before anything is done. */
export type ISwitcherOptions = Omit<ISwitcherProps, 'onClose'>;

/** Has the popover loaded before it is asked for, so that letters typed at once reach it. */
export function preloadSwitcher(): void {
  void import('./show');
}

/** Opens the switcher under an element; the keyboard goes back there when it is closed. */
export async function openSwitcher(
  options: ISwitcherOptions,
  at: HTMLElement
): Promise<void> {
  // Loaded when it is first looked at: JupyterLab's start does not wait for it.
  const { showSwitcher } = await import('./show');
  showSwitcher(options, at);
}
