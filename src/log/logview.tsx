import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { useLogVersion, useSearch } from './hooks';
import type { BuildLog } from './log';
import { FoldLine, LogLine } from './logrow';
import { LogToolbar } from './logtoolbar';
import { useFollow } from './usefollow';

const ROW_HEIGHT = 18;

interface ILogViewProps {
  log: BuildLog;
  /** What stands below the lines, such as the state of the connection. */
  footer?: React.ReactNode;
  trans: TranslationBundle;
}

/** The lines of a log, of which only those in view are in the page. */
export function LogView({ log, footer, trans }: ILogViewProps): JSX.Element {
  const version = useLogVersion(log);
  const [wrap, setWrap] = React.useState(false);
  const [query, setQuery] = React.useState('');
  const [current, setCurrent] = React.useState(-1);
  const scroller = React.useRef<HTMLDivElement>(null);
  const searchBox = React.useRef<HTMLInputElement>(null);
  const matches = useSearch(log, query, version);

  const virtual = useVirtualizer({
    count: log.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 24
  });
  const { follow, setFollow, leaveEnd, fresh, onScroll } = useFollow(
    scroller,
    log,
    virtual.getTotalSize()
  );

  // Heights belong to rows, so they are void when other lines stand in them.
  const layout = `${wrap} ${log.rows.showAll} ${log.rows.openCount}`;
  React.useLayoutEffect(() => virtual.measure(), [virtual, layout]);

  const jump = React.useCallback(
    (line: number) => {
      leaveEnd();
      log.rows.reveal(line);
      virtual.scrollToIndex(log.rows.rowOf(line), { align: 'center' });
    },
    [log, virtual, leaveEnd]
  );

  const failed = log.result?.state === 'failed';
  React.useEffect(() => {
    if (failed && log.firstError >= 0) {
      jump(log.firstError);
    }
  }, [failed, log, jump]);

  const goTo = (index: number) => {
    setCurrent(matches[index]);
    jump(matches[index]);
  };
  const at = matches.indexOf(current);
  const step = (by: 1 | -1) => {
    if (matches.length) {
      const from = at < 0 ? (by > 0 ? -1 : 0) : at;
      goTo((from + by + matches.length) % matches.length);
    }
  };
  const first = matches.length ? matches[0] : -1;
  React.useEffect(() => {
    setCurrent(first);
    if (query && first >= 0) {
      jump(first);
    }
  }, [query, first, jump]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'f') {
      searchBox.current?.select();
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === 'End' && event.target !== searchBox.current) {
      setFollow(true);
      event.preventDefault();
    }
  };

  return (
    <div className="mlenv-LogView" onKeyDown={onKeyDown}>
      <LogToolbar
        log={log}
        search={{ query, setQuery, at, count: matches.length, step }}
        searchBox={searchBox}
        wrap={wrap}
        setWrap={setWrap}
        follow={follow}
        setFollow={setFollow}
        fresh={fresh}
        jump={jump}
        trans={trans}
      />
      <div
        ref={scroller}
        className="mlenv-Log"
        role="region"
        aria-label={trans.__('Build log')}
        data-wrap={wrap || undefined}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div
          className="mlenv-Log-rows"
          style={{ blockSize: virtual.getTotalSize() }}
        >
          {virtual.getVirtualItems().map(item => {
            const { fold, line } = log.rows.at(item.index);
            const culprit = !fold && log.isCulprit(line);
            return (
              <div
                key={item.key}
                data-index={item.index}
                data-line={line}
                data-culprit={culprit || undefined}
                className="mlenv-Log-row"
                ref={wrap || culprit ? virtual.measureElement : undefined}
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {fold ? (
                  <FoldLine log={log} fold={fold} trans={trans} />
                ) : (
                  <LogLine
                    log={log}
                    line={line}
                    query={query}
                    current={line === current}
                  />
                )}
              </div>
            );
          })}
        </div>
      </div>
      {footer}
    </div>
  );
}
