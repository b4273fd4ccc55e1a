import * as React from 'react';

import { plain } from '../../log/lines';
import { usePanel } from '../context';

/** Characters that are kept on the page: the end is what one looks for. */
const KEPT = 200_000;
const LOOK_MS = 700;

/**
 * The log of a run or a service, read on while it is shown. It asks again and again instead of
 * holding a request open: the browser has six for the whole of JupyterLab.
 */
export function Tail(props: {
  label: string;
  /** Ends the reading once all is there. */
  ended: boolean;
  read: (from: number, signal: AbortSignal) => Promise<string>;
}): JSX.Element {
  const { trans } = usePanel();
  const { label, ended } = props;
  const [text, setText] = React.useState<string | null>(null);
  const box = React.useRef<HTMLPreElement>(null);
  const reading = React.useRef({ read: props.read, ended });
  reading.current = { read: props.read, ended };

  React.useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from = 0;
    const look = async () => {
      const last = reading.current.ended;
      let wait = LOOK_MS;
      try {
        const more = await reading.current.read(from, stop.signal);
        from += new TextEncoder().encode(more).length;
        setText(before => ((before ?? '') + textOf(more)).slice(-KEPT));
        if (last && !more) {
          return;
        }
      } catch {
        wait = 5 * LOOK_MS; // The panel says itself that the server is away.
      }
      if (!stop.signal.aborted) {
        timer = setTimeout(() => void look(), wait);
      }
    };
    void look();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);

  React.useLayoutEffect(() => {
    const one = box.current;
    // Whoever has scrolled up reads there.
    if (one && one.scrollHeight - one.scrollTop - one.clientHeight < 80) {
      one.scrollTop = one.scrollHeight;
    }
  }, [text]);

  return (
    <pre
      ref={box}
      className="mlenv-Tail"
      role="log"
      aria-label={label}
      tabIndex={0}
    >
      {text === null ? trans.__('Reading…') : text || trans.__('Nothing yet.')}
    </pre>
  );
}

/** The texts in lines of `log.jsonl`. */
export function textOf(lines: string): string {
  let made = '';
  for (const line of lines.split('\n')) {
    if (line) {
      try {
        const { x } = JSON.parse(line) as { x?: string };
        made += x ? `${plain(x)}\n` : '';
      } catch {
        // A line that a crash has cut.
      }
    }
  }
  return made;
}
