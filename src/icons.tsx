import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

/**
 * The pictures of mlenv: `[viewBox, content]`. They are filled with the text's colour unless they
 * say otherwise; what is cut out of a filled shape is drawn in `--mlenv-knock`, the colour behind.
 */
const GLYPHS = {
  environment: [
    '0 0 24 24',
    '<path d="M12 2 2.5 8.6 12 15.2l9.5-6.6zM12 4.45 17.95 8.6 12 12.75 6.05 8.6z" fill-rule="evenodd"/><path d="m4.3 12.6-1.8 1.25L12 20.45l9.5-6.6-1.8-1.25L12 18z"/>'
  ],
  ready: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="6.5"/><path d="m5 8.2 2.1 2.1L11.2 6.2" fill="none" stroke="var(--mlenv-knock, var(--jp-layout-color1))" stroke-width="1.6"/>'
  ],
  'not-built': [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="1.4"/>'
  ],
  queued: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="5.75" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M8 4.8V8l2.2 1.4" fill="none" stroke="currentColor" stroke-width="1.4"/>'
  ],
  building: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="5.5" fill="none" stroke="currentColor" stroke-width="2" opacity=".28"/><path d="M8 2.5A5.5 5.5 0 0 1 11.9 11.9" fill="none" stroke="currentColor" stroke-width="2"/>'
  ],
  failed: [
    '0 0 16 16',
    '<path d="M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3z"/><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" stroke="var(--mlenv-knock, var(--jp-layout-color1))" stroke-width="1.6"/>'
  ],
  cancelled: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="5.75" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="m4 12 8-8" stroke="currentColor" stroke-width="1.4"/>'
  ],
  drift: [
    '0 0 16 16',
    '<path d="M8 .9 15.1 8 8 15.1.9 8z"/><path d="M8 5v6M5 8h6" stroke="var(--mlenv-knock, var(--jp-layout-color1))" stroke-width="1.6"/>'
  ],
  missing: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2.4 1.43"/><path d="M8 4.8v5.4M5.7 8.1 8 10.4l2.3-2.3" fill="none" stroke="currentColor" stroke-width="1.4"/>'
  ],
  newer: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="6.1" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M8 11.2V5.8M5.7 7.9 8 5.6l2.3 2.3" fill="none" stroke="currentColor" stroke-width="1.4"/>'
  ],
  unsaved: ['0 0 16 16', '<circle cx="8" cy="8" r="4"/>'],
  warning: [
    '0 0 16 16',
    '<path d="M8 1.3 15.4 14.3H.6z"/><path d="M8 6v4.2M8 11.4V13" stroke="var(--mlenv-knock, var(--jp-layout-color1))" stroke-width="1.6"/>'
  ],
  info: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="6.5"/><path d="M8 7.2V12M8 4.2v1.7" stroke="var(--mlenv-knock, var(--jp-layout-color1))" stroke-width="1.6"/>'
  ],
  offline: [
    '0 0 16 16',
    '<path d="M2 2l12 12M1.5 6.2A9.3 9.3 0 0 1 5 4.2M8 3.5c2.5 0 4.8 1 6.5 2.7M4 9a5.7 5.7 0 0 1 3-1.5M12 9a5.6 5.6 0 0 0-1.5-1" fill="none" stroke="currentColor" stroke-width="1.4"/><circle cx="8" cy="12.3" r="1.3"/>'
  ],
  added: [
    '0 0 16 16',
    '<path d="M8 3v10M3 8h10" stroke="currentColor" stroke-width="1.8"/>'
  ],
  removed: [
    '0 0 16 16',
    '<path d="M3 8h10" stroke="currentColor" stroke-width="1.8"/>'
  ],
  upgraded: [
    '0 0 16 16',
    '<path d="M8 13V3.6M3.8 7.6 8 3.4l4.2 4.2" fill="none" stroke="currentColor" stroke-width="1.8"/>'
  ],
  downgraded: [
    '0 0 16 16',
    '<path d="M8 3v9.4M3.8 8.4 8 12.6l4.2-4.2" fill="none" stroke="currentColor" stroke-width="1.8"/>'
  ],
  changed: [
    '0 0 16 16',
    '<path d="M2.5 9.5c1.8-3 3.7-3 5.5-1.5s3.7 1.5 5.5-1.5" fill="none" stroke="currentColor" stroke-width="1.8"/>'
  ],
  minimal: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="2.2"/><circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.3"/>'
  ],
  tutorial: [
    '0 0 16 16',
    '<path d="M2 2v12h12" fill="none" stroke="currentColor" stroke-width="1.3"/><circle cx="6" cy="10" r="1.3"/><circle cx="9" cy="7.5" r="1.3"/><circle cx="12" cy="4.5" r="1.3"/>'
  ],
  boosting: [
    '0 0 16 16',
    '<path d="M8 2v4M8 6 4 10M8 6l4 4M4 10v3M12 10v3" stroke="currentColor" stroke-width="1.3" fill="none"/><circle cx="8" cy="2.8" r="1.5"/><circle cx="4" cy="12.8" r="1.5"/><circle cx="12" cy="12.8" r="1.5"/>'
  ],
  pytorch: [
    '0 0 16 16',
    '<path d="M8.5 1.5c.6 2.9 4 4.3 4 8a4.5 4.5 0 0 1-9 0c0-1.9 1-3 1.9-4 .2 1.2.7 1.8 1.3 2.2C6.5 5.3 7 3 8.5 1.5z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round"/>'
  ],
  transformers: [
    '0 0 16 16',
    '<path d="M2 3h12v8H7.5L4.5 13.6V11H2z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round"/><path d="M5 6h6M5 8.3h4" stroke="currentColor" stroke-width="1.2"/>'
  ],
  dataframes: [
    '0 0 16 16',
    '<path d="M3 13V8M6.3 13V3M9.7 13V6M13 13V4.5" stroke="currentColor" stroke-width="1.6"/>'
  ],
  vision: [
    '0 0 16 16',
    '<path d="M1.5 8C3 5.2 5.3 3.8 8 3.8S13 5.2 14.5 8C13 10.8 10.7 12.2 8 12.2S3 10.8 1.5 8z" fill="none" stroke="currentColor" stroke-width="1.3"/><circle cx="8" cy="8" r="2"/>'
  ],
  'time-series': [
    '0 0 16 16',
    '<path d="M1.5 12 5.5 7.5l3 2.5 5.5-6.5M10.5 3.3H14v3.5" fill="none" stroke="currentColor" stroke-width="1.3"/>'
  ],
  geospatial: [
    '0 0 16 16',
    '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.3"/><path d="M2 8h12M8 2c2 1.7 2.8 3.7 2.8 6S10 12.3 8 14C6 12.3 5.2 10.3 5.2 8S6 3.7 8 2z" fill="none" stroke="currentColor" stroke-width="1.2"/>'
  ],
  nlp: [
    '0 0 16 16',
    '<path d="m1.8 12 3-8h1l3 8M2.9 9.3h4.8" fill="none" stroke="currentColor" stroke-width="1.3"/><circle cx="11.8" cy="9.7" r="2.2" fill="none" stroke="currentColor" stroke-width="1.3"/><path d="M14 7v5.3" stroke="currentColor" stroke-width="1.3"/>'
  ],
  statistics: [
    '0 0 16 16',
    '<path d="M1.5 13.2h13M1.8 11.6C5.2 11.6 5.6 3 8 3s2.8 8.6 6.2 8.6" fill="none" stroke="currentColor" stroke-width="1.3"/><path d="M8 5.6v5" stroke="currentColor" stroke-width="1.2" stroke-dasharray="1.4 1.2"/>'
  ],
  visualisation: [
    '0 0 16 16',
    '<path d="M7.2 2.6A5.7 5.7 0 1 0 13.4 8.8H7.2z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round"/><path d="M9.8 1.6A5 5 0 0 1 14.4 6.2H9.8z" stroke="currentColor" stroke-width="1.1" stroke-linejoin="round"/>'
  ],
  secret: [
    '0 0 16 16',
    '<circle cx="5" cy="8" r="2.9" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M7.9 8H14.5M12.3 8v2.6" stroke="currentColor" stroke-width="1.4" fill="none"/>'
  ],
  'read-only': [
    '0 0 24 23',
    '<path d="M12 17a2 2 0 0 0 2-2 2 2 0 0 0-2-2 2 2 0 0 0-2 2 2 2 0 0 0 2 2m6-9a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2V10a2 2 0 0 1 2-2h1V6a5 5 0 0 1 5-5 5 5 0 0 1 5 5v2zm-6-5a3 3 0 0 0-3 3v2h6V6a3 3 0 0 0-3-3"/>'
  ],
  use: [
    '0 0 16 16',
    '<path d="M2 2.5h7.5v2M2 2.5v11h7.5v-2M6 8h8M11.3 5.2 14 8l-2.7 2.8" fill="none" stroke="currentColor" stroke-width="1.4"/>'
  ],
  build: [
    '0 0 24 24',
    '<path d="m22.7 19-9.1-9.1c.9-2.3.4-5-1.5-6.9-2-2-5-2.4-7.4-1.3L9 6 6 9 1.6 4.7C.4 7.1.9 10.1 2.9 12.1c1.9 1.9 4.6 2.4 6.9 1.5l9.1 9.1c.4.4 1 .4 1.4 0l2.3-2.3c.5-.4.5-1.1.1-1.4z"/>'
  ],
  'open-tab': [
    '0 0 32 32',
    '<g><path d="M26 28H6a2.003 2.003 0 0 1-2-2V6a2.003 2.003 0 0 1 2-2h10v2H6v20h20V16h2v10a2.003 2.003 0 0 1-2 2"/><path d="M20 2v2h6.586L18 12.586 19.414 14 28 5.414V12h2V2z"/></g>'
  ],
  tree: [
    '0 0 24 24',
    '<path d="M22 11V3h-7v3H9V3H2v8h7V8h2v10h4v3h7v-8h-7v3h-2V8h2v3z"/>'
  ],
  back: [
    '0 0 16 16',
    '<path d="M10 3 5 8l5 5" fill="none" stroke="currentColor" stroke-width="1.6"/>'
  ],
  more: [
    '0 0 24 24',
    '<g><circle cx="5" cy="12" r="2"/><circle cx="12" cy="12" r="2"/><circle cx="19" cy="12" r="2"/></g>'
  ],
  add: ['0 0 24 24', '<path d="M19 13h-6v6h-2v-6H5v-2h6V5h2v6h6z"/>'],
  close: [
    '0 0 24 24',
    '<circle cx="12" cy="12" r="11" fill="none"/><path d="M19 6.41 17.59 5 12 10.59 6.41 5 5 6.41 10.59 12 5 17.59 6.41 19 12 13.41 17.59 19 19 17.59 13.41 12z"/><circle cx="12" cy="12" r="7" fill="none"/>'
  ],
  search: [
    '0 0 18 18',
    '<path d="M12.1 10.9h-.7l-.2-.2c.8-.9 1.3-2.2 1.3-3.5 0-3-2.4-5.4-5.4-5.4S1.8 4.2 1.8 7.1s2.4 5.4 5.4 5.4c1.3 0 2.5-.5 3.5-1.3l.2.2v.7l4.1 4.1 1.2-1.2zm-5 0c-2.1 0-3.7-1.7-3.7-3.7s1.7-3.7 3.7-3.7 3.7 1.7 3.7 3.7-1.6 3.7-3.7 3.7"/>'
  ],
  paste: [
    '0 0 24 24',
    '<path d="M19 2h-4.18C14.4.84 13.3 0 12 0S9.6.84 9.18 2H5c-1.1 0-2 .9-2 2v16c0 1.1.9 2 2 2h14c1.1 0 2-.9 2-2V4c0-1.1-.9-2-2-2m-7 0c.55 0 1 .45 1 1s-.45 1-1 1-1-.45-1-1 .45-1 1-1m7 18H5V4h2v3h10V4h2z"/>'
  ],
  edit: [
    '0 0 24 24',
    '<path d="M3 17.25V21h3.75L17.81 9.94l-3.75-3.75zM20.71 7.04a.996.996 0 0 0 0-1.41l-2.34-2.34a.996.996 0 0 0-1.41 0l-1.83 1.83 3.75 3.75z"/>'
  ],
  undo: [
    '0 0 24 24',
    '<path d="M12.5 8c-2.65 0-5.05.99-6.9 2.6L2 7v9h9l-3.62-3.62c1.39-1.16 3.16-1.88 5.12-1.88 3.54 0 6.55 2.31 7.6 5.5l2.37-.78C21.08 11.03 17.15 8 12.5 8"/>'
  ],
  copy: [
    '0 0 18 18',
    '<path d="M11.9 1H3.2c-.8 0-1.5.7-1.5 1.5v10.2h1.5V2.5h8.7zm2.2 2.9h-8c-.8 0-1.5.7-1.5 1.5v10.2c0 .8.7 1.5 1.5 1.5h8c.8 0 1.5-.7 1.5-1.5V5.4c-.1-.8-.7-1.5-1.5-1.5m0 11.6h-8V5.4h8z"/>'
  ],
  caret: [
    '0 0 18 18',
    '<path d="M5.2 7.5 9 11.2l3.8-3.8H5.2z" shape-rendering="geometricPrecision"/>'
  ],
  notebook: [
    '0 0 16 16',
    '<path d="M3.2 1.8h9.6v12.4H3.2z" fill="none" stroke="currentColor" stroke-width="1.3"/><path d="M8.2 2v6.2l1.7-1.5 1.7 1.5V2z"/>'
  ],
  archive: [
    '0 0 16 16',
    '<path d="M1.8 2.5h12.4V6H1.8zM3 6v7.5h10V6M6.3 8.6h3.4" fill="none" stroke="currentColor" stroke-width="1.3"/>'
  ],
  tag: [
    '0 0 16 16',
    '<path d="M2 2.2h5.6l6.2 6.2-5.3 5.3L2 7.4z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round"/><circle cx="5" cy="5.1" r="1.1"/>'
  ],
  file: [
    '0 0 16 16',
    '<path d="M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.3h3.3" fill="none" stroke="currentColor" stroke-width="1.3"/>'
  ],
  delete: [
    '0 0 24 24',
    '<path d="M6 19c0 1.1.9 2 2 2h8c1.1 0 2-.9 2-2V7H6zM19 4h-3.5l-1-1h-5l-1 1H5v2h14z"/>'
  ],
  retry: [
    '0 0 18 18',
    '<path d="M9 13.5c-2.49 0-4.5-2.01-4.5-4.5S6.51 4.5 9 4.5c1.24 0 2.36.52 3.17 1.33L10 8h5V3l-1.76 1.76A6 6 0 0 0 9 3C5.69 3 3.01 5.69 3.01 9S5.69 15 9 15a5.98 5.98 0 0 0 5.9-5h-1.52c-.46 2-2.24 3.5-4.38 3.5"/>'
  ],
  follow: [
    '0 0 16 16',
    '<path d="M8 2.5v7M4.7 6.5 8 9.8l3.3-3.3M3 13h10" fill="none" stroke="currentColor" stroke-width="1.5"/>'
  ],
  wrap: [
    '0 0 16 16',
    '<path d="M2 3.5h12M2 8h9.5a2.3 2.3 0 0 1 0 4.6H8M9.8 10.6 7.8 12.6l2 2M2 12.5h3" fill="none" stroke="currentColor" stroke-width="1.4"/>'
  ],
  up: [
    '0 0 16 16',
    '<path d="M3.5 10 8 5.5l4.5 4.5" fill="none" stroke="currentColor" stroke-width="1.5"/>'
  ],
  down: [
    '0 0 16 16',
    '<path d="M3.5 6 8 10.5 12.5 6" fill="none" stroke="currentColor" stroke-width="1.5"/>'
  ],
  download: ['0 0 24 24', '<path d="M19 9h-4V3H9v6H5l7 7zM5 18v2h14v-2z"/>']
} as const;

export type GlyphName = keyof typeof GLYPHS;

/** Whether there is a picture of that name (the catalogue names icons as text). */
export function isGlyph(name: string | null): name is GlyphName {
  return name !== null && Object.hasOwn(GLYPHS, name);
}

/** A picture beside a word; it says nothing that the word does not. */
export function Glyph(props: {
  name: GlyphName;
  size?: number;
  className?: string;
}): JSX.Element {
  const { name, size = 16, className = '' } = props;
  const [viewBox, content] = GLYPHS[name];
  return (
    <svg
      className={`mlenv-Glyph ${className}`}
      data-glyph={name}
      width={size}
      height={size}
      viewBox={viewBox}
      fill="currentColor"
      aria-hidden="true"
      dangerouslySetInnerHTML={{ __html: content }}
    />
  );
}

/** The same picture for JupyterLab's own buttons, tabs and menus. */
function labIcon(name: GlyphName): LabIcon {
  const [viewBox, content] = GLYPHS[name];
  return new LabIcon({
    name: `mlenv:${name}`,
    svgstr:
      `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="${viewBox}">` +
      `<g class="jp-icon3" fill="#616161" color="#616161">${content}</g></svg>`
  });
}

export const environmentIcon = labIcon('environment');
export const useIcon = labIcon('use');
