// One start of JupyterLab in a real browser: `node bench/lab_start.mjs ADDRESS [CHROMIUM]` prints the
// milliseconds until the launcher shows its kernels.
import { chromium } from '@playwright/test';

const [, , address, executablePath] = process.argv;
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
});
const page = await browser.newPage();
// Once for the caches of the browser, once to be timed.
for (const timed of [false, true]) {
  const began = performance.now();
  await page.goto(`${address}&reset`);
  await page.locator('.jp-LauncherCard[data-category="Notebook"]').first().waitFor();
  if (timed) {
    console.log(performance.now() - began);
  }
}
await browser.close();
