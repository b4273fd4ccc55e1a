import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../panel/parts';
import type { IPlan, ITick } from '../wire';

/** What cannot be left out: without its tick nothing can be restored. */
const NEEDED = new Set<ITick['kind']>(['vcs', 'url', 'image', 'interpreter']);

interface IReviewProps {
  plan: IPlan;
  onRestore: (ticked: string[]) => void;
  trans: TranslationBundle;
}

/**
 * What a notebook wants, what this machine has, and what a press of Restore will
 * do, in order. What its author chose beside packages has a tick each.
 */
export function Review(props: IReviewProps): JSX.Element {
  const { plan, onRestore, trans } = props;
  const [ticked, setTicked] = React.useState<ReadonlySet<string>>(new Set());
  const blocked = plan.ticks.some(
    one => NEEDED.has(one.kind) && !ticked.has(one.id)
  );
  const toggle = (id: string) => {
    const next = new Set(ticked);
    if (!next.delete(id)) {
      next.add(id);
    }
    setTicked(next);
  };
  return (
    <div
      className="mlenv-Review"
      role="region"
      aria-label={trans.__('What Restore will do')}
    >
      <dl className="mlenv-Review-facts">
        <dt>{trans.__('The notebook wants')}</dt>
        <dd>{wantsOf(plan, trans)}</dd>
        <dt>{trans.__('This machine has')}</dt>
        <dd>{hasOf(plan, trans)}</dd>
        <dt>{trans.__('Restore will')}</dt>
        <dd>
          <ol>
            {plan.steps.map(step => (
              <li key={step}>{step}</li>
            ))}
          </ol>
        </dd>
      </dl>
      {plan.warning && <p className="mlenv-Review-note">{plan.warning}</p>}
      {plan.left_out.length > 0 && (
        <p className="mlenv-Review-note">
          {trans.__(
            'Good on its author’s machine only, and left out: %1.',
            plan.left_out.join(', ')
          )}
        </p>
      )}
      {plan.unbound.length > 0 && (
        <p className="mlenv-Review-note">
          {trans.__(
            'Secrets of its author, which you set yourself if you need them: %1.',
            plan.unbound.join(', ')
          )}
        </p>
      )}
      {plan.ticks.length > 0 && (
        <fieldset className="mlenv-Review-ticks">
          <legend>
            {trans.__('Chosen by its author. Tick what you trust:')}
          </legend>
          {plan.ticks.map(one => (
            <label key={one.id}>
              <input
                type="checkbox"
                checked={ticked.has(one.id)}
                onChange={() => toggle(one.id)}
              />
              <span>{kindOf(one, trans)}</span>
              <code>{one.text}</code>
            </label>
          ))}
        </fieldset>
      )}
      <Button
        kind="primary"
        label={trans.__('Restore')}
        disabled={blocked}
        title={
          blocked
            ? trans.__('It cannot be made without what is not ticked')
            : undefined
        }
        onClick={() => onRestore([...ticked])}
      />
    </div>
  );
}

function wantsOf(plan: IPlan, trans: TranslationBundle): string {
  const facts = [`${plan.name} v${plan.version}`];
  if (plan.python) {
    facts.push(trans.__('Python %1', plan.python));
  }
  if (plan.packages !== null) {
    facts.push(trans._n('%1 package', '%1 packages', plan.packages));
  }
  if (plan.platform) {
    facts.push(plan.platform);
  }
  return facts.join(' · ');
}

function hasOf(plan: IPlan, trans: TranslationBundle): string {
  const here = `${plan.here_name} v${plan.here_version}`;
  switch (plan.state) {
    case 'ready':
      return trans.__('%1, built', here);
    case 'same-packages':
      return trans.__('%1, with the same packages', here);
    case 'registered':
      return trans.__('%1, not built', here);
    case 'other-platform':
      return trans.__('another platform: some packages may differ');
    default:
      return trans.__('nothing of it yet');
  }
}

function kindOf(tick: ITick, trans: TranslationBundle): string {
  switch (tick.kind) {
    case 'index':
      return trans.__('packages from');
    case 'links':
      return trans.__('files from');
    case 'vcs':
      return trans.__('code from a repository');
    case 'url':
      return trans.__('a file from');
    case 'source':
      return trans.__('built from source');
    case 'image':
      return trans.__('the image');
    case 'interpreter':
      return trans.__('the interpreter');
    case 'variable':
      return trans.__('the variable');
  }
}
