import * as React from 'react';

import { Glyph } from '../../icons';
import { usePanel } from '../context';

/** The way back, and what can be done with the whole. */
export function DetailBar(props: {
  label: string;
  children?: React.ReactNode;
}): JSX.Element {
  const { trans, place } = usePanel();
  return (
    <div className="mlenv-DetailBar">
      <button
        type="button"
        className="mlenv-Button mlenv-mod-plain mlenv-Back"
        title={trans.__('Back to the list')}
        onClick={() => place.go({ view: 'list' })}
      >
        <Glyph name="back" />
        <span>{props.label}</span>
      </button>
      <span className="mlenv-Actions-gap" />
      {props.children}
    </div>
  );
}
