import * as React from 'react';

import type { BuildLogStream, IFollowedLog, StreamState } from '../buildlog';
import { useSignal } from '../panel/context';
import type { BuildLog } from './log';
import { LogSearch } from './search';

/** Renders again when the log changed; the answer counts the changes. */
export function useLogVersion(log: BuildLog): number {
  return useSignal(log.changed, () => log.version);
}

/** The log of a build, kept up to date while the view is there; `null` in its first render. */
export function useFollowedLog(
  stream: BuildLogStream,
  build: string
): BuildLog | null {
  const [followed, setFollowed] = React.useState<IFollowedLog | null>(null);
  React.useEffect(() => {
    const next = stream.follow(build);
    setFollowed(next);
    return () => next.dispose();
  }, [stream, build]);
  return followed?.log.id === build ? followed.log : null;
}

export function useStreamState(stream: BuildLogStream): StreamState {
  return useSignal(stream.stateChanged, () => stream.state);
}

/** The lines that hold the query; goes on searching as the log grows. */
export function useSearch(
  log: BuildLog,
  query: string,
  version: number
): readonly number[] {
  const search = React.useMemo(
    () => new LogSearch(log.lines, query),
    [log, query]
  );
  const [, setSteps] = React.useState(0);
  const done = search.done;
  // A step looks at what is new, then asks for the next frame if more is left.
  React.useEffect(() => {
    if (done) {
      return;
    }
    const frame = requestAnimationFrame(() => {
      search.step();
      setSteps(steps => steps + 1);
    });
    return () => cancelAnimationFrame(frame);
  });
  // Small logs are searched at once, so that no key press shows an old count.
  if (!done && log.lines.length < 20_000) {
    search.step();
  }
  void version;
  return search.matches;
}
