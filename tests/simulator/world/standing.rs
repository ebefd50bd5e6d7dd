//! What Midjourney and Discord hold against accounts: refusals that a test armed, and those that last.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::World;
use super::http::Response;
use super::interaction::Interaction;
use super::midjourney::{Asked, Trouble};
use crate::snowflake::{Millis, Snowflake};

/// What the next interactions get, whatever their words.
#[derive(Clone, Copy, Debug)]
enum Refused {
    /// By Midjourney, after Discord accepted it.
    Bot(Trouble),
    /// By Discord's REST.
    Rest(&'static Rest),
}

/// An answer of Discord's that no application has a part in.
#[derive(Debug)]
struct Rest {
    name: &'static str,
    status: u16,
    code: u64,
    message: &'static str,
    /// It is about the account and holds until it is cleared.
    holds: bool,
}

const fn rest(name: &'static str, status: u16, code: u64, message: &'static str) -> Rest {
    Rest {
        name,
        status,
        code,
        message,
        holds: false,
    }
}

const REST: &[Rest] = &[
    Rest {
        holds: true,
        ..rest("unauthorized", 401, 0, "401: Unauthorized")
    },
    Rest {
        holds: true,
        ..rest("missing-access", 403, 50_001, "Missing Access")
    },
    Rest {
        holds: true,
        ..rest(
            "verify-account",
            403,
            40_002,
            "You need to verify your account in order to perform this action.",
        )
    },
    rest("missing-permissions", 403, 50_013, "Missing Permissions"),
    rest("unknown-application", 400, 10_002, "Unknown Application"),
    rest("unknown-channel", 400, 10_003, "Unknown Channel"),
    rest("unknown-guild", 404, 10_004, "Unknown Guild"),
    rest("unknown-integration", 400, 0, "Unknown Integration"),
    rest("unknown-message", 404, 10_008, "Unknown Message"),
    rest("unknown-interaction", 404, 10_062, "Unknown interaction"),
    rest(
        "invalid-permissions",
        400,
        50_035,
        "INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS",
    ),
    rest(
        "invalid-version",
        400,
        50_035,
        "INTERACTION_APPLICATION_COMMAND_INVALID_VERSION",
    ),
    rest("rate-limited", 429, 0, ""),
    rest("rate-limited-bare", 429, 1, ""),
];

impl Rest {
    fn response(&self) -> Response {
        let resource = "The resource is being rate limited.";
        match (self.status, self.code) {
            (429, 0) => Response::json(
                429,
                &json!({"global": false, "message": resource, "retry_after": 2.06}),
            )
            .with("retry-after", "3"),
            (429, _) => Response::json(429, &json!({"global": false, "message": resource})),
            (status, 50_035) => {
                let message = "You do not have permission to use this command";
                let outdated = "This command is outdated, please try again in a few minutes";
                let invalid = self.message.ends_with("VERSION");
                let text = if invalid { outdated } else { message };
                Response {
                    status,
                    ..Response::form_error(&["data"], self.message, text)
                }
            }
            // This one was seen without a code.
            (400, 0) => Response::json(400, &json!({"message": self.message})),
            (status, code) => Response::error(status, code, self.message),
        }
    }
}

#[derive(Debug)]
struct Armed {
    refused: Refused,
    left: u64,
    /// Whom; `None`: every account.
    user: Option<Snowflake>,
}

#[derive(Debug, Default)]
struct Held {
    /// And when it is over by itself.
    trouble: Option<(Trouble, Option<Millis>)>,
    rest: Option<&'static Rest>,
}

/// All that is armed or lasts.
#[derive(Debug, Default)]
pub(super) struct Standing {
    armed: Vec<Armed>,
    accounts: BTreeMap<Snowflake, Held>,
}

impl Standing {
    /// Nothing is held against the account any more.
    pub(super) fn clear(&mut self, user: Snowflake) {
        self.accounts.remove(&user);
        self.armed.retain(|armed| armed.user != Some(user));
    }

    /// Whether the account's token is dead.
    pub(super) fn is_unauthorized(&self, user: Snowflake) -> bool {
        let held = self.accounts.get(&user).and_then(|held| held.rest);
        held.is_some_and(|rest| rest.status == 401)
    }

    /// What Discord wants of an account before it sees guilds and channels again, as its answer.
    pub(super) fn demand(&self, user: Snowflake) -> Option<Response> {
        let held = self.accounts.get(&user)?.rest?;
        (held.code == 40_002).then(|| held.response())
    }

    fn take<T>(&mut self, user: Snowflake, pick: impl Fn(Refused) -> Option<T>) -> Option<T> {
        let meant =
            |armed: &&mut Armed| armed.left > 0 && armed.user.is_none_or(|meant| meant == user);
        let (armed, picked) = self.armed.iter_mut().filter(meant).find_map(|armed| {
            Some((pick(armed.refused)?, armed)).map(|(picked, armed)| (armed, picked))
        })?;
        armed.left -= 1;
        self.armed.retain(|armed| armed.left > 0);
        Some(picked)
    }
}

impl World {
    /// The `refuse` command.
    pub(super) fn arm_refusal(&mut self, command: &Value) -> Result<Value, String> {
        let name = command["name"].as_str().ok_or("name must be a string")?;
        let user = if command["user_id"].is_null() {
            None
        } else {
            Some(user_id(command)?)
        };
        let refused = REST
            .iter()
            .find(|rest| rest.name == name)
            .map(Refused::Rest)
            .or_else(|| Trouble::of_name(name).map(Refused::Bot))
            .ok_or_else(|| format!("unknown refusal {name:?}"))?;
        let left = command["times"].as_u64().unwrap_or(1);
        if let (Some(user), Refused::Rest(rest)) = (user, refused)
            && rest.holds
            && command["at_once"] == true
        {
            self.standing.accounts.entry(user).or_default().rest = Some(rest);
            return Ok(json!({"held": name}));
        }
        self.standing.armed.push(Armed {
            refused,
            left,
            user,
        });
        Ok(json!({"armed": name, "times": left}))
    }

    /// The `clear_account` command.
    pub(super) fn clear_account(&mut self, command: &Value) -> Result<Value, String> {
        self.standing.clear(user_id(command)?);
        Ok(json!({}))
    }

    /// What Discord itself has against an interaction of this user.
    pub(super) fn refuse_request(&mut self, user: Snowflake) -> Option<Response> {
        let held = self.standing.accounts.get(&user).and_then(|held| held.rest);
        let rest = held.or_else(|| {
            self.standing.take(user, |refused| match refused {
                Refused::Rest(rest) => Some(rest),
                Refused::Bot(_) => None,
            })
        })?;
        if rest.holds {
            self.standing.accounts.entry(user).or_default().rest = Some(rest);
        }
        Some(rest.response())
    }

    /// What goes wrong with an interaction: what lasts, what a test armed, or what its words ask for.
    pub(super) fn trouble_of(
        &mut self,
        now: Millis,
        interaction: &Interaction,
        text: &str,
        asked: Asked,
    ) -> Trouble {
        let user = interaction.user;
        if let Some(held) = self.standing.accounts.get_mut(&user) {
            held.trouble = held
                .trouble
                .filter(|(_, until)| until.is_none_or(|until| now < until));
            if let Some((trouble, _)) = held.trouble
                && !(trouble.spares_relaxed() && self.is_relaxed(user, text))
            {
                return trouble;
            }
        }
        let armed = if interaction.foreign {
            None
        } else {
            self.standing.take(user, |refused| match refused {
                Refused::Bot(trouble) => Some(trouble),
                Refused::Rest(_) => None,
            })
        };
        let trouble = armed.unwrap_or_else(|| Trouble::of_prompt(text, asked));
        if trouble.spares_relaxed() && self.is_relaxed(user, text) {
            return Trouble::None;
        }
        if trouble.holds() {
            let held = self.standing.accounts.entry(user).or_default();
            held.trouble = Some((trouble, trouble.over(now)));
        }
        trouble
    }

    /// Whether a job of these words uses no fast hours.
    fn is_relaxed(&self, user: Snowflake, text: &str) -> bool {
        let mut words = text.split_whitespace();
        let named = words.find(|word| matches!(*word, "--fast" | "--relax" | "--turbo"));
        named.map_or_else(|| self.works_relaxed(user), |word| word == "--relax")
    }
}

fn user_id(command: &Value) -> Result<Snowflake, String> {
    let id = command["user_id"].as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| "user_id must be an id".into())
}
