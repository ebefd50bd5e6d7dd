// What goes wrong is said in plain words, with what to do.

import assert from 'node:assert/strict';
import { accessible, cards, context, heed, imagine, page, shot, step, studio } from './harness.mjs';

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

await step('the gallery says why there is no picture, and what each one waits for', async () => {
  await page.fill('#prompt', 'a sea simulate:moderated');
  await page.click('#send');
  await cards.first().getByText('A person must confirm this in Discord').first().waitFor();
  const id = await cards.first().getAttribute('data-id');
  for (const [width, height] of [[1320, 880], [320, 640]]) {
    await page.setViewportSize({ width, height });
    await page.click('[data-view=gallery]');
    const badge = page.locator(`#tiles [data-id="${id}"] .badge`);
    await badge.waitFor();
    assert.equal(await badge.innerText(), 'A person must confirm this in Discord', 'of no progress there is nothing to say');
    assert.ok(await badge.evaluate((one) => one.scrollWidth <= one.clientWidth && one.getBoundingClientRect().right <= one.parentElement.getBoundingClientRect().right - 8), `it fits its tile, ${width} wide`);
    await page.click('[data-view=create]');
  }
  await page.setViewportSize({ width: 1320, height: 880 });
  await page.click('[data-view=gallery]');
  await page.locator('#tiles .tile').filter({ hasText: 'a stormy sea' }).getByText('A word of the prompt is banned').waitFor();
  await accessible('reasons');
  await page.click('[data-view=create]');
  await cards.first().getByRole('button', { name: 'Cancel' }).focus();
  await page.keyboard.press('Enter');
  await cards.first().locator('.badge[data-status=CANCEL]').waitFor();
  assert.ok(await cards.first().evaluate((card) => card.contains(document.activeElement)), 'the focus stays at the task');
});

await step('what is no picture is said, and so is one too many', async () => {
  const png = await page.locator('.brand').screenshot();
  const drop = async (...files) => {
    const data = await page.evaluateHandle((all) => {
      const transfer = new DataTransfer();
      for (const [name, type] of all) transfer.items.add(new File(['words'], name, { type }));
      return transfer;
    }, files);
    for (const event of ['dragover', 'drop']) await page.dispatchEvent('body', event, { dataTransfer: data });
  };
  await drop(['notes.txt', 'text/plain']);
  await page.locator('#notice').getByText('This is not a PNG, JPEG, WebP or GIF.').waitFor();
  assert.equal(await page.locator('.kind[aria-pressed=true]').innerText(), 'Imagine', 'nothing else happens');
  await drop(['notes.txt', 'text/plain'], ['a.png', 'image/png']);
  assert.equal(await page.locator('.kind[aria-pressed=true]').innerText(), 'Describe', 'of one picture');
  await page.click('.kind[data-kind=imagine]');
  await page.setInputFiles('#attach', Array.from({ length: 6 }, (_, number) => ({ name: `${number}.png`, mimeType: 'image/png', buffer: png })));
  await page.locator('#notice').getByText('At most five pictures').waitFor();
  assert.equal(await page.locator('#thumbs li').count(), 5);
  while (await page.locator('#thumbs li').count() > 0) await page.locator('#thumbs button').first().click();
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

await step('a browser whose clock is wrong tells the same times', async () => {
  const other = heed(await context.newPage());
  await other.addInitScript(() => {
    const real = Date.now;
    Date.now = () => real() - 600_000;
  });
  await other.goto(studio.address);
  await imagine('a wave that stands simulate:stall', other);
  const state = other.locator('#feed .card').first().locator('.veil span');
  await state.getByText(/left|Painting/).waitFor();
  assert.doesNotMatch(await state.innerText(), /min left/);
  assert.match(await other.locator('#feed .card time').last().innerText(), /ago/, 'what is older than now is not of now');
  await other.locator('#feed .card').first().getByRole('button', { name: 'Cancel' }).click();
  await other.locator('#feed .card').first().locator('.badge[data-status=CANCEL]').waitFor();
  await other.close();
});
