import * as React from 'react';

import { formatVersion } from '../../format';
import { Glyph } from '../../icons';
import type { IKernel } from '../../wire';
import { usePanel, useSignal } from '../context';
import { Button } from '../parts';
import { SectionHead } from './sectionhead';

/** The notebook in front and what it runs on. Absent without a notebook. */
export function ThisNotebook(props: {
  kernels: readonly IKernel[];
  folded: boolean;
  onFold: (folded: boolean) => void;
  onOpen: (name: string, version: string) => void;
  onNew: () => void;
}): JSX.Element | null {
  const { trans, notebook } = usePanel();
  const facts = useSignal(notebook.changed, () => notebook.facts);
  if (!facts) {
    return null;
  }
  const kernel = props.kernels.find(
    one => one.kernel_name === facts.kernelName
  );
  return (
    <section
      className="mlenv-ThisNotebook"
      aria-label={trans.__('This notebook')}
    >
      <SectionHead
        title={trans.__('This notebook')}
        note={facts.title}
        folded={props.folded}
        onFold={props.onFold}
      />
      {!props.folded && (
        <div className="mlenv-ThisNotebook-body">
          <Glyph name="environment" />
          <span className="mlenv-Row-first">
            <span className="mlenv-Row-name">
              {kernel?.name ?? facts.kernelDisplayName}
            </span>
            {kernel && (
              <span className="mlenv-Version">
                {formatVersion(kernel.version)}
              </span>
            )}
          </span>
          <span className="mlenv-Row-second">
            <span className="mlenv-Fact">
              {kernel
                ? trans.__('kernel %1', facts.kernelStatus.toLowerCase())
                : trans.__('not an environment of mlenv')}
            </span>
          </span>
          <span className="mlenv-ThisNotebook-action">
            {kernel ? (
              <Button
                kind="link"
                label={trans.__('Open')}
                onClick={() => props.onOpen(kernel.name, kernel.version)}
              />
            ) : (
              <Button
                kind="link"
                label={trans.__('Make an environment…')}
                onClick={props.onNew}
              />
            )}
          </span>
        </div>
      )}
    </section>
  );
}
