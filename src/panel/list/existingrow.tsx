import * as React from 'react';

import { Glyph } from '../../icons';
import type { IExisting } from '../../wire';
import { usePanel } from '../context';
import { Button } from '../parts';

/** What kind of environment it is, in a word. */
export function kindOf(
  existing: Pick<IExisting, 'kind'>,
  trans: ReturnType<typeof usePanel>['trans']
): string {
  switch (existing.kind) {
    case 'server':
      return trans.__('of this server');
    case 'venv':
      return trans.__('venv');
    case 'conda':
      return trans.__('conda');
    case 'pyenv':
      return trans.__('pyenv');
    case 'python':
      return trans.__('Python installation');
  }
}

/** The cells of an environment that mlenv did not make. */
export function ExistingRow(props: { existing: IExisting }): JSX.Element {
  const { trans, place } = usePanel();
  const { existing } = props;
  const { id, name, prefix, python, packages } = existing;
  return (
    <>
      <span role="gridcell" className="mlenv-Row-icon">
        <Glyph name="read-only" />
      </span>
      <span role="gridcell" className="mlenv-Row-main" title={prefix}>
        <span className="mlenv-Row-first">
          <span className="mlenv-Row-name">{name}</span>
        </span>
        <span className="mlenv-Row-second">
          <span className="mlenv-Fact">{kindOf(existing, trans)}</span>
          <span className="mlenv-Fact">{python}</span>
        </span>
      </span>
      <span role="gridcell" className="mlenv-Row-right">
        <span className="mlenv-Row-when">
          {trans._n('%1 package', '%1 packages', packages)}
        </span>
      </span>
      <span role="gridcell" className="mlenv-Row-actions">
        <Button
          label={trans.__('Make reproducible')}
          onClick={() => place.go({ view: 'adopt', id })}
        />
      </span>
    </>
  );
}
