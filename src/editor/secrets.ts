import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { usePanel } from '../panel/context';
import { keys, secretsQuery } from '../queries';
import type { ISecret } from '../wire';

const REFERENCE =
  /^\$\{secret:([A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?)\}$/;
const SPEAKS_OF_SECRETS = /TOKEN|KEY|PASSWORD|PASSWD|SECRET|CREDENTIAL/i;

/** The secret that a value refers to, or `null` for a value that is its own. */
export function secretOf(value: string): string | null {
  return REFERENCE.exec(value)?.[1] ?? null;
}

export function referenceTo(name: string): string {
  return `\${secret:${name}}`;
}

/** Whether a variable of that name probably holds a secret. */
export function looksSecret(name: string): boolean {
  return SPEAKS_OF_SECRETS.test(name);
}

/** What a new secret may be called: the environment and the variable. */
export function suggestedName(environment: string, variable: string): string {
  const plain = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '');
  return [plain(environment), plain(variable)].filter(Boolean).join('/');
}

/** The secrets of this user, and the way to set one. A value goes out and never comes back. */
export function useSecrets(environment: string, wanted: boolean) {
  const { environments } = usePanel();
  const { api, queries } = environments;
  const { data } = useQuery({ ...secretsQuery(api), enabled: wanted });
  const set = React.useCallback(
    async (name: string, value: string | null): Promise<ISecret> => {
      const made = await api.setSecret(name, {
        ...(value !== null && { value }),
        environments: [environment]
      });
      await queries.invalidateQueries({ queryKey: keys.secrets });
      return made;
    },
    [api, queries, environment]
  );
  return { known: data ?? null, set };
}
