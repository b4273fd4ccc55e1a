import * as React from 'react';

import type { BuildLog } from './log';

/** This close to the end counts as being at it. */
const NEAR_PX = 12;

interface IFollow {
  follow: boolean;
  setFollow: (follow: boolean) => void;
  /** Stops following, unless all of the log is in view anyway. */
  leaveEnd: () => void;
  /** Lines that came in since following stopped. */
  fresh: number;
  onScroll: () => void;
}

/**
 * Keeps the end of a log in view while it is wanted: scrolling up ends it,
 * reaching the end begins it again.
 */
export function useFollow(
  scroller: React.RefObject<HTMLElement>,
  log: BuildLog,
  height: number
): IFollow {
  const [follow, setFollowing] = React.useState(true);
  const [seen, setSeen] = React.useState(0);
  const lastTop = React.useRef(0);

  const setFollow = React.useCallback(
    (next: boolean) => {
      setFollowing(next);
      setSeen(log.lines.length);
    },
    [log]
  );

  const leaveEnd = React.useCallback(() => {
    const node = scroller.current;
    if (node && node.scrollHeight > node.clientHeight + NEAR_PX) {
      setFollow(false);
    }
  }, [scroller, setFollow]);

  React.useLayoutEffect(() => {
    const node = scroller.current;
    if (follow && node) {
      node.scrollTop = node.scrollHeight;
      lastTop.current = node.scrollTop;
    }
  }, [follow, height, scroller, log]);

  // The end also leaves the view when the view itself gets smaller.
  React.useEffect(() => {
    const node = scroller.current;
    if (!follow || !node) {
      return;
    }
    const observer = new ResizeObserver(() => {
      node.scrollTop = node.scrollHeight;
      lastTop.current = node.scrollTop;
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, [follow, scroller]);

  const onScroll = () => {
    const node = scroller.current;
    if (!node) {
      return;
    }
    const up = node.scrollTop < lastTop.current;
    lastTop.current = node.scrollTop;
    const below = node.scrollHeight - node.clientHeight - node.scrollTop;
    if (follow && up && below > NEAR_PX) {
      setFollow(false);
    } else if (!follow && !up && below <= NEAR_PX) {
      setFollow(true);
    }
  };

  return {
    follow,
    setFollow,
    leaveEnd,
    fresh: log.lines.length - seen,
    onScroll
  };
}
