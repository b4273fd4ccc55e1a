import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ISignal, Signal } from '@lumino/signaling';

/** What a person may set about the panel; the schema is in `panel.json`. */
export interface IPanelSettings {
  /** Rows of the list in two lines, or in one. */
  readonly density: 'comfortable' | 'compact';
  /** Whether the end of a build is told where its log is not in view. */
  readonly notify: boolean;
}

const DEFAULTS: IPanelSettings = { density: 'comfortable', notify: true };

/** The settings as they are now; a change takes effect at once. */
export class PanelSettings {
  get current(): IPanelSettings {
    return this._current;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Follows a plugin's settings; without a registry the defaults stay. */
  async follow(registry: ISettingRegistry, plugin: string): Promise<void> {
    const settings = await registry.load(plugin);
    const read = () => {
      const { density, notify } = settings.composite;
      this._current = {
        density: density === 'compact' ? 'compact' : 'comfortable',
        notify: notify !== false
      };
      this._changed.emit();
    };
    settings.changed.connect(read);
    read();
  }

  private _current = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);
}
