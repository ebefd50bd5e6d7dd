// Making pictures: prompts, parameters, buttons, and what some of them ask.

import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { accessible, cards, finished, focused, imagine, loaded, page, SECRET, shot, step, studio } from './harness.mjs';

await step('the login refuses a wrong secret and takes the right one', async () => {
  await page.goto(studio.address);
  await accessible('login');
  await shot('login');
  await page.fill('[name=secret]', 'a wrong secret');
  await page.keyboard.press('Enter');
  await page.getByText('This is not the secret.').waitFor();
  await page.fill('[name=secret]', SECRET);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#prompt');
});

await step('who has made nothing yet is told how to begin', async () => {
  await page.locator('.suggestions').waitFor();
  await accessible('empty');
  await shot('empty');
  await page.locator('.suggestions button').first().click();
  assert.match(await page.inputValue('#prompt'), /lighthouse/);
  assert.ok(await focused(page.locator('#prompt')));
});

await step('the chips set parameters by keyboard', async () => {
  await page.focus('[data-chip=aspect]');
  await page.keyboard.press('Enter');
  await page.getByRole('radio', { name: '3:2' }).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Escape');
  assert.ok(await focused(page.locator('[data-chip=aspect]')));
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
});

await step('a prompt is copied, and all pictures of a grid are downloaded', async () => {
  const grid = cards.nth(1);
  await grid.getByRole('button', { name: 'Copy' }).click();
  await page.locator('#notice').getByText('Copied').waitFor();
  await page.locator('#notice').evaluate((notice) => notice.hidePopover());
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^a quiet harbour.*--aspect 3:2/);
  const [single] = await Promise.all([page.waitForEvent('download'), grid.getByRole('link', { name: 'Download', exact: true }).click()]);
  assert.match(single.suggestedFilename(), /^[0-9A-Z]{26}-1\.png$/);
  const [download] = await Promise.all([page.waitForEvent('download'), grid.getByRole('link', { name: 'Download all' }).click()]);
  const { size: length } = await stat(await download.path());
  assert.ok(length > 10_000, `${length} bytes`);
  assert.match(download.suggestedFilename(), /^[0-9A-Z]{26}\.zip$/);
});

await step('a form is asked for inline, and Escape leaves it', async () => {
  const button = cards.first().locator('[data-action=custom_zoom]');
  await button.click();
  const words = cards.first().locator('.ask textarea');
  assert.match(await words.inputValue(), /--zoom 1\.8$/);
  assert.ok(await words.evaluate((element) => element === document.activeElement));
  const slide = cards.first().locator('.ask input[type=range]');
  await slide.focus();
  await page.keyboard.press('ArrowLeft');
  assert.match(await words.inputValue(), /--zoom 1\.75$/, 'the slider writes into the words');
  await words.focus();
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

/** How white a mask is, where the test paints, and elsewhere: 0 to 1. */
async function whiteness(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  const pen = canvas.getContext('2d');
  pen.drawImage(image, 0, 0);
  const mean = (x, y, width, height) => {
    const { data } = pen.getImageData(x * canvas.width, y * canvas.height, width * canvas.width, height * canvas.height);
    return data.filter((_, index) => index % 4 === 0).reduce((sum, one) => sum + one, 0) / (data.length / 4) / 255;
  };
  return { width: canvas.width, height: canvas.height, inside: mean(0.42, 0.52, 0.06, 0.06), outside: mean(0, 0, 1, 0.3) };
}

await step('a region is painted', async () => {
  const id = await cards.nth(1).getAttribute('data-id');
  const card = page.locator(`#feed [data-id="${id}"]`);
  await card.locator('[data-action=vary_region]').click();
  const canvas = card.locator('canvas');
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + box.height * 0.5);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + box.height * 0.6, { steps: 5 });
  await page.mouse.up();
  await shot('region');
  const [asked] = await Promise.all([page.waitForRequest(/\/press$/), card.locator('.ask .primary').click()]);
  const mask = await page.evaluate(whiteness, asked.postDataJSON().mask);
  const [picture] = await page.evaluate((one) => fetch(`api/tasks/${one}`).then((answer) => answer.json()).then((task) => task.images), id);
  assert.deepEqual([mask.width, mask.height], [picture.width, picture.height]);
  assert.ok(mask.inside > 0.95 && mask.outside < 0.01, `white where it was painted: ${mask.inside}, and nowhere else: ${mask.outside}`);
  await page.waitForFunction(() => document.querySelectorAll('#feed .card').length === 4);
  await cards.first().locator('[data-action]').first().waitFor();
});

await step('an open form outlives what happens to its task meanwhile', async () => {
  const card = cards.nth(2);
  await card.locator('[data-action=custom_zoom]').click();
  await card.locator('.ask textarea').fill('half a thought');
  await page.evaluate(async (id) => {
    const { put, tasks } = await import(document.querySelector('link[href$="/tasks.js"]').href);
    const task = tasks.get(id);
    put({ ...task, revision: task.revision + 1, buttons: task.buttons.slice(1) });
  }, await card.getAttribute('data-id'));
  assert.equal(await card.locator('.ask textarea').inputValue(), 'half a thought');
  await card.getByRole('button', { name: 'Never mind' }).click();
});

await step('a region is painted by keyboard, and undone', async () => {
  const card = cards.nth(2);
  await card.locator('[data-action=vary_region]').click();
  const canvas = card.locator('canvas');
  await canvas.waitFor();
  assert.ok(await focused(canvas));
  const undo = card.getByRole('button', { name: 'Undo' });
  assert.ok(await undo.isDisabled());
  await page.keyboard.press('Space');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Backspace');
  assert.ok(await undo.isEnabled());
  await page.keyboard.press('Backspace');
  assert.ok(await undo.isDisabled());
  await page.keyboard.press('Escape');
  await canvas.waitFor({ state: 'detached' });
});

await step('a picture becomes part of a prompt', async () => {
  await page.setInputFiles('#attach', { name: 'boat.png', mimeType: 'image/png', buffer: await page.screenshot({ clip: { x: 0, y: 0, width: 200, height: 200 } }) });
  await page.locator('#thumbs img').waitFor();
  assert.equal(await page.locator('.kind[aria-pressed=true]').innerText(), 'Imagine');
  await accessible('image prompt');
  await imagine('a boat like this one');
  assert.equal(await page.locator('#thumbs img').count(), 0);
  await finished();
});

await step('a prompt is shortened', async () => {
  await page.click('.kind[data-kind=shorten]');
  await imagine('a very long prompt, with many words, of which most say nothing at all');
  await cards.first().locator('.found li').first().waitFor();
  await page.click('.kind[data-kind=imagine]');
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
  await page.click('#send');
  await page.locator('.found li').nth(3).waitFor();
  await accessible('descriptions');
  await cards.first().locator('img[src^="pictures/"]').first().waitFor();
  await shot('describe');
  const found = cards.first().locator('.found li').first();
  await found.getByRole('button', { name: /^Copy/ }).click();
  await page.locator('#notice').getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await found.locator('p').innerText());
  await found.getByRole('button', { name: /^Edit/ }).click();
  assert.equal(await page.inputValue('#prompt'), await found.locator('p').innerText());
  const before = await cards.count();
  await found.locator('[data-action=imagine1]').click();
  await page.waitForFunction((many) => document.querySelectorAll('#feed .card').length > many, before);
  await finished();
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

