import * as React from 'react';

import { usePanel } from '../panel/context';
import { useCatalogue, useMine } from '../panel/data';
import { Button, Note } from '../panel/parts';
import type { ILockedPackage } from '../wire';
import { AddBox } from './addbox';
import { CondaSection } from './condasection';
import type { IDraft } from './draft';
import { packageRows } from './packagerows';
import { PackagesTable } from './packagestable';
import type { IPlacedProblems } from './problems';
import {
  formatRequirement,
  parseRequirement,
  requirementLines,
  withRequirement
} from './requirement';
import { RequirementsText } from './textbox';
import { indexesOf } from './usecompletion';
import type { EditDraft } from './usedraft';
import { useUpgrade } from './useupgrade';

const NOTHING: readonly string[] = [];

type Mode =
  { kind: 'table' } | { kind: 'paste'; text: string } | { kind: 'text' };

/** The packages of a draft, or of a version that may only be read. */
export function PackagesTab(props: {
  draft: IDraft;
  packages: readonly ILockedPackage[] | null;
  problems: IPlacedProblems;
  /** Why nothing can be changed here. */
  readOnly?: string;
  edit: EditDraft;
  onUndo: () => void;
  /** The field of the Python version, where it is not shown elsewhere. */
  python?: React.ReactNode;
}): JSX.Element {
  const { trans } = usePanel();
  const { draft, packages, problems, readOnly, edit } = props;
  const [mode, setMode] = React.useState<Mode>({ kind: 'table' });
  const [all, setAll] = React.useState(false);
  const known = useKnownNames();
  const { requirements } = draft;
  const before = draft.origin.pip?.requirements ?? NOTHING;
  const rows = React.useMemo(
    () =>
      packageRows({
        requirements,
        before,
        packages,
        problems: problems.requirements,
        all
      }),
    [requirements, before, packages, problems.requirements, all]
  );
  const indexes = React.useMemo(() => indexesOf(draft.origin), [draft.origin]);
  const upgrades = useUpgrade(requirements, indexes, draft.python, edit);
  const set = (lines: readonly string[]) => edit({ requirements: lines });
  const table = () => setMode({ kind: 'table' });
  const wanted = trans._n('%1 wanted', '%1 wanted', requirements.length);
  const resolved =
    packages && trans._n('%1 resolved', '%1 resolved', packages.length);

  return (
    <div className="mlenv-Tab mlenv-PackagesTab">
      {readOnly && (
        <Note tone="quiet" icon="read-only" role="note">
          {readOnly}
        </Note>
      )}
      <div className="mlenv-SubBar">
        <span className="mlenv-Quiet">
          {[wanted, resolved].filter(Boolean).join(' · ')}
        </span>
        {!readOnly && mode.kind === 'table' && upgrades.pinned > 0 && (
          <Button
            kind="plain"
            icon="upgraded"
            label={trans.__('Upgrade all')}
            title={trans.__(
              'Takes the newest version of every package that is held to one. Nothing is saved yet.'
            )}
            disabled={upgrades.busy}
            onClick={() => void upgrades.upgrade()}
          />
        )}
        {packages && mode.kind === 'table' && (
          <Button
            kind="plain"
            icon="tree"
            label={all ? trans.__('Show wanted') : trans.__('Show all')}
            title={trans.__('Also what the packages require')}
            onClick={() => setAll(!all)}
          />
        )}
      </div>
      {upgrades.said && (
        <p className="mlenv-Hint" role="status">
          {upgrades.said}
        </p>
      )}
      {!readOnly && mode.kind === 'table' && (
        <AddBox
          known={known}
          indexes={indexes}
          onAdd={line => set(withRequirement(requirements, line))}
          onPasteMany={text => {
            const lines = requirementLines(text);
            if (lines.every(parseRequirement)) {
              set(lines.reduce(withRequirement, [...requirements]));
            } else {
              setMode({ kind: 'paste', text });
            }
          }}
          onOpenPaste={() => setMode({ kind: 'paste', text: '' })}
          onOpenText={() => setMode({ kind: 'text' })}
        />
      )}
      {mode.kind === 'paste' && (
        <RequirementsText
          label={trans.__('Packages to add, one a line')}
          start={mode.text}
          action={trans.__('Add')}
          onCancel={table}
          onDone={lines => {
            set(lines.reduce(withRequirement, [...requirements]));
            table();
          }}
        />
      )}
      {mode.kind === 'text' ? (
        <RequirementsText
          label={trans.__('All packages, one a line')}
          start={requirements.join('\n')}
          problems={[...problems.requirements.values()]}
          action={trans.__('Take over')}
          onCancel={table}
          onDone={lines => {
            set(lines);
            table();
          }}
        />
      ) : rows.length > 0 ? (
        <PackagesTable
          rows={rows}
          readOnly={readOnly !== undefined}
          indexes={indexes}
          onUpgrade={row => void upgrades.upgrade(row.index)}
          onWant={(row, wanted) => {
            const line = formatRequirement({ ...row, wanted });
            set(
              requirements.map((other, index) =>
                index === row.index ? line : other
              )
            );
          }}
          onRemove={row =>
            set(requirements.filter((_, index) => index !== row.index))
          }
          onRestore={row => {
            const line = before.find(
              one => parseRequirement(one)?.name === row.name
            );
            set(withRequirement(requirements, line ?? row.name));
          }}
          onUndo={props.onUndo}
        />
      ) : (
        mode.kind === 'table' && (
          <p className="mlenv-Hint">
            {readOnly
              ? trans.__('No packages besides Python itself.')
              : trans.__(
                  'No packages yet. Type a name such as numpy or numpy>=2 and press Enter, or paste a requirements.txt.'
                )}
          </p>
        )
      )}
      {!readOnly && mode.kind === 'table' && props.python}
      {mode.kind === 'table' && (
        <CondaSection
          draft={draft}
          packages={packages}
          problems={problems.others}
          readOnly={readOnly !== undefined}
          edit={edit}
        />
      )}
    </div>
  );
}

/** The names of all packages that environments here ask for. */
function useKnownNames(): readonly string[] {
  const mine = useMine('').items;
  const curated = useCatalogue().data?.items;
  return React.useMemo(() => {
    const names = [...(mine ?? []), ...(curated ?? [])].flatMap(
      environment => environment.latest.wanted ?? []
    );
    return [...new Set(names)].sort();
  }, [mine, curated]);
}
