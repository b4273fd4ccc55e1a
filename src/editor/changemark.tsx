import * as React from 'react';

import { Glyph } from '../icons';
import { usePanel } from '../panel/context';
import type { ChangeKind } from '../wire';

/** The sign of a change; its word is the accessible name. */
export function ChangeMark(props: { change: ChangeKind }): JSX.Element {
  const { trans } = usePanel();
  const words: Record<ChangeKind, string> = {
    added: trans.__('added'),
    removed: trans.__('removed'),
    upgraded: trans.__('upgraded'),
    downgraded: trans.__('downgraded'),
    changed: trans.__('changed')
  };
  const word = words[props.change];
  return (
    <span
      className="mlenv-Change"
      data-change={props.change}
      role="img"
      aria-label={word}
      title={word}
    >
      <Glyph name={props.change} size={12} />
    </span>
  );
}
