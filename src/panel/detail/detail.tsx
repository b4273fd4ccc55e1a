import * as React from 'react';

import { problemOf } from '../../api';
import { useConnection, usePanel, useSlow } from '../context';
import { useEnvironment, useVersion } from '../data';
import { ConnectionBanner } from '../list/connectionbanner';
import { Button, ProblemNote, SkeletonRow } from '../parts';
import type { Tab } from '../place';
import { DetailBar } from './detailbar';
import { DetailBody } from './detailbody';

export interface IDetailProps {
  name: string;
  /** A version, or "latest". */
  version: string;
  tab: Tab;
  /** One build; the newest when left out. */
  build?: string;
  /** In a tab of the main area: there is no list to go back to. */
  alone?: boolean;
}

/** One environment: fetches what it needs and shows why it cannot. */
export function DetailView(props: IDetailProps): JSX.Element {
  const { trans, place, environments } = usePanel();
  const { lost } = useConnection();
  const answer = useEnvironment(props.name);
  const { data } = answer;
  const wanted = data
    ? props.version === 'latest'
      ? data.environment.latest.version
      : props.version
    : null;
  const version = useVersion(props.name, wanted);
  const error = data ? version.error : answer.error;
  const slow = useSlow(!error && !version.data);

  if (error && !version.data && !lost) {
    return (
      <div className="mlenv-Detail">
        {!props.alone && <DetailBar label={trans.__('Environments')} />}
        <ProblemNote problem={problemOf(error)}>
          {!props.alone && (
            <Button
              label={trans.__('Back to the list')}
              onClick={() => place.go({ view: 'list' })}
            />
          )}
          <Button
            label={trans.__('Try again')}
            onClick={() => void environments.refresh()}
          />
        </ProblemNote>
      </div>
    );
  }
  if (!data || !version.data) {
    return (
      <div className="mlenv-Detail">
        {!props.alone && <DetailBar label={trans.__('Environments')} />}
        <ConnectionBanner />
        {slow && [0, 1, 2, 3].map(row => <SkeletonRow key={row} />)}
      </div>
    );
  }
  return (
    <DetailBody
      {...props}
      key={data.environment.name}
      data={data}
      version={version.data}
      follows={props.version === 'latest'}
    />
  );
}
