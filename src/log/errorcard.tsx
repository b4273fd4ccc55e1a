import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Glyph } from '../icons';
import { Button } from '../panel/parts';
import type { ICulprit, IFix, IProblem } from '../wire';
import { linesAround } from './culprits';

interface IErrorCardProps {
  problem: IProblem;
  /** The requirements of the version, to show the lines around those at fault. */
  requirements?: readonly string[];
  /** The number that the next version will get, if that is known. */
  nextVersion?: string;
  onFix?: (fix: IFix) => void;
  onEditPackages?: () => void;
  trans: TranslationBundle;
}

/** More remedies than this are no help. */
const MOST_FIXES = 2;

/** What went wrong, why, where, and what mends it. Takes no focus. */
export function ErrorCard(props: IErrorCardProps): JSX.Element {
  const { problem, requirements = [], onFix, onEditPackages, trans } = props;
  const fixes = onFix ? problem.fixes.slice(0, MOST_FIXES) : [];
  const why = [problem.detail, fixes.length ? '' : problem.remedy];
  return (
    <section className="mlenv-ErrorCard" role="alert">
      <div className="mlenv-ErrorCard-what">
        <Glyph name="failed" />
        <div>
          <strong>{problem.message}</strong>
          {why.filter(Boolean).map(text => (
            <p key={text}>
              <Words text={text} />
            </p>
          ))}
        </div>
      </div>
      {problem.culprits.length > 0 && (
        <Culprits culprits={problem.culprits} requirements={requirements} />
      )}
      <div className="mlenv-ErrorCard-actions">
        {fixes.map((fix, index) => (
          <Button
            key={fix.label}
            label={fix.label}
            kind={index ? 'outlined' : 'primary'}
            onClick={() => onFix?.(fix)}
          />
        ))}
        {onEditPackages && (
          <Button
            label={trans.__('Edit packages')}
            kind={fixes.length ? 'plain' : 'outlined'}
            onClick={onEditPackages}
          />
        )}
      </div>
      {fixes.length > 0 && (
        <div className="mlenv-ErrorCard-outcome">
          {props.nextVersion
            ? trans.__(
                'Saves v%1 with that one change and builds it.',
                props.nextVersion
              )
            : trans.__(
                'Saves a new version with that one change and builds it.'
              )}
        </div>
      )}
    </section>
  );
}

/** The lines at fault with their neighbours, or alone if the others are not known. */
function Culprits(props: {
  culprits: readonly ICulprit[];
  requirements: readonly string[];
}): JSX.Element {
  const lines = linesAround(props.culprits, props.requirements);
  return (
    <ol className="mlenv-ErrorCard-lines">
      {lines.map(line => (
        <li
          key={line.text}
          className="mlenv-ErrorCard-line"
          data-culprit={line.note !== null || undefined}
        >
          <span className="mlenv-ErrorCard-number">{line.number}</span>
          <code>{line.text}</code>
          {line.note && (
            <span className="mlenv-ErrorCard-note">
              <Glyph name="failed" size={12} />
              <span title={line.note}>{line.note}</span>
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}

const REQUIREMENT =
  /([A-Za-z0-9][\w.-]*(?:\[[^\]]*\])?(?:(?:==|~=|!=|>=|<=|<|>)[\w*+!]+(?:\.[\w*+!]+)*(?:,(?=[=~!<>]))?)+)/;

/** A sentence with its requirements set as code. */
function Words({ text }: { text: string }): JSX.Element {
  return (
    <>
      {text.split(REQUIREMENT).map((part, at) =>
        // Splitting by a group puts what it found at the odd places.
        at % 2 ? <code key={at}>{part}</code> : part
      )}
    </>
  );
}
