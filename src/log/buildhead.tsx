import type { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Menu } from '@lumino/widgets';
import * as React from 'react';

import { formatAge, formatDate, formatSeconds } from '../format';
import { showMenu } from '../panel/menus';
import { Button } from '../panel/parts';
import type { BuildState, IBuild } from '../wire';

export interface IBuildHeadProps {
  build: IBuild;
  /** The state by the newest word of it. */
  state: BuildState;
  /** The name and the version, as the caller writes them. */
  title: React.ReactNode;
  onCancel?: () => void;
  onRetry?: (options?: { cache?: boolean }) => void;
  trans: TranslationBundle;
}

/** What is built, since when and by whom, and the one thing to do about it. */
export function BuildHead(props: IBuildHeadProps): JSX.Element {
  const { build, state, title, trans } = props;
  return (
    <header className="mlenv-BuildHead">
      <div className="mlenv-BuildHead-words">
        <div className="mlenv-BuildHead-title">{title}</div>
        <div
          className="mlenv-BuildHead-facts"
          title={formatDate(build.created_at)}
        >
          {factsOf(build, state, trans)}
        </div>
      </div>
      <Action {...props} />
    </header>
  );
}

function Action(props: IBuildHeadProps): JSX.Element | null {
  const { build, state, onCancel, onRetry, trans } = props;
  switch (state) {
    case 'succeeded':
      return null;
    case 'failed':
    case 'interrupted':
      return onRetry ? (
        <Button
          icon="retry"
          caret
          label={trans.__('Retry')}
          onClick={event => openRetryMenu(event.currentTarget, onRetry, trans)}
        />
      ) : null;
    case 'cancelled':
      return onRetry ? (
        <Button
          icon="retry"
          label={trans.__('Build again')}
          onClick={() => onRetry()}
        />
      ) : null;
    default:
      return onCancel ? (
        <Button
          icon="close"
          disabled={build.cancelling}
          label={
            build.cancelling
              ? trans.__('Cancelling…')
              : trans.__('Cancel build')
          }
          onClick={onCancel}
        />
      ) : null;
  }
}

function openRetryMenu(
  button: HTMLElement,
  retry: (options?: { cache?: boolean }) => void,
  trans: TranslationBundle
): void {
  const commands = new CommandRegistry();
  commands.addCommand('retry', {
    label: trans.__('Retry'),
    execute: () => retry()
  });
  commands.addCommand('fresh', {
    label: trans.__('Retry without cache'),
    execute: () => retry({ cache: false })
  });
  const menu = new Menu({ commands });
  menu.addItem({ command: 'retry' });
  menu.addItem({ command: 'fresh' });
  showMenu(menu, button);
}

function factsOf(
  build: IBuild,
  state: BuildState,
  trans: TranslationBundle
): string {
  const { created_at, started_at, finished_at, author } = build;
  const age = formatAge(finished_at ?? started_at ?? created_at, trans);
  const facts = [];
  if (!finished_at) {
    facts.push(
      author
        ? trans.__('Started %1 by %2', age, author)
        : trans.__('Started %1', age)
    );
  } else {
    const took =
      (Date.parse(finished_at) - Date.parse(started_at ?? created_at)) / 1000;
    facts.push(
      trans.__(
        '%1 %2 after %3',
        endWord(state, trans),
        age,
        formatSeconds(took, trans)
      )
    );
  }
  if (state === 'queued' && build.ahead) {
    facts.push(trans.__('Waiting: %1 before it', build.ahead));
  }
  facts.push(trans.__('build %1', build.id));
  return facts.join(' · ');
}

function endWord(state: BuildState, trans: TranslationBundle): string {
  switch (state) {
    case 'failed':
      return trans.__('Failed');
    case 'cancelled':
      return trans.__('Cancelled');
    case 'interrupted':
      return trans.__('Interrupted');
    default:
      return trans.__('Built');
  }
}
