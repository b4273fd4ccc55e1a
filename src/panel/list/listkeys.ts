/** How the list is walked by keyboard: one tab stop, arrows inside, letters that jump. */
import * as React from 'react';

import type { ListRow } from './rows';
import { isEnvironment } from './selection';

export const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };

export function isMenuKey(event: React.KeyboardEvent): boolean {
  return event.key === 'ContextMenu' || (event.shiftKey && event.key === 'F10');
}

export function isLetter(event: React.KeyboardEvent): boolean {
  return (
    event.key.length === 1 &&
    event.key !== ' ' &&
    !event.ctrlKey &&
    !event.metaKey &&
    !event.altKey
  );
}

/** The row itself, or the head of a section in it. */
export function focusRow(list: HTMLElement | null, index: number): void {
  const row = list?.querySelector<HTMLElement>(`[data-index="${index}"]`);
  const target = row?.hasAttribute('tabindex')
    ? row
    : row?.querySelector<HTMLElement>('button');
  target?.focus();
}

/** From the row to its buttons, from one to the next, and back. */
export function moveInRow(from: HTMLElement, forward: boolean): void {
  const row = from.closest<HTMLElement>('[role="row"]');
  if (!row) {
    return;
  }
  const stops = [
    row,
    ...row.querySelectorAll<HTMLElement>('.mlenv-Row-actions button')
  ];
  stops[stops.indexOf(from) + (forward ? 1 : -1)]?.focus();
}

/** The letters typed in quick succession. */
export function useTypedLetters(): (letter: string) => string {
  const state = React.useRef({ letters: '', at: 0 });
  return letter => {
    const now = Date.now();
    const kept = now - state.current.at < 700 ? state.current.letters : '';
    state.current = { letters: kept + letter.toLowerCase(), at: now };
    return state.current.letters;
  };
}

/** The next row whose name begins with the letters; the current one while they are still typed. */
export function findTyped(
  rows: readonly ListRow[],
  letters: string,
  from: number
): number {
  const begin = letters.length > 1 ? from : from + 1;
  for (let step = 0; step < rows.length; step++) {
    const index = (begin + step) % rows.length;
    const row = rows[index];
    if (
      isEnvironment(row) &&
      row.environment.name.toLowerCase().startsWith(letters)
    ) {
      return index;
    }
  }
  return -1;
}
