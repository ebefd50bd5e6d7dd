//! Messages as Midjourney posts them, in JSON, with ids and words of our own.

use mj_discord::{UnixMs, snowflake::snowflake_at};
use serde_json::{Value, json};

pub const CHANNEL: u64 = 1_100_000_000_000_000_001;
pub const MIDJOURNEY: u64 = 936_929_561_302_675_456;

/// A message being written.
#[derive(Clone, Debug)]
pub struct Post(pub Value);

impl Post {
    /// A message of the bot's, made at `at`; `number` tells those of one millisecond apart.
    pub fn new(at: UnixMs, number: u64, content: &str) -> Self {
        Self(json!({
            "id": (snowflake_at(at) | number).to_string(),
            "channel_id": CHANNEL.to_string(),
            "type": 0,
            "content": content,
            "author": {"id": MIDJOURNEY.to_string(), "username": "Midjourney Bot", "bot": true},
            "application_id": MIDJOURNEY.to_string(),
            "attachments": [], "embeds": [], "components": [], "mentions": [],
            "flags": 0, "timestamp": "2026-05-01T00:00:00.000000+00:00", "edited_timestamp": null,
        }))
    }

    pub fn id(&self) -> u64 {
        self.0["id"].as_str().unwrap().parse().unwrap()
    }

    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.0[key] = value;
        self
    }

    pub fn nonce(self, nonce: &str) -> Self {
        self.with("nonce", json!(nonce))
    }

    pub fn reply_to(self, message: u64) -> Self {
        let reference =
            json!({"message_id": message.to_string(), "channel_id": CHANNEL.to_string()});
        self.with("type", json!(19))
            .with("message_reference", reference)
    }

    pub fn made_by(self, interaction: u64, kind: u8, user: u64) -> Self {
        let metadata =
            json!({"id": interaction.to_string(), "type": kind, "user": {"id": user.to_string()}});
        self.with("interaction_metadata", metadata)
    }

    pub fn ephemeral(self) -> Self {
        self.with("flags", json!(64))
    }

    pub fn file(self, name: &str) -> Self {
        let url = format!(
            "https://cdn.discordapp.com/attachments/{CHANNEL}/1/{name}?ex=6a20033e&is=6a1eb1be&hm=00"
        );
        let file = json!({"id": "1", "filename": name, "url": url, "size": 1000, "width": 2048, "height": 2048,
            "content_type": "image/png"});
        self.with("attachments", json!([file]))
    }

    pub fn buttons(self, custom_ids: &[String]) -> Self {
        let buttons: Vec<Value> = custom_ids
            .iter()
            .map(|id| json!({"type": 2, "style": 2, "custom_id": id, "label": "x"}))
            .collect();
        self.with("components", json!([{"type": 1, "components": buttons}]))
    }

    pub fn notice(self, title: &str, description: &str, footer: &str) -> Self {
        let embed = json!({"title": title, "description": description, "color": 16_711_680, "footer": {"text": footer}});
        self.with("embeds", json!([embed]))
    }

    /// An answer in an embed, with the picture that it speaks of.
    pub fn answer(self, description: &str, image: Option<&str>) -> Self {
        let image = image.map(|url| json!({"url": url}));
        let embed = json!({"description": description, "image": image, "color": 65_280});
        self.with("embeds", json!([embed]))
    }

    /// A first answer without a text: the bot is thinking.
    pub fn loading(self) -> Self {
        let flags = self.0["flags"].as_u64().unwrap() | 128;
        self.with("content", json!("")).with("flags", json!(flags))
    }

    /// Rows of components as they are.
    pub fn components(self, components: Value) -> Self {
        self.with("components", components)
    }

    /// Of the other bot.
    pub fn by_niji(self) -> Self {
        let id = "1022952195194359889";
        self.with("author", json!({"id": id, "username": "niji", "bot": true}))
            .with("application_id", json!(id))
    }

    /// The message after an edit.
    pub fn edited(self, content: &str, second: u32) -> Self {
        self.with("content", json!(content)).with(
            "edited_timestamp",
            json!(format!(
                "2026-05-01T00:{:02}:{:02}.000000+00:00",
                second / 60,
                second % 60
            )),
        )
    }

    /// As a bot's gateway shows it: no nonce.
    pub fn for_a_bot(mut self) -> Self {
        self.0.as_object_mut().unwrap().remove("nonce");
        self
    }

    /// As REST gives it: neither nonce nor guild.
    pub fn for_rest(self) -> Self {
        self.for_a_bot()
    }

    pub fn is_ephemeral(&self) -> bool {
        self.0["flags"].as_u64().unwrap() & 64 != 0
    }
}

/// A job's uuid out of a small number.
pub fn uuid(number: u64) -> String {
    format!("{number:08x}-1111-4222-8333-444455556666")
}

pub fn start(at: UnixMs, number: u64, prompt: &str, user: u64) -> Post {
    Post::new(
        at,
        number,
        &format!("**{prompt}** - <@{user}> (Waiting to start)"),
    )
}

pub fn grid_buttons(job: u64) -> Vec<String> {
    let mut ids: Vec<String> = (1..=4)
        .map(|n| format!("MJ::JOB::upsample::{n}::{}", uuid(job)))
        .collect();
    ids.push(format!("MJ::JOB::reroll::0::{}::SOLO", uuid(job)));
    ids.extend((1..=4).map(|n| format!("MJ::JOB::variation::{n}::{}", uuid(job))));
    ids
}

pub fn grid(at: UnixMs, number: u64, prompt: &str, user: u64, progress: u64, job: u64) -> Post {
    let link = format!(
        "[(Open on website for full quality)](<https://midjourney.com/jobs/{}>)",
        uuid(job)
    );
    Post::new(
        at,
        number,
        &format!("**{prompt}** - <@{user}> (fast) {link}"),
    )
    .reply_to(progress)
    .file(&format!("u1_words_{}.png", uuid(job)))
    .buttons(&grid_buttons(job))
}

pub fn upscale(
    at: UnixMs,
    number: u64,
    prompt: &str,
    user: u64,
    parent: u64,
    index: u8,
    job: u64,
) -> Post {
    Post::new(
        at,
        number,
        &format!("**{prompt}** - Image #{index} <@{user}>"),
    )
    .reply_to(parent)
    .file(&format!("u1_words_{}.png", uuid(job)))
    .buttons(&[format!("MJ::JOB::low_variation::1::{}::SOLO", uuid(job))])
}

pub fn vary_start(
    at: UnixMs,
    number: u64,
    prompt: &str,
    user: u64,
    parent: u64,
    index: u8,
    job: u64,
) -> Post {
    let text = format!(
        "Making variations for image #{index} with prompt **{prompt}** - <@{user}> (Waiting to start)"
    );
    Post::new(at, number, &text)
        .reply_to(parent)
        .ephemeral()
        .buttons(&[format!("MJ::CancelJob::ByJobid::{}", uuid(job))])
}

pub fn vary(at: UnixMs, number: u64, prompt: &str, user: u64, parent: u64, job: u64) -> Post {
    Post::new(
        at,
        number,
        &format!("**{prompt}** - Variations (Strong) by <@{user}> (fast)"),
    )
    .reply_to(parent)
    .file(&format!("u1_words_{}.png", uuid(job)))
    .buttons(&grid_buttons(job))
}
