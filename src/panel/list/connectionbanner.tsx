import * as React from 'react';

import { Glyph } from '../../icons';
import { useConnection, useNow, usePanel } from '../context';
import { Button } from '../parts';

/** Says that the server is away, what the list is worth now, and when we try again. */
export function ConnectionBanner(): JSX.Element | null {
  const { lost } = useConnection();
  return lost ? <LostBanner /> : null;
}

function LostBanner(): JSX.Element {
  const { trans, environments } = usePanel();
  const { lastSeen, nextTry } = useConnection();
  const now = useNow(500);
  const time = new Date(lastSeen).toLocaleTimeString([], {
    hour: '2-digit',
    minute: '2-digit'
  });
  const seconds = nextTry ? Math.max(0, Math.ceil((nextTry - now) / 1000)) : 0;
  return (
    <div className="mlenv-Lost" role="status">
      <Glyph name="offline" />
      <span>
        {trans.__('Connection lost. Showing what was known at %1.', time)}{' '}
        <Button
          kind="link"
          label={trans.__('Try now')}
          onClick={() => environments.tryNow()}
        />{' '}
        <span aria-hidden="true">
          · {trans.__('next try in %1 s', seconds)}
        </span>
      </span>
    </div>
  );
}
