import type { IRenderMime } from '@jupyterlab/rendermime';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import { Panel, Widget } from '@lumino/widgets';

/** Puts a view into a node; calls back if what it shows is gone. */
export type Mount = (node: HTMLElement, onGone: () => void) => IDisposable;

/**
 * Finds the view of what an output says, or `null` where this server does not know it. An output
 * that nobody trusts gets a view without buttons.
 */
export type Find = (
  said: ReadonlyPartialJSONValue | undefined,
  trusted: boolean
) => Promise<Mount | null>;

/**
 * An output that is alive where the server knows what it is about. Until it has answered, and
 * wherever it does not, the card stands there that every other client shows.
 */
export class LiveOutput extends Panel implements IRenderMime.IRenderer {
  constructor(
    private readonly _mimeType: string,
    private readonly _createCard: (
      model: IRenderMime.IMimeModel
    ) => IRenderMime.IRenderer | null,
    private readonly _find: Find
  ) {
    super();
    this.addClass('mlenv-Cell');
    // Keys that are pressed in here are not the notebook's.
    this.node.dataset.lmSuppressShortcuts = 'true';
  }

  /** Called again and again as a build goes on: the view stays, if it is of the same build. */
  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    const said = model.data[this._mimeType];
    const asked = JSON.stringify([said, model.trusted]);
    const isNew = asked !== this._asked;
    if (isNew) {
      this._asked = asked;
      this._end();
    }
    if (!this._view) {
      await this._showCard();
    }
    if (isNew) {
      void this._look(said, model.trusted, asked);
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._end();
      super.dispose();
    }
  }

  private async _look(
    said: ReadonlyPartialJSONValue | undefined,
    trusted: boolean,
    asked: string
  ): Promise<void> {
    const mount = await this._find(said, trusted).catch(() => null);
    if (!mount || this.isDisposed || this._asked !== asked) {
      return;
    }
    const place = new Widget();
    this.addWidget(place);
    this._view = mount(place.node, () => {
      this._end();
      void this._showCard();
    });
    this._place = place;
    this._card?.hide();
  }

  private async _showCard(): Promise<void> {
    if (!this._model || this.isDisposed) {
      return;
    }
    if (!this._card) {
      this._card = this._createCard(this._model);
      if (this._card) {
        this.addWidget(this._card);
      }
    }
    this._card?.show();
    await this._card?.renderModel(this._model);
  }

  private _end(): void {
    const { _view: view, _place: place } = this;
    this._view = null;
    this._place = null;
    view?.dispose();
    place?.dispose();
  }

  private _model: IRenderMime.IMimeModel | null = null;
  private _card: IRenderMime.IRenderer | null = null;
  private _view: IDisposable | null = null;
  private _place: Widget | null = null;
  private _asked = '';
}
