//! What travels, and what it becomes on the other side: requests, answers, frames.

use mj_discord::{
    Hosts, Token,
    rest::{Body, Piece, Request},
};
use mj_midjourney::{
    config::GatewayKind,
    hub::{Answer, FailureKind, Fetched, RequestId},
    notice::NoticeOutcome,
    task::{Status, TaskId},
};
use mj_simulator::world::{self, ConnectionId, Response, Transmit};

/// Which of a process's lives: a killed process's successor is another one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Life {
    pub(crate) process: usize,
    pub(crate) number: u64,
}

/// Something on its way.
#[derive(Debug)]
pub(crate) enum Travel {
    /// A request leaves its process.
    Departs(Departure),
    /// A request is at Discord.
    Arrives(Departure),
    /// An answer is back.
    Answered {
        life: Life,
        epoch: u64,
        id: RequestId,
        answer: Answer,
    },
    /// A socket is being opened.
    Dials {
        life: Life,
        epoch: u64,
        kind: GatewayKind,
        number: u64,
        query: String,
        is_resume_host: bool,
    },
    /// A socket is open, or will not be.
    Dialled {
        life: Life,
        epoch: u64,
        kind: GatewayKind,
        number: u64,
        connection: Option<ConnectionId>,
    },
    /// A picture was fetched, or was not.
    Fetched {
        life: Life,
        epoch: u64,
        task: TaskId,
        place: usize,
        fetched: Fetched,
    },
    /// A frame for a client.
    Down(ConnectionId, Transmit),
    /// A frame for Discord.
    Up(ConnectionId, Up),
    /// A post to a task's own address leaves.
    Posts(Post),
    /// It is there.
    PostArrives(Post),
    /// It has ended; without an outcome it never left.
    Posted(Post, Option<NoticeOutcome>),
    /// Somebody rang the owner.
    Ring,
}

/// A task's state on its way to the task's own address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Post {
    pub(crate) life: Life,
    pub(crate) epoch: u64,
    pub(crate) task: TaskId,
    pub(crate) revision: u64,
    pub(crate) status: Status,
}

/// What a client sends on a socket.
#[derive(Debug)]
pub(crate) enum Up {
    Text(String),
    Close(Option<u16>),
}

/// A request with who sent it.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    pub(crate) life: Life,
    pub(crate) epoch: u64,
    pub(crate) id: RequestId,
    pub(crate) request: world::Request,
    /// Whether the lease is asked before the body goes out.
    pub(crate) is_attempt: bool,
}

/// A request as the simulator takes it.
pub(crate) fn wire(request: Request, token: &Token, hosts: &Hosts) -> Option<world::Request> {
    let url = request.url(hosts).ok()?;
    let (content_type, body) = match request.body {
        Body::Empty => (None, Vec::new()),
        Body::Json(text) => (Some("application/json".to_owned()), text.into_bytes()),
        Body::Pieces {
            content_type,
            pieces,
        } => {
            let bytes = pieces
                .into_iter()
                .flat_map(|piece| match piece {
                    Piece::Text(text) => text.into_bytes(),
                    Piece::File(name) | Piece::Base64(name) => name.into_bytes(),
                })
                .collect();
            (Some(content_type), bytes)
        }
    };
    Some(world::Request {
        method: request.route.method.as_str().to_owned(),
        path: url.path().to_owned(),
        query: url.query().unwrap_or_default().to_owned(),
        authorization: request.auth.map(|kind| kind.authorization(token)),
        user_agent: Some("mj-simulation".to_owned()),
        range: None,
        content_type,
        body,
    })
}

/// What a client makes of the simulator's answer at this time of Discord's.
pub(crate) fn answer(now: u64, response: Response) -> Answer {
    if response.cut {
        return Answer::Failure {
            sent: true,
            kind: FailureKind::Closed,
        };
    }
    let body = match response.body {
        world::Body::Bytes(bytes) => bytes,
        world::Body::Picture(_) => Vec::new(),
    };
    Answer::Response {
        status: response.status,
        headers: response
            .headers
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .chain([("date".to_owned(), http_date(now))])
            .collect(),
        body,
    }
}

/// A time as HTTP writes it (RFC 9110, 5.6.7), by the civil calendar of days since 1970.
fn http_date(unix_ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let seconds = unix_ms / 1_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let is_leap = |year: u64| {
        (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
    };
    let (mut year, mut rest) = (1970, days);
    while rest >= 365 + u64::from(is_leap(year)) {
        rest -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while rest >= lengths[month] {
        rest -= lengths[month];
        month += 1;
    }
    let day = DAYS[usize::try_from(days % 7).unwrap_or_default()];
    format!(
        "{day}, {:02} {} {year} {:02}:{:02}:{:02} GMT",
        rest + 1,
        MONTHS[month],
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[cfg(test)]
mod tests {
    use super::http_date;

    #[test]
    fn writes_http_dates() {
        assert_eq!(http_date(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(
            http_date(1_709_164_800_999),
            "Thu, 29 Feb 2024 00:00:00 GMT"
        );
    }
}
