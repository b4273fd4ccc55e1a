import { QueryClientProvider } from '@tanstack/react-query';
import * as React from 'react';

import { NewView } from '../editor/newview';
import { AdoptView } from './adopt';
import { type IPanelContext, PanelContext, usePlace } from './context';
import { DetailView } from './detail/detail';
import { ListView } from './list/listview';

/** Everything below the frame of the panel; loaded when it is first looked at. */
export default function App(props: {
  context: IPanelContext;
  /** In a tab of the main area: there is no list to go back to. */
  alone?: boolean;
}): JSX.Element {
  const { context, alone } = props;
  return (
    <QueryClientProvider client={context.environments.queries}>
      <PanelContext.Provider value={context}>
        <View alone={alone} />
      </PanelContext.Provider>
    </QueryClientProvider>
  );
}

function View(props: { alone?: boolean }): JSX.Element {
  const { location } = usePlace();
  switch (location.view) {
    case 'list':
      return <ListView />;
    case 'new':
      return <NewView tab={location.tab} />;
    case 'adopt':
      return <AdoptView id={location.id} />;
    case 'detail':
      return <DetailView {...location} alone={props.alone} />;
  }
}
