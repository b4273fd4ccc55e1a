import * as React from 'react';

import { Glyph, type GlyphName } from '../icons';
import { usePanel } from '../panel/context';
import { IconButton } from '../panel/parts';
import type { IImportReport } from './draft';

/** What was made of each part of a file, before anything is registered. */
export function ImportReport(props: {
  report: IImportReport;
  onDismiss?: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { filename, taken, kept, refused } = props.report;
  const isNothing = taken.length + kept.length === 0 && refused.length > 0;
  return (
    <section
      className="mlenv-Report"
      role={isNothing ? 'alert' : undefined}
      aria-label={trans.__('What was read from %1', filename)}
    >
      <div className="mlenv-Report-head">
        <Glyph name="file" size={14} />
        <strong title={filename}>{filename}</strong>
        <span className="mlenv-Quiet">
          {isNothing ? trans.__('cannot be read') : trans.__('not saved yet')}
        </span>
        {props.onDismiss && (
          <IconButton
            icon="close"
            label={trans.__('Dismiss the report')}
            onClick={props.onDismiss}
          />
        )}
      </div>
      <Part
        icon="failed"
        kind="refused"
        title={trans._n('%1 part refused', '%1 parts refused', refused.length)}
        lines={refused}
      />
      <Part
        icon="warning"
        kind="kept"
        title={trans._n(
          '%1 part kept, without effect here',
          '%1 parts kept, without effect here',
          kept.length
        )}
        lines={kept}
      />
      <Part
        icon="ready"
        kind="taken"
        title={trans._n('%1 part taken', '%1 parts taken', taken.length)}
        lines={taken}
        folded
      />
    </section>
  );
}

function Part(props: {
  icon: GlyphName;
  kind: 'taken' | 'kept' | 'refused';
  title: string;
  lines: readonly string[];
  folded?: boolean;
}): JSX.Element | null {
  const { icon, kind, title, lines } = props;
  if (lines.length === 0) {
    return null;
  }
  return (
    <details
      className="mlenv-Report-part"
      data-kind={kind}
      open={!props.folded}
    >
      <summary>
        <Glyph name="caret" size={14} />
        <Glyph name={icon} size={14} />
        {title}
      </summary>
      <ul>
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
    </details>
  );
}
