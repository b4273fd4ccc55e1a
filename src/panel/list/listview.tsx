import * as React from 'react';

import { problemOf } from '../../api';
import { CommandIDs } from '../../commandids';
import type { IEnvironment, IExisting } from '../../wire';
import {
  useAdoptable,
  useBuilds,
  useCatalogue,
  useKernels,
  useMine,
  useNamesInUse,
  useRunning
} from '../data';
import {
  useConnection,
  useMayWrite,
  usePanel,
  usePlace,
  useSettled,
  useSlow
} from '../context';
import { openNewMenu } from '../menus';
import { Button, ProblemNote, ReadOnlyNote } from '../parts';
import { BuildsDock } from './buildsdock';
import { FilterChips } from './chips';
import { ConnectionBanner } from './connectionbanner';
import { FirstSteps, NoMatch } from './emptystates';
import { EnvironmentList, type IListHandle } from './environmentlist';
import { chipCounts, listRows, matches, suggestions } from './rows';
import { SelectionBar, useSelection } from './selectionbar';
import { SearchBar } from './searchbar';
import { ThisNotebook } from './thisnotebook';

const TYPING = 120;

const NOBODY: ReadonlySet<string> = new Set();
const NONE: readonly IEnvironment[] = [];
const NO_EXISTING: readonly IExisting[] = [];

/** All environments: search, the notebook's own, mine, the curated ones, and the builds. */
export function ListView(): JSX.Element {
  const { trans, commands, environments, place } = usePanel();
  const { filter, folded, seen } = usePlace();
  const { lost } = useConnection();
  const mayWrite = useMayWrite();
  const [query, setQuery] = React.useState('');
  const settled = useSettled(query.trim(), TYPING);
  const mine = useMine(settled, filter === 'archived');
  const catalogue = useCatalogue();
  const curated = catalogue.data?.items ?? null;
  const adoptable = useAdoptable();
  // What is there already is listed to be taken over.
  const existing = mayWrite ? adoptable : NO_EXISTING;
  const builds = useBuilds();
  const running = useRunning(builds);
  const kernels = useKernels();
  const inUse = useNamesInUse(kernels);
  const list = React.useRef<IListHandle>(null);

  const waiting = mine.isPending || catalogue.isPending;
  const slow = useSlow(waiting && !lost);
  const known = useLastKnown(mine.items, settled);
  const input = React.useMemo(
    () => ({
      mine: mine.isError ? known : mine.items,
      curated: catalogue.isError ? (curated ?? []) : curated,
      total: mine.isError ? known.length : mine.total,
      filter,
      query: settled,
      folded,
      inUse,
      existing
    }),
    [
      mine.isError,
      mine.items,
      mine.total,
      known,
      catalogue.isError,
      curated,
      filter,
      settled,
      folded,
      inUse,
      existing
    ]
  );
  const rows = React.useMemo(
    () => (waiting && !slow ? [] : listRows(input)),
    [waiting, slow, input]
  );

  const { hasNextPage, isFetchingNextPage, fetchNextPage } = mine;
  const onEnd = React.useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) {
      void fetchNextPage();
    }
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);

  const fold = (section: string) => (isFolded: boolean) =>
    place.fold(section, isFolded);
  const create = (name?: string) => {
    void commands.execute(CommandIDs.create, name ? { name } : {});
  };
  const [selected, setSelected] = React.useState<ReadonlySet<string>>(NOBODY);
  const selection = useSelection(selected, setSelected);
  const refused = [mine, catalogue].find(answer => answer.isError && !lost);
  const everything = [...(input.mine ?? []), ...(input.curated ?? [])];
  const nothingMine = !settled && mine.items?.length === 0;

  return (
    <div className="mlenv-ListView">
      <ConnectionBanner />
      <SearchBar
        query={query}
        onQuery={setQuery}
        onLeave={() => list.current?.focus()}
        canWrite={!lost}
        onNew={mayWrite ? anchor => openNewMenu(commands, anchor) : undefined}
      />
      <FilterChips
        filter={filter}
        counts={chipCounts(input)}
        onFilter={one => place.setFilter(one)}
      />
      {!mayWrite && <ReadOnlyNote />}
      {refused && (
        <ProblemNote problem={problemOf(refused.error)}>
          <Button
            label={trans.__('Try again')}
            onClick={() => void environments.refresh()}
          />
        </ProblemNote>
      )}
      <ThisNotebook
        kernels={kernels}
        folded={folded.includes('notebook')}
        onFold={fold('notebook')}
        onOpen={(name, version) => place.open(name, { version })}
        onNew={() => void commands.execute(CommandIDs.adoptKernel)}
      />
      {nothingMine && !refused && (filter === 'all' || filter === 'mine') && (
        <FirstSteps
          canWrite={!lost}
          mayWrite={mayWrite}
          onNew={() => create()}
          onFile={() => void commands.execute(CommandIDs.importFile)}
          onCurated={() => place.setFilter('curated')}
        />
      )}
      {rows.length > 0 || waiting ? (
        <EnvironmentList
          ref={list}
          rows={rows}
          running={running}
          inUse={inUse}
          canWrite={!lost}
          onFold={(section, isFolded) => place.fold(section, isFolded)}
          onOpen={one => place.open(one.name)}
          selected={selected}
          onSelect={setSelected}
          onDelete={() => void selection.remove()}
          onEnd={onEnd}
        />
      ) : (
        (settled || filter !== 'all') &&
        !(nothingMine && filter === 'mine') && (
          <NoMatch
            query={settled}
            filter={filter}
            close={settled ? suggestions(everything, settled) : []}
            onOpen={one => place.open(one.name)}
            onShowAll={() => place.setFilter('all')}
            onClear={() => setQuery('')}
            onCreate={mayWrite ? () => create(settled) : undefined}
          />
        )
      )}
      {selected.size > 0 && (
        <SelectionBar
          selected={selected}
          actions={selection}
          canWrite={!lost}
        />
      )}
      {lost && (
        <p className="mlenv-Hint mlenv-ListView-away">
          {trans.__(
            'Builds go on without this page. The list catches up when the server answers.'
          )}
        </p>
      )}
      <BuildsDock
        builds={builds}
        seen={seen}
        folded={folded.includes('builds')}
        onFold={fold('builds')}
        onOpen={build =>
          place.open(build.name, {
            version: build.version,
            tab: 'builds',
            build: build.id
          })
        }
      />
    </div>
  );
}

/** What a search finds among the environments that were here last, for when no answer comes. */
function useLastKnown(
  items: readonly IEnvironment[] | null,
  query: string
): readonly IEnvironment[] {
  const last = React.useRef(NONE);
  React.useEffect(() => {
    if (items && !query) {
      last.current = items;
    }
  }, [items, query]);
  return React.useMemo(
    () => last.current.filter(one => matches(one, query)),
    [query]
  );
}
