//! What Discord's answers to `POST /interactions` mean to a task and its account: one table, and which row an answer is.

use std::time::Duration;

use mj_discord::rest::Outcome;

use super::{FailCode, Scope};

/// How long an address rests that Cloudflare refuses without saying for how long: its ban lasts ten minutes or more.
const CLOUDFLARE_PAUSE: Duration = Duration::from_secs(10 * 60);
/// "Unknown Guild", "Unknown Integration": the bot, or the account, is not in the guild.
const UNKNOWN_GUILD: u64 = 10_004;
const UNKNOWN_INTEGRATION: u64 = 10_005;
/// "You need to verify your account".
const VERIFY_ACCOUNT: u64 = 40_002;
/// "Uploaded file not found".
pub(crate) const NO_SUCH_UPLOAD: u64 = 50_146;
/// "Missing Access" and "Missing Permissions", which come with status 400 or 403.
const MISSING_ACCESS: u64 = 50_001;
const MISSING_PERMISSIONS: u64 = 50_013;
/// "The user is banned from this guild".
const BANNED_FROM_GUILD: u64 = 40_007;

/// What we do about an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remedy {
    /// Sent again by us when the time is over that the answer names.
    Again,
    /// The task fails.
    Fail,
    /// The account is disabled; its tasks go to another one, or fail.
    Disable,
    /// The account pauses for the time that the answer names, else for this long; its tasks go to another, or wait.
    Pause(Duration),
    /// The command index is read, and the task is sent once more.
    Refresh,
    /// It may have arrived: it is searched for, and sent again only when proven absent.
    Search,
    /// The task's pictures are uploaded again.
    Upload,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnswerRow {
    /// By what it is known: status, code, reason.
    pub signs: &'static str,
    /// What PHP sees if nothing helps.
    pub code: FailCode,
    /// What we do.
    pub remedy: Remedy,
}

impl AnswerRow {
    /// Whom it concerns.
    pub const fn scope(&self) -> Scope {
        self.code.scope()
    }
}

macro_rules! answers {
    ($($name:ident $signs:literal $code:ident $remedy:expr;)*) => {
        $(static $name: AnswerRow = AnswerRow { signs: $signs, code: FailCode::$code, remedy: $remedy };)*

        /// All answers that are no success.
        pub static ANSWERS: &[&AnswerRow] = &[$(&$name,)*];
    };
}

answers! {
    OUTDATED "400 with `INTERACTION_APPLICATION_COMMAND_INVALID_VERSION`, or \"Unknown Integration\" without a code"
        CommandOutdated Remedy::Refresh;
    NO_PERMISSION "400 with `INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS`" Forbidden Remedy::Disable;
    UNKNOWN_APPLICATION "10002 Unknown Application" Forbidden Remedy::Disable;
    UNKNOWN_CHANNEL "10003 Unknown Channel" Forbidden Remedy::Disable;
    NOT_IN_GUILD "10004 Unknown Guild, 10005 Unknown Integration" Forbidden Remedy::Disable;
    NO_ACCESS "403, 50001 Missing Access, 50013 Missing Permissions, 40007 banned from the guild" Forbidden Remedy::Disable;
    UNVERIFIED "40002 the account must be verified" VerificationRequired Remedy::Disable;
    TOO_LONG "50035 with `BASE_TYPE_MAX_LENGTH` or `BASE_TYPE_BAD_LENGTH`" InvalidPrompt Remedy::Fail;
    NO_UPLOAD "50146: the upload has expired, or is another account's" UpstreamError Remedy::Upload;
    NOT_FOUND "404, 10008 Unknown Message: the button's message is gone" InteractionFailed Remedy::Fail;
    BAD_REQUEST "400 for any other reason, such as an old `custom_id`" InteractionFailed Remedy::Fail;
    UNAUTHORIZED "401: the token is dead" Unauthorized Remedy::Disable;
    CAPTCHA "400 with `captcha_key`" CaptchaRequired Remedy::Disable;
    RATE_LIMITED "429 of Discord's, with `retry_after`" RateLimited Remedy::Again;
    CLOUDFLARE "429 or 403 of Cloudflare's, 429 without a time" RateLimited Remedy::Pause(CLOUDFLARE_PAUSE);
    BUSY "5xx with `Retry-After`" UpstreamError Remedy::Again;
    LOST "5xx without it, and pages of a proxy with 2xx or 5xx" SubmitUnconfirmed Remedy::Search;
    STRANGE "other pages of a proxy, redirects, unknown statuses" UpstreamError Remedy::Fail;
}

impl AnswerRow {
    /// The row of an answer to `POST /interactions`; None when it was taken.
    pub fn of(outcome: &Outcome) -> Option<&'static Self> {
        Some(match outcome {
            Outcome::Accepted => return None,
            Outcome::OutdatedCommand => &OUTDATED,
            Outcome::InvalidPermissions => &NO_PERMISSION,
            Outcome::UnknownChannel => &UNKNOWN_CHANNEL,
            Outcome::UnknownApplication => &UNKNOWN_APPLICATION,
            Outcome::BadRequest { code, reasons } => bad_request(*code, reasons),
            Outcome::Forbidden { code } => of_code(*code).unwrap_or(&NO_ACCESS),
            Outcome::NotFound { code } => of_code(*code).unwrap_or(&NOT_FOUND),
            Outcome::Unauthorized => &UNAUTHORIZED,
            Outcome::RateLimited { .. } => &RATE_LIMITED,
            Outcome::Cloudflare { .. } => &CLOUDFLARE,
            Outcome::CaptchaRequired => &CAPTCHA,
            Outcome::ServerError {
                retry_after: Some(_),
                ..
            } => &BUSY,
            Outcome::ReverseProxy { .. }
            | Outcome::ServerError { .. }
            | Outcome::Unexpected { .. } => {
                if outcome.is_in_doubt() {
                    &LOST
                } else {
                    &STRANGE
                }
            }
        })
    }
}

/// The codes that mean the same with any status.
fn of_code(code: u64) -> Option<&'static AnswerRow> {
    Some(match code {
        UNKNOWN_GUILD | UNKNOWN_INTEGRATION => &NOT_IN_GUILD,
        VERIFY_ACCOUNT => &UNVERIFIED,
        NO_SUCH_UPLOAD => &NO_UPLOAD,
        MISSING_ACCESS | MISSING_PERMISSIONS | BANNED_FROM_GUILD => &NO_ACCESS,
        _ => return None,
    })
}

fn bad_request(code: u64, reasons: &[String]) -> &'static AnswerRow {
    let is_too_long = reasons.iter().any(|reason| {
        matches!(
            reason.as_str(),
            "BASE_TYPE_MAX_LENGTH" | "BASE_TYPE_BAD_LENGTH"
        )
    });
    match of_code(code) {
        Some(row) => row,
        None if is_too_long => &TOO_LONG,
        None => &BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use mj_discord::rest::{Answer, Headers};

    use super::*;

    const VERSION: &str = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_VERSION"}]}}}"#;
    const RIGHTS: &str = r#"{"code":50035,"errors":{"data":{"_errors":[{"code":"INTERACTION_APPLICATION_COMMAND_INVALID_PERMISSIONS"}]}}}"#;
    const LONG: &str = r#"{"code":50035,"errors":{"data":{"options":{"0":{"value":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH"}]}}}}}}"#;
    /// Status, headers, body, and the row.
    type Wire = (
        u16,
        &'static [(&'static str, &'static str)],
        &'static str,
        &'static AnswerRow,
    );
    const WIRE: &[Wire] = &[
        (400, &[], r#"{"code":50146}"#, &NO_UPLOAD),
        (400, &[], VERSION, &OUTDATED),
        (400, &[], r#"{"message":"Unknown Integration"}"#, &OUTDATED),
        (400, &[], RIGHTS, &NO_PERMISSION),
        (
            400,
            &[],
            r#"{"message":"Unknown Application","code":10002}"#,
            &UNKNOWN_APPLICATION,
        ),
        (400, &[], r#"{"code":10003}"#, &UNKNOWN_CHANNEL),
        (404, &[], r#"{"code":10003}"#, &UNKNOWN_CHANNEL),
        (404, &[], r#"{"code":10004}"#, &NOT_IN_GUILD),
        (
            400,
            &[],
            r#"{"message":"Unknown Integration","code":10005}"#,
            &NOT_IN_GUILD,
        ),
        (
            403,
            &[],
            r#"{"message":"Missing Access","code":50001}"#,
            &NO_ACCESS,
        ),
        (403, &[], r#"{"code":50013}"#, &NO_ACCESS),
        (400, &[], r#"{"code":50013}"#, &NO_ACCESS),
        (403, &[], "{}", &NO_ACCESS),
        (403, &[], r#"{"code":40002}"#, &UNVERIFIED),
        (400, &[], LONG, &TOO_LONG),
        (
            404,
            &[],
            r#"{"message":"Unknown Message","code":10008}"#,
            &NOT_FOUND,
        ),
        (400, &[], r#"{"code":50035,"errors":{}}"#, &BAD_REQUEST),
        (
            401,
            &[],
            r#"{"message":"401: Unauthorized","code":0}"#,
            &UNAUTHORIZED,
        ),
        (
            400,
            &[],
            r#"{"captcha_key":["captcha-required"]}"#,
            &CAPTCHA,
        ),
        (
            429,
            &[],
            r#"{"global":false,"retry_after":2.06}"#,
            &RATE_LIMITED,
        ),
        (429, &[("content-type", "text/html")], "<html>", &CLOUDFLARE),
        (503, &[("retry-after", "3")], "{}", &BUSY),
        (503, &[], "{}", &LOST),
        (502, &[], "<html>bad gateway</html>", &LOST),
        (200, &[], "<html>welcome</html>", &LOST),
        (421, &[], "<html>nginx</html>", &STRANGE),
        (301, &[], "", &STRANGE),
    ];

    #[test]
    fn sorts_the_answers_of_the_wire() {
        for (status, headers, body, row) in WIRE {
            let headers = Headers::read(headers.iter().copied());
            let outcome = Answer {
                status: *status,
                headers: &headers,
                body,
            }
            .read();
            assert_eq!(AnswerRow::of(&outcome), Some(*row), "{status} {body}");
        }
        for row in ANSWERS {
            assert!(WIRE.iter().any(|(.., known)| known == row), "{}", row.signs);
        }
        assert_eq!(AnswerRow::of(&Outcome::Accepted), None);
    }

    #[test]
    fn what_is_done_fits_whom_it_concerns() {
        for row in ANSWERS {
            let stops = matches!(row.remedy, Remedy::Disable | Remedy::Pause(_));
            let limits = row.code == FailCode::RateLimited;
            assert_eq!(
                stops || limits,
                row.scope() == Scope::Account,
                "{}",
                row.signs
            );
        }
    }
}
