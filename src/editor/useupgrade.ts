import { useQuery, useQueryClient } from '@tanstack/react-query';
import * as React from 'react';

import { problemOf } from '../api';
import { usePanel } from '../panel/context';
import { pythonsQuery, releasesQuery } from '../queries';
import type { IIndexes, IRelease } from '../wire';
import {
  canonicalName,
  formatRequirement,
  parseRequirement
} from './requirement';
import { takesPython } from './requirespython';
import type { EditDraft } from './usedraft';

const PIN = /^===?[^*,]+$/;

/** Whether it is held to exactly one version: all others are resolved anew by saving. */
export function isPinned(wanted: string | null): boolean {
  return wanted !== null && PIN.test(wanted);
}

/** The newest version for a Python that is neither withdrawn nor a pre-release. */
export function newestOf(
  releases: readonly IRelease[],
  python: string
): string | null {
  const final = releases.find(
    one =>
      !one.yanked &&
      !one.prerelease &&
      takesPython(one.requires_python ?? '', python)
  );
  return final?.version ?? null;
}

/** Takes the newest version of one package, or of every one that is held to a version. */
export function useUpgrade(
  requirements: readonly string[],
  indexes: IIndexes,
  python: string | null,
  edit: EditDraft
) {
  const { trans, environments } = usePanel();
  const pythons = useQuery(pythonsQuery(environments.api)).data;
  const queries = useQueryClient();
  const [busy, setBusy] = React.useState(false);
  const [said, say] = React.useState<string | null>(null);
  const latest = React.useRef(requirements);
  latest.current = requirements;
  const pinned = requirements.filter(line =>
    isPinned(parseRequirement(line)?.wanted ?? null)
  );

  const upgrade = async (index?: number) => {
    const lines = index === undefined ? pinned : [requirements[index]];
    setBusy(true);
    say(null);
    const better = new Map<string, string>();
    const failed: string[] = [];
    await Promise.all(
      lines.map(async line => {
        const parts = parseRequirement(line);
        if (!parts) {
          return;
        }
        try {
          const { items } = await queries.fetchQuery(
            releasesQuery(environments.api, canonicalName(parts.name), indexes)
          );
          const newest = newestOf(items, python ?? pythons?.default ?? '');
          if (newest && parts.wanted !== `==${newest}`) {
            const wanted = `==${newest}`;
            better.set(line, formatRequirement({ ...parts, wanted }));
          }
        } catch (reason) {
          failed.push(problemOf(reason).message);
        }
      })
    );
    setBusy(false);
    if (better.size > 0) {
      edit({
        // What was changed while the index was asked stays as it is.
        requirements: latest.current.map(line => better.get(line) ?? line)
      });
    }
    say(
      failed[0] ??
        (better.size > 0
          ? trans._n(
              '%1 package is held to its newest version now.',
              '%1 packages are held to their newest versions now.',
              better.size
            )
          : trans._n(
              'It is the newest version already.',
              'All %1 are the newest versions already.',
              lines.length
            ))
    );
  };
  return { pinned: pinned.length, busy, said, upgrade };
}
