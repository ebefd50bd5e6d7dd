//! Answers of commands that make no job: deferred at once, filled in a moment later, and changed by their buttons.

use serde_json::{Value, json};

use super::prompt::Mode;
use super::refusal::{Asked, RED, Trouble, embed};
use super::{describe, shorten};
use crate::random::digest;
use crate::snowflake::{Millis, Snowflake};
use crate::world::World;
use crate::world::agenda::Event;
use crate::world::dispatch::Change;
use crate::world::interaction::{Interaction, What};
use crate::world::message::{EPHEMERAL, LOADING};

/// Midjourney's time to read a picture, in milliseconds.
const READING: u64 = 6_000;
/// Its time to weigh the words of a prompt.
const WEIGHING: u64 = 2_500;
/// Its time to look something up.
const LOOKING_UP: u64 = 400;

/// What fills a deferred answer in.
#[derive(Debug, Default)]
pub(in crate::world) struct Reply {
    pub(super) content: String,
    pub(super) embeds: Vec<Value>,
    pub(super) components: Vec<Value>,
}

/// What the bot does a moment after an interaction or a reaction.
#[derive(Debug)]
pub(in crate::world) enum Later {
    /// A deferred answer is filled in.
    Reply { message: Snowflake, reply: Reply },
    /// A direct message tells the seed of a job.
    Seed { job: usize },
    /// A job's final is shown again behind its placeholder.
    Show {
        interaction: Box<Interaction>,
        placeholder: Snowflake,
        job: usize,
    },
}

/// What a message of the bot was made from, for its buttons and reactions.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// A picture: what it looks like, where it lies, how often it was read.
    Picture { looks: u64, url: String, read: u64 },
    /// A prompt whose words were weighed.
    Words(String),
    /// A job shown again.
    Job(usize),
}

impl World {
    /// Commands other than `/imagine`, and the buttons under their answers; `None` when it is for somebody else.
    pub(super) fn receive_service(
        &mut self,
        now: Millis,
        interaction: &Interaction,
    ) -> Option<bool> {
        match &interaction.what {
            What::Command { name, prompt } => self.receive_command(now, interaction, name, prompt),
            What::Press { message, custom_id } => {
                let message = *message;
                if self.change_setting(interaction, custom_id) {
                    let settings = self.settings_of(interaction.user).clone();
                    let panel = settings.panel(interaction.application);
                    self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
                    self.alter(now, message, |message| message.components = panel);
                    return Some(true);
                }
                let reply = match (
                    custom_id.as_str(),
                    self.midjourney.sources.get_mut(&message),
                ) {
                    (shorten::DETAILS, Some(Source::Words(prompt))) => shorten::reply(prompt, true),
                    (describe::RETRY, Some(Source::Picture { looks, url, read })) => {
                        *read += 1;
                        describe::reply(looks.wrapping_add(*read), url)
                    }
                    _ => return None,
                };
                self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
                self.alter(now, message, |message| {
                    message.embeds = reply.embeds;
                    message.components = reply.components;
                });
                Some(true)
            }
            What::Submit { .. } => None,
        }
    }

    fn receive_command(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        name: &str,
        prompt: &str,
    ) -> Option<bool> {
        let user = interaction.user;
        let mut trouble = Trouble::None;
        if ["blend", "describe", "shorten"].contains(&name) {
            trouble = self.trouble_of(now, interaction, prompt, Asked::Command);
            if trouble == Trouble::Failure || trouble == Trouble::Silent {
                return Some(trouble == Trouble::Silent);
            }
            if trouble.is_refusal() {
                self.turn_away(now, interaction, trouble, &footer(interaction));
                return Some(true);
            }
        }
        let text = |content: &str| Reply {
            content: content.into(),
            ..Reply::default()
        };
        let reply = match name {
            "blend" => {
                self.receive_blend(now, interaction, trouble);
                return Some(true);
            }
            "describe" => {
                self.receive_describe(now, interaction);
                return Some(true);
            }
            "shorten" => {
                self.receive_shorten(now, interaction, prompt);
                return Some(true);
            }
            "show" => {
                self.receive_show(now, interaction);
                return Some(true);
            }
            "info" => {
                let mut info = embed("", &self.info_text(now, interaction), 0, None);
                let name = self.people.user(user).map_or("", |user| user.name.as_str());
                info["title"] = json!(format!("Your info - {name}"));
                Reply {
                    embeds: vec![info],
                    ..Reply::default()
                }
            }
            "settings" => Reply {
                content: "Adjust your settings here.".into(),
                components: self.settings_of(user).panel(interaction.application),
                ..Reply::default()
            },
            "fast" => {
                self.settings_of(user).mode = Mode::Fast;
                text("Done! Your jobs now use fast hours and are made sooner. Switch with /relax")
            }
            "relax" => {
                self.settings_of(user).mode = Mode::Relaxed;
                text(
                    "Done! Your jobs now use no fast hours, but may take longer. Switch with /fast",
                )
            }
            "turbo" => {
                self.settings_of(user).mode = Mode::Turbo;
                text(
                    "Done! Your jobs now use fast hours twice as fast and are made soonest. Switch with /fast",
                )
            }
            "public" => {
                self.settings_of(user).stealth = false;
                text("Done! Your jobs are public now. Switch with /stealth")
            }
            "private" | "stealth" => {
                self.settings_of(user).stealth = true;
                text("Done! Your jobs are made in stealth now. Switch with /public")
            }
            "prefer" => {
                let settings = self.settings_of(user);
                if interaction.filled.subcommand == Some("remix") {
                    settings.remix = !settings.remix;
                    let state = if settings.remix { "on" } else { "off" };
                    text(&format!("Remix mode turned {state}!"))
                } else {
                    let strong = settings.toggle_variation();
                    let state = if strong { "high" } else { "low" };
                    text(&format!("Variability set to {state}!"))
                }
            }
            _ => return None,
        };
        let message = self.defer(now, interaction, true);
        self.reply_later(now, message, LOOKING_UP, reply);
        Some(true)
    }

    fn receive_describe(&mut self, now: Millis, interaction: &Interaction) {
        let filled = &interaction.filled;
        let (looks, url) = if let Some(file) = filled.files.get("image") {
            if file.dimensions.is_none() {
                return self.refuse(now, interaction, "Invalid image", "The file is no picture.");
            }
            let url = self.fresh_url(now, &file.path);
            (self.files.digest(&file.path), url)
        } else {
            let link = filled.texts.get("link").map_or("", String::as_str);
            if !self.reaches(now, link) {
                return self.refuse_link(now, interaction);
            }
            let short = super::prompt::shorten_link(link);
            (digest(link), short.trim_matches(['<', '>']).to_owned())
        };
        let message = self.defer(now, interaction, false);
        let reply = describe::reply(looks, &url);
        let source = Source::Picture {
            looks,
            url,
            read: 0,
        };
        self.remember_source(message, source);
        self.reply_later(now, message, READING, reply);
    }

    fn receive_shorten(&mut self, now: Millis, interaction: &Interaction, prompt: &str) {
        if shorten::words(prompt).is_empty() {
            let description = "Your prompt must contain some text.";
            return self.refuse(now, interaction, "Invalid prompt", description);
        }
        let message = self.defer(now, interaction, true);
        self.remember_source(message, Source::Words(prompt.to_owned()));
        self.reply_later(now, message, WEIGHING, shorten::reply(prompt, false));
    }

    /// `INTERACTION_SUCCESS` and the empty message of a deferred answer.
    pub(super) fn defer(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        ephemeral: bool,
    ) -> Snowflake {
        self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        let mut message = self.answer_message(now, interaction, None);
        message.flags = LOADING;
        message.mentions.clear();
        if ephemeral {
            message.flags |= EPHEMERAL;
            message.reader = Some(interaction.user);
        }
        self.post(now, message)
    }

    fn reply_later(&mut self, now: Millis, message: Snowflake, wait: u64, reply: Reply) {
        let wait = wait + self.random.below(wait / 2);
        self.later(now, wait, Later::Reply { message, reply });
    }

    pub(super) fn later(&mut self, now: Millis, wait: u64, later: Later) {
        let at = now + self.paced(wait);
        self.agenda.plan(at, Event::Later(later));
    }

    /// Does what was planned.
    pub(in crate::world) fn do_later(&mut self, now: Millis, later: Later) {
        match later {
            Later::Reply { message, reply } => {
                let Some(stored) = self.messages.get_mut(&message) else {
                    return;
                };
                // Filling in is no edit: Discord leaves `edited_timestamp` empty.
                stored.flags &= !LOADING;
                stored.content = reply.content;
                stored.embeds = reply.embeds;
                stored.components = reply.components;
                self.announce(now, message, Change::Update);
            }
            Later::Seed { job } => self.send_seed(now, job),
            Later::Show {
                interaction,
                placeholder,
                job,
            } => self.show_again(now, &interaction, placeholder, job),
        }
    }

    /// Edits a message and tells of it.
    fn alter(
        &mut self,
        now: Millis,
        id: Snowflake,
        change: impl FnOnce(&mut crate::world::message::Message),
    ) {
        if let Some(message) = self.messages.get_mut(&id) {
            change(message);
            message.edited = Some(now);
            self.announce(now, id, Change::Update);
        }
    }

    /// Keeps what a message was made from as long as messages are kept.
    pub(super) fn remember_source(&mut self, message: Snowflake, source: Source) {
        self.midjourney.sources.insert(message, source);
        while self.midjourney.sources.len() > self.behaviour.history.max(1) {
            self.midjourney.sources.pop_first();
        }
    }

    /// A command that Midjourney does not carry out.
    pub(super) fn refuse(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        title: &'static str,
        description: &str,
    ) {
        self.tell_sender(now, interaction, "INTERACTION_SUCCESS", &json!({}));
        let notice = embed(title, description, RED, Some(&footer(interaction)));
        self.notice(now, interaction, None, notice, Vec::new());
        self.record.refused(interaction.id, title);
    }

    pub(super) fn refuse_link(&mut self, now: Millis, interaction: &Interaction) {
        let description = "Could not fetch an image from the given link.";
        self.refuse(now, interaction, "Invalid link", description);
    }

    /// Whether Midjourney could fetch a picture there: Discord's own addresses must be signed and fresh, others must
    /// name a public host. `.invalid` never answers (RFC 2606).
    pub(super) fn reaches(&self, now: Millis, link: &str) -> bool {
        let hosts = &self.settings.hosts;
        for host in [&hosts.cdn, &hosts.media] {
            if let Some(target) = link.strip_prefix(host.as_str()) {
                return self.serves(now, target);
            }
        }
        let Some((_, rest)) = super::prompt::link(link).and_then(|link| link.split_once("://"))
        else {
            return false;
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        let name = host.split(':').next().unwrap_or_default();
        let private = name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| {
            address.is_private() || address.is_loopback() || address.is_link_local()
        });
        let nowhere = name.ends_with(".invalid") || name.ends_with(".localhost");
        name.contains('.') && !private && !nowhere
    }
}

/// The command as an error's footer repeats it.
fn footer(interaction: &Interaction) -> String {
    let What::Command { name, prompt } = &interaction.what else {
        return String::new();
    };
    let texts = interaction.filled.texts.iter();
    let texts = texts.filter(|(option, _)| **option != "prompt");
    let texts = texts.map(|(option, text)| format!(" {option}:{text}"));
    let prompt = if prompt.is_empty() {
        String::new()
    } else {
        format!(" {prompt}")
    };
    format!("/{name}{prompt}{}", texts.collect::<String>())
}
