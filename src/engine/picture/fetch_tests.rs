//! What the fetching of callers' addresses refuses, tried against a server on loopback.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

use super::*;
use crate::{
    picture::tests::{jpeg, png},
    tls::Tls,
};

/// Answers each request by its path; remembers what was asked.
struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    async fn start(answers: &[(&str, Vec<u8>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answers: BTreeMap<String, Vec<u8>> = answers
            .iter()
            .map(|(path, answer)| ((*path).to_owned(), answer.clone()))
            .collect();
        let (requests, answers) = (Arc::clone(&seen), Arc::new(answers));
        let task = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (requests, answers) = (Arc::clone(&requests), Arc::clone(&answers));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else {
                            return;
                        };
                        head.push(byte);
                    }
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split(' ').nth(1).unwrap().to_owned();
                    requests.lock().push(head);
                    let Some(answer) = answers.get(&path) else {
                        return;
                    };
                    let _ = stream.write_all(answer).await;
                    // An answer without an end keeps the connection until the other side gives up.
                    if !answer.starts_with(b"HTTP/1.1 200 Slow") {
                        return;
                    }
                    let _ = stream.read_u8().await;
                });
            }
        });
        Self {
            address,
            seen,
            task,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.seen.lock().clone()
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: a=b\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn found(location: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {location}\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn fetcher(resolver: Resolver, allowed: &[SocketAddr]) -> Fetcher {
    let tls = Tls::default().config(None).unwrap();
    Fetcher {
        allowed: allowed.into(),
        ..Fetcher::new(tls, None, resolver, "mj-test".to_owned(), Hosts::default())
    }
}

fn refused(result: Result<Picture, FetchError>) -> FetchRefusal {
    match result {
        Err(FetchError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn fetches_a_picture_with_nothing_of_ours() {
    let server = Server::start(&[("/a.jpg?x=1", ok(&png(7, 8)))]).await;
    let fetcher = fetcher(Resolver::default(), &[server.address]);
    let picture = fetcher.fetch(&server.url("/a.jpg?x=1")).await.unwrap();
    assert_eq!(picture.bytes(), png(7, 8));
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(request.contains("user-agent: mj-test\r\n"), "{request}");
    for header in ["cookie:", "referer:", "authorization:"] {
        assert!(!request.contains(header), "{request}");
    }
}

#[tokio::test]
async fn refuses_addresses_that_are_not_public() {
    let fetcher = fetcher(Resolver::default(), &[]);
    for url in [
        "http://127.0.0.1/a.png",
        "http://2130706433/a.png",
        "http://0x7f000001/a.png",
        "http://0177.0.0.1/a.png",
        "http://127.1/a.png",
        "http://127.0.0.1./a.png",
        "http://017700000001/a.png",
        "http://0x7f.0x0.0x0.0x1/a.png",
        "http:127.0.0.1/a.png",
        "http:///127.0.0.1/a.png",
        "http://127.0.0.1#@8.8.8.8/a.png",
        "http://127.0.0.1\\@8.8.8.8/a.png",
        "http://127\u{3002}0\u{ff0e}0\u{ff61}1/a.png",
        "http://\u{2460}\u{2461}\u{2466}.0.0.1/a.png",
        "http://loc\u{ad}alhost/a.png",
        "http://100.100.100.200/latest/meta-data/",
        "http://192.0.0.192/opc/v1/",
        "http://[::]/a.png",
        "http://[::ffff:7f00:1]/a.png",
        "http://[::127.0.0.1]/a.png",
        "http://localhost./a.png",
        "http://localhost../a.png",
        "http://nas.local/a.png",
        "http://%31%32%37.0.0.1/a.png",
        "http://0/a.png",
        "http://10.1.2.3/a.png",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/a.png",
        "http://[::ffff:127.0.0.1]/a.png",
        "http://[::ffff:a9fe:a9fe]/a.png",
        "http://[64:ff9b::7f00:1]/a.png",
        "http://[2002:7f00:1::]/a.png",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://[fe80::1]/a.png",
        "http://localhost/a.png",
        "http://a.localhost/a.png",
        "http://metadata.google.internal/computeMetadata/v1/",
        "http://intranet/a.png",
    ] {
        assert_eq!(
            refused(fetcher.fetch(url).await),
            FetchRefusal::Address,
            "{url}"
        );
    }
}

#[tokio::test]
async fn refuses_other_schemes_credentials_and_ports() {
    let fetcher = fetcher(Resolver::default(), &[]);
    for url in [
        "ftp://8.8.8.8/a.png",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "javascript:alert(1)",
        "//8.8.8.8/a.png",
        "a.png",
        "http://user:password@8.8.8.8/a.png",
        "http://user@8.8.8.8/a.png",
        "http://8.8.8.8:80@127.0.0.1/a.png",
        "http://[fe80::1%25eth0]/a.png",
        "http://[::1/a.png",
        "http://8.8.8.8:99999/a.png",
        "http://0x7f000001.1.1.1.1/a.png",
        "http://256.256.256.256/a.png",
        "http://a b/a.png",
    ] {
        assert_eq!(
            refused(fetcher.fetch(url).await),
            FetchRefusal::Scheme,
            "{url}"
        );
    }
    for url in [
        "http://8.8.8.8:22/",
        "http://8.8.8.8:6379/",
        "https://8.8.8.8:25/",
        "http://8.8.8.8:0/",
    ] {
        assert_eq!(
            refused(fetcher.fetch(url).await),
            FetchRefusal::Port,
            "{url}"
        );
    }
}

#[tokio::test]
async fn refuses_a_name_that_leads_to_a_private_address() {
    // One good address among them does not help.
    for addresses in [
        vec!["10.0.0.1"],
        vec!["8.8.8.8", "127.0.0.1"],
        vec!["2606:4700:4700::1111", "::1"],
    ] {
        let answer: Vec<IpAddr> = addresses.iter().map(|each| each.parse().unwrap()).collect();
        let resolver = Resolver::answering(move |_| answer.clone());
        let fetcher = fetcher(resolver, &[]);
        assert_eq!(
            refused(fetcher.fetch("http://pictures.example/a.png").await),
            FetchRefusal::Address,
            "{addresses:?}"
        );
    }
}

#[tokio::test]
async fn connects_to_the_address_that_was_checked() {
    let server = Server::start(&[("/a.png", ok(&png(7, 8)))]).await;
    let lookups = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&lookups);
    // The second answer of the name is another one, as in a rebinding attack.
    let resolver = Resolver::answering(move |name| {
        assert_eq!(name, "pictures.example");
        let last = if count.fetch_add(1, Ordering::SeqCst) == 0 {
            1
        } else {
            99
        };
        vec![IpAddr::from([127, 0, 0, last])]
    });
    let fetcher = fetcher(resolver, &[server.address]);
    let url = format!("http://pictures.example:{}/a.png", server.address.port());
    assert!(fetcher.fetch(&url).await.is_ok());
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
    assert!(
        server.requests()[0]
            .to_ascii_lowercase()
            .contains("host: pictures.example:")
    );
    // Asked anew, it leads elsewhere and is refused.
    assert_eq!(refused(fetcher.fetch(&url).await), FetchRefusal::Address);
}

#[tokio::test]
async fn checks_each_redirect() {
    let server = Server::start(&[
        ("/good", found("/a.png")),
        ("/a.png", ok(&png(7, 8))),
        ("/private", found("http://10.0.0.1/a.png")),
        (
            "/metadata",
            found("http://169.254.169.254/latest/meta-data/"),
        ),
        ("/file", found("file:///etc/passwd")),
        ("/password", found("http://a:b@8.8.8.8/")),
        ("/port", found("http://8.8.8.8:22/")),
        ("/name", found("http://rebound.example/a.png")),
        ("/loop", found("/loop")),
        (
            "/nowhere",
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        ),
    ])
    .await;
    let resolver = Resolver::answering(|_| vec![IpAddr::from([192, 168, 0, 1])]);
    let fetcher = fetcher(resolver, &[server.address]);
    assert!(fetcher.fetch(&server.url("/good")).await.is_ok());
    for request in server.requests() {
        let request = request.to_ascii_lowercase();
        assert!(
            !request.contains("cookie:") && !request.contains("referer:"),
            "{request}"
        );
    }
    for (path, refusal) in [
        ("/private", FetchRefusal::Address),
        ("/metadata", FetchRefusal::Address),
        ("/file", FetchRefusal::Scheme),
        ("/password", FetchRefusal::Scheme),
        ("/port", FetchRefusal::Port),
        ("/name", FetchRefusal::Address),
        ("/loop", FetchRefusal::Redirects),
        ("/nowhere", FetchRefusal::Redirects),
    ] {
        assert_eq!(
            refused(fetcher.fetch(&server.url(path)).await),
            refusal,
            "{path}"
        );
    }
    let rounds = server
        .requests()
        .iter()
        .filter(|head| head.contains(" /loop "))
        .count();
    assert_eq!(rounds, REDIRECTS + 1);
}

#[tokio::test]
async fn stops_at_the_size_limit() {
    let mut large = png(7, 8);
    large.resize(usize::try_from(LARGEST).unwrap() + 1, 0);
    let chunk = format!("{:x}\r\n", large.len());
    let chunked = [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".as_slice(),
        chunk.as_bytes(),
        &large,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    // A head without an end, and a body that ends before it said.
    let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
    for number in 0..200_000 {
        head.extend(format!("X-{number}: a\r\n").bytes());
    }
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec();
    let short = [short, png(7, 8)].concat();
    // Of the first only the head comes.
    let said = format!(
        "HTTP/1.1 200 Slow\r\nContent-Length: {}\r\n\r\n",
        LARGEST + 1
    );
    let server = Server::start(&[
        ("/said", said.into_bytes()),
        ("/chunked", chunked),
        ("/head", head),
        ("/short", short),
    ])
    .await;
    let fetcher = fetcher(Resolver::default(), &[server.address]);
    for path in ["/said", "/chunked"] {
        assert_eq!(
            refused(fetcher.fetch(&server.url(path)).await),
            FetchRefusal::TooLarge(LARGEST),
            "{path}"
        );
    }
    for path in ["/head", "/short"] {
        assert_eq!(
            fetcher.fetch(&server.url(path)).await,
            Err(FetchError::Failed(FailureKind::Closed)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn asks_for_no_encoding_and_decodes_none() {
    let gzip =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\0";
    let server = Server::start(&[("/gzip", gzip.to_vec())]).await;
    let fetcher = fetcher(Resolver::default(), &[server.address]);
    assert_eq!(
        refused(fetcher.fetch(&server.url("/gzip")).await),
        FetchRefusal::NoPicture
    );
    let request = server.requests()[0].to_ascii_lowercase();
    assert!(!request.contains("accept-encoding"), "{request}");
}

#[tokio::test]
async fn waits_for_a_slow_body_only_so_long() {
    let slow = b"HTTP/1.1 200 Slow\r\nContent-Length: 1000\r\n\r\n\x89PNG".to_vec();
    let server = Server::start(&[("/slow", slow)]).await;
    let fetcher = Fetcher {
        whole: Duration::from_millis(300),
        ..fetcher(Resolver::default(), &[server.address])
    };
    assert_eq!(
        fetcher.fetch(&server.url("/slow")).await,
        Err(FetchError::Failed(FailureKind::TimedOut))
    );
}

#[tokio::test]
async fn believes_bytes_and_no_header() {
    let html =
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 15\r\n\r\n<html>no</html>"
            .to_vec();
    let server = Server::start(&[
        ("/html", html),
        ("/empty", ok(b"")),
        ("/jpeg.png", ok(&jpeg(7, 8))),
        ("/bomb", ok(&png(60_000, 60_000))),
        (
            "/gone",
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(),
        ),
        (
            "/busy",
            b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n".to_vec(),
        ),
    ])
    .await;
    let fetcher = fetcher(Resolver::default(), &[server.address]);
    for (path, refusal) in [
        ("/html", FetchRefusal::NoPicture),
        ("/empty", FetchRefusal::NoPicture),
        ("/bomb", FetchRefusal::TooManyPixels(MOST_PIXELS)),
        ("/gone", FetchRefusal::Status(404)),
    ] {
        assert_eq!(
            refused(fetcher.fetch(&server.url(path)).await),
            refusal,
            "{path}"
        );
    }
    assert!(fetcher.fetch(&server.url("/jpeg.png")).await.is_ok());
    for path in ["/busy", "/closes"] {
        assert_eq!(
            fetcher.fetch(&server.url(path)).await,
            Err(FetchError::Failed(FailureKind::Closed)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn refuses_inner_hosts_through_a_proxy_too() {
    let proxy = Server::start(&[("http://pictures.example/a.png", ok(&png(7, 8)))]).await;
    let through = |resolver| Fetcher {
        proxy: Some(format!("http://{}", proxy.address).parse().unwrap()),
        ..fetcher(resolver, &[])
    };
    // Where nothing can be looked up here, the proxy is given the name.
    let unknown = through(Resolver::answering(|_| Vec::new()));
    assert!(unknown.fetch("http://pictures.example/a.png").await.is_ok());
    let inner = through(Resolver::answering(|_| {
        vec![IpAddr::from([169, 254, 169, 254])]
    }));
    for (fetcher, url) in [
        (&unknown, "http://127.0.0.1/a.png"),
        (&unknown, "http://[::1]/a.png"),
        (&unknown, "http://localhost/a.png"),
        (&unknown, "http://metadata.google.internal/"),
        (&inner, "http://pictures.example/a.png"),
    ] {
        assert_eq!(
            refused(fetcher.fetch(url).await),
            FetchRefusal::Address,
            "{url}"
        );
    }
    assert_eq!(proxy.requests().len(), 1);
}

#[tokio::test]
async fn asks_for_discords_pictures_where_the_operator_has_them() {
    let server = Server::start(&[
        ("/attachments/1/2/a.png?ex=6b04ba46&", ok(&png(7, 8))),
        (
            "/attachments/1/2/moved.png",
            b"HTTP/1.1 302 Found\r\nLocation: /attachments/1/2/a.png\r\nContent-Length: 0\r\n\r\n"
                .to_vec(),
        ),
    ])
    .await;
    let fetcher = Fetcher {
        hosts: Hosts::default()
            .with_cdn("mj.cdn_url", &server.url(""))
            .unwrap(),
        // Nothing else is there to be asked.
        ..fetcher(Resolver::answering(|_| Vec::new()), &[])
    };
    let discords = "https://cdn.discordapp.com";
    let picture = fetcher
        .fetch(&format!("{discords}/attachments/1/2/a.png?ex=6b04ba46&"))
        .await;
    assert!(picture.is_ok(), "{picture:?}");
    // The operator's host is no way into its network.
    let moved = format!("{discords}/attachments/1/2/moved.png");
    let refusal = refused(fetcher.fetch(&moved).await);
    assert!(
        matches!(refusal, FetchRefusal::Address | FetchRefusal::Port),
        "{refusal:?}"
    );
    for path in ["/secret", "/attachments/../secret", "/x/attachments/secret"] {
        assert_eq!(
            fetcher.fetch(&format!("{discords}{path}")).await,
            Err(FetchError::Failed(FailureKind::Connect)),
            "{path}"
        );
    }
    assert_eq!(server.requests().len(), 2);
}
