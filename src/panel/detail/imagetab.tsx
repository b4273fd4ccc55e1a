import * as React from 'react';

import type { IDockerSection } from '../../wire';
import { usePanel } from '../context';

/** The image that an environment is built on, to read. */
export function ImageTab(props: {
  docker: IDockerSection | null;
}): JSX.Element {
  const { trans } = usePanel();
  const { docker } = props;
  const facts: [string, string | null | undefined][] = [
    [trans.__('Base image'), docker?.base_image],
    [trans.__('Build context'), docker?.build_context?.location],
    [trans.__('Registry'), docker?.base_image_registry?.address],
    [trans.__('Platform'), docker?.platform],
    [trans.__('Shared memory'), docker?.shm_size],
    [trans.__('Run arguments'), docker?.arguments.join(' ')]
  ];
  const known = facts.filter(([, value]) => value);
  return (
    <div className="mlenv-Tab mlenv-Overview-words mlenv-ImageTab">
      {known.length === 0 && !docker?.dockerfile && (
        <p className="mlenv-Quiet">{trans.__('Not needed for notebooks.')}</p>
      )}
      <dl className="mlenv-Overview-facts">
        {known.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd className="mlenv-Code">{value}</dd>
          </React.Fragment>
        ))}
      </dl>
      {docker?.dockerfile && (
        <>
          <h3>{trans.__('Dockerfile')}</h3>
          <pre className="mlenv-Pre" tabIndex={0} aria-label="Dockerfile">
            {docker.dockerfile}
          </pre>
        </>
      )}
    </div>
  );
}
