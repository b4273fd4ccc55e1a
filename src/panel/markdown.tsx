import * as React from 'react';

import { usePanel } from './context';

/**
 * Markdown that somebody wrote, rendered and sanitised by JupyterLab.
 *
 * Where JupyterLab brings no renderer, and until it has answered, the source stands there.
 */
export function Markdown(props: { source: string }): JSX.Element {
  const { rendermime } = usePanel();
  const { source } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const [failed, setFailed] = React.useState(rendermime === null);
  React.useEffect(() => {
    const node = host.current;
    if (!rendermime || !node) {
      return;
    }
    // Never trusted: no scripts, no event handlers, no forms.
    const model = rendermime.createModel({
      data: { 'text/markdown': source },
      trusted: false
    });
    const renderer = rendermime.createRenderer('text/markdown');
    let isGone = false;
    renderer
      .renderModel(model)
      .then(() => !isGone && node.replaceChildren(renderer.node))
      .catch(() => !isGone && setFailed(true));
    return () => {
      isGone = true;
      renderer.dispose();
    };
  }, [rendermime, source]);
  return failed ? (
    <p className="mlenv-Markdown mlenv-mod-plain">{source}</p>
  ) : (
    <div className="mlenv-Markdown" ref={host}>
      <p>{source}</p>
    </div>
  );
}
