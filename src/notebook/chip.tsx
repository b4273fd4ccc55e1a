import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { KernelSpec } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import * as React from 'react';

import { formatVersion } from '../format';
import type { GlyphName } from '../icons';
import { Glyph } from '../icons';
import { useSignal } from '../panel/context';
import { preloadSwitcher } from '../switcher';
import type { DriftWatch } from './driftwatch';
import { shortOf } from './driftwatch';
import type { IKernelFacts } from './kernelfacts';
import { factsOfSpec } from './kernelfacts';
import type { MissingKernel } from './missingkernel';
import type { StartingKernels } from './starting';

/** Set on a notebook whose chip stands in for the name of its kernel. */
const OURS_CLASS = 'mlenv-mod-ours';

interface IChipState {
  readonly facts: IKernelFacts;
  readonly glyph:
    'ready' | 'missing' | 'building' | 'starting' | 'failed' | 'drift';
  /** "+2" where the kernel has two packages more than its version; "40 of 200 MB" while it starts. */
  readonly drift: string;
}

/** Which environment a notebook runs in, as a button that opens the choice of others. */
export class EnvironmentChip extends ReactWidget {
  constructor(options: EnvironmentChip.IOptions) {
    super();
    this._options = options;
    this.addClass('mlenv-ChipWidget');
    this._context = options.panel.sessionContext;
    this._context.kernelChanged.connect(this._update, this);
    this._context.statusChanged.connect(this._update, this);
    options.kernelspecs.specsChanged.connect(this._update, this);
    options.missing?.changed.connect(this._update, this);
    options.drift?.changed.connect(this._update, this);
    options.starting?.changed.connect(this._update, this);
    this._update();
  }

  dispose(): void {
    Signal.disconnectReceiver(this);
    Signal.clearData(this);
    super.dispose();
  }

  get state(): IChipState | null {
    return this._state;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  protected render(): JSX.Element {
    return (
      <ChipView
        chip={this}
        onOpen={this._options.open}
        onMore={this._options.more}
        trans={this._options.trans}
      />
    );
  }

  private _update(): void {
    const next = this._read();
    if (JSON.stringify(next) !== JSON.stringify(this._state)) {
      this._state = next;
      this._options.panel.toggleClass(OURS_CLASS, next !== null);
      this.setHidden(next === null);
      this._changed.emit();
    }
  }

  private _read(): IChipState | null {
    const { missing, kernelspecs } = this._options;
    if (missing && missing.state.is !== 'here') {
      const { is, wants } = missing.state;
      return { facts: wants, glyph: is, drift: '' };
    }
    const kernel = this._context.session?.kernel;
    const facts = kernel && factsOfSpec(kernel.name, kernelspecs.specs);
    if (!facts) {
      return null;
    }
    const doing = this._options.starting?.of(kernel.name);
    if (doing) {
      return { facts, glyph: 'starting', drift: doing };
    }
    const found = this._options.drift?.drift;
    const drift = found ? shortOf(found) : '';
    const well = found ? 'drift' : 'ready';
    const glyph = kernel.status === 'dead' ? 'failed' : well;
    return { facts, glyph, drift };
  }

  private readonly _options: EnvironmentChip.IOptions;
  private readonly _context: ISessionContext;
  private readonly _changed = new Signal<this, void>(this);
  private _state: IChipState | null = null;
}

export namespace EnvironmentChip {
  export interface IOptions {
    panel: NotebookPanel;
    kernelspecs: KernelSpec.IManager;
    /** Says whether the kernel that the notebook wants is here. */
    missing: MissingKernel | null;
    /** Knows what the kernel has beyond its version. */
    drift?: DriftWatch;
    /** Knows what kernels are doing that take long to start. */
    starting?: StartingKernels;
    /** Opens what the notebook can be switched to, under the chip. */
    open: (facts: IKernelFacts, at: HTMLElement) => void;
    /** Opens what can be chosen for this notebook, under an element. */
    more?: (facts: IKernelFacts, at: HTMLElement) => void;
    trans: TranslationBundle;
  }
}

function ChipView(props: {
  chip: EnvironmentChip;
  onOpen: (facts: IKernelFacts, at: HTMLElement) => void;
  onMore?: (facts: IKernelFacts, at: HTMLElement) => void;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { chip, onOpen, onMore, trans } = props;
  const state = useSignal(chip.changed, () => chip.state);
  if (!state) {
    return null;
  }
  const { facts, glyph, drift } = state;
  const title = `${facts.name} ${formatVersion(facts.version)}`;
  const label = trans.__('Environment %1: %2', title, wordFor(state, trans));
  return (
    <>
      <button
        type="button"
        className="mlenv-Chip"
        title={label}
        aria-label={label}
        aria-haspopup="dialog"
        onPointerEnter={preloadSwitcher}
        onFocus={preloadSwitcher}
        onClick={event => onOpen(facts, event.currentTarget)}
      >
        <Glyph name="environment" />
        <Name text={facts.name} />
        <span className="mlenv-Chip-version">
          {formatVersion(facts.version)}
        </span>
        <span className="mlenv-Chip-state" data-state={glyph}>
          <Glyph name={glyphOf(glyph)} size={14} />
          {drift && <span>{drift}</span>}
        </span>
      </button>
      {onMore && (
        <button
          type="button"
          className="mlenv-Chip-more"
          title={trans.__('Version of this notebook')}
          aria-label={trans.__('Version of this notebook')}
          aria-haspopup="menu"
          onClick={event => onMore(facts, event.currentTarget)}
        >
          <Glyph name="caret" size={16} />
        </button>
      )}
    </>
  );
}

/** How many letters stay whole at the end when there is no room for all. */
const TAIL = 5;

/** A name that is cut in the middle, so that what tells similar names apart stays. */
function Name({ text }: { text: string }): JSX.Element {
  const cut = text.length > 2 * TAIL ? text.length - TAIL : text.length;
  return (
    <span className="mlenv-Chip-name">
      <span>{text.slice(0, cut)}</span>
      <span>{text.slice(cut)}</span>
    </span>
  );
}

function glyphOf(state: IChipState['glyph']): GlyphName {
  return state === 'starting' ? 'building' : state;
}

function wordFor(
  { glyph, drift }: IChipState,
  trans: TranslationBundle
): string {
  switch (glyph) {
    case 'drift':
      return /^\D1$/.test(drift)
        ? trans.__('%1 package', drift)
        : trans.__('%1 packages', drift);
    case 'ready':
      return trans.__('ready');
    case 'missing':
      return trans.__('not on this machine');
    case 'building':
      return trans.__('building');
    case 'starting':
      return trans.__('fetching its image, %1', drift);
    case 'failed':
      return trans.__('failed');
  }
}
