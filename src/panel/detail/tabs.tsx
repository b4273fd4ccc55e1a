import * as React from 'react';

import { usePanel } from '../context';
import { openChoice } from '../menus';
import { IconButton } from '../parts';
import type { Tab } from '../place';

export interface ITab {
  id: Tab;
  label: string;
  count?: number;
}

/** Room for the button that leads to the tabs that do not fit. */
const MORE = 32;
/** Of the bar, at both ends. */
const PADDING = 12;

/**
 * Tabs and the panel of the one that is shown; `←` `→` move between them.
 *
 * What does not fit goes under `⋯`, but never the tab that is shown. Such tabs stay in the
 * document, clipped, so that they are still listed to a screen reader.
 */
export function Tabs(props: {
  label: string;
  tabs: readonly ITab[];
  current: Tab;
  onTab: (tab: Tab) => void;
  children: React.ReactNode;
}): JSX.Element {
  const { trans } = usePanel();
  const { tabs, current, onTab } = props;
  const id = React.useId();
  const list = React.useRef<HTMLDivElement>(null);
  const measure = React.useRef<HTMLDivElement>(null);
  const fitting = useFitting(list, measure, tabs);
  const shown = fittingTabs(tabs, fitting, current);
  const hidden = tabs.filter(tab => !shown.includes(tab));
  React.useLayoutEffect(() => {
    if (list.current) {
      list.current.scrollLeft = 0;
    }
  }, [current, fitting]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const at = shown.findIndex(tab => tab.id === current);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? shown.length - 1
          : step
            ? (at + step + shown.length) % shown.length
            : null;
    if (next !== null) {
      onTab(shown[next].id);
      list.current
        ?.querySelectorAll<HTMLElement>('[role="tab"]')
        [next]?.focus();
      event.preventDefault();
    }
  };
  return (
    <>
      <div className="mlenv-Tabs">
        <div className="mlenv-Tabs-measure" ref={measure} aria-hidden="true">
          {tabs.map(tab => (
            <span key={tab.id} className="mlenv-Tabs-tab" aria-selected>
              <TabWords {...tab} />
            </span>
          ))}
        </div>
        <div
          className="mlenv-Tabs-list"
          role="tablist"
          aria-label={props.label}
          ref={list}
          onKeyDown={onKeyDown}
        >
          {[...shown, ...hidden].map(tab => (
            <button
              key={tab.id}
              type="button"
              role="tab"
              id={`${id}-${tab.id}`}
              className={
                hidden[0] === tab
                  ? 'mlenv-Tabs-tab mlenv-mod-clipped'
                  : 'mlenv-Tabs-tab'
              }
              aria-selected={tab.id === current}
              aria-controls={`${id}-panel`}
              tabIndex={tab.id === current ? 0 : -1}
              onClick={() => onTab(tab.id)}
            >
              <TabWords {...tab} />
            </button>
          ))}
        </div>
        {hidden.length > 0 && (
          <IconButton
            icon="more"
            label={trans.__('More tabs')}
            menu
            onClick={event =>
              openChoice(
                hidden.map(tab => ({
                  label: tab.label,
                  choose: () => onTab(tab.id)
                })),
                event.currentTarget
              )
            }
          />
        )}
      </div>
      <div
        className="mlenv-TabPanel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${current}`}
      >
        {props.children}
      </div>
    </>
  );
}

function TabWords(props: ITab): JSX.Element {
  const { label, count } = props;
  return (
    <>
      {label}
      {count ? <span className="mlenv-Tabs-count">{count}</span> : null}
    </>
  );
}

/** The first tabs that fit; the shown one takes the last place if it is not among them. */
export function fittingTabs(
  tabs: readonly ITab[],
  fitting: number,
  current: Tab
): readonly ITab[] {
  const first = tabs.slice(0, fitting);
  const shown = tabs.find(tab => tab.id === current);
  if (!shown || first.includes(shown)) {
    return first;
  }
  return [...first.slice(0, -1), shown];
}

/** How many tabs there is room for, by the widths of all of them when chosen. */
function useFitting(
  list: React.RefObject<HTMLElement>,
  measure: React.RefObject<HTMLElement>,
  tabs: readonly ITab[]
): number {
  const [fitting, setFitting] = React.useState(tabs.length);
  const words = tabs.map(tab => `${tab.label}${tab.count ?? ''}`).join();
  React.useLayoutEffect(() => {
    const bar = list.current?.parentElement;
    if (!bar || typeof ResizeObserver === 'undefined') {
      return;
    }
    const fit = () => {
      const widths = [...(measure.current?.children ?? [])].map(
        tab => tab.getBoundingClientRect().width
      );
      setFitting(countFitting(widths, bar.clientWidth - PADDING));
    };
    const observer = new ResizeObserver(fit);
    observer.observe(bar);
    fit();
    return () => observer.disconnect();
  }, [list, measure, words]);
  return fitting;
}

export function countFitting(widths: readonly number[], room: number): number {
  const all = widths.reduce((sum, width) => sum + width, 0);
  if (all <= room) {
    return widths.length;
  }
  let used = MORE;
  const first = widths.findIndex(width => (used += width) > room);
  return Math.max(1, first);
}
