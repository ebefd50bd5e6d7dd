"""discord.py logs in as the bot, reads a job and its picture, loses its connection, and resumes.

Usage: discord_py.py '<the simulator's JSON line>'   (needs `pip install discord.py`)
"""

import asyncio
import json
import sys

import aiohttp
import discord
import yarl

line = json.loads(sys.argv[1])
discord.http.Route.BASE = line["api_url"] + "/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(line["gateway_url"])
client = discord.Client(intents=discord.Intents(guilds=True, guild_messages=True, message_content=True))
resumed = asyncio.Event()


async def post(url, body, **headers):
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as response:
        assert response.status < 300, await response.text()
        return None if response.status == 204 else await response.json()


def imagine(prompt):
    options = [{"type": 3, "name": "prompt", "value": prompt}]
    data = {"version": "1237876415471554623", "id": "938956540159881230", "name": "imagine", "type": 1, "options": options}
    body = {"type": 2, "application_id": "936929561302675456", "nonce": "1", "data": data}
    body |= {key: line[key] for key in ("guild_id", "channel_id", "session_id")}
    return post(line["api_url"] + "/api/v9/interactions", body, Authorization=line["user_token"])


@client.event
async def on_resumed():
    resumed.set()


async def main():
    async with client, asyncio.timeout(30):
        running = asyncio.create_task(client.start(line["bot_token"]))
        await client.wait_until_ready()
        assert [guild.id for guild in client.guilds] == [int(line["guild_id"])]
        final = asyncio.create_task(client.wait_for("message", check=lambda message: message.attachments))
        await imagine("a harbour")
        picture = (await final).attachments[0]
        assert len(await picture.read()) == picture.size
        await post(line["control_url"], {"command": "fault", "http": {"path": "/channels/", "retry_after": 0.2}})
        assert (await client.fetch_channel(int(line["channel_id"]))).name == "images-1"
        missed = asyncio.create_task(client.wait_for("message", check=lambda message: "a lighthouse" in message.content))
        await asyncio.sleep(0)
        await post(line["control_url"], {"command": "fault", "gateway": "drop", "who": "bot"})
        await imagine("a lighthouse")
        await resumed.wait()
        await missed
        record = await post(line["control_url"], {"command": "record"})
        assert (record["identifies"], record["resumes"]) == (1, 1), record
        await client.close()
        await running


asyncio.run(main())
print("ok")
