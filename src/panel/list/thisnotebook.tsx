import * as React from 'react';

import { CommandIDs } from '../../commandids';
import { formatVersion } from '../../format';
import { Glyph } from '../../icons';
import type { IKernel } from '../../wire';
import type { INotebookFacts } from '../activenotebook';
import { useMayWrite, useNotebook, usePanel } from '../context';
import { countOf, linesOf, shortOf } from '../../notebook/driftwatch';
import { nextOf } from '../../notebook/notice';
import { useCanUse, useDrift, useEnvironment, useVersion } from '../data';
import { Button } from '../parts';
import { StateMark } from '../states';
import { SectionHead } from './sectionhead';

/** The notebook in front and what it runs on. Absent without a notebook. */
export function ThisNotebook(props: {
  kernels: readonly IKernel[];
  folded: boolean;
  onFold: (folded: boolean) => void;
  onOpen: (name: string, version: string) => void;
  onNew: () => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const facts = useNotebook();
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
      {!props.folded &&
        (kernel ? (
          <Ours kernel={kernel} notebook={facts} onOpen={props.onOpen} />
        ) : (
          <Foreign notebook={facts} onNew={props.onNew} />
        ))}
    </section>
  );
}

/** A notebook that runs in one of our environments: which, how it is, and what is newer. */
function Ours(props: {
  kernel: IKernel;
  notebook: INotebookFacts;
  onOpen: (name: string, version: string) => void;
}): JSX.Element {
  const { trans, commands } = usePanel();
  const { kernel, notebook, onOpen } = props;
  const { name, version } = kernel;
  const { data: whole } = useVersion(name, version);
  const { data: known } = useEnvironment(name);
  const latest = known?.environment.latest;
  const drift = useDrift(notebook.kernelId);
  const mayWrite = useMayWrite();
  const canUse = useCanUse();
  const next = known && !known.environment.read_only ? nextOf(known) : null;
  const newer = latest && latest.version !== version ? latest : null;
  const python = whole?.python;
  return (
    <div className="mlenv-ThisNotebook-body">
      <Glyph name="environment" />
      <span className="mlenv-Row-first">
        <span className="mlenv-Row-name" title={name}>
          {name}
        </span>
        <span className="mlenv-Version">{formatVersion(version)}</span>
        {whole && (
          <span className="mlenv-ThisNotebook-state">
            <StateMark state={kernel.path_exists ? whole.state : 'not-built'} />
          </span>
        )}
      </span>
      <span className="mlenv-Row-second">
        {python && (
          <span className="mlenv-Fact">{trans.__('Python %1', python)}</span>
        )}
        {whole?.packages && (
          <span className="mlenv-Fact">
            {trans._n('%1 package', '%1 packages', whole.packages.length)}
          </span>
        )}
        <span className="mlenv-Fact">
          {trans.__('kernel %1', notebook.kernelStatus.toLowerCase())}
        </span>
      </span>
      {drift && (
        <span className="mlenv-ThisNotebook-newer mlenv-mod-drift">
          <Glyph name="drift" size={14} />
          <span title={linesOf(drift).join('\n')}>
            {countOf(drift) === 1
              ? trans.__('%1 package', shortOf(drift))
              : trans.__('%1 packages', shortOf(drift))}
          </span>
        </span>
      )}
      {newer && (
        <span className="mlenv-ThisNotebook-newer">
          <Glyph name="newer" size={14} />
          {trans.__('%1 available', formatVersion(newer.version))}
        </span>
      )}
      <span className="mlenv-ThisNotebook-action mlenv-Actions">
        {drift && mayWrite && (
          <>
            <Button
              kind="primary"
              label={
                next
                  ? trans.__('Save as %1', formatVersion(next))
                  : trans.__('Save as a copy')
              }
              onClick={() => void commands.execute(CommandIDs.saveDrift)}
            />
            <Button
              kind="plain"
              label={trans.__('Discard…')}
              onClick={() => void commands.execute(CommandIDs.discardDrift)}
            />
          </>
        )}
        {newer?.state === 'ready' && canUse(name, newer.version) && (
          <Button
            kind={drift ? 'outlined' : 'primary'}
            label={trans.__('Use %1', formatVersion(newer.version))}
            onClick={() => {
              void commands.execute(CommandIDs.use, {
                name,
                version: newer.version
              });
            }}
          />
        )}
        <Button
          label={trans.__('Open')}
          onClick={() => onOpen(name, version)}
        />
        <ChangeKernel />
      </span>
    </div>
  );
}

function Foreign(props: {
  notebook: INotebookFacts;
  onNew: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const mayWrite = useMayWrite();
  const { remembers, kernelName, kernelDisplayName } = props.notebook;
  // Without a kernel it is what it was saved with that counts; its banner says what can be done.
  const wanted = kernelName === '' ? remembers : null;
  return (
    <div className="mlenv-ThisNotebook-body">
      <Glyph name="environment" />
      <span className="mlenv-Row-first">
        <span className="mlenv-Row-name">
          {wanted?.name ?? kernelDisplayName}
        </span>
        {wanted && (
          <span className="mlenv-Version">{formatVersion(wanted.version)}</span>
        )}
      </span>
      <span className="mlenv-Row-second">
        <span className="mlenv-Fact">
          {wanted
            ? trans.__('no kernel')
            : trans.__('not an environment of mlenv')}
        </span>
      </span>
      <span className="mlenv-ThisNotebook-action mlenv-Actions">
        {mayWrite && !wanted && (
          <Button
            label={trans.__('Make an environment…')}
            onClick={props.onNew}
          />
        )}
        <ChangeKernel />
      </span>
    </div>
  );
}

/** Opens the switcher, which leads to JupyterLab's own choice among all kernels, too. */
function ChangeKernel(): JSX.Element {
  const { trans, commands } = usePanel();
  return (
    <Button
      kind="plain"
      label={trans.__('Change…')}
      title={trans.__('Switch this notebook to another environment')}
      onClick={event => {
        // Not every browser has a press of the pointer move the focus.
        event.currentTarget.focus();
        void commands.execute(CommandIDs.switchEnvironment, { atFocus: true });
      }}
    />
  );
}
