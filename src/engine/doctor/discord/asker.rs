//! One token and what Discord answers to it: with the engine's own headers and limits, and nothing more once it is
//! known to be dead.

use std::time::Duration;

use mj_discord::{
    Outcome, Request, Token,
    rate_limit::{Permit, RateLimiter},
    rest::{self, Headers, TokenKind},
};
use mj_midjourney::hub::{Answer, FailureKind};
use mj_process::clock;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{doctor::hosts::Tools, network::Place, outgoing, shared::moment, trouble::Trouble};

/// How often a request is sent that Discord puts off.
const MOST_TRIES: u32 = 3;

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Asked {
    /// What was asked for.
    Body(String),
    /// Another answer of Discord's.
    Refused(Outcome),
    /// Something in between, or nothing at all.
    Trouble(Trouble),
}

impl Asked {
    /// What was asked for.
    pub(super) fn body(&self) -> Option<&str> {
        match self {
            Self::Body(body) => Some(body),
            Self::Refused(_) | Self::Trouble(_) => None,
        }
    }

    pub(super) fn is_unauthorized(&self) -> bool {
        *self == Self::Refused(Outcome::Unauthorized)
    }
}

/// Asks with one token, one request after the other.
#[derive(Debug)]
pub(super) struct Asker<'t> {
    tools: &'t Tools,
    token: Token,
    pub(super) kind: TokenKind,
    limiter: RateLimiter,
}

impl<'t> Asker<'t> {
    pub(super) fn new(tools: &'t Tools, token: &Token, kind: TokenKind) -> Self {
        Self {
            tools,
            token: token.clone(),
            kind,
            limiter: RateLimiter::new(),
        }
    }

    /// Sends a GET and waits for its answer, and for Discord's limits.
    pub(super) async fn ask(&mut self, request: Request) -> Asked {
        for _ in 0..MOST_TRIES {
            if let Err(why) = self.wait(&request).await {
                return why;
            }
            let asked = self.send(request.clone()).await;
            if !matches!(asked, Asked::Refused(Outcome::RateLimited { .. })) {
                return asked;
            }
        }
        Asked::Trouble(Trouble::Limited(429))
    }

    async fn wait(&mut self, request: &Request) -> Result<(), Asked> {
        loop {
            match self.limiter.permit(moment(), &request.route) {
                Permit::Ready => return Ok(()),
                Permit::Unauthorized => return Err(Asked::Refused(Outcome::Unauthorized)),
                Permit::Wait(until) => {
                    let pause = until
                        .saturating_sub(clock::boot())
                        .max(Duration::from_millis(1));
                    if Instant::now() + pause > self.tools.until() {
                        return Err(Asked::Trouble(Trouble::Limited(429)));
                    }
                    sleep(pause).await;
                }
            }
        }
    }

    async fn send(&mut self, request: Request) -> Asked {
        let route = request.route;
        let tools = self.tools;
        let nothing = |_: &str| Err(std::io::ErrorKind::NotFound.into());
        let outgoing = outgoing::outgoing(
            request,
            &self.token,
            &tools.hosts,
            &tools.user_agent,
            nothing,
        );
        // A token that cannot even be a header's value is none of Discord's.
        let Some(outgoing) = outgoing else {
            return Asked::Refused(Outcome::Unauthorized);
        };
        let sent = timeout_at(tools.until(), tools.http.send(outgoing, None)).await;
        let (status, headers, body) = match sent {
            Ok(Answer::Response {
                status,
                headers,
                body,
            }) => (status, headers, body),
            Ok(Answer::Failure { kind, .. }) => {
                self.limiter.handle_lost(moment(), &route);
                return Asked::Trouble(match kind {
                    FailureKind::Connect => Trouble::ConnectTimedOut,
                    FailureKind::TimedOut => Trouble::TimedOut,
                    FailureKind::Closed | FailureKind::Withheld => Trouble::Broken,
                });
            }
            Err(_) => return Asked::Trouble(Trouble::TimedOut),
        };
        let names = headers.iter();
        let read = Headers::read(names.map(|(name, value)| (name.as_str(), value.as_str())));
        self.limiter.handle_answer(moment(), &route, &read, status);
        let text = String::from_utf8_lossy(&body).into_owned();
        let outcome = rest::Answer {
            status,
            headers: &read,
            body: &text,
        }
        .read();
        let answer = Answer::Response {
            status,
            headers,
            body,
        };
        match (outcome, Trouble::of_answer(Place::Api, &answer)) {
            (Outcome::Accepted, _) => Asked::Body(text),
            (_, Err(trouble)) => Asked::Trouble(trouble),
            (outcome, Ok(())) => Asked::Refused(outcome),
        }
    }
}
