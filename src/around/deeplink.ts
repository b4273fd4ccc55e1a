import type { IRouter, JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig, URLExt } from '@jupyterlab/coreutils';

import { CommandIDs } from '../commandids';
import { TABS } from '../panel/place';

const PARAMETER = 'mlenv';

/** What a link asks for: `NAME`, `NAME:VERSION`, and perhaps a tab after `#`. */
export function parseLink(
  search: string
): { name: string; version?: string; tab?: string } | null {
  const query = new URLSearchParams(search);
  const [, name, version] =
    /^([^:]+)(?::(.+))?$/.exec(query.get(PARAMETER) ?? '') ?? [];
  const tab = TABS.find(one => one === query.get('mlenv-tab'));
  return name
    ? { name, ...(version && { version }), ...(tab && { tab }) }
    : null;
}

/** The same search without what only a link needs. */
export function withoutLink(search: string): string {
  const query = new URLSearchParams(search);
  query.delete(PARAMETER);
  query.delete('mlenv-tab');
  const rest = query.toString();
  return rest ? `?${rest}` : '';
}

/** An address that opens this JupyterLab with an environment in view. */
export function linkTo(name: string, version: string): string {
  const base = URLExt.join(
    PageConfig.getBaseUrl(),
    PageConfig.getOption('appUrl') || 'lab'
  );
  const reference = version === 'latest' ? name : `${name}:${version}`;
  return `${new URL(base, location.href).href}?${PARAMETER}=${encodeURIComponent(reference)}`;
}

/** Opens what the address of the page asks for, once JupyterLab stands. */
export function followLinks(app: JupyterFrontEnd, router: IRouter): void {
  const { commands } = app;
  commands.addCommand(CommandIDs.followLink, {
    isVisible: () => false,
    execute: async args => {
      const { path, search, hash } = args as unknown as IRouter.ILocation;
      const wanted = parseLink(search ?? '');
      if (!wanted) {
        return;
      }
      router.navigate(`${path}${withoutLink(search ?? '')}${hash ?? ''}`, {
        skipRouting: true
      });
      await app.restored;
      await commands.execute(CommandIDs.show, wanted);
    }
  });
  router.register({
    command: CommandIDs.followLink,
    pattern: /[?&]mlenv=/,
    rank: 50
  });
}
