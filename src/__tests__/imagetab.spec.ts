jest.mock('@jupyterlab/apputils', () => ({ Clipboard: {} }));

import { shortened } from '../panel/detail/imagetab';

describe('a step of an image', () => {
  it('is shown without its mounts and its shell', () => {
    expect(
      shortened(
        'RUN /bin/sh -c true --mount=type=bind,source=uv,target=/run/mlenv/uv [ ! -r /run/secrets/mlenv-settings ] || . /run/secrets/mlenv-settings; uv venv # buildkit'
      )
    ).toBe('RUN /bin/sh -c true uv venv');
    expect(shortened('/bin/sh -c #(nop) COPY dir:1 in /opt')).toBe(
      'COPY dir:1 in /opt'
    );
  });
});
