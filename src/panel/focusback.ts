import * as React from 'react';

/**
 * Gives the keyboard back to what had it before a form came up, once the form is gone and nobody
 * else has taken it. Where that was made anew meanwhile, it is known by its label.
 */
export function useFocusBack(): void {
  // At the first rendering: a field with `autoFocus` has it right after, and what the form takes
  // the place of is gone.
  const [{ from, panel }] = React.useState(() => {
    const from = document.activeElement;
    return { from, panel: from?.closest('.mlenv-Panel') };
  });
  React.useEffect(() => {
    return () => {
      setTimeout(() => {
        if (!from || !panel || document.activeElement !== document.body) {
          return;
        }
        const label = from.getAttribute('aria-label') ?? '';
        const again = from.isConnected
          ? from
          : panel.querySelector(`[aria-label="${CSS.escape(label)}"]`);
        (again as HTMLElement | null)?.focus();
      }, 0);
    };
  }, [from, panel]);
}
