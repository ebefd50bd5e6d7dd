//! What passes between the hub and the driver that owns its sockets, its store and its clock.
//!
//! Outputs are strictly ordered. The driver performs a [`Output::Commit`] fully (durably where it asks for that) and
//! hands its answer to `handle_committed` before it polls again: "the attempt is durable before the POST" is a commit
//! followed by a send. [`Output::Send`]s run side by side and are answered in any order, each exactly once.

use std::borrow::Cow;

use mj_discord::{
    Token,
    gateway::Session,
    rest::{self, Headers, Outcome, Request},
    snowflake::UserId,
};

use crate::{
    refusal::Lang,
    store::Commit,
    task::{Image, StoredFile, TaskId},
};

/// Names one request of one hub at one owner; never used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(pub u64);

/// What the driver shall do next.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "an output is done where it is polled and never stored"
)]
pub enum Output {
    /// Keep a finished picture in the archive, and call `handle_archived`. Asked for one picture at a time; to do it
    /// twice does no harm.
    Archive {
        /// Whose picture.
        task: TaskId,
        /// Its place among the task's.
        place: usize,
        /// The picture, with Discord's address, which may have to be signed anew.
        image: Image,
    },
    /// Write this with the hub's epoch and call `handle_committed` with the answer. When the store says
    /// `Deposed`, the hub is to be discarded; when it could not write for another reason, try again or discard.
    Commit(Commit),
    /// Fetch a picture that a caller named by its address, look at it, keep it for the task, and call
    /// `handle_fetched`. To do it twice does no harm.
    Fetch {
        /// For which task.
        task: TaskId,
        /// Its place among the task's pictures.
        place: usize,
        /// Where it is. The caller's: it may be any address.
        url: String,
    },
    /// Send this, and call `handle_answer` once with what became of it.
    Send {
        /// Which.
        id: RequestId,
        /// What it is authorised with, in the manner that `request.auth` says.
        token: Token,
        /// The request.
        request: Request,
        /// Whether it is a `POST /interactions`, whose body must not go out once the lease runs out: Discord takes it
        /// from any owner. The driver re-checks the lease when the body is first polled.
        attempt: bool,
    },
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A whole answer came.
    Response {
        /// HTTP status.
        status: u16,
        /// Header names in lower case, with their values.
        headers: Vec<(String, String)>,
        /// The body, at most a few megabytes.
        body: Vec<u8>,
    },
    /// None came, and none will: the socket is closed.
    Failure {
        /// Whether any byte of the body may have left this machine. When false, the request certainly had no effect.
        sent: bool,
        /// What happened.
        kind: FailureKind,
    },
}

/// A whole answer, read.
#[derive(Clone, Debug)]
pub struct Response<'a> {
    /// HTTP status.
    pub status: u16,
    /// Those headers that mean something.
    pub headers: Headers,
    /// The body; what is no UTF-8 in it is replaced.
    pub body: Cow<'a, str>,
    /// What it means.
    pub outcome: Outcome,
}

impl Answer {
    /// Reads what came; none when no whole answer did.
    pub fn response(&self) -> Option<Response<'_>> {
        let Self::Response {
            status,
            headers,
            body,
        } = self
        else {
            return None;
        };
        let names = headers.iter();
        let headers = Headers::read(names.map(|(name, value)| (name.as_str(), value.as_str())));
        let body = String::from_utf8_lossy(body);
        let answer = rest::Answer {
            status: *status,
            headers: &headers,
            body: &body,
        };
        let outcome = answer.read();
        Some(Response {
            status: *status,
            headers,
            body,
            outcome,
        })
    }
}

/// Why no answer came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureKind {
    /// No connection: DNS, TCP, TLS or the proxy.
    Connect,
    /// The connection broke, or what came was no HTTP.
    Closed,
    /// No answer in time.
    TimedOut,
    /// The driver refused to send: the lease was about to run out, or it is stopping.
    Withheld,
}

/// What became of an [`Output::Fetch`].
#[derive(Clone, Debug)]
pub enum Fetched {
    /// The picture is kept.
    Kept(StoredFile),
    /// It is none that can be used, or its address none that may be fetched: trying again is no use.
    Refused(FetchRefusal),
    /// It could not be had this time.
    Failed(FailureKind),
}

/// Why a picture by address is not used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FetchRefusal {
    /// The host is, or leads to, an address that is not public: private, loopback, link-local, metadata.
    #[error("its address is not a public one")]
    Address,
    /// Only the web's ports are fetched from: 80, 443, 8080, 8443.
    #[error("only the ports 80, 443, 8080 and 8443 are fetched from")]
    Port,
    /// Only `http` and `https` are fetched, without a password in the address.
    #[error("only http and https addresses are fetched")]
    Scheme,
    /// It redirects too often.
    #[error("it redirects too often")]
    Redirects,
    /// The host answered with this status.
    #[error("its host answered with status {0}")]
    Status(u16),
    /// Too many bytes.
    #[error("it has more than {0} bytes")]
    TooLarge(u64),
    /// Too many pixels.
    #[error("it has more than {0} pixels")]
    TooManyPixels(u64),
    /// Not PNG, JPEG, WebP or GIF by its first bytes, or broken in its head.
    #[error("it is no PNG, JPEG, WebP or GIF picture")]
    NoPicture,
}

impl FetchRefusal {
    /// Says it in the hub's language.
    pub fn words(self, lang: Lang) -> String {
        match (lang, self) {
            (Lang::En, _) => self.to_string(),
            (Lang::Zh, Self::Address) => "其地址不是公网地址".to_owned(),
            (Lang::Zh, Self::Port) => "仅支持端口 80、443、8080 和 8443".to_owned(),
            (Lang::Zh, Self::Scheme) => "仅支持 http 和 https 地址".to_owned(),
            (Lang::Zh, Self::Redirects) => "重定向次数过多".to_owned(),
            (Lang::Zh, Self::Status(status)) => format!("其服务器返回状态 {status}"),
            (Lang::Zh, Self::TooLarge(bytes)) => format!("超过 {bytes} 字节"),
            (Lang::Zh, Self::TooManyPixels(pixels)) => format!("超过 {pixels} 像素"),
            (Lang::Zh, Self::NoPicture) => "不是 PNG、JPEG、WebP 或 GIF 图片".to_owned(),
        }
    }
}

/// What became of an [`Output::Archive`].
#[derive(Clone, Debug)]
pub enum Archived {
    /// It lies there: a path, or an `s3://` address.
    At(String),
    /// Not this time; it is tried again.
    Failed,
    /// It can not be had any more.
    Gone,
}

/// What happened to a gateway connection.
#[derive(Clone, Debug)]
pub enum GatewayNotice {
    /// READY.
    Ready {
        /// Who is logged in.
        user_id: UserId,
        /// Named in interactions, so that their events reach this session.
        session_id: String,
        /// Whether what happened before is lost to it: always, unless the driver knows better.
        is_new: bool,
    },
    /// RESUMED: what was missed has been replayed.
    Resumed,
    /// The connection is gone; the session may still be resumed.
    Down,
    /// Events were left out of the session's stream: what they said must be read by REST.
    Missed,
    /// The session is gone: what happened until the next READY must be read by REST.
    SessionLost,
    /// The gateway will not come back (close codes 4004, 4010 to 4014).
    Fatal(u16),
    /// The session, to be persisted with what follows.
    Session(Session),
}

/// What is known of the owner before this one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Predecessor {
    /// There was none, or the kernel proved it dead, or between hosts its lease ran out 90 s ago.
    Dead,
    /// Its lease ran out, but it may merely be stopped.
    Unproven,
}
