// The Environments panel in a real browser: `node bench/panel.mjs ADDRESS ROWS [CHROMIUM]` prints, as JSON, what a
// person waits for: the first row after a press, a letter in the search, and the frames of a scroll over all rows.
import { chromium } from '@playwright/test';

const [, , address, rows, executablePath] = process.argv;
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
});
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });

/** Milliseconds from a press on the tab of the panel until a row of an environment is painted. */
async function firstPaint() {
  await page.goto(`${address}&reset`);
  await page.locator('.jp-LauncherCard').first().waitFor();
  return page.evaluate(async () => {
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    const began = performance.now();
    await window.jupyterapp.commands.execute('mlenv:show');
    while (!document.querySelector('.mlenv-Row[data-name]')) {
      await frame();
    }
    await frame();
    return performance.now() - began;
  });
}

await firstPaint();
const opened = [];
for (let count = 0; count < 3; count++) {
  opened.push(await firstPaint());
}

// Every page of the list, by going to its end until nothing more comes.
const list = page.locator('.mlenv-List');
await page.waitForFunction(
  wanted => {
    const list = document.querySelector('.mlenv-List');
    list.scrollTop = list.scrollHeight;
    return Number(list.getAttribute('aria-rowcount')) >= wanted;
  },
  Number(rows),
  { timeout: 300_000, polling: 50 }
);
const [frames, leaps] = await list.evaluate(async node => {
  const height = node.scrollHeight - node.clientHeight;
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const found = [];
  node.scrollTop = 0;
  let before = await frame();
  // Two rows a frame, as a quick wheel does; then the whole list in 90 leaps.
  for (let count = 0; count < 270; count++) {
    node.scrollTop = count < 180 ? count * 80 : ((count - 180) / 90) * height;
    const now = await frame();
    found.push(now - before);
    before = now;
  }
  return [found.slice(0, 180), found.slice(180)];
});

// The letter is in the field and on the screen; the answer of the server is not waited for.
const field = page.getByRole('searchbox').first();
await field.focus();
await page.evaluate(() => {
  window.letters = [];
  document.addEventListener(
    'keydown',
    event => {
      const began = event.timeStamp;
      requestAnimationFrame(() =>
        setTimeout(() => window.letters.push(performance.now() - began), 0)
      );
    },
    true
  );
});
await page.keyboard.type('bench-0012', { delay: 60 });
await page.locator('.mlenv-Row[data-name^="bench-0012"]').first().waitFor();
const letters = await page.evaluate(() => window.letters);
console.log(JSON.stringify({ opened, frames, leaps, letters }));
await browser.close();
