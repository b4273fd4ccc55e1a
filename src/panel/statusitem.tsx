import type { CommandRegistry } from '@lumino/commands';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { CommandIDs } from '../commandids';
import { Glyph } from '../icons';
import type { IEnvironments } from '../tokens';

/** "1 build: NAME" in the status bar while something is built. */
export class BuildsStatus extends ReactWidget {
  constructor(
    private readonly _environments: IEnvironments,
    private readonly _commands: CommandRegistry,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('mlenv-Status');
  }

  protected render(): JSX.Element {
    return (
      <UseSignal signal={this._environments.buildsChanged}>
        {() => this._item()}
      </UseSignal>
    );
  }

  private _item(): JSX.Element | null {
    const builds = this._environments.runningBuilds;
    const [first] = builds;
    if (!first) {
      return null;
    }
    const { progress } = first;
    const count = progress?.total ? `, ${progress.done}/${progress.total}` : '';
    const words = this._trans._n(
      '%1 build: %2',
      '%1 builds: %2',
      builds.length,
      first.name + count
    );
    return (
      <button
        type="button"
        className="mlenv-Status-button"
        title={this._trans.__('Show the build')}
        onClick={() => {
          void this._commands.execute(CommandIDs.show, {
            name: first.name,
            version: first.version,
            tab: 'builds'
          });
        }}
      >
        <span className="mlenv-State" data-state="building">
          <Glyph name="building" size={14} />
        </span>
        {words}
      </button>
    );
  }
}
