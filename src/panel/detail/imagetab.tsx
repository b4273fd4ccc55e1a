import { Clipboard } from '@jupyterlab/apputils';
import { useQuery } from '@tanstack/react-query';
import * as React from 'react';

import { download } from '../../exchange/files';
import { formatSize } from '../../format';
import { imageQuery } from '../../queries';
import type { IDockerSection, IImageDetails, IVersion } from '../../wire';
import { usePanel } from '../context';
import { IconButton, Note } from '../parts';

type Facts = [string, string | null | undefined][];

/** The image of a version: what it is built on, what came of it, and how. */
export function ImageTab(props: { version: IVersion }): JSX.Element {
  const { trans, environments } = usePanel();
  const { name, version, state, definition } = props.version;
  const { docker } = definition;
  const answer = useQuery(imageQuery(environments.api, name, version, state));
  const image = answer.data;
  const written = image?.dockerfile ?? null;
  return (
    <div className="mlenv-Tab mlenv-Overview-words mlenv-ImageTab">
      {answer.error && (
        <Note tone="error" icon="failed" role="alert">
          {answer.error.message}
        </Note>
      )}
      {image?.notes.map(one => (
        <Note key={one} tone="warning" icon="warning">
          {one}
        </Note>
      ))}
      {image && <Made image={image} />}
      <h3>{trans.__('Asked for')}</h3>
      <Wanted docker={docker} />
      {docker?.dockerfile && (
        <Dockerfile
          title={trans.__('Your Dockerfile')}
          text={docker.dockerfile}
          filename={`${name}.base.Dockerfile`}
        />
      )}
      {written && (
        <Dockerfile
          title={trans.__('Dockerfile that it was built with')}
          text={written}
          filename={`${name}-${version}.Dockerfile`}
        />
      )}
      {image && image.layers.length > 0 && <Layers image={image} />}
    </div>
  );
}

function Made(props: { image: IImageDetails }): JSX.Element {
  const { trans } = usePanel();
  const { image } = props;
  const layers = image.layers.length;
  return (
    <>
      <h3>{trans.__('Image')}</h3>
      {!image.exists && (
        <p className="mlenv-Quiet">
          {trans.__('Not there yet: “Build” makes it.')}
        </p>
      )}
      <FactList
        facts={[
          [trans.__('Built as'), image.builder],
          [trans.__('Name'), image.image],
          [trans.__('Id'), image.id],
          [trans.__('Base'), image.base],
          [trans.__('Platform'), image.platform],
          [
            trans.__('Size'),
            image.size === null
              ? null
              : layers === 0
                ? formatSize(image.size)
                : trans._n(
                    '%2 in %1 layer',
                    '%2 in %1 layers',
                    layers,
                    formatSize(image.size)
                  )
          ],
          [trans.__('Python'), image.python_path],
          [trans.__('Pushed as'), image.pushed]
        ]}
      />
    </>
  );
}

function Wanted(props: { docker: IDockerSection | null }): JSX.Element {
  const { trans } = usePanel();
  const { docker } = props;
  return (
    <FactList
      facts={[
        [trans.__('Base image'), docker?.base_image],
        [trans.__('Build context'), docker?.build_context?.location],
        [trans.__('Registry'), docker?.base_image_registry?.address],
        [trans.__('Platform'), docker?.platform],
        [trans.__('Shared memory'), docker?.shm_size],
        [trans.__('Run arguments'), docker?.arguments.join(' ')]
      ]}
    />
  );
}

function FactList(props: { facts: Facts }): JSX.Element {
  return (
    <dl className="mlenv-Overview-facts">
      {props.facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd className="mlenv-Code">{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}

function Dockerfile(props: {
  title: string;
  text: string;
  filename: string;
}): JSX.Element {
  const { trans } = usePanel();
  const { title, text, filename } = props;
  return (
    <section aria-label={title}>
      <h3 className="mlenv-ImageTab-head">
        <span>{title}</span>
        <IconButton
          icon="copy"
          label={trans.__('Copy')}
          onClick={() => Clipboard.copyToSystem(text)}
        />
        <IconButton
          icon="download"
          label={trans.__('Download')}
          onClick={() =>
            download(new Blob([text], { type: 'text/plain' }), filename)
          }
        />
      </h3>
      <pre className="mlenv-Pre" tabIndex={0} aria-label={title}>
        {text}
      </pre>
    </section>
  );
}

/** The layers that take room, the newest first; each says what made it. */
function Layers(props: { image: IImageDetails }): JSX.Element {
  const { trans } = usePanel();
  return (
    <details className="mlenv-ImageTab-layers">
      <summary>{trans.__('Layers')}</summary>
      <ol aria-label={trans.__('Layers')}>
        {props.image.layers.map((layer, index) => (
          <li key={index}>
            <span className="mlenv-Quiet">{formatSize(layer.size)}</span>
            <code title={layer.created_by}>{shortened(layer.created_by)}</code>
          </li>
        ))}
      </ol>
    </details>
  );
}

/** A step without its mounts and what shells put around it. */
export function shortened(step: string): string {
  return step
    .replace(/^\/bin\/sh -c (#\(nop\) )?/, '')
    .replace(/--mount=\S+\s*|\[ ! -r \S+ \] \|\| \. \S+;\s*/g, '')
    .replace(/\s*# buildkit$/, '')
    .replace(/\\\s*\n|\s+/g, ' ')
    .trim();
}
