// What a person does in the studio, done by headless Chromium.

import assert from 'node:assert/strict';
import { end, step, streams, wrong } from './harness.mjs';

// ONLY names some of them; making comes first always, as the others look at what it made.
const parts = ['making', 'finding', 'moving', 'looks', 'trouble'];
for (const part of parts.filter((one) => one === 'making' || !process.env.ONLY || process.env.ONLY.includes(one))) await import(`./${part}.mjs`);

await step('no stream held a worker for longer than its slice', async () => {
  assert.ok(streams.length > 3, `${streams.length} streams`);
  assert.ok(Math.max(...streams) < 5000, `the longest took ${Math.max(...streams)} ms`);
});
await step('nothing was wrong meanwhile', async () => assert.deepEqual(wrong, []));
process.exit(await end());
