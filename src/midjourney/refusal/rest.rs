//! What Discord's REST answers to an interaction, beside 204.

use std::time::Duration;

use serde::{
    Deserialize,
    de::IgnoredAny,
};

use super::FailCode;

/// What may help against a REST refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cure {
    /// Read the command index again, then try once more.
    RefreshCommand,
    /// Nothing was done by Discord: try again after this time.
    Wait(Duration),
    /// The account needs a person.
    StopAccount,
    /// The task can not succeed as it is.
    None,
}

/// A refusal of `POST /interactions` (or another request) by status and body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RestRefusal {
    /// What PHP sees if nothing helps.
    pub code: FailCode,
    /// What may help.
    pub cure: Cure,
    /// Discord's own error number, 0 when it gave none.
    pub discord_code: u32,
}

/// Waiting time when a 429 does not say how long, in seconds; public clients wait 3 to 6.
const DEFAULT_RETRY_SECONDS: f64 = 5.0;
/// Discord's longest bans from the REST interface last about an hour.
const MAX_RETRY_SECONDS: f64 = 86_400.0;

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    code: Option<u32>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    retry_after: Option<f64>,
    #[serde(default)]
    captcha_key: Option<IgnoredAny>,
}

impl RestRefusal {
    /// Reads an answer; None for 2xx. The body's messages are localised, so only its code words count.
    pub fn read(status: u16, body: &str) -> Option<Self> {
        if (200..300).contains(&status) {
            return None;
        }
        let parsed: Body = serde_json::from_str(body).unwrap_or_default();
        let (code, cure) = Self::decide(status, &parsed, body);
        Some(Self { code, cure, discord_code: parsed.code.unwrap_or(0) })
    }

    fn decide(status: u16, parsed: &Body, body: &str) -> (FailCode, Cure) {
        let outdated = body.contains("INTERACTION_APPLICATION_COMMAND_INVALID_VERSION")
            || body.contains("APPLICATION_COMMAND_INVALID")
                && !body.contains("APPLICATION_COMMAND_INVALID_PERMISSIONS")
            || parsed.message.as_deref() == Some("Unknown Integration");
        if outdated {
            return (FailCode::CommandOutdated, Cure::RefreshCommand);
        }
        if body.contains("APPLICATION_COMMAND_INVALID_PERMISSIONS") {
            return (FailCode::Forbidden, Cure::StopAccount);
        }
        if parsed.captcha_key.is_some() {
            return (FailCode::CaptchaRequired, Cure::StopAccount);
        }
        match (status, parsed.code) {
            (401, _) => (FailCode::Unauthorized, Cure::StopAccount),
            // 10002 Unknown Application, 10003 Unknown Channel, 10004 Unknown Guild: Midjourney is not there for us.
            (_, Some(10_002..=10_004)) | (403, _) => (FailCode::Forbidden, Cure::StopAccount),
            // 10063 Unknown application command: the id itself is gone.
            (_, Some(10_063)) => (FailCode::CommandOutdated, Cure::RefreshCommand),
            (429, _) => (FailCode::RateLimited, Cure::Wait(retry_after(parsed.retry_after))),
            (500.., _) => (FailCode::UpstreamError, Cure::Wait(retry_after(parsed.retry_after))),
            (_, _) => (FailCode::InteractionFailed, Cure::None),
        }
    }
}

fn retry_after(seconds: Option<f64>) -> Duration {
    let seconds = seconds.filter(|seconds| seconds.is_finite()).unwrap_or(DEFAULT_RETRY_SECONDS);
    Duration::from_secs_f64(seconds.clamp(0.0, MAX_RETRY_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_the_answers_of_the_wire() {
        let version = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION","message":"…"}]}},"message":"Invalid Form Body"}"#;
        let rights = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS","message":"…"}]}},"message":"Invalid Form Body"}"#;
        for (status, body, code, cure) in [
            (400, version, FailCode::CommandOutdated, Cure::RefreshCommand),
            (400, r#"{"message":"Unknown Integration"}"#, FailCode::CommandOutdated, Cure::RefreshCommand),
            (400, rights, FailCode::Forbidden, Cure::StopAccount),
            (400, r#"{"message":"Unknown Application","code":10002}"#, FailCode::Forbidden, Cure::StopAccount),
            (401, r#"{"message":"401: Unauthorized","code":0}"#, FailCode::Unauthorized, Cure::StopAccount),
            (403, r#"{"message":"Missing Access","code":50001}"#, FailCode::Forbidden, Cure::StopAccount),
            (400, r#"{"captcha_key":["captcha-required"]}"#, FailCode::CaptchaRequired, Cure::StopAccount),
            (
                429,
                r#"{"global":false,"message":"…","retry_after":2.06}"#,
                FailCode::RateLimited,
                Cure::Wait(Duration::from_millis(2_060)),
            ),
            (502, "<html>bad gateway</html>", FailCode::UpstreamError, Cure::Wait(Duration::from_secs(5))),
            (404, r#"{"message":"Unknown Message","code":10008}"#, FailCode::InteractionFailed, Cure::None),
            (400, "", FailCode::InteractionFailed, Cure::None),
        ] {
            let refusal = RestRefusal::read(status, body).unwrap();
            assert_eq!((refusal.code, refusal.cure), (code, cure), "{status} {body}");
        }
        assert_eq!(RestRefusal::read(204, ""), None);
    }

    #[test]
    fn an_absurd_retry_after_does_no_harm() {
        for body in [r#"{"retry_after":-1}"#, r#"{"retry_after":1e300}"#] {
            assert_eq!(RestRefusal::read(429, body).unwrap().code, FailCode::RateLimited);
        }
    }
}
