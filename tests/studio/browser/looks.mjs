// Every view in both languages and both colours, on a desk, on a phone, enlarged, by keyboard, and without motion.

import assert from 'node:assert/strict';
import { accessible, browser, cards, fits, heed, page, SECRET, shot, step, still, studio } from './harness.mjs';

/** @type {{[name: string]: (on: import('playwright-core').Page) => Promise<void>}} */
const VIEWS = {
  async create(on) {
    await on.locator('#feed .card img').first().waitFor();
  },
  async sheet(on) {
    await on.click('[data-chip=more_parameters]');
    await on.locator('.sheet:popover-open').waitFor();
  },
  async describe(on) {
    await on.keyboard.press('Escape');
    await on.click('.kind[data-kind=describe]');
  },
  async shorten(on) {
    await on.click('.kind[data-kind=shorten]');
  },
  async gallery(on) {
    await on.click('[data-view=gallery]');
    await on.locator('#tiles .tile').nth(5).waitFor();
  },
  async viewer(on) {
    await on.click('#filters [data-kind=upscales]');
    await on.waitForFunction(() => location.hash.includes('upscales') && document.querySelector('#tiles:not([aria-busy]) .tile'));
    await on.locator('#tiles .tile').first().click();
    await on.locator('#viewer-title').waitFor();
  },
  async form(on) {
    await on.locator('#viewer [data-action=vary_region]').click();
    await on.locator('.ask canvas').waitFor();
  },
  async system(on) {
    await on.keyboard.press('Escape');
    await on.keyboard.press('Escape');
    await on.waitForFunction(() => !document.getElementById('viewer').open);
    await on.click('[data-view=system]');
    await on.locator('#status .lines').first().waitFor();
    await on.click('#examine');
    await on.locator('#report .verdict').waitFor();
  },
};

/** Looks at every view in a browser of its own: whether it fits its window, and whether it is accessible. */
async function everything(name, { measured, ...options }, cookies) {
  const own = await browser.newContext(options);
  own.setDefaultTimeout(30_000);
  await own.addCookies(Object.entries(cookies).map(([key, value]) => ({ name: key, value, url: studio.address })));
  const on = heed(await own.newPage());
  const sound = async (view) => {
    await fits(`${name}, ${view}`, on);
    if (measured) await accessible(`${name}, ${view}`, on);
    if (process.env.LOOK) await shot(`look-${name.replaceAll(/\W+/g, '-')}-${view}`, {}, on);
  };
  await on.goto(studio.address);
  await sound('login');
  await on.fill('[name=secret]', SECRET);
  await on.keyboard.press('Enter');
  await on.waitForSelector('#prompt');
  for (const [view, open] of Object.entries(VIEWS)) {
    await open(on);
    await sound(view);
  }
  await own.close();
}

await step('accounts, queue and doctor are told in plain words', async () => {
  await page.goto(`${studio.address}#system`);
  await page.locator('#status .lines').first().waitFor();
  await page.click('#examine');
  await page.locator('#report .verdict').waitFor();
  await page.getByRole('button', { name: 'Copy the report' }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /In order {2}\S/);
  await page.locator('#notice').evaluate((notice) => notice.hidePopover());
  await page.setViewportSize({ width: 1320, height: 1120 });
  await page.evaluate(() => scrollTo(0, 0));
  await shot('system');
  await page.setViewportSize({ width: 1320, height: 880 });
});

const DESK = { viewport: { width: 1320, height: 880 }, measured: true };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const ENLARGED = { viewport: { width: 660, height: 440 }, deviceScaleFactor: 2 };
const ENGLISH = { locale: 'en-GB' };
const CHINESE = { locale: 'zh-CN' };

// They mostly wait, so all do at once.
const all = (looks) => Promise.all(looks.map((look) => everything(...look)));
await step('every view is sound in both languages and both colours', () => all([
  ['English, light', { ...DESK, ...ENGLISH }, { mj_theme: 'light' }],
  ['English, dark by the system', { ...DESK, ...ENGLISH, colorScheme: 'dark' }, {}],
  ['Chinese, light', { ...DESK, ...CHINESE }, {}],
  ['Chinese, dark', DESK, { mj_theme: 'dark', mj_lang: 'zh' }],
]));
await step('every view fits a phone, and 200 %', () => all([
  ['phone, English', { ...PHONE, ...ENGLISH, measured: true }, {}],
  ['phone, Chinese, dark', PHONE, { mj_theme: 'dark', mj_lang: 'zh' }],
  ['200 %', { ...ENLARGED, ...ENGLISH }, {}],
]));

await step('it is dark, and Chinese, and both are remembered', async () => {
  await page.goto(`${studio.address}#create`);
  await page.click('#theme');
  await page.click('#theme');
  await page.reload();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(15, 20, 22)');
  await cards.first().locator('img').first().waitFor();
  await shot('dark');
  await page.click('#language');
  await page.getByText('今天想看见什么？').waitFor();
  await page.reload();
  await cards.first().locator('img').first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-Hans');
  await page.click('#theme');
  await shot('chinese');
});

await step('it fits a phone', async () => {
  await page.click('#language');
  await page.getByText('What shall we see today?').waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  await cards.locator('img').first().waitFor();
  await shot('phone');
  await page.click('[data-view=gallery]');
  await page.waitForFunction(() => { const all = [...document.querySelectorAll('#tiles img')].slice(0, 6); return all.length > 3 && all.every((image) => image.complete && image.naturalWidth); });
  await shot('phone-gallery');
  await page.locator('#tiles .tile[data-picture]').nth(1).click();
  await page.locator('#viewer .layers img').waitFor();
  await shot('phone-viewer');
  await page.keyboard.press('Escape');
  await page.setViewportSize({ width: 1320, height: 880 });
});

await step('every stop of the keyboard can be seen, and the first leads past the head', async () => {
  await page.goto(studio.address);
  await page.reload();
  await page.waitForSelector('#feed .card');
  const seen = new Set();
  for (let stop = 0; stop < 45; stop += 1) {
    await page.keyboard.press('Tab');
    const [what, visible] = await page.evaluate(() => {
      const here = document.activeElement;
      // A field that lies unseen over its label is shown by that, the prompt by the box around it.
      const shown = [here, here.parentElement, here.closest('.composer')].filter(Boolean);
      const marked = (one) => { const style = getComputedStyle(one); return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || (one.matches('.composer') && here.matches('textarea')); };
      return [`${here.tagName} ${here.className} ${here.id} ${here.textContent.slice(0, 30)}`, shown.some(marked)];
    });
    if (stop === 0) assert.match(what, /skip/);
    assert.ok(visible, `it cannot be seen where the focus is: ${what}`);
    seen.add(what);
  }
  assert.ok(seen.size > 30, `${seen.size} stops`);
});

await step('nothing moves for whoever wants no motion', async () => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.reload();
  await page.waitForSelector('#feed .card img');
  await still();
  assert.equal(await page.evaluate(() => document.getAnimations().filter((one) => one.playState === 'running').length), 0);
  await page.emulateMedia({ reducedMotion: 'no-preference' });
});

await step('nothing jumps while the page comes', async () => {
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value; }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const hash of ['create', 'gallery', 'system']) {
    await page.goto(`${studio.address}#${hash}`);
    await page.reload();
    await page.locator({ create: '#feed .card img', gallery: '#tiles img', system: '#status .lines' }[hash]).first().waitFor();
    await still();
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift < 0.1, `${hash} jumped by ${shift}`);
  }
});
