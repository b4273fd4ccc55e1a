import * as React from 'react';

import type { Tab } from '../place';

export interface ITab {
  id: Tab;
  label: string;
  count?: number;
}

/** Tabs and the panel of the one that is shown; `←` `→` move between them. */
export function Tabs(props: {
  label: string;
  tabs: readonly ITab[];
  current: Tab;
  onTab: (tab: Tab) => void;
  children: React.ReactNode;
}): JSX.Element {
  const { tabs, current, onTab } = props;
  const id = React.useId();
  const list = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const at = tabs.findIndex(tab => tab.id === current);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const next =
      event.key === 'Home'
        ? 0
        : event.key === 'End'
          ? tabs.length - 1
          : step
            ? (at + step + tabs.length) % tabs.length
            : null;
    if (next !== null) {
      onTab(tabs[next].id);
      (list.current?.children[next] as HTMLElement | undefined)?.focus();
      event.preventDefault();
    }
  };
  React.useLayoutEffect(() => {
    list.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' });
  }, [current]);
  return (
    <>
      <div
        className="mlenv-Tabs"
        role="tablist"
        aria-label={props.label}
        ref={list}
        onKeyDown={onKeyDown}
      >
        {tabs.map(tab => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`${id}-${tab.id}`}
            className="mlenv-Tabs-tab"
            aria-selected={tab.id === current}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === current ? 0 : -1}
            onClick={() => onTab(tab.id)}
          >
            {tab.label}
            {tab.count ? (
              <span className="mlenv-Tabs-count">{tab.count}</span>
            ) : null}
          </button>
        ))}
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
