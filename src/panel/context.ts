import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ITranslator, TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';

import type { IPanelSettings, PanelSettings } from '../around/settings';
import type { BuildLogStream } from '../buildlog';
import type { IDraft } from '../editor/draft';
import type { IConnection, IEnvironments, ISession } from '../tokens';
import type { ActiveNotebook, INotebookFacts } from './activenotebook';
import type { IPlaceState, Place } from './place';

/** What every view of the panel may use. */
export interface IPanelContext {
  environments: IEnvironments;
  /** The logs of builds. */
  stream: BuildLogStream;
  translator: ITranslator;
  trans: TranslationBundle;
  commands: CommandRegistry;
  notebook: ActiveNotebook;
  place: Place;
  settings: PanelSettings;
  /** JupyterLab's editors. */
  editors: IEditorServices | null;
  /** Renders and sanitises Markdown. */
  rendermime: IRenderMimeRegistry | null;
}

export const PanelContext = React.createContext<IPanelContext | null>(null);

export function usePanel(): IPanelContext {
  const context = React.useContext(PanelContext);
  if (!context) {
    throw new Error('A view of the panel stands outside of it.');
  }
  return context;
}

/** A value that is read again when the signal is emitted. It must keep its identity until then. */
export function useSignal<S, A, T>(signal: ISignal<S, A>, read: () => T): T {
  const subscribe = React.useCallback(
    (notify: () => void) => {
      const slot = () => notify();
      signal.connect(slot);
      return () => {
        signal.disconnect(slot);
      };
    },
    [signal]
  );
  return React.useSyncExternalStore(subscribe, read);
}

export function usePlace(): IPlaceState {
  const { place } = usePanel();
  return useSignal(place.changed, () => place.state);
}

export function useConnection(): IConnection {
  const { environments } = usePanel();
  return useSignal(
    environments.connectionChanged,
    () => environments.connection
  );
}

/** Whether this person may change anything here. */
export function useMayWrite(): boolean {
  const { environments } = usePanel();
  return useSignal(environments.mayWriteChanged, () => environments.mayWrite);
}

export function useRunningKernels(): ReadonlySet<string> {
  const { environments } = usePanel();
  return useSignal(
    environments.runningKernelsChanged,
    () => environments.runningKernels
  );
}

/** The notebooks and consoles that run now. */
export function useSessions(): readonly ISession[] {
  const { environments } = usePanel();
  return useSignal(
    environments.runningKernelsChanged,
    () => environments.sessions
  );
}

export function useSettings(): IPanelSettings {
  const { settings } = usePanel();
  return useSignal(settings.changed, () => settings.current);
}

/** The notebook in front, or `null`. */
export function useNotebook(): INotebookFacts | null {
  const { notebook } = usePanel();
  return useSignal(notebook.changed, () => notebook.facts);
}

export function useDraft(key: string): IDraft | null {
  const { drafts } = usePanel().environments;
  return useSignal(drafts.changed, () => drafts.get(key));
}

/** A value that has been the same for a while. */
export function useSettled<T>(value: T, delay: number): T {
  const [settled, settle] = React.useState(value);
  React.useEffect(() => {
    const timer = setTimeout(() => settle(value), delay);
    return () => clearTimeout(timer);
  }, [value, delay]);
  return settled;
}

/** The time, read again every so often. */
export function useNow(interval: number): number {
  const [now, setNow] = React.useState(Date.now);
  React.useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return now;
}

/** True once something has been awaited for long enough to say so. */
export function useSlow(waiting: boolean, after = 150): boolean {
  const [slow, setSlow] = React.useState(false);
  React.useEffect(() => {
    if (!waiting) {
      setSlow(false);
      return;
    }
    const timer = setTimeout(() => setSlow(true), after);
    return () => clearTimeout(timer);
  }, [waiting, after]);
  return waiting && slow;
}
