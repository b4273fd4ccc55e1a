/** The small things that every view is made of. */
import * as React from 'react';

import { Glyph, type GlyphName } from '../icons';
import type { IProblem } from '../wire';
import { usePanel } from './context';

interface IButtonProps {
  label: string;
  onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
  kind?: 'primary' | 'outlined' | 'plain' | 'link';
  icon?: GlyphName;
  /** A caret that says that a menu opens. */
  caret?: boolean;
  disabled?: boolean;
  title?: string;
  className?: string;
}

export function Button(props: IButtonProps): JSX.Element {
  const { kind = 'outlined', icon, caret, className = '' } = props;
  return (
    <button
      type="button"
      className={`mlenv-Button mlenv-mod-${kind} ${className}`}
      onClick={props.onClick}
      disabled={props.disabled}
      title={props.title}
      aria-haspopup={caret ? 'menu' : undefined}
    >
      {icon && <Glyph name={icon} size={14} />}
      <span>{props.label}</span>
      {caret && <Glyph name="caret" size={16} />}
    </button>
  );
}

interface IIconButtonProps {
  icon: GlyphName;
  /** Tooltip and accessible name in one. */
  label: string;
  onClick: (event: React.MouseEvent<HTMLButtonElement>) => void;
  pressed?: boolean;
  disabled?: boolean;
  menu?: boolean;
  tabIndex?: number;
}

export function IconButton(props: IIconButtonProps): JSX.Element {
  return (
    <button
      type="button"
      className="mlenv-IconButton"
      title={props.label}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-haspopup={props.menu ? 'menu' : undefined}
      disabled={props.disabled}
      tabIndex={props.tabIndex}
      onClick={props.onClick}
    >
      <Glyph name={props.icon} />
    </button>
  );
}

/** A tinted box with a reason, and what can be done. */
export function Note(props: {
  tone: 'quiet' | 'brand' | 'warning' | 'error';
  icon: GlyphName;
  role?: 'alert' | 'status' | 'note';
  children: React.ReactNode;
}): JSX.Element {
  return (
    <div className={`mlenv-Note mlenv-mod-${props.tone}`} role={props.role}>
      <Glyph name={props.icon} size={14} />
      <div className="mlenv-Note-text">{props.children}</div>
    </div>
  );
}

/** Says to whoever may only look why there is nothing to press. */
export function ReadOnlyNote(): JSX.Element {
  const { trans } = usePanel();
  return (
    <Note tone="quiet" icon="read-only" role="note">
      {trans.__(
        'You may use what is ready here, but not change or build anything. Ask who runs this server for the permission.'
      )}
    </Note>
  );
}

/** What is wrong and what to do about it, as a box of its own. */
export function ProblemNote(props: {
  problem: IProblem;
  children?: React.ReactNode;
}): JSX.Element {
  const { message, detail, remedy } = props.problem;
  return (
    <Note tone="error" icon="failed" role="alert">
      <strong>{message}</strong> {detail} {remedy}
      {props.children && <div className="mlenv-Actions">{props.children}</div>}
    </Note>
  );
}

/** What is wrong with one field, under it. */
export function FieldProblem(props: {
  id?: string;
  problem: Pick<IProblem, 'message' | 'remedy'> | null | undefined;
}): JSX.Element | null {
  if (!props.problem) {
    return null;
  }
  const { message, remedy } = props.problem;
  return (
    <div className="mlenv-FieldProblem" id={props.id} role="alert">
      <Glyph name="failed" size={12} />
      <span>
        {message} {remedy}
      </span>
    </div>
  );
}

/** What stands in a list until the answer is there. */
export function SkeletonRow(): JSX.Element {
  return (
    <div className="mlenv-Skeleton" aria-hidden="true">
      <span />
      <span />
      <span />
      <span />
    </div>
  );
}

/** Nothing here, what this is for, and the one thing to do. */
export function Empty(props: {
  icon?: GlyphName;
  title: string;
  children?: React.ReactNode;
}): JSX.Element {
  return (
    <div className="mlenv-Empty">
      {props.icon && <Glyph name={props.icon} size={28} />}
      <h3>{props.title}</h3>
      {props.children}
    </div>
  );
}
