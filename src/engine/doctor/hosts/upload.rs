//! The host of uploads: whether the storage answers there, and how large a file gets through.

use std::time::Duration;

use mj_midjourney::config::HostSettings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use url::Url;

use super::{Host, Told, Tools, address, below, note_answer};
use crate::{
    doctor::{check::Check, finding::Findings, text::Text},
    network::Place,
    socket::Wire,
};

/// Discord's storage of uploads.
const STORAGE: &str = "https://discord-attachments-uploads-prd.storage.googleapis.com/";
/// A path that leads to no file there.
const NOTHING: &str = "/discord-attachments-uploads-prd/mj-doctor";
/// The largest picture that is uploaded, in bytes.
const LARGEST: u64 = 10 << 20;
/// A refusal is the first thing that a server says; one that says nothing for so long waits for the file.
const REFUSAL: Duration = Duration::from_secs(3);
/// How much of an answer tells its status: `HTTP/1.1 413`.
const STATUS_LINE: usize = 12;

/// Makes all checks of the host.
pub(super) async fn check(tools: &Tools, settings: &HostSettings, findings: &Findings) {
    let Some(host) = host(settings) else {
        return;
    };
    drop(tools.way.go(&host, findings).await);
    if findings.may(Check::UploadAnswer) {
        let page = tools.look(host.url.clone()).await;
        note_answer(&host, Check::UploadAnswer, page, findings, |page| {
            page.speaker() == Some(Place::Upload)
        });
    }
    if findings.may(Check::UploadSize) {
        check_size(tools, &host, findings).await;
    }
}

fn host(settings: &HostSettings) -> Option<Host> {
    let (base, is_own) = address(settings.upload_url.as_deref(), STORAGE)?;
    Some(Host {
        place: Place::Upload,
        setting: "mj.upload_url",
        is_own,
        discords: "discord-attachments-uploads-prd.storage.googleapis.com",
        url: below(&base, NOTHING, None),
        dns: Check::UploadDns,
        tcp: Check::UploadTcp,
        tls: Check::UploadTls,
    })
}

/// Announces a large file and waits for whether it may be sent, which it never is (RFC 9110, section 10.1.1).
async fn check_size(tools: &Tools, host: &Host, findings: &Findings) {
    if !host.is_own() {
        let seen = Text::new("no reverse proxy in between", "中间没有反向代理");
        findings.skip(Check::UploadSize, seen);
        return;
    }
    let steps = Findings::default();
    let asked = async {
        let wire = tools.way.go(host, &steps).await?;
        announce(wire, &host.url, &tools.user_agent).await
    };
    match tools.way.in_time(asked).await.flatten() {
        Some(Said::Status(413)) => {
            let (seen, todo) = too_large(413);
            findings.fail(Check::UploadSize, seen, todo);
        }
        Some(Said::Status(_) | Said::Nothing) => {
            let seen = Text::with(
                "{0} MiB may be sent",
                "允许上传 {0} MiB",
                [(LARGEST >> 20).into()],
            );
            findings.ok(Check::UploadSize, seen);
        }
        None => {
            let seen = Text::new(
                "it does not say whether a large file may be sent",
                "没有应答是否允许大文件",
            );
            findings.unknown(Check::UploadSize, seen, None);
        }
    }
}

/// What a server says of a file that is announced.
#[derive(Clone, Copy, Debug)]
enum Said {
    Status(u16),
    /// It waits for the file.
    Nothing,
}

async fn announce(mut wire: Wire, url: &Url, user_agent: &str) -> Option<Said> {
    let host = url.host_str()?;
    let host = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {user_agent}\r\nContent-Type: image/png\r\nContent-Length: {LARGEST}\r\nExpect: 100-continue\r\n\r\n",
        url.path()
    );
    wire.write_all(head.as_bytes()).await.ok()?;
    wire.flush().await.ok()?;
    let mut answer = Vec::new();
    while answer.len() < STATUS_LINE {
        match timeout(REFUSAL, wire.read_buf(&mut answer)).await {
            Ok(Ok(0) | Err(_)) => return None,
            Ok(Ok(_)) => {}
            Err(_) => return Some(Said::Nothing),
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    answer.get(9..STATUS_LINE)?.parse().ok().map(Said::Status)
}

/// A reverse proxy takes no file of that size.
pub(super) fn too_large(status: u16) -> Told {
    (
        Text::with(
            "status {0}: the reverse proxy takes no file of {1} MiB",
            "状态 {0}：反向代理不接受 {1} MiB 的文件",
            [status.into(), (LARGEST >> 20).into()],
        ),
        Text::new(
            "in its nginx configuration add \"client_max_body_size 16m;\" (nginx's default is 1m)",
            "请在其 nginx 配置中加入 “client_max_body_size 16m;”（默认为 1m）",
        ),
    )
}
