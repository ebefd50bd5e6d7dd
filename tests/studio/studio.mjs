// What a person does in the studio, done by headless Chromium: node studio.mjs ADDRESS SECRET

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [address, secret] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1320, height: 880 }, locale: 'en-GB', colorScheme: 'light' });
context.setDefaultTimeout(60_000);
const page = await context.newPage();

/** What must not be: errors of the page, blocked by its policy, requests to other hosts. */
const wrong = [];
const streams = [];
page.on('pageerror', (error) => wrong.push(String(error)));
page.on('console', (message) => message.type() === 'error' && !/status of (4\d\d|501)/.test(message.text()) && wrong.push(message.text()));
page.on('request', (request) => new URL(request.url()).origin === new URL(address).origin || /^(blob|data):/.test(request.url()) || wrong.push(request.url()));
page.on('requestfinished', (request) => request.url().includes('api/changes') && streams.push(request.timing().responseEnd));

let passed = 0;
let failed = 0;
async function step(name, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok   ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
    await page.screenshot({ path: `${process.env.SHOTS}/failed-${failed}.png` });
  }
}

const shot = async (name, options = {}) => {
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity));
  await page.screenshot({ path: `${process.env.SHOTS}/${name}.png`, ...options });
};

/** No rule of axe-core's is broken seriously, as the page is now. */
async function accessible(what) {
  await page.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity));
  // The page's own policy forbids scripts from elsewhere, so it comes by the debugger.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
  assert.deepEqual(serious.map((one) => `${what}: ${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`), []);
}

const cards = page.locator('#feed .card');
const loaded = (locator) => locator.evaluate((image) => image.decode().then(() => image.naturalWidth));

await step('the login refuses a wrong secret and takes the right one', async () => {
  await page.goto(address);
  await accessible('login');
  await shot('login');
  await page.fill('[name=secret]', 'a wrong secret');
  await page.keyboard.press('Enter');
  await page.getByText('This is not the secret.').waitFor();
  await page.fill('[name=secret]', secret);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#prompt');
});

await step('the chips set parameters by keyboard', async () => {
  await accessible('empty');
  await page.focus('[data-chip=aspect]');
  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: '3:2' }).focus();
  await page.keyboard.press('Space');
  await accessible('sheet');
  await page.keyboard.press('Escape');
  assert.match(await page.locator('[data-chip=aspect]').innerText(), /3:2/);
});

await step('a prompt is typed, its progress moves, its preview appears, its picture comes', async () => {
  await page.fill('#prompt', 'a quiet harbour in the morning mist, watercolour');
  await page.keyboard.press('Enter');
  const card = cards.first();
  await card.waitFor();
  await page.evaluate(() => {
    globalThis.progress = new Set();
    new MutationObserver(() => globalThis.progress.add(document.querySelector('#feed .card progress').value))
      .observe(document.querySelector('#feed .card'), { subtree: true, childList: true, characterData: true });
  });
  const preview = card.locator('img[src^="previews/"]').first();
  await preview.waitFor();
  assert.ok(await loaded(preview) > 0);
  await accessible('under way');
  await shot('progress');
  await card.locator('[data-action=upscale2]').waitFor();
  const progress = await page.evaluate(() => [...globalThis.progress]);
  assert.ok(progress.filter((one) => one > 0 && one < 100).length >= 2, `the progress moved: ${progress}`);
  assert.deepEqual(progress, [...progress].sort((a, b) => a - b), 'and never back');
  const picture = card.locator('img[src^="pictures/"]').first();
  assert.ok(await loaded(picture) > 0);
  assert.match(await card.locator('.tags').innerText(), /3:2/);
});

await step('U2 brings the second picture', async () => {
  await cards.first().locator('[data-action=upscale2]').hover();
  await page.waitForTimeout(700);
  await shot('desktop');
  await cards.first().locator('[data-action=upscale2]').click();
  await page.waitForFunction(() => document.querySelectorAll('#feed .card').length === 2);
  await cards.first().locator('[data-action=vary_subtle]').waitFor();
  const picture = cards.first().locator('img[src^="pictures/"]').first();
  assert.ok(await loaded(picture) > 0);
  await accessible('pictures');
});

await step('a form is asked for inline, and Escape leaves it', async () => {
  const button = cards.first().locator('[data-action=custom_zoom]');
  await button.click();
  const words = cards.first().locator('.ask textarea');
  assert.match(await words.inputValue(), /--zoom 1\.8$/);
  assert.ok(await words.evaluate((element) => element === document.activeElement));
  await accessible('form');
  await shot('form');
  await page.keyboard.press('Escape');
  await words.waitFor({ state: 'detached' });
  assert.ok(await button.evaluate((element) => element === document.activeElement));
  await button.click();
  await words.fill('a quiet harbour in the evening --zoom 1.5');
  await cards.first().locator('.ask .primary').click();
  await page.waitForFunction(() => document.querySelectorAll('#feed .card').length === 3);
  await cards.first().locator('[data-action]').first().waitFor();
});

await step('a region is painted', async () => {
  const card = cards.nth(1);
  await card.locator('[data-action=vary_region]').click();
  const canvas = card.locator('canvas');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.6, { steps: 5 });
  await page.mouse.up();
  await shot('region');
  await card.locator('.ask .primary').click();
  await page.waitForFunction(() => document.querySelectorAll('#feed .card').length === 4);
  await cards.first().locator('[data-action]').first().waitFor();
});

await step('after a reload it is found in the gallery', async () => {
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('#feed .card').length === 4);
  await page.click('[data-view=gallery]');
  await page.fill('#words', 'HARBOUR mist');
  await page.getByRole('button', { name: 'Upscales' }).click();
  await page.waitForFunction(() => document.querySelectorAll('#tiles .tile').length === 1);
  await page.fill('#words', 'submarine');
  await page.getByText('Nothing was found.').waitFor();
  await page.fill('#words', '');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await page.waitForFunction(() => document.querySelectorAll('#tiles .tile').length === 4 && [...document.querySelectorAll('#tiles img')].every((image) => image.complete && image.naturalWidth));
  await accessible('gallery');
  await shot('gallery');
  await page.locator('#tiles .tile').nth(3).focus();
  await page.keyboard.press('Enter');
  assert.ok(await loaded(page.locator('#viewer img').last()) > 0);
  await accessible('viewer');
  await shot('viewer');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.getElementById('viewer').open && location.hash === '#gallery');
});

await step('a refused prompt shows its reason', async () => {
  await page.click('[data-view=create]');
  await page.fill('#prompt', 'a stormy sea simulate:banned');
  await page.click('#send');
  const why = cards.first().locator('.why:not([hidden])');
  await why.waitFor();
  assert.match(await why.innerText(), /A word of the prompt is banned[^]*Banned prompt detected/);
  await accessible('refused');
  await shot('refused', { clip: { x: 0, y: 0, width: 1320, height: 640 } });
  await page.fill('#prompt', '   ');
  await page.click('#send');
  await page.getByText('Say first what you want to see.').waitFor();
});

await step('a picture that is dropped is described', async () => {
  await page.click('[data-view=create]');
  const bytes = [...await page.screenshot({ clip: { x: 0, y: 0, width: 300, height: 200 } })];
  const transfer = await page.evaluateHandle((data) => {
    const made = new DataTransfer();
    made.items.add(new File([new Uint8Array(data)], 'harbour.png', { type: 'image/png' }));
    return made;
  }, bytes);
  await page.dispatchEvent('#composer', 'dragover', { dataTransfer: transfer });
  await page.dispatchEvent('#composer', 'drop', { dataTransfer: transfer });
  await page.locator('#thumbs img').waitFor();
  await accessible('describe');
  await page.click('#send');
  await page.locator('.found li').nth(3).waitFor();
  await accessible('descriptions');
  await shot('describe');
  await cards.first().locator('.found li').first().getByRole('button', { name: 'Edit' }).click();
  assert.ok((await page.inputValue('#prompt')).length > 20);
});

await step('two pictures that are chosen are blended', async () => {
  const buffer = await page.screenshot({ clip: { x: 0, y: 0, width: 200, height: 200 } });
  const other = await page.screenshot({ clip: { x: 200, y: 100, width: 200, height: 200 } });
  const before = await cards.count();
  await page.click('.kind[data-kind=blend]');
  await page.setInputFiles('#files', [buffer, other].map((one, index) => ({ name: `${index}.png`, mimeType: 'image/png', buffer: one })));
  await page.click('#send');
  await page.waitForFunction((count) => document.querySelectorAll('#feed .card').length === count + 1, before);
  await cards.first().locator('[data-action=upscale1]').waitFor();
});

await step('accounts, queue and doctor are told in plain words', async () => {
  await page.click('[data-view=system]');
  await page.locator('#status .lines').first().waitFor();
  await page.click('#examine');
  await page.waitForFunction(() => document.querySelector('#report') && !document.querySelector('#report .busy') && document.querySelector('#report').children.length > 0);
  await accessible('system');
  await shot('system', { fullPage: true });
});

await step('it is dark, and Chinese, and both are remembered', async () => {
  await page.click('[data-view=create]');
  await page.click('#theme');
  await page.click('#theme');
  await page.reload();
  assert.equal(await page.locator('html').getAttribute('data-theme'), 'dark');
  await cards.nth(5).locator('img').first().waitFor();
  await accessible('dark');
  await shot('dark');
  await page.click('#language');
  await page.getByText('今天想看见什么？').waitFor();
  await page.reload();
  await cards.nth(5).locator('img').first().waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh-Hans');
  await page.click('#theme');
  await page.click('#theme');
  await accessible('Chinese');
  await shot('chinese');
});

await step('it fits a phone', async () => {
  await page.click('#language');
  await page.setViewportSize({ width: 390, height: 844 });
  for (const view of ['system', 'gallery', 'create']) {
    await page.click(`[data-view=${view}]`);
    await page.waitForTimeout(300);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${view} is as wide as the phone`);
    await accessible(`phone, ${view}`);
  }
  await cards.nth(5).locator('img').first().waitFor();
  await shot('phone');
  await page.click('[data-view=gallery]');
  await page.waitForFunction(() => [...document.querySelectorAll('#tiles img')].slice(0, 6).every((image) => image.complete && image.naturalWidth));
  await shot('phone-gallery');
});

await step('the first stop of the keyboard leads past the head', async () => {
  await page.goto(address);
  await page.waitForSelector('#prompt');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
});

await step('no stream held a worker for longer than its slice', async () => {
  assert.ok(streams.length > 3, `${streams.length} streams`);
  assert.ok(Math.max(...streams) < 4000, `the longest took ${Math.max(...streams)} ms`);
});

await step('nothing was wrong meanwhile', async () => assert.deepEqual(wrong, []));

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
