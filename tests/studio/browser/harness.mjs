// A studio with a simulator behind it, a browser before it, and what every test of the page needs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const { CHROMIUM, MJ_EXTENSION, MJ_SIMULATOR, PHP = 'php', SERVE, SHOTS, STATE } = process.env;
export const SECRET = 'a secret for the test';

/** Seconds for which a stream holds a worker. */
const SLICE = 2;

const SETTINGS = ['user_token', 'bot_token', 'guild_id', 'channel_id', 'api_url', 'gateway_url', 'cdn_url', 'upload_url', 'activity_url'];

/** The first line that a process writes and that `wanted` takes, as that gives it. */
async function told(child, wanted) {
  for await (const line of createInterface({ input: child.stdout })) {
    const found = wanted(line);
    if (found) return found;
  }
  throw new Error(`${child.spawnfile} ended without a word`);
}

const simulator = spawn(MJ_SIMULATOR, ['--listen', '127.0.0.1:0', '--speed', '8'], { stdio: ['ignore', 'pipe', 'inherit'] });
const says = await told(simulator, JSON.parse);

/** The studio as `make studio` serves it; it may end and begin again at its address. */
export const studio = {
  address: '',
  child: null,
  async begin() {
    const settings = Object.fromEntries(SETTINGS.filter((name) => says[name]).map((name) => [`MJ_${name.toUpperCase()}`, says[name]]));
    const listen = this.address === '' ? '127.0.0.1:0' : new URL(this.address).host;
    this.child = spawn(PHP, ['-n', '-d', `extension=${MJ_EXTENSION}`, SERVE, '--listen', listen], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...settings, MJ_STATE_DIR: `${STATE}/store`, MJ_STUDIO_DIR: `${STATE}/studio`, MJ_STUDIO_SECRET: SECRET, MJ_STUDIO_SLICE: String(SLICE) },
    });
    this.address = await told(this.child, (line) => line.match(/^The studio: (\S+)/)?.[1]);
  },
  async end() {
    this.child.kill('SIGINT');
    await once(this.child, 'exit');
  },
};
await studio.begin();

export const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
export const context = await browser.newContext({ viewport: { width: 1320, height: 880 }, locale: 'en-GB', colorScheme: 'light' });
context.setDefaultTimeout(30_000);
await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: studio.address });

/** What must not be: errors of a page, what its policy blocked, requests to other hosts; and how long each stream took. */
export const wrong = [];
export const streams = [];
let down = false;

/** While this runs the studio may be out of reach. */
export async function outOfReach(work) {
  down = true;
  try {
    await work();
  } finally {
    down = false;
  }
}

export function heed(page) {
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && !/status of (4\d\d|50\d)/.test(message.text()) && !down && wrong.push(message.text()));
  page.on('request', (request) => new URL(request.url()).origin === new URL(studio.address).origin || /^(blob|data):/.test(request.url()) || wrong.push(request.url()));
  page.on('requestfinished', (request) => request.url().includes('api/changes') && streams.push(request.timing().responseEnd));
  return page;
}
export const page = heed(await context.newPage());

export const count = { passed: 0, failed: 0 };
export async function step(name, work) {
  const begun = Date.now();
  try {
    await work();
    count.passed += 1;
    console.log(`ok   ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    count.failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
    await page.screenshot({ path: `${SHOTS}/failed-${count.failed}.png` });
  }
}

/** Waits until nothing moves but what always does. */
export const still = (on = page) => on.waitForFunction(() => document.getAnimations().every((one) => one.playState !== 'running' || one.effect.getTiming().iterations === Infinity));

export async function shot(name, options = {}, on = page) {
  await still(on);
  await on.screenshot({ path: `${SHOTS}/${name}.png`, ...options });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** No rule of axe-core's is broken seriously, as the page is now. */
export async function accessible(what, on = page) {
  await still(on);
  // The page's own policy forbids scripts from elsewhere, so it comes by the debugger.
  if (!await on.evaluate(() => 'axe' in globalThis)) await on.evaluate(axe);
  const { violations } = await on.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter((one) => ['serious', 'critical'].includes(one.impact));
  assert.deepEqual(serious.map((one) => `${what}: ${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} (${node.any[0]?.message ?? ''})`).join(', ')}`), []);
}

/** The page is no wider than its window. */
export const fits = async (what, on = page) => assert.ok(await on.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${what} is as wide as its window`);

export const cards = page.locator('#feed .card');
export const loaded = (locator) => locator.evaluate((image) => image.decode().then(() => image.naturalWidth));
export const focused = (locator) => locator.evaluate((element) => element === document.activeElement);

/** Waits until the first card has its picture. */
export const finished = (on = page) => on.locator('#feed .card').first().locator('[data-action]').first().waitFor();

/** Submits a prompt and waits for its card. */
export async function imagine(prompt, on = page) {
  const before = await on.locator('#feed .card').count();
  await on.fill('#prompt', prompt);
  await on.click('#send');
  await on.waitForFunction((many) => document.querySelectorAll('#feed .card').length > many, before);
}

/** Ends everything; the answer is the process's. */
export async function end() {
  await browser.close();
  await studio.end();
  simulator.kill();
  console.log(`${count.passed} passed, ${count.failed} failed`);
  return count.failed === 0 ? 0 : 1;
}
