//! What stands in place of Discord's answer.

use crate::fault::Fault;

/// nginx's page for an error.
fn nginx(status: u16, reason: &str) -> String {
    let page = format!(
        "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    answer(status, reason, "text/html", "server: nginx\r\n", &page)
}

/// Discord's JSON for an error.
fn discord(status: u16, reason: &str, headers: &str, body: &str) -> String {
    answer(status, reason, "application/json", headers, body)
}

fn answer(status: u16, reason: &str, kind: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: {kind}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// The head of an answer with a body of `length` bytes.
pub(crate) fn head(kind: &str, headers: &str, length: u64) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
    )
}

/// The whole answer of a fault that has one; `path` is what was asked for.
pub(crate) fn of(fault: Fault, host: &str, path: &str) -> Option<Vec<u8>> {
    const PANEL: &str = "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>Welcome</title></head>\n\
        <body><h1>Congratulations, the site was created!</h1><p>This is the default page of the panel.</p></body></html>\n";
    const CLOUDFLARE: &str = "<!DOCTYPE html>\n<html><head><title>Access denied | discord.com used Cloudflare to restrict \
        access</title></head><body><h1>Error 1015</h1><h2>You are being rate limited</h2></body></html>\n";
    // Only the API answers as Discord does; before the others stands a proxy.
    let is_api = path.starts_with("/api/");
    let text = match fault {
        Fault::Status401 if !is_api => nginx(401, "Authorization Required"),
        Fault::Status403 if !is_api => nginx(403, "Forbidden"),
        Fault::Status404 if !is_api => nginx(404, "Not Found"),
        Fault::Html200 => answer(200, "OK", "text/html", "server: nginx\r\n", PANEL),
        Fault::Loop301 => answer(
            301,
            "Moved Permanently",
            "text/html",
            &format!("location: https://{host}{path}\r\n"),
            "",
        ),
        Fault::Status401 => discord(
            401,
            "Unauthorized",
            "",
            r#"{"message": "401: Unauthorized", "code": 0}"#,
        ),
        Fault::Status403 => discord(
            403,
            "Forbidden",
            "",
            r#"{"message": "Missing Access", "code": 50001}"#,
        ),
        Fault::Status404 => discord(
            404,
            "Not Found",
            "",
            r#"{"message": "404: Not Found", "code": 0}"#,
        ),
        Fault::Status413 => nginx(413, "Request Entity Too Large"),
        Fault::Limited => discord(
            429,
            "Too Many Requests",
            "retry-after: 2\r\nx-ratelimit-scope: user\r\nx-ratelimit-bucket: b\r\nx-ratelimit-limit: 5\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset-after: 2\r\n",
            r#"{"message": "You are being rate limited.", "retry_after": 2.0, "global": false}"#,
        ),
        Fault::LimitedBare => nginx(429, "Too Many Requests"),
        Fault::LimitedGlobal => discord(
            429,
            "Too Many Requests",
            "retry-after: 2\r\nx-ratelimit-global: true\r\nx-ratelimit-scope: global\r\n",
            r#"{"message": "You are being rate limited.", "retry_after": 2.0, "global": true}"#,
        ),
        Fault::Cloudflare1015 => answer(
            429,
            "Too Many Requests",
            "text/html; charset=UTF-8",
            "server: cloudflare\r\ncf-ray: 0-XXX\r\n",
            CLOUDFLARE,
        ),
        Fault::Status500 => discord(
            500,
            "Internal Server Error",
            "",
            r#"{"message": "500: Internal Server Error", "code": 0}"#,
        ),
        Fault::Status501 => nginx(501, "Not Implemented"),
        Fault::Status502 => nginx(502, "Bad Gateway"),
        Fault::Status503 => nginx(503, "Service Temporarily Unavailable"),
        Fault::Status504 => nginx(504, "Gateway Time-out"),
        Fault::InvalidJson => answer(200, "OK", "application/json", "", "{\"id\": \"1\", ["),
        Fault::InvalidUtf8 => return Some(bytes("application/json", "", b"\"\xFF\xFE\xC3\x28\"")),
        Fault::DeflateGarbage => {
            return Some(bytes(
                "application/json",
                "content-encoding: deflate\r\n",
                &GARBAGE,
            ));
        }
        Fault::ZstdGarbage => {
            return Some(bytes(
                "application/json",
                "content-encoding: zstd\r\n",
                &GARBAGE,
            ));
        }
        _ => return None,
    };
    Some(text.into_bytes())
}

/// Neither deflate nor zstd nor text.
pub(crate) const GARBAGE: [u8; 12] = [
    0x28, 0xB5, 0x2F, 0xFD, 0xFF, 0xFE, 0x93, 0x07, 0xC0, 0xDE, 0xFF, 0xFF,
];

fn bytes(kind: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut answer = head(kind, headers, body.len() as u64).into_bytes();
    answer.extend_from_slice(body);
    answer
}
