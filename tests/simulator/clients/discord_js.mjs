// discord.js logs in as the bot, sees READY and a message, loses its connection, and resumes.
// Usage: node discord_js.mjs '<the simulator's JSON line>'   (needs `npm install discord.js`)
import { Client, Events, GatewayIntentBits } from 'discord.js';

const line = JSON.parse(process.argv[2]);
const { Guilds, GuildMessages, MessageContent } = GatewayIntentBits;
const client = new Client({
  intents: [Guilds, GuildMessages, MessageContent],
  rest: { api: `${line.api_url}/api`, cdn: line.cdn_url },
});

const timer = setTimeout(() => fail('time is over'), 30_000);

function fail(reason) {
  console.error(reason);
  process.exit(1);
}

function once(event, fits = () => true) {
  return new Promise((resolve) => {
    const listener = (...values) => {
      if (fits(...values)) {
        client.off(event, listener);
        resolve(values[0]);
      }
    };
    client.on(event, listener);
  });
}

async function post(url, body, headers = {}) {
  const response = await fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', 'user-agent': 'test/1.0', ...headers },
  });
  if (!response.ok) fail(`${url}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? null : response.json();
}

function imagine(prompt) {
  const data = {
    version: '1237876415471554623', id: '938956540159881230', name: 'imagine', type: 1,
    options: [{ type: 3, name: 'prompt', value: prompt }],
  };
  const { guild_id, channel_id, session_id, user_token } = line;
  const body = { type: 2, application_id: '936929561302675456', guild_id, channel_id, session_id, nonce: '1', data };
  return post(`${line.api_url}/api/v9/interactions`, body, { authorization: user_token });
}

client.on(Events.Error, (error) => fail(error));
const ready = once(Events.ClientReady);
await client.login(line.bot_token);
await ready;
if (!client.guilds.cache.has(line.guild_id)) fail('the guild is missing');
if (!client.channels.cache.has(line.channel_id)) fail('the channel is missing');

const final = once(Events.MessageCreate, (message) => message.attachments.size === 1);
await imagine('a harbour');
const message = await final;
if (message.components.length !== 2 || message.author.id !== '936929561302675456') fail('the final is incomplete');
const fetched = await (await client.channels.fetch(line.channel_id)).messages.fetch(message.id);
if (fetched.content !== message.content) fail('REST tells something else');

await post(line.control_url, { command: 'fault', http: { path: '/channels/', retry_after: 0.2 } });
if ((await client.channels.fetch(line.channel_id, { force: true })).id !== line.channel_id) fail('a 429 is not waited out');

const resumed = once(Events.ShardResume);
await post(line.control_url, { command: 'fault', gateway: 'drop', who: 'bot' });
await imagine('a lighthouse');
const missed = once(Events.MessageCreate, (other) => other.content.includes('a lighthouse'));
await resumed;
await missed;
const record = await post(line.control_url, { command: 'record' });
if (record.identifies !== 1 || record.resumes !== 1) fail(`identifies ${record.identifies}, resumes ${record.resumes}`);
clearTimeout(timer);
await client.destroy();
console.log('ok');
