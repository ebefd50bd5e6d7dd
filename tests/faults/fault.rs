//! The ways in which the way to Discord fails.

use serde::Deserialize;

/// What is wrong. The names are those of the matrix in `docs/faults.md`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fault {
    /// Nobody listens.
    Refused,
    /// Reset as soon as it is accepted.
    ResetAccept,
    /// Reset when the client has said hello.
    ResetTls,
    /// Accepted, then silence.
    BlackHole,
    /// A certificate that ran out in 2021.
    TlsExpired,
    /// A certificate for another name.
    TlsWrongHost,
    /// A certificate of an authority that nobody knows.
    TlsUnknownCa,
    /// A certificate that is good for five days more, of ninety.
    TlsSoon,
    /// A certificate that nobody but itself signed.
    TlsSelfSigned,
    /// A certificate that signed itself and is an authority's, as `openssl req -x509` makes it.
    TlsAuthority,
    /// A certificate without any name of a host.
    TlsNameless,
    /// A server that knows TLS 1.0 only.
    TlsOld,
    /// A server that speaks HTTP without TLS.
    TlsNone,
    /// Reset behind the request, which was thrown away.
    ResetRequest,
    /// Reset behind the request, which Discord has.
    LostAnswer,
    /// Reset within the answer's first line; Discord has the request.
    ResetHeaders,
    /// Reset within the answer's body; Discord has the request.
    ResetBody,
    /// The answer ends before its length is reached; Discord has the request.
    Truncated,
    /// The answer begins and never ends; Discord has the request.
    Silent,
    /// The answer comes a byte at a time; Discord has the request.
    SlowLoris,
    /// An answer of far more than is taken.
    Oversized,
    /// A panel's welcome page, with 200.
    Html200,
    /// A redirect to itself.
    Loop301,
    /// Discord's 401.
    Status401,
    /// Discord's 403.
    Status403,
    /// Discord's 404.
    Status404,
    /// A reverse proxy's 413.
    Status413,
    /// Discord's 429 with its time.
    Limited,
    /// 429 without a time.
    LimitedBare,
    /// Discord's 429 for everything.
    LimitedGlobal,
    /// Cloudflare's page of error 1015.
    Cloudflare1015,
    /// Discord's 500.
    Status500,
    /// 501.
    Status501,
    /// A reverse proxy's 502.
    Status502,
    /// 503.
    Status503,
    /// A reverse proxy's 504, while Discord has the request.
    Status504,
    /// 200 with bytes that are no text.
    InvalidUtf8,
    /// 200 with JSON that is none.
    InvalidJson,
    /// 200 with a body that says it is deflate and is not; a gateway's zlib stream that is none.
    DeflateGarbage,
    /// The same with zstd.
    ZstdGarbage,
    /// The gateway's connection is reset behind HELLO.
    ResetHello,
    /// The gateway's connection is reset behind READY.
    ResetReady,
    /// A gateway that opens and never says HELLO.
    NoHello,
    /// A gateway that says nothing more once it was ready.
    SilentReady,
    /// A frame of 100 MB.
    HugeFrame,
    /// A small frame that inflates to 200 MB.
    InflateBomb,
    /// Pings as fast as they go.
    PingFlood,
}

/// Where a fault strikes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Phase {
    /// Before HTTP.
    Connection,
    /// In place of an answer, or in it.
    Answer,
    /// Behind so many frames of an open gateway.
    Frames(u64),
}

impl Fault {
    /// Where it strikes on a connection that became a gateway's, or else on HTTP.
    pub(crate) fn phase(self, is_gateway: bool) -> Phase {
        match self {
            Self::Refused
            | Self::ResetAccept
            | Self::ResetTls
            | Self::BlackHole
            | Self::TlsExpired
            | Self::TlsWrongHost
            | Self::TlsUnknownCa
            | Self::TlsSelfSigned
            | Self::TlsAuthority
            | Self::TlsNameless
            | Self::TlsOld
            | Self::TlsNone => Phase::Connection,
            // All goes well with it.
            Self::TlsSoon => Phase::Frames(u64::MAX),
            Self::NoHello => Phase::Frames(0),
            Self::ResetHello | Self::HugeFrame | Self::InflateBomb | Self::PingFlood => {
                Phase::Frames(1)
            }
            Self::ResetReady | Self::SilentReady => Phase::Frames(2),
            Self::SlowLoris if is_gateway => Phase::Frames(0),
            Self::Truncated
            | Self::InvalidUtf8
            | Self::InvalidJson
            | Self::DeflateGarbage
            | Self::ZstdGarbage
                if is_gateway =>
            {
                Phase::Frames(1)
            }
            Self::ResetRequest
            | Self::LostAnswer
            | Self::ResetHeaders
            | Self::ResetBody
            | Self::Truncated
            | Self::Silent
            | Self::SlowLoris
            | Self::Oversized
            | Self::Html200
            | Self::Loop301
            | Self::Status401
            | Self::Status403
            | Self::Status404
            | Self::Status413
            | Self::Limited
            | Self::LimitedBare
            | Self::LimitedGlobal
            | Self::Cloudflare1015
            | Self::Status500
            | Self::Status501
            | Self::Status502
            | Self::Status503
            | Self::Status504
            | Self::InvalidUtf8
            | Self::InvalidJson
            | Self::DeflateGarbage
            | Self::ZstdGarbage => Phase::Answer,
        }
    }

    /// Whether Discord gets the request although the answer fails.
    pub(crate) fn is_passed_on(self) -> bool {
        matches!(
            self,
            Self::LostAnswer
                | Self::ResetHeaders
                | Self::ResetBody
                | Self::Truncated
                | Self::Silent
                | Self::SlowLoris
                | Self::Status504
        )
    }
}
