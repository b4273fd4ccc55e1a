import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { ServiceManager } from '@jupyterlab/services';

import type { IEnvironments } from '../tokens';
import { DriftWatch } from './driftwatch';
import { NotebookMemory } from './memory';
import { MissingKernel, type Switch } from './missingkernel';
import { Notices } from './notices';
import { Opening } from './opening';
import { Surroundings } from './surroundings';

/** What is known of one notebook: it lives as long as the notebook is open. */
export interface IWatched {
  readonly missing: MissingKernel;
  readonly drift: DriftWatch;
  readonly memory: NotebookMemory;
  readonly notices: Notices;
}

/** What is known of each open notebook; made when somebody asks first. */
export class Watched {
  constructor(
    private readonly _environments: IEnvironments,
    private readonly _services: ServiceManager.IManager,
    private readonly _startAnew: Switch,
    private readonly _switchTo: Switch,
    private readonly _dialogs: ISessionContext.IDialogs | null
  ) {}

  /** The toolbar may ask before the tracker knows the notebook. */
  of(panel: NotebookPanel): IWatched {
    const known = this._known.get(panel);
    if (known) {
      return known;
    }
    const { opening, ...made } = this._make(panel);
    this._known.set(panel, made);
    panel.disposed.connect(() => {
      opening.dispose();
      made.notices.dispose();
      made.memory.dispose();
      made.drift.dispose();
      made.missing.dispose();
    });
    return made;
  }

  private _make(panel: NotebookPanel): IWatched & { opening: Opening } {
    const environments = this._environments;
    const { contents, kernelspecs } = this._services;
    const missing = new MissingKernel(
      panel,
      environments,
      kernelspecs,
      contents,
      this._startAnew
    );
    const memory = new NotebookMemory(panel, {
      environments,
      kernelspecs,
      contents
    });
    const drift = new DriftWatch(panel, environments, kernelspecs);
    const surroundings = new Surroundings(
      panel,
      environments,
      kernelspecs,
      contents
    );
    const opening = new Opening(panel, {
      kernelspecs,
      surroundings,
      dialogs: this._dialogs,
      mayWrite: () => environments.mayWrite
    });
    const notices = new Notices(panel, {
      environments,
      kernelspecs,
      drift,
      memory,
      surroundings,
      switchTo: this._switchTo
    });
    return { missing, drift, memory, notices, opening };
  }

  private readonly _known = new WeakMap<NotebookPanel, IWatched>();
}
