//! Requests over loopback: what was sent, what was withheld, what the log says.

use mj_process::clock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::tls::Tls;

fn http(proxy: Option<&str>) -> Http {
    Http::new(
        &Tls::default().config(None).unwrap(),
        proxy,
        &Resolver::default(),
        Arc::default(),
    )
    .unwrap()
}

fn post(port: u16) -> Outgoing {
    Outgoing {
        name: Some(Name("/interactions")),
        place: Place::Api,
        method: Method::POST,
        url: format!("http://127.0.0.1:{port}/api/v9/interactions?secret=1")
            .parse()
            .unwrap(),
        headers: HeaderMap::new(),
        body: Some(b"{\"type\":2}".to_vec()),
    }
}

/// A server of one's own, and its port.
async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// Takes one connection, reads what is asked on it and answers.
async fn answer_once(listener: &TcpListener, answer: &str) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = request_of(&mut stream).await;
    stream.write_all(answer.as_bytes()).await.unwrap();
    request
}

async fn request_of(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut buffer = [0; 1024];
    while !seen.ends_with(b"}") {
        let count = stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        seen.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(seen).unwrap()
}

#[tokio::test]
async fn sends_a_sized_body_and_reads_the_answer() {
    let (listener, port) = listen().await;
    let server = answer_once(
        &listener,
        "HTTP/1.1 204 No Content\r\nX-RateLimit-Remaining: 4\r\n\r\n",
    );
    let fence = Fence::default();
    fence.extend_to(clock::boot() + Duration::from_secs(10));
    let client = http(None);
    let (request, answer) = tokio::join!(server, client.send(post(port), Some(fence)));
    assert!(
        request
            .to_ascii_lowercase()
            .contains("content-length: 10\r\n"),
        "{request}"
    );
    let Answer::Response {
        status, headers, ..
    } = answer
    else {
        panic!("{answer:?}")
    };
    assert_eq!(status, 204);
    assert!(headers.contains(&("x-ratelimit-remaining".to_owned(), "4".to_owned())));
}

#[tokio::test]
async fn withholds_the_body_of_an_old_lease() {
    let (listener, port) = listen().await;
    let fence = Fence::default();
    fence.extend_to(clock::boot() + Duration::from_secs(10));
    // The lease ends between the decision to send and the first poll of the body.
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        request_of(&mut stream).await
    };
    let client = http(None);
    let body = FencedBody {
        chunk: Some(Bytes::from_static(b"{}")),
        length: 2,
        fence: Some(fence.clone()),
        trace: Arc::default(),
    };
    let trace = Arc::clone(&body.trace);
    fence.close();
    let request = client
        .client
        .post(format!("http://127.0.0.1:{port}/"))
        .body(reqwest::Body::wrap(body));
    let (seen, answer) = tokio::join!(server, exchange(request, Reading::Whole, None));
    assert!(answer.is_err());
    assert!(!seen.contains("{}"), "{seen}");
    assert!(trace.withheld.load(Ordering::Acquire) && !trace.polled.load(Ordering::Acquire));
    let answer = client.send(post(port), Some(fence)).await;
    assert!(
        matches!(
            answer,
            Answer::Failure {
                sent: false,
                kind: FailureKind::Withheld
            }
        ),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_status_says_all_where_the_body_is_no_matter() {
    let (listener, port) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        request_of(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nthanks";
        stream.write_all(head).await.unwrap();
        // The other side leaves.
        let _ = stream.read_u8().await;
    };
    let client = http(None);
    let ((), answer) = tokio::join!(server, client.tell(post(port), None));
    assert!(
        matches!(answer, Answer::Response { status: 200, .. }),
        "{answer:?}"
    );
}

#[tokio::test]
async fn tells_lost_answers_from_lost_connections() {
    let (listener, port) = listen().await;
    let server = answer_once(&listener, "");
    let client = http(None);
    let (_, answer) = tokio::join!(server, client.send(post(port), None));
    assert!(
        matches!(
            answer,
            Answer::Failure {
                sent: true,
                kind: FailureKind::Closed
            }
        ),
        "{answer:?}"
    );
    drop(listener);
    let answer = client.send(post(port), None).await;
    assert!(
        matches!(
            answer,
            Answer::Failure {
                sent: false,
                kind: FailureKind::Connect
            }
        ),
        "{answer:?}"
    );
}

/// What is logged while a request gets `answer`; with none nobody listens.
async fn logged(answer: Option<&str>) -> String {
    let (listener, port) = listen().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let log = crate::log::Log::new(&crate::log::LogSettings {
        target: Some(crate::log::Target::File(file.path().to_owned())),
        level: tracing::Level::WARN,
        format: crate::log::Format::Text,
        rotation: crate::log::Rotation { size: 0, files: 1 },
        prompts: false,
    });
    let _log = tracing::subscriber::set_default(log);
    let client = http(None);
    if let Some(answer) = answer {
        let server = answer_once(&listener, answer);
        tokio::join!(server, client.send(post(port), None));
    } else {
        drop(listener);
        client.send(post(port), None).await;
    }
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert!(!text.contains("secret"), "{text}");
    text
}

#[tokio::test]
async fn names_requests_that_did_not_reach_discord() {
    let page = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n";
    let text = logged(Some(page)).await;
    assert!(
        text.contains("by something in between")
            && text.contains("request=\"POST /interactions\" status=502"),
        "{text}"
    );
    let moved = "HTTP/1.1 301 Moved Permanently\r\nLocation: https://elsewhere.example/?secret\r\nContent-Length: 0\r\n\r\n";
    assert!(logged(Some(moved)).await.contains("status=301"));
    let text = logged(None).await;
    assert!(
        text.contains("got no answer request=\"POST /interactions\" kind=Connect")
            && text.contains("refused"),
        "{text}"
    );
}

#[tokio::test]
async fn leaves_discords_own_refusals_to_tasks_and_accounts() {
    for status in [
        "204 No Content",
        "400 Bad Request",
        "401 Unauthorized",
        "429 Too Many Requests",
    ] {
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(logged(Some(&answer)).await, "", "{status}");
    }
}

#[tokio::test]
async fn goes_through_the_proxy() {
    let (listener, port) = listen().await;
    let server = answer_once(&listener, "HTTP/1.1 204 No Content\r\n\r\n");
    let client = http(Some(&format!("http://127.0.0.1:{port}")));
    let mut outgoing = post(1);
    outgoing.url = "http://api.invalid/api/v9/interactions".parse().unwrap();
    let (request, answer) = tokio::join!(server, client.send(outgoing, None));
    assert!(
        request.starts_with("POST http://api.invalid/api/v9/interactions"),
        "{request}"
    );
    assert!(
        matches!(answer, Answer::Response { status: 204, .. }),
        "{answer:?}"
    );
}
