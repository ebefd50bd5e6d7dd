// Finding pictures again: gallery, search, the large view, and the addresses of all of them.

import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { cards, context, heed, loaded, page, shot, step, studio } from './harness.mjs';

const tiles = page.locator('#tiles .tile[data-picture]');
const viewer = page.locator('#viewer');
const complete = () => page.waitForFunction(() => document.querySelectorAll('#tiles .tile').length > 5 && [...document.querySelectorAll('#tiles img')].every((image) => image.complete && image.naturalWidth));
const closed = () => page.waitForFunction(() => !document.getElementById('viewer').open);
const at = (hash) => page.waitForFunction((wanted) => location.hash === wanted, hash);

await step('after a reload it is found in the gallery', async () => {
  await page.reload();
  await cards.nth(5).waitFor();
  await page.click('[data-view=gallery]');
  await page.fill('#words', 'HARBOUR mist');
  await page.getByRole('button', { name: 'Upscales' }).click();
  await page.waitForFunction(() => document.querySelectorAll('#tiles .tile').length === 1);
  await page.fill('#words', 'submarine');
  await page.getByText('Nothing was found.').waitFor();
  await page.fill('#words', '');
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await complete();
  await page.mouse.move(0, 0);
  await shot('gallery');
});

await step('what was searched for stands in the address, and outlives a reload', async () => {
  await page.fill('#words', 'mist');
  await page.getByRole('button', { name: 'Upscales' }).click();
  await at('#gallery?q=mist&kind=upscales');
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('#tiles .tile').length === 1);
  assert.equal(await page.inputValue('#words'), 'mist');
  assert.equal(await page.getByRole('button', { name: 'Upscales' }).getAttribute('aria-pressed'), 'true');
});

await step('the pictures that are shown are downloaded at once', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download 1' }).click()]);
  const { size } = await stat(await download.path());
  assert.ok(size > 1000, `${size} bytes`);
});

await step('pictures that are slow to come hold up nothing else', async () => {
  const held = new Set();
  let most = 0;
  const begun = (request) => {
    if (!request.url().includes('/pictures/')) return;
    held.add(request);
    most = Math.max(most, held.size);
  };
  const over = (request) => held.delete(request);
  const holds = async (count) => {
    for (const until = Date.now() + 30_000; held.size !== count && Date.now() < until;) await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(held.size, count, [...held].map((request) => request.url()).join(', '));
  };
  await page.goto('about:blank');
  page.on('request', begun);
  page.on('requestfailed', over);
  await page.route('**/pictures/**', () => {});
  await page.goto(`${studio.address}#gallery`, { waitUntil: 'commit' });
  await page.waitForFunction(() => document.querySelectorAll('#tiles img').length > 5);
  await holds(3);
  // Whoever waits for one picture does not wait for the others, nor for those that were passed over.
  await tiles.nth(1).click();
  await holds(4);
  for (const key of ['ArrowRight', 'ArrowLeft']) {
    const asked = page.waitForRequest((request) => /pictures\/[^?]*$/.test(request.url()));
    await page.keyboard.press(key);
    await asked;
  }
  await holds(4);
  await page.keyboard.press('Escape');
  await closed();
  await holds(3);
  await page.fill('#words', 'submarine');
  await page.getByText('Nothing was found.').waitFor();
  await holds(0);
  assert.equal(most, 4, 'a browser has six connections: one is the stream\'s, one is for what is pressed');
  await page.unroute('**/pictures/**');
  page.off('request', begun);
  page.off('requestfailed', over);
});

await step('a picture opens large, and the back button leaves it', async () => {
  await page.goto(`${studio.address}#gallery`);
  await page.reload();
  await complete();
  await tiles.nth(3).scrollIntoViewIfNeeded();
  const length = await page.evaluate(() => history.length);
  await tiles.nth(3).focus();
  await page.keyboard.press('Enter');
  await loaded(viewer.locator('img').last());
  const first = await page.evaluate(() => location.hash);
  await shot('viewer');
  await page.goBack();
  await closed();
  await at('#gallery');
  assert.ok(await tiles.nth(3).evaluate((tile) => tile === document.activeElement), 'the focus is where it was');
  await page.goForward();
  await page.waitForFunction(() => document.getElementById('viewer').open);
  await at(first);
  await page.keyboard.press('Escape');
  await closed();
  await at('#gallery');
  assert.equal(await page.evaluate(() => history.length), length + 1, 'closing it leaves no addresses behind');
});

await step('arrows lead to the neighbours', async () => {
  await tiles.nth(1).click();
  const titleOf = () => viewer.locator('#viewer-title').innerText();
  await viewer.locator('#viewer-title').waitFor();
  const hash = await page.evaluate(() => location.hash);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((before) => location.hash !== before, hash);
  await viewer.getByRole('button', { name: 'Previous picture' }).click();
  await at(hash);
  assert.ok((await titleOf()).length > 0);
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction((before) => location.hash !== before, hash);
  assert.equal(await viewer.getByRole('button', { name: 'Previous picture' }).count(), 0, 'the first has none before it');
  await page.keyboard.press('Escape');
  await closed();
  await at('#gallery');
});

await step('a press on the ground beside it closes it', async () => {
  await tiles.nth(0).click();
  await viewer.locator('#viewer-title').waitFor();
  await page.mouse.click(4, 400);
  await closed();
});

await step('the browser goes back once, though two that were closed are told of at once', async () => {
  await tiles.nth(0).click();
  await viewer.locator('#viewer-title').waitFor();
  const backs = await page.evaluate(async () => {
    const back = history.back.bind(history);
    let count = 0;
    history.back = () => { count += 1; back(); };
    const dialog = document.getElementById('viewer');
    const over = new Promise((resolve) => { addEventListener('hashchange', resolve, { once: true }); });
    dialog.close();
    dialog.dispatchEvent(new Event('close'));
    dialog.dispatchEvent(new Event('close'));
    await over;
    delete history.back;
    return count;
  });
  assert.equal(backs, 1);
  await at('#gallery');
});

await step('a link to a picture opens it, and leaves to the page', async () => {
  const id = await tiles.nth(2).getAttribute('data-id');
  const other = heed(await context.newPage());
  await other.goto(`${studio.address}#${id}`);
  await other.locator('#viewer img').last().waitFor();
  await other.keyboard.press('Escape');
  await other.waitForFunction(() => !document.getElementById('viewer').open && location.hash === '#create');
  assert.ok(await other.locator('#prompt').isVisible());
  await other.close();
});

await step('a link to a picture that is no longer kept says so', async () => {
  const other = heed(await context.newPage());
  await other.goto(`${studio.address}#${'0'.repeat(26)}`);
  await other.getByText('This picture is no longer kept.').first().waitFor();
  assert.ok(await other.locator('#prompt').isVisible());
  assert.equal(await other.evaluate(() => location.hash), '#create');
  await other.close();
});
