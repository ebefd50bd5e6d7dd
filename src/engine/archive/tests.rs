//! The archive against a CDN and a bucket on loopback; the bucket checks the signature by computing it itself.

use std::{collections::BTreeMap, fmt::Write as _, net::SocketAddr, path::Path, sync::Arc};

use mj_discord::{Hosts, Token, UnixMs};
use mj_midjourney::config::HubConfig;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

use super::*;
use crate::{resolver::Resolver, tls::Tls};

const KEY: &str = "test-key";
const SECRET: &str = "test-secret/with+signs";
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and the rest of it";
const PAGE: &[u8] = b"<html><body>Congratulations, the site was created!</body></html>";

/// Discord's CDN and API, and a bucket.
struct World {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    objects: BTreeMap<String, (String, Vec<u8>)>,
    puts: usize,
    gets: usize,
    refreshes: usize,
    /// Answers 503 so often before it takes an object.
    busy: usize,
    /// Whether the CDN has the picture.
    is_deleted: bool,
    /// The status with which a panel's page comes in place of a picture.
    page: Option<u16>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl World {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        let server = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            address,
            seen,
            server,
        }
    }

    fn archiver(&self, archive: Archive) -> Archiver {
        let base = format!("http://{}", self.address);
        let hosts = Hosts::default()
            .with_api("mj.api_url", &base)
            .unwrap()
            .with_cdn("mj.cdn_url", &base)
            .unwrap();
        let tls = Tls::default().config(None).unwrap();
        let http = Http::new(&tls, None, &Resolver::default(), Arc::default()).unwrap();
        let config: HubConfig = serde_json::from_value(serde_json::json!({
            "gateway": "bot", "bot_token": "bot", "guild_id": "5", "channel_id": "6", "accounts": [],
            "hosts": {}, "queue_size": 10, "timeout": {"secs": 60, "nanos": 0},
            "retention": {"secs": 60, "nanos": 0}, "late_final": {"secs": 60, "nanos": 0},
            "spacing": {"secs": 0, "nanos": 0}, "seed_tag": true, "user_agent": "mj-test",
        }))
        .unwrap();
        let attachments = Attachments::new(http.clone(), hosts, &config);
        Archiver::new(archive, attachments, http)
    }

    /// How often an address was signed anew, and a picture asked for.
    fn asked(&self) -> (usize, usize) {
        let seen = self.seen.lock();
        (seen.refreshes, seen.gets)
    }

    fn bucket(&self, secret: &str) -> Archiver {
        self.archiver(Archive::S3 {
            endpoint: format!("http://{}", self.address),
            region: "eu-test-1".to_owned(),
            bucket: "pictures".to_owned(),
            prefix: "mj archive/a".to_owned(),
            key: Token::new(KEY),
            secret: Token::new(secret),
            path_style: true,
        })
    }

    fn directory(&self, path: &Path) -> Archiver {
        self.archiver(Archive::Directory(path.to_str().unwrap().to_owned()))
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Seen>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let headers: BTreeMap<String, String> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let (status, answer) = respond(&mut seen.lock(), method, target, &headers, body);
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), &answer].concat()).await;
}

fn respond(
    seen: &mut Seen,
    method: &str,
    target: &str,
    headers: &BTreeMap<String, String>,
    body: Vec<u8>,
) -> (u16, Vec<u8>) {
    match method {
        "GET" => {
            seen.gets += 1;
            if let Some(status) = seen.page {
                return (status, PAGE.to_vec());
            }
            if !target.contains("hm=new") {
                return (404, Vec::new());
            }
            if seen.is_deleted {
                return (404, Vec::new());
            }
            (200, PICTURE.to_vec())
        }
        "POST" => {
            seen.refreshes += 1;
            assert!(target.ends_with("/attachments/refresh-urls"), "{target}");
            assert_eq!(headers["authorization"], "Bot bot");
            (200, br#"{"refreshed_urls":[{"original":"x","refreshed":"https://cdn.discordapp.com/attachments/1/2/a.png?hm=new"}]}"#.to_vec())
        }
        "PUT" => {
            seen.puts += 1;
            assert!(!headers.contains_key("authorization"));
            if seen.busy > 0 {
                seen.busy -= 1;
                return (503, b"<Error><Code>SlowDown</Code></Error>".to_vec());
            }
            let url = Url::parse(&format!("http://{}{target}", headers["host"])).unwrap();
            if !is_signed(&url, headers) {
                return (
                    403,
                    b"<Error><Code>SignatureDoesNotMatch</Code></Error>".to_vec(),
                );
            }
            let kind = headers["content-type"].clone();
            seen.objects.insert(url.path().to_owned(), (kind, body));
            (200, Vec::new())
        }
        other => panic!("{other}"),
    }
}

/// AWS Signature Version 4 in the query ("Authenticating Requests: Using Query Parameters").
fn is_signed(url: &Url, headers: &BTreeMap<String, String>) -> bool {
    let query: Vec<(&str, &str)> = url
        .query()
        .unwrap()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap())
        .collect();
    let value = |name: &str| query.iter().find(|(given, _)| *given == name).unwrap().1;
    let mut signed: Vec<&str> = url
        .query()
        .unwrap()
        .split('&')
        .filter(|pair| !pair.starts_with("X-Amz-Signature="))
        .collect();
    signed.sort_unstable();
    let names = value("X-Amz-SignedHeaders").replace("%3B", ";");
    let lines: String = names.split(';').fold(String::new(), |mut lines, name| {
        writeln!(lines, "{name}:{}", headers[name]).unwrap();
        lines
    });
    let canonical = format!(
        "PUT\n{}\n{}\n{lines}\n{names}\nUNSIGNED-PAYLOAD",
        url.path(),
        signed.join("&")
    );
    let (date, credential) = (value("X-Amz-Date"), value("X-Amz-Credential"));
    let scope = format!("{}/eu-test-1/s3/aws4_request", &date[..8]);
    assert_eq!(
        credential.replace("%2F", "/"),
        format!("{KEY}/{scope}"),
        "whose, where, when"
    );
    let text = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex(&Sha256::digest(canonical))
    );
    let key = [&date[..8], "eu-test-1", "s3", "aws4_request"]
        .into_iter()
        .fold(format!("AWS4{SECRET}").into_bytes(), |key, part| {
            hmac(&key, part.as_bytes())
        });
    names == "content-type;host" && hex(&hmac(&key, text.as_bytes())) == value("X-Amz-Signature")
}

/// RFC 2104 with SHA-256, whose blocks have 64 bytes.
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64);
    let pad = |with: u8| -> Vec<u8> {
        (0..64)
            .map(|at| key.get(at).copied().unwrap_or_default() ^ with)
            .collect()
    };
    let inner = Sha256::digest([pad(0x36).as_slice(), message].concat());
    Sha256::digest([pad(0x5C).as_slice(), &inner].concat()).to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn task() -> TaskId {
    // 2024-02-29T12:00:00Z.
    mj_process::random::ulid(1_709_208_000_000, 77)
        .parse()
        .unwrap()
}

fn image(signature: &str, expires_at: Option<UnixMs>) -> Image {
    Image {
        url: format!("https://cdn.discordapp.com/attachments/1/2/a.png?hm={signature}"),
        size: PICTURE.len() as u64,
        content_type: Some("image/png".to_owned()),
        expires_at,
        filename: "a_b.PNG".to_owned(),
        ..Image::default()
    }
}

fn place(archived: &Archived) -> &str {
    match archived {
        Archived::At(place) => place,
        other @ (Archived::Failed | Archived::Gone) => panic!("{other:?}"),
    }
}

#[test]
fn names_pictures_by_the_month_of_their_task() {
    for (ms, month) in [
        (0, (1970, 1)),
        (951_782_399_999, (2000, 2)),
        (951_868_800_000, (2000, 3)),
        (1_709_208_000_000, (2024, 2)),
        (1_735_689_599_999, (2024, 12)),
        (1_735_689_600_000, (2025, 1)),
        (4_107_542_400_000, (2100, 3)),
    ] {
        let task = mj_process::random::ulid(ms, 5).parse().unwrap();
        assert_eq!(month_of(task), month, "{ms}");
    }
    let task = task();
    let picture = image("new", None);
    assert_eq!(file_name(task, 0, &picture), format!("2024/02/{task}.png"));
    assert_eq!(
        file_name(task, 3, &picture),
        format!("2024/02/{task}-4.png")
    );
    let odd = Image {
        filename: "a/../../b.p h p".to_owned(),
        content_type: Some("video/mp4".to_owned()),
        ..Image::default()
    };
    assert_eq!(file_name(task, 0, &odd), format!("2024/02/{task}.mp4"));
}

#[tokio::test]
async fn keeps_pictures_in_a_directory_once() {
    let world = World::start().await;
    let root = tempfile::tempdir().unwrap();
    let archiver = world.directory(root.path());
    let path = root.path().join(format!("2024/02/{}.png", task()));
    for _ in 0..2 {
        let outcome = archiver.keep(task(), 0, &image("new", None)).await;
        assert_eq!(place(&outcome), path.to_str().unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), PICTURE);
    }
    assert_eq!(world.seen.lock().gets, 1, "what is there is not fetched");
    // A picture that somebody has worked on stays as it is.
    std::fs::write(&path, b"with our watermark").unwrap();
    let outcome = archiver.keep(task(), 0, &image("new", None)).await;
    assert_eq!(place(&outcome), path.to_str().unwrap());
    assert_eq!(std::fs::read(&path).unwrap(), b"with our watermark");
    let month = path.parent().unwrap();
    assert_eq!(std::fs::read_dir(month).unwrap().count(), 1);
}

#[tokio::test]
async fn never_makes_the_archive_itself() {
    let world = World::start().await;
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("not-mounted");
    let outcome = world
        .directory(&missing)
        .keep(task(), 0, &image("new", None))
        .await;
    assert!(matches!(outcome, Archived::Failed), "{outcome:?}");
    assert!(!missing.exists());
}

#[tokio::test]
async fn signs_what_it_puts_into_a_bucket() {
    let world = World::start().await;
    let outcome = world
        .bucket(SECRET)
        .keep(task(), 1, &image("new", None))
        .await;
    let name = format!("mj archive/a/2024/02/{}-2.png", task());
    assert_eq!(place(&outcome), format!("s3://pictures/{name}"));
    let seen = world.seen.lock();
    let path = format!("/pictures/{}", name.replace(' ', "%20"));
    assert_eq!(
        seen.objects[&path],
        ("image/png".to_owned(), PICTURE.to_vec())
    );
}

#[tokio::test]
async fn fails_with_a_wrong_key_and_while_the_service_is_busy() {
    let world = World::start().await;
    let outcome = world
        .bucket("another-secret")
        .keep(task(), 0, &image("new", None))
        .await;
    assert!(matches!(outcome, Archived::Failed), "{outcome:?}");
    assert!(world.seen.lock().objects.is_empty());
    world.seen.lock().busy = 1;
    let archiver = world.bucket(SECRET);
    let outcome = archiver.keep(task(), 0, &image("new", None)).await;
    assert!(matches!(outcome, Archived::Failed), "{outcome:?}");
    let outcome = archiver.keep(task(), 0, &image("new", None)).await;
    assert!(matches!(outcome, Archived::At(_)), "{outcome:?}");
    assert_eq!(world.seen.lock().puts, 3);
}

#[tokio::test]
async fn has_expired_addresses_signed_anew() {
    let world = World::start().await;
    let archiver = world.bucket(SECRET);
    // It says that it has expired.
    let outcome = archiver
        .keep(task(), 0, &image("old", Some(UnixMs(1))))
        .await;
    assert!(matches!(outcome, Archived::At(_)), "{outcome:?}");
    assert_eq!(world.asked(), (1, 1));
    // It is refused all the same.
    let outcome = archiver.keep(task(), 1, &image("old", None)).await;
    assert!(matches!(outcome, Archived::At(_)), "{outcome:?}");
    assert_eq!(world.asked(), (2, 3));
    // The message is gone.
    world.seen.lock().is_deleted = true;
    let outcome = archiver.keep(task(), 2, &image("old", None)).await;
    assert!(matches!(outcome, Archived::Gone), "{outcome:?}");
}

#[tokio::test]
async fn keeps_no_page_of_a_proxy_and_gives_nothing_up_for_one() {
    let world = World::start().await;
    let root = tempfile::tempdir().unwrap();
    let archiver = world.directory(root.path());
    for status in [200, 404] {
        world.seen.lock().page = Some(status);
        let outcome = archiver.keep(task(), 0, &image("new", None)).await;
        assert!(matches!(outcome, Archived::Failed), "{status}: {outcome:?}");
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    world.seen.lock().page = None;
    let outcome = archiver.keep(task(), 0, &image("new", None)).await;
    let path = place(&outcome);
    assert_eq!(std::fs::read(path).unwrap(), PICTURE);
}

#[tokio::test]
async fn says_what_a_service_said_and_no_secret() {
    let world = World::start().await;
    let archiver = world.bucket("another-secret");
    let error = bucket::put(
        &archiver.http,
        &archiver.archive,
        "a.png",
        &image("new", None),
        PICTURE.to_vec(),
    )
    .await
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("403 SignatureDoesNotMatch: check mj.archive_key"),
        "{error}"
    );
    assert!(
        !error.contains("another-secret") && !error.contains("127.0.0.1"),
        "{error}"
    );
}
