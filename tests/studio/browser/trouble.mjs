// What goes wrong is said in plain words, with what to do.

import assert from 'node:assert/strict';
import { accessible, cards, page, shot, step, studio } from './harness.mjs';

await step('a refused prompt shows its reason and advice', async () => {
  await page.goto(`${studio.address}#create`);
  await page.reload();
  await page.fill('#prompt', 'a stormy sea simulate:banned');
  await page.click('#send');
  const why = cards.first().locator('.why:not([hidden])');
  await why.waitFor();
  assert.match(await why.innerText(), /A word of the prompt is banned[^]*Banned prompt detected[^]*Change the prompt\./);
  await accessible('refused');
  await page.evaluate(() => scrollTo(0, 0));
  await shot('refused', { clip: { x: 0, y: 0, width: 1320, height: 680 } });
  await cards.first().getByRole('button', { name: 'Edit and try again' }).click();
  assert.equal(await page.inputValue('#prompt'), 'a stormy sea simulate:banned');
});

await step('a prompt of nothing is asked for', async () => {
  await page.fill('#prompt', '   ');
  await page.click('#send');
  await page.getByText('Say first what you want to see.').waitFor();
});

await step('what the studio refuses is said at its place, and the prompt is kept', async () => {
  await page.route('**/api/imagine', (route) => route.fulfill({ status: 503, json: { error: 'queue_full', message: '1000 tasks wait' } }));
  await page.fill('#prompt', 'one more');
  await page.click('#send');
  await page.locator('#trouble').getByText('Too many tasks wait.').waitFor();
  assert.equal(await page.inputValue('#prompt'), 'one more');
  await accessible('queue full');
  await page.unroute('**/api/imagine');
  await page.fill('#prompt', '');
});

await step('a studio that is not set up says so, and leads to the doctor', async () => {
  const refusal = { status: 503, json: { error: 'configuration', message: 'mj.channel_id: must be set' } };
  await page.route(/api\/(tasks|status)/, (route) => route.fulfill(refusal));
  await page.goto(studio.address);
  await page.reload();
  await page.getByRole('heading', { name: 'The studio is not ready yet' }).waitFor();
  await page.getByText('mj.channel_id: must be set').waitFor();
  assert.equal(await page.locator('#health').getAttribute('data-state'), 'failed');
  await accessible('not ready');
  await shot('not-ready');
  await page.getByRole('link', { name: 'Ask the doctor' }).click();
  await page.locator('#examine').waitFor();
  await page.unroute(/api\/(tasks|status)/);
});

await step('a studio without an account says so too, though nothing fails', async () => {
  await page.route('**/api/tasks?*', (route) => route.fulfill({ json: { tasks: [], cursor: null } }));
  await page.route('**/api/status', (route) => route.fulfill({ json: { version: '', configured: false, owner: false, connections: { bot: 'off', user: 'off' }, network: null, queue: null, accounts: [] } }));
  await page.goto(`${studio.address}#create`);
  await page.reload();
  await page.getByText('No account is configured yet').waitFor();
  assert.equal(await page.locator('#health').innerText(), 'Not set up');
  await accessible('unset');
  await page.unrouteAll();
});

await step('a picture that does not come can be asked for again', async () => {
  await page.route('**/pictures/**', (route) => route.fulfill({ status: 404, json: { error: 'no_image', message: '' } }));
  await page.goto(`${studio.address}#create`);
  await page.reload();
  const missing = page.locator('#feed .missing').first();
  await missing.waitFor();
  await accessible('missing');
  await page.unroute('**/pictures/**');
  await missing.getByRole('button').click();
  await cards.locator('img[src^="pictures/"]').first().waitFor();
});
