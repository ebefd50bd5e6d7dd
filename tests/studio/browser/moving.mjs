// What happens around a page: reloads, other windows, the end of a session, a server that is away for a while.

import assert from 'node:assert/strict';
import { accessible, cards, context, finished, heed, imagine, outOfReach, page, SECRET, shot, step, studio } from './harness.mjs';

/** Sees that the first card moves on to its end. */
async function goesOn(on) {
  await on.locator('#feed .card').first().locator('img[src^="pictures/"]').first().waitFor();
}

await step('a task goes on where the page was left', async () => {
  await page.goto(`${studio.address}#create`);
  await imagine('a ferry at dawn');
  await page.fill('#prompt', 'half a thought');
  await page.reload();
  assert.match(await cards.first().locator('.prompt').innerText(), /a ferry at dawn/);
  assert.equal(await page.inputValue('#prompt'), 'half a thought');
  await goesOn(page);
  await page.fill('#prompt', '');
});

await step('two windows show the same', async () => {
  const other = heed(await context.newPage());
  await other.goto(studio.address);
  await other.locator('#feed .card').first().waitFor();
  await imagine('two boats, seen from two windows');
  await other.locator('#feed .card').first().getByText('two boats').waitFor({ timeout: 3000 });
  await goesOn(page);
  await goesOn(other);
  await other.locator('[data-chip=aspect]').click();
  await other.getByRole('radio', { name: '4:5' }).check({ force: true });
  await page.locator('[data-chip=aspect]').getByText('4:5').waitFor();
  await other.close();
});

await step('who was logged out meanwhile comes in again, and nothing is lost', async () => {
  const other = heed(await context.newPage());
  await other.goto(studio.address);
  await other.waitForSelector('#prompt');
  const before = await cards.count();
  await page.fill('#prompt', 'a pier after the session');
  await context.clearCookies();
  // What the page asks by itself may be refused first, and the dialog lie above the button.
  await page.evaluate(() => document.getElementById('composer').requestSubmit());
  const dialog = page.locator('dialog.enter');
  await dialog.waitFor();
  await accessible('logged out');
  await shot('logged-out');
  await dialog.locator('[name=secret]').fill('a wrong secret');
  await page.keyboard.press('Enter');
  await dialog.getByText('This is not the secret.').waitFor();
  await dialog.locator('[name=secret]').fill(SECRET);
  await page.keyboard.press('Enter');
  await dialog.waitFor({ state: 'detached' });
  await page.waitForFunction((many) => document.querySelectorAll('#feed .card').length === many + 1, before);
  await finished();
  // The other window has a token of the session that is over.
  await imagine('a pier in the other window', other);
  await other.close();
});

await step('a studio that is away for a while is told of, and what runs is found again', async () => {
  await imagine('a buoy in the storm');
  await outOfReach(async () => {
    await studio.end();
    await page.locator('#health[data-state=lost]').waitFor();
    assert.equal(await page.locator('#health').innerText(), 'Connection lost');
    await page.fill('#prompt', 'a prompt for nobody');
    await page.click('#send');
    await page.getByText('The studio cannot be reached.').first().waitFor();
    assert.equal(await page.inputValue('#prompt'), 'a prompt for nobody', 'it is kept');
    await studio.begin();
    await goesOn(page);
    await page.locator('#health[data-state=ok]').waitFor();
  });
  await page.fill('#prompt', '');
});

await step('a task that is no longer kept disappears', async () => {
  const id = await cards.nth(1).getAttribute('data-id');
  await page.route('**/api/changes**', (route) => route.fulfill({ contentType: 'text/event-stream', body: `event: gone\nid: ${id}.1\ndata: {"id":"${id}"}\n\nevent: end\nid: ${id}.1\ndata: []\n\n` }));
  await page.fill('#prompt', 'a wave');
  await page.click('#send');
  await page.locator(`#feed [data-id="${id}"]`).waitFor({ state: 'detached' });
  await page.unroute('**/api/changes**');
  await page.reload();
  await goesOn(page);
});
