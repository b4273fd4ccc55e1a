import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { usePanel } from '../panel/context';
import { releasesQuery } from '../queries';
import type { IIndexes } from '../wire';
import { canonicalName } from './requirement';

/** What is wanted of one package: `Enter` takes it, `Esc` gives up. */
export function WantedField(props: {
  name: string;
  wanted: string;
  indexes: IIndexes;
  onDone: (wanted: string | null) => void;
}): JSX.Element {
  const { trans } = usePanel();
  const [text, setText] = React.useState(props.wanted);
  const id = React.useId();
  const [asked, setAsked] = React.useState(false);
  const { api } = usePanel().environments;
  // Only once somebody types: looking at a row sends nothing.
  const { data } = useQuery({
    ...releasesQuery(api, canonicalName(props.name), props.indexes),
    enabled: asked
  });
  const ended = React.useRef(false);
  const done = (wanted: string | null) => {
    if (!ended.current) {
      ended.current = true;
      props.onDone(wanted);
    }
  };
  const field = (
    <input
      type="text"
      list={`${id}-versions`}
      className="mlenv-Table-field"
      value={text}
      placeholder={trans.__('any')}
      aria-label={trans.__('What is wanted of %1', props.name)}
      spellCheck={false}
      autoFocus
      onFocus={event => event.target.select()}
      onChange={event => {
        setText(event.target.value);
        setAsked(true);
      }}
      onBlur={() => done(text.trim())}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === 'Escape') {
          done(event.key === 'Enter' ? text.trim() : null);
          event.preventDefault();
          event.stopPropagation();
        } else if (event.key === 'ArrowDown') {
          setAsked(true);
        }
      }}
    />
  );
  return (
    <>
      {field}
      <datalist id={`${id}-versions`}>
        {(data?.items ?? [])
          .filter(one => !one.yanked)
          .slice(0, 40)
          .map(one => (
            <option key={one.version} value={`==${one.version}`} />
          ))}
      </datalist>
    </>
  );
}
