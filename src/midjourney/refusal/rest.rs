//! What Discord's REST answers mean to a task.

use mj_discord::rest::Outcome;

use super::FailCode;

impl FailCode {
    /// The code of an answer to `POST /interactions`, if nothing helps against it; None when it was taken.
    pub const fn of_answer(outcome: &Outcome) -> Option<Self> {
        Some(match outcome {
            Outcome::Accepted => return None,
            Outcome::OutdatedCommand => Self::CommandOutdated,
            // Without the guild, the channel or the bot in it nothing that this account sends can succeed. 10005 is
            // "Unknown Integration", seen where the bot was never invited.
            Outcome::InvalidPermissions
            | Outcome::UnknownChannel
            | Outcome::UnknownApplication
            | Outcome::Forbidden { .. }
            | Outcome::BadRequest { code: 10_005, .. } => Self::Forbidden,
            Outcome::BadRequest { .. } | Outcome::NotFound { .. } => Self::InteractionFailed,
            Outcome::Unauthorized => Self::Unauthorized,
            Outcome::RateLimited { .. } | Outcome::Cloudflare { .. } => Self::RateLimited,
            Outcome::CaptchaRequired => Self::CaptchaRequired,
            Outcome::ReverseProxy { .. }
            | Outcome::ServerError { .. }
            | Outcome::Unexpected { .. } => Self::UpstreamError,
        })
    }
}

#[cfg(test)]
mod tests {
    use mj_discord::rest::{Answer, Headers};

    use super::*;

    #[test]
    fn sorts_the_answers_of_the_wire() {
        let version = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION"}]}}}"#;
        let rights = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS"}]}}}"#;
        for (status, body, code) in [
            (204, "", None),
            (400, version, Some(FailCode::CommandOutdated)),
            (
                400,
                r#"{"message":"Unknown Integration"}"#,
                Some(FailCode::CommandOutdated),
            ),
            (400, rights, Some(FailCode::Forbidden)),
            (
                400,
                r#"{"message":"Unknown Application","code":10002}"#,
                Some(FailCode::Forbidden),
            ),
            (
                400,
                r#"{"message":"Unknown Integration","code":10005}"#,
                Some(FailCode::Forbidden),
            ),
            (
                401,
                r#"{"message":"401: Unauthorized","code":0}"#,
                Some(FailCode::Unauthorized),
            ),
            (
                403,
                r#"{"message":"Missing Access","code":50001}"#,
                Some(FailCode::Forbidden),
            ),
            (
                400,
                r#"{"captcha_key":["captcha-required"]}"#,
                Some(FailCode::CaptchaRequired),
            ),
            (
                429,
                r#"{"global":false,"retry_after":2.06}"#,
                Some(FailCode::RateLimited),
            ),
            (
                502,
                "<html>bad gateway</html>",
                Some(FailCode::UpstreamError),
            ),
            (
                404,
                r#"{"message":"Unknown Message","code":10008}"#,
                Some(FailCode::InteractionFailed),
            ),
        ] {
            let outcome = Answer {
                status,
                headers: &Headers::default(),
                body,
            }
            .read();
            assert_eq!(FailCode::of_answer(&outcome), code, "{status} {body}");
        }
    }
}
