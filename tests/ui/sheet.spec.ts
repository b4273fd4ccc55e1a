import { expect, test } from '@playwright/test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TAKEN = process.env.MLENV_UI_SCREENSHOTS ?? 'test-results/screenshots';
const IMAGES = join(__dirname, '../../docs/images');
/** Of a picture 1440 pixels wide: what stands at the left of JupyterLab's own. */
const NARROW = /^(.*)-280-(light|dark)\.png$/;

for (const theme of ['light', 'dark']) {
  test(`the contact sheet, ${theme}`, async ({ page }) => {
    const taken = readdirSync(TAKEN)
      .map(file => NARROW.exec(file))
      // Where Jupyter's own Python is differs from machine to machine.
      .filter(found => found?.[2] === theme && found[1] !== 'adopt')
      .sort();
    expect(taken.length).toBeGreaterThan(5);
    const figures = taken.map(found => {
      const [file, name] = found as RegExpExecArray;
      const data = readFileSync(join(TAKEN, file)).toString('base64');
      const at = /^(banner|switcher)/.test(name) ? 'right' : 'left';
      return `<figure><div style="background-image:url(data:image/png;base64,${data});
        background-position:${at} top"></div>
        <figcaption>${name}</figcaption></figure>`;
    });
    await page.setViewportSize({ width: 1240, height: 800 });
    await page.setContent(`<style>
      body { margin: 12px; font: 12px sans-serif; display: grid; gap: 12px;
        grid-template-columns: repeat(4, 1fr);
        background: ${theme === 'light' ? '#eee' : '#333'}; color: ${theme === 'light' ? '#222' : '#ddd'}; }
      figure { margin: 0; }
      div { block-size: 560px; background-size: 1320px; background-repeat: no-repeat; }
      figcaption { padding: 2px 0; }
    </style>${figures.join('')}`);
    await page.screenshot({
      path: join(IMAGES, `sheet-${theme}.jpg`),
      type: 'jpeg',
      quality: 50,
      fullPage: true
    });
  });
}
