//! REST requests as values, and what the answers mean. Nothing here sends anything.

mod activity;
mod answer;
mod interaction;
mod listing;

use serde_json::{Value, json};
use url::Url;

pub use self::{
    activity::REGION_PATH,
    answer::{Answer, Headers, Outcome, Scope},
    interaction::{CommandCall, CommandOption, Interactor, OptionValue, UploadedFile},
    listing::{
        CommandEntry, GatewayBot, RefreshedUrl, SessionStartLimit, UploadSlot, read_commands,
        read_created_id, read_gateway_bot, read_messages, read_refreshed_urls, read_upload_slots,
    },
};
use crate::{
    Hosts, Token,
    hosts::HostError,
    snowflake::{ChannelId, GuildId, MessageId, Nonce, UserId},
};

/// An HTTP method.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Method {
    /// DELETE.
    Delete,
    /// GET.
    Get,
    /// PATCH.
    Patch,
    /// POST.
    Post,
    /// PUT.
    Put,
}

impl Method {
    /// As written in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// Which kind of token a request carries.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TokenKind {
    /// A bot's.
    Bot,
    /// A user account's.
    User,
}

impl TokenKind {
    /// The value of the `Authorization` header. Never to be shown.
    pub fn authorization(self, token: &Token) -> String {
        match self {
            Self::Bot => format!("Bot {}", token.expose()),
            Self::User => token.expose().to_owned(),
        }
    }
}

/// What a request is counted as: its method, its path without ids, and its top-level resource.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path with `{}` for each id; an absolute address's host for uploads.
    pub path: &'static str,
    /// The channel or guild in it, which Discord counts separately; 0 when there is none.
    pub resource: u64,
}

/// What a request carries.
#[derive(Clone, Eq, PartialEq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON.
    Json(String),
    /// Pieces of the given media type, one after the other, of which the driver puts some in.
    Pieces {
        /// The media type.
        content_type: String,
        /// The pieces.
        pieces: Vec<Piece>,
    },
}

/// A piece of a body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// The bytes of a file that the driver keeps, in Base64 (RFC 4648, section 4, padded).
    Base64(String),
    /// The bytes of a file that the driver keeps, by its name there.
    File(String),
    /// As it is.
    Text(String),
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(text) => write!(f, "Json({} bytes)", text.len()),
            Self::Pieces { pieces, .. } => write!(f, "Pieces({})", pieces.len()),
        }
    }
}

/// Where a request goes.
#[derive(Clone, Eq, PartialEq)]
pub enum Target {
    /// A path and query below the base of Midjourney's own application, where the editor of Vary (Region) lives.
    Activity(String),
    /// A path and query below the API's base.
    Api(String),
    /// A whole address, given by Discord: an upload slot.
    Upload(String),
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Activity(_) => f.write_str("Activity(..)"),
            Self::Api(path) => f.debug_tuple("Api").field(path).finish(),
            Self::Upload(_) => f.write_str("Upload(..)"),
        }
    }
}

/// A request to send. Its `Debug` shows neither prompts nor signed addresses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// What it is counted as.
    pub route: Route,
    /// Where it goes.
    pub target: Target,
    /// What it carries.
    pub body: Body,
    /// The kind of token it needs; `None` must be sent without one.
    pub auth: Option<TokenKind>,
    /// Whether sending it twice does no harm.
    pub idempotent: bool,
}

impl Request {
    /// The method.
    pub fn method(&self) -> Method {
        self.route.method
    }

    /// The address, with the operator's hosts in place of Discord's.
    ///
    /// # Errors
    /// When Discord gave an upload address that is none.
    pub fn url(&self, hosts: &Hosts) -> Result<Url, HostError> {
        match &self.target {
            Target::Activity(path) => Ok(hosts.activity_url(path)),
            Target::Api(path) => Ok(hosts.api_url(path)),
            Target::Upload(url) => {
                Url::parse(&hosts.upload_url(url)).map_err(|cause| HostError::Invalid {
                    setting: "upload_url",
                    cause,
                })
            }
        }
    }

    /// `GET /users/@me`: whether a token is good, and whose it is.
    pub fn current_user(auth: TokenKind) -> Self {
        Self::get("/users/@me", 0, "/users/@me".to_owned(), auth)
    }

    /// `GET /gateway/bot`: the gateway's address and how many sessions may still be started.
    pub fn gateway_bot() -> Self {
        Self::get("/gateway/bot", 0, "/gateway/bot".to_owned(), TokenKind::Bot)
    }

    /// `GET /applications/@me`: the bot's application, with its intents. Bots only.
    pub fn current_application() -> Self {
        Self::get(
            "/applications/@me",
            0,
            "/applications/@me".to_owned(),
            TokenKind::Bot,
        )
    }

    /// `GET /guilds/{guild}`: the guild with its roles, for its members.
    pub fn guild(guild: GuildId, auth: TokenKind) -> Self {
        Self::get("/guilds/{}", guild.0, format!("/guilds/{guild}"), auth)
    }

    /// `GET /guilds/{guild}/members/{user}`: a member with its roles.
    pub fn member(guild: GuildId, user: UserId, auth: TokenKind) -> Self {
        let path = format!("/guilds/{guild}/members/{user}");
        Self::get("/guilds/{}/members/{}", guild.0, path, auth)
    }

    /// `GET /channels/{channel}`: the channel with its overwrites, for those who see it.
    pub fn channel(channel: ChannelId, auth: TokenKind) -> Self {
        let path = format!("/channels/{channel}");
        Self::get("/channels/{}", channel.0, path, auth)
    }

    /// `GET /channels/{channel}/messages`: newest first. `limit` is cut to 1..=100.
    pub fn messages(channel: ChannelId, page: Page, limit: u8, auth: TokenKind) -> Self {
        let limit = limit.clamp(1, 100);
        let page = match page {
            Page::Newest => String::new(),
            Page::After(id) => format!("&after={id}"),
            Page::Around(id) => format!("&around={id}"),
            Page::Before(id) => format!("&before={id}"),
        };
        let path = format!("/channels/{channel}/messages?limit={limit}{page}");
        Self::get("/channels/{}/messages", channel.0, path, auth)
    }

    /// `GET /guilds/{guild}/application-command-index`: the commands one can use in a guild. Users only.
    pub fn guild_commands(guild: GuildId) -> Self {
        let path = format!("/guilds/{guild}/application-command-index");
        Self::get(
            "/guilds/{}/application-command-index",
            guild.0,
            path,
            TokenKind::User,
        )
    }

    /// `GET /channels/{channel}/application-command-index`: the commands one can use in a direct-message channel.
    pub fn channel_commands(channel: ChannelId) -> Self {
        let path = format!("/channels/{channel}/application-command-index");
        Self::get(
            "/channels/{}/application-command-index",
            channel.0,
            path,
            TokenKind::User,
        )
    }

    /// `POST /channels/{channel}/attachments`: asks for slots to upload files to, at most ten names and sizes in bytes.
    pub fn upload_slots(channel: ChannelId, files: &[(&str, u64)]) -> Self {
        let files: Vec<Value> = files
            .iter()
            .enumerate()
            .map(|(index, (name, size))| json!({"id": index.to_string(), "filename": name, "file_size": size}))
            .collect();
        Self {
            idempotent: true,
            ..Self::post(
                "/channels/{}/attachments",
                channel.0,
                format!("/channels/{channel}/attachments"),
                &json!({"files": files}),
                TokenKind::User,
            )
        }
    }

    /// `PUT {upload_url}`: the bytes of a file that the driver keeps under this name. It goes to a storage host and
    /// must not carry the token.
    pub fn upload(upload_url: String, content_type: String, file: String) -> Self {
        Self {
            route: Route {
                method: Method::Put,
                path: "upload",
                resource: 0,
            },
            target: Target::Upload(upload_url),
            body: Body::Pieces {
                content_type,
                pieces: vec![Piece::File(file)],
            },
            auth: None,
            idempotent: true,
        }
    }

    /// `POST /channels/{channel}/messages`: a message with uploaded files, which gives each an address.
    pub fn post_message(
        channel: ChannelId,
        content: &str,
        nonce: &Nonce,
        files: &[UploadedFile<'_>],
        auth: TokenKind,
    ) -> Self {
        let body = json!({
            "content": content,
            "nonce": nonce.as_str(),
            "enforce_nonce": true,
            "attachments": interaction::attachments(files),
        });
        // The nonce makes Discord give back the message that is already there ("Create Message", enforce_nonce).
        Self {
            idempotent: true,
            ..Self::post(
                "/channels/{}/messages",
                channel.0,
                format!("/channels/{channel}/messages"),
                &body,
                auth,
            )
        }
    }

    /// `PUT /channels/{channel}/messages/{message}/reactions/{emoji}/@me`.
    pub fn react(channel: ChannelId, message: MessageId, emoji: &str, auth: TokenKind) -> Self {
        let emoji: String = url::form_urlencoded::byte_serialize(emoji.as_bytes()).collect();
        Self {
            route: Route {
                method: Method::Put,
                path: "/channels/{}/messages/{}/reactions/{}/@me",
                resource: channel.0,
            },
            target: Target::Api(format!(
                "/channels/{channel}/messages/{message}/reactions/{emoji}/@me"
            )),
            body: Body::Empty,
            auth: Some(auth),
            idempotent: true,
        }
    }

    /// `POST /users/@me/channels`: the direct-message channel with a user or bot, opened when there is none.
    pub fn open_direct_messages(recipient: UserId, auth: TokenKind) -> Self {
        let body = match auth {
            TokenKind::Bot => json!({"recipient_id": recipient}),
            TokenKind::User => json!({"recipients": [recipient]}),
        };
        Self {
            idempotent: true,
            ..Self::post(
                "/users/@me/channels",
                0,
                "/users/@me/channels".to_owned(),
                &body,
                auth,
            )
        }
    }

    /// `POST /attachments/refresh-urls`: signs addresses anew, at most 50 (userdoccers, "Refresh Attachment URLs").
    pub fn refresh_urls(urls: &[&str], auth: TokenKind) -> Self {
        Self {
            idempotent: true,
            ..Self::post(
                "/attachments/refresh-urls",
                0,
                "/attachments/refresh-urls".to_owned(),
                &json!({"attachment_urls": urls}),
                auth,
            )
        }
    }

    fn get(route: &'static str, resource: u64, path: String, auth: TokenKind) -> Self {
        Self {
            route: Route {
                method: Method::Get,
                path: route,
                resource,
            },
            target: Target::Api(path),
            body: Body::Empty,
            auth: Some(auth),
            idempotent: true,
        }
    }

    fn post(
        route: &'static str,
        resource: u64,
        path: String,
        body: &Value,
        auth: TokenKind,
    ) -> Self {
        Self {
            route: Route {
                method: Method::Post,
                path: route,
                resource,
            },
            target: Target::Api(path),
            body: Body::Json(body.to_string()),
            auth: Some(auth),
            idempotent: false,
        }
    }
}

/// Which messages of a channel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Page {
    /// The newest.
    Newest,
    /// The oldest after this one.
    After(MessageId),
    /// This one and its neighbours.
    Around(MessageId),
    /// The newest before this one.
    Before(MessageId),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(request: &Request) -> String {
        request.url(&Hosts::default()).unwrap().as_str().to_owned()
    }

    #[test]
    fn writes_bot_only_for_bots() {
        let token = Token::new(" t0k3n ");
        assert_eq!(TokenKind::Bot.authorization(&token), "Bot t0k3n");
        assert_eq!(TokenKind::User.authorization(&token), "t0k3n");
    }

    #[test]
    fn pages_through_a_channel() {
        for (page, query) in [
            (Page::Newest, "limit=50"),
            (Page::After(MessageId(7)), "limit=50&after=7"),
            (Page::Around(MessageId(7)), "limit=50&around=7"),
            (Page::Before(MessageId(7)), "limit=50&before=7"),
        ] {
            let request = Request::messages(ChannelId(5), page, 50, TokenKind::User);
            assert_eq!(
                path(&request),
                format!("https://discord.com/api/v9/channels/5/messages?{query}")
            );
            assert!(request.idempotent);
        }
        let request = Request::messages(ChannelId(5), Page::Newest, 0, TokenKind::User);
        assert!(path(&request).ends_with("limit=1"));
    }

    #[test]
    fn counts_by_route_and_resource() {
        let one = Request::messages(ChannelId(5), Page::Newest, 50, TokenKind::User).route;
        let other =
            Request::messages(ChannelId(6), Page::Around(MessageId(1)), 1, TokenKind::User).route;
        assert_eq!((one.method, one.path), (other.method, other.path));
        assert_ne!(one, other);
    }

    #[test]
    fn uploads_carry_no_token_and_keep_the_signature() {
        let hosts = Hosts::default()
            .with_upload("upload_url", "https://up.example.cn/")
            .unwrap();
        let request = Request::upload(
            "https://discord-attachments-uploads-prd.storage.googleapis.com/a/b.png?upload_id=1"
                .to_owned(),
            "image/png".to_owned(),
            "a.png".to_owned(),
        );
        assert_eq!(request.auth, None);
        assert_eq!(
            request.url(&hosts).unwrap().as_str(),
            "https://up.example.cn/a/b.png?upload_id=1"
        );
    }

    #[test]
    fn reactions_are_percent_encoded() {
        let request = Request::react(ChannelId(5), MessageId(6), "✉️", TokenKind::User);
        assert_eq!(
            path(&request),
            "https://discord.com/api/v9/channels/5/messages/6/reactions/%E2%9C%89%EF%B8%8F/@me"
        );
    }

    #[test]
    fn debug_shows_no_prompt_and_no_signature() {
        let message = Request::post_message(
            ChannelId(5),
            "a secret prompt",
            &Nonce::new("1"),
            &[],
            TokenKind::User,
        );
        let upload = Request::upload(
            "https://x/?sig=secret".to_owned(),
            "image/png".to_owned(),
            "a.png".to_owned(),
        );
        assert!(!format!("{message:?}{upload:?}").contains("secret"));
    }
}
