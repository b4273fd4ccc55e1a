import * as React from 'react';

import { Glyph } from '../icons';
import { usePanel } from '../panel/context';
import { openChoice } from '../panel/menus';
import { Button, IconButton, Note } from '../panel/parts';
import type { ISecret } from '../wire';

/** A variable whose value is a secret: where it is kept, and all that can be done with it. */
export function SecretRow(props: {
  variable: string;
  secret: string;
  environment: string;
  /** `null` while they are asked for. */
  known: readonly ISecret[] | null;
  readOnly: boolean;
  change?: 'added' | 'changed';
  onReplace: () => void;
  onAllow: () => void;
  onRemove: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { variable, secret, known, environment, readOnly } = props;
  const found = known?.find(one => one.name === secret);
  const isAllowed = found?.environments.includes(environment);
  const source = found
    ? found.source === 'keyring'
      ? trans.__('from keyring')
      : trans.__('from server')
    : '';
  return (
    <>
      <div
        className="mlenv-Variables-row mlenv-SecretRow"
        data-change={props.change}
      >
        <span className="mlenv-Code" title={variable}>
          {variable}
        </span>
        <span
          className="mlenv-SecretRow-value"
          title={[secret, source].filter(Boolean).join(', ')}
        >
          <Glyph name="secret" size={14} />
          <span aria-label={trans.__('secret %1', secret)} role="img">
            ••••••
          </span>
          <span className="mlenv-Code">{secret}</span>
          <span className="mlenv-Quiet">{source}</span>
        </span>
        {!readOnly && (
          <IconButton
            icon="more"
            label={trans.__('Actions for %1', variable)}
            menu
            onClick={event =>
              openChoice(
                [
                  {
                    label: trans.__('Replace Value…'),
                    choose: props.onReplace
                  },
                  {
                    label: trans.__('Remove From This Environment'),
                    choose: props.onRemove
                  }
                ],
                event.currentTarget
              )
            }
          />
        )}
      </div>
      {known && !found && (
        <Note tone="warning" icon="missing">
          {trans.__(
            'You have no secret %1 on this server: kernels do not start until it is set.',
            secret
          )}
          <div className="mlenv-Actions">
            <Button
              label={trans.__('Set its value…')}
              onClick={props.onReplace}
            />
          </div>
        </Note>
      )}
      {found && !isAllowed && (
        <Note tone="warning" icon="warning">
          {trans.__(
            '%1 may not be read by %2: kernels do not start until you allow it.',
            secret,
            environment
          )}
          <div className="mlenv-Actions">
            <Button label={trans.__('Allow')} onClick={props.onAllow} />
          </div>
        </Note>
      )}
    </>
  );
}
