import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { formatSize } from '../format';
import { usePanel } from '../panel/context';
import { Note } from '../panel/parts';
import { statusQuery } from '../queries';
import type { ILockedPackage } from '../wire';

/** What is installed takes about this much more room than its download, and both are kept. */
const UNPACKED = 4;

export interface IRoom {
  /** Bytes to download at most: what was fetched before is not fetched again. */
  readonly download: number;
  readonly free: number;
  /** It will most likely not fit. */
  readonly isTight: boolean;
}

/** Whether there is room for packages; `null` while sizes or room are not known. */
export function roomFor(
  packages: readonly Pick<ILockedPackage, 'size'>[],
  free: number
): IRoom | null {
  const download = packages.reduce((sum, one) => sum + (one.size ?? 0), 0);
  return download > 0
    ? { download, free, isTight: download * UNPACKED > free }
    : null;
}

export function useRoom(
  packages: readonly ILockedPackage[] | null
): IRoom | null {
  const { api } = usePanel().environments;
  const { data } = useQuery({
    ...statusQuery(api),
    enabled: packages !== null
  });
  return React.useMemo(
    () => (packages && data ? roomFor(packages, data.disk_free) : null),
    [packages, data]
  );
}

/** Says before a build that it will most likely fill the disk. */
export function RoomNote(props: { room: IRoom | null }): JSX.Element | null {
  const { trans } = usePanel();
  const { room } = props;
  if (!room?.isTight) {
    return null;
  }
  return (
    <Note tone="warning" icon="warning" role="status">
      {trans.__(
        'This needs about %1, and %2 are free. Free disk space, or set MLENV_STORE to a directory on a larger disk.',
        formatSize(room.download * UNPACKED),
        formatSize(room.free)
      )}
    </Note>
  );
}
