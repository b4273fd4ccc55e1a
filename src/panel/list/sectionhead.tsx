import * as React from 'react';

import { Glyph } from '../../icons';

/** The head of a section, which folds it. */
export function SectionHead(props: {
  title: string;
  count?: React.ReactNode;
  /** What stands at the far end. */
  note?: string;
  folded: boolean;
  tabIndex?: number;
  onFold: (folded: boolean) => void;
}): JSX.Element {
  const { title, count, note, folded, tabIndex, onFold } = props;
  return (
    <button
      type="button"
      className="mlenv-SectionHead"
      aria-expanded={!folded}
      tabIndex={tabIndex}
      onClick={() => onFold(!folded)}
    >
      <Glyph name="caret" size={16} />
      <span className="mlenv-SectionHead-title">{title}</span>
      {count !== undefined && (
        <span className="mlenv-SectionHead-count">{count}</span>
      )}
      {note && <span className="mlenv-SectionHead-note">{note}</span>}
    </button>
  );
}
