import {
  keepPreviousData,
  useInfiniteQuery,
  useQuery
} from '@tanstack/react-query';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { formatSeconds, formatVersion } from '../format';
import { Glyph, type GlyphName, isGlyph } from '../icons';
import {
  buildsQuery,
  catalogueQuery,
  environmentsQuery,
  kernelsQuery,
  nearbyQuery
} from '../queries';
import type { IEnvironments } from '../tokens';
import { choices, type Cost, type Group, type IChoice } from './options';

export interface ISwitcherProps {
  environments: IEnvironments;
  trans: TranslationBundle;
  /** The kernel of the notebook, and the path of its file. */
  kernelName: string;
  path: string;
  onSwitch: (choice: IChoice) => void;
  onDetails: (choice: IChoice) => void;
  onNew: () => void;
  onAll: () => void;
  /** Leads to JupyterLab's own choice among all kernels. */
  onOther: () => void;
  onClose: () => void;
}

const NONE: readonly never[] = [];

/** Which environment a notebook is to run in, and what each switch costs. */
export function Switcher(props: ISwitcherProps): JSX.Element {
  const { environments, trans, kernelName, path } = props;
  const { api } = environments;
  const [query, setQuery] = React.useState('');
  const [chosen, setChosen] = React.useState(0);
  const list = React.useRef<HTMLDivElement>(null);
  const id = React.useId();
  const mine = useInfiniteQuery({
    ...environmentsQuery(api, query.trim()),
    placeholderData: keepPreviousData
  });
  const curated = useQuery(catalogueQuery(api));
  const builds = useQuery(buildsQuery(api));
  const kernels = useQuery(kernelsQuery(api));
  const directory = directoryOf(path);
  const nearby = useQuery(nearbyQuery(api, directory));
  const options = choices({
    mine: mine.data?.pages.flatMap(page => page.items) ?? NONE,
    curated: curated.data?.items ?? NONE,
    builds: builds.data ?? NONE,
    kernels: kernels.data ?? NONE,
    nearby: new Set(
      environments.sessions
        .filter(one => directoryOf(one.path) === directory)
        .map(one => one.kernelName)
    ),
    remembered: nearby.data ?? NONE,
    here: kernelName,
    query: query.trim(),
    mayWrite: environments.mayWrite
  });
  const at = Math.min(chosen, options.length - 1);
  React.useEffect(() => {
    list.current
      ?.querySelector('[aria-selected="true"]')
      ?.scrollIntoView?.({ block: 'nearest' });
  }, [at]);

  const onKeyDown = (event: React.KeyboardEvent) => {
    const { key } = event;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[key];
    if (step !== undefined) {
      setChosen(Math.max(0, Math.min(options.length - 1, at + step)));
    } else if (key === 'Enter' && options[at]) {
      props.onSwitch(options[at]);
    } else if (key === 'ArrowRight' && options[at] && atEnd(event)) {
      props.onDetails(options[at]);
    } else if (key === 'Escape') {
      props.onClose();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const groups: [Group, string][] = [
    ['recent', trans.__('Recent')],
    ['project', trans.__('In this folder')],
    ['mine', trans.__('Mine')],
    ['curated', trans.__('Curated')]
  ];
  const waiting = mine.isPending || curated.isPending || kernels.isPending;
  return (
    <div
      className="mlenv-Switcher"
      role="dialog"
      aria-label={trans.__('Switch environment')}
      onKeyDown={onKeyDown}
    >
      <div className="mlenv-Field">
        <Glyph name="search" size={14} />
        <input
          type="text"
          role="combobox"
          value={query}
          placeholder={trans.__('Switch environment')}
          aria-label={trans.__('Switch environment')}
          aria-expanded={options.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={at >= 0 ? `${id}-${at}` : undefined}
          spellCheck={false}
          autoComplete="off"
          autoFocus
          onChange={event => {
            setQuery(event.target.value);
            setChosen(0);
          }}
        />
      </div>
      <div
        className="mlenv-Switcher-list"
        id={`${id}-list`}
        role="listbox"
        aria-label={trans.__('Environments')}
        ref={list}
      >
        {groups.map(([group, title]) => {
          const inIt = options.filter(one => one.group === group);
          return inIt.length === 0 ? null : (
            <div key={group} role="group" aria-label={title}>
              <div className="mlenv-Switcher-group" aria-hidden="true">
                {title}
              </div>
              {inIt.map(option => {
                const index = options.indexOf(option);
                return (
                  <div
                    key={option.key}
                    id={`${id}-${index}`}
                    role="option"
                    aria-selected={index === at}
                    className="mlenv-Switcher-option"
                    onPointerMove={() => index !== at && setChosen(index)}
                    onClick={() => props.onSwitch(option)}
                  >
                    <span className="mlenv-State" data-state={stateOf(option)}>
                      <Glyph name={glyphOf(option)} size={14} />
                    </span>
                    <span className="mlenv-Switcher-name" title={option.name}>
                      {option.name}
                    </span>
                    <span className="mlenv-Version">
                      {formatVersion(option.version)}
                    </span>
                    <span className="mlenv-Switcher-cost">
                      {costWords(option.cost, trans)}
                    </span>
                  </div>
                );
              })}
            </div>
          );
        })}
      </div>
      {options.length === 0 && (
        <p className="mlenv-Switcher-empty" role="status">
          {waiting
            ? ''
            : query.trim()
              ? trans.__('No environment has “%1” in its name.', query.trim())
              : trans.__('There is no environment to switch to.')}
        </p>
      )}
      <p className="mlenv-Switcher-note">
        <Glyph name="info" size={14} />
        {trans.__(
          'Switching starts a new kernel. This notebook’s variables are lost; its outputs stay.'
        )}
      </p>
      <div className="mlenv-Switcher-foot">
        <span>
          <kbd>{trans.__('Enter')}</kbd> {trans.__('switch')} <kbd>→</kbd>{' '}
          {trans.__('details')}
        </span>
        {environments.mayWrite && (
          <button type="button" onClick={props.onNew}>
            {trans.__('New…')}
          </button>
        )}
        <button type="button" onClick={props.onAll}>
          {trans.__('All environments')}
        </button>
        <button
          type="button"
          title={trans.__('Kernels that mlenv did not make')}
          onClick={props.onOther}
        >
          {trans.__('Other kernels…')}
        </button>
      </div>
    </div>
  );
}

/** What a switch means, in two or three words. */
export function costWords(cost: Cost, trans: TranslationBundle): string {
  switch (cost.is) {
    case 'here':
      return trans.__('in use here');
    case 'ready':
      return trans.__('ready');
    case 'building':
      return trans.__('is being built');
    case 'failed':
      return trans.__('failed · open log');
    case 'build':
      return cost.seconds === null
        ? trans.__('builds first')
        : trans.__('builds in ~%1', formatSeconds(cost.seconds, trans));
  }
}

function stateOf({ cost }: IChoice): string {
  const states: Record<Cost['is'], string> = {
    here: 'ready',
    ready: 'ready',
    building: 'building',
    failed: 'failed',
    build: 'not-built'
  };
  return states[cost.is];
}

function glyphOf(option: IChoice): GlyphName {
  return option.group === 'curated' && isGlyph(option.icon)
    ? option.icon
    : (stateOf(option) as GlyphName);
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** In the middle of a word the arrow moves in it. */
function atEnd(event: React.KeyboardEvent): boolean {
  const field = event.target;
  return (
    !(field instanceof HTMLInputElement) ||
    field.selectionStart === field.value.length
  );
}
