//! A site that takes webhooks, on loopback: it keeps what it got and answers as a test says.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};

/// A post as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) at: Instant,
}

impl Received {
    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn task(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) fn status(&self) -> String {
        self.json()["status"].as_str().unwrap().to_owned()
    }

    pub(crate) fn delivery(&self) -> &str {
        &self.headers["x-mj-delivery"]
    }

    /// Whether the signature is this secret's, by RFC 2104 written out.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let mut key = secret.as_bytes().to_vec();
        key.resize(64, 0);
        let padded = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
        let inner = Sha256::new()
            .chain_update(padded(0x36))
            .chain_update(&self.headers["x-mj-timestamp"])
            .chain_update(".")
            .chain_update(&self.body)
            .finalize();
        let outer = Sha256::new()
            .chain_update(padded(0x5C))
            .chain_update(inner)
            .finalize();
        let mut expected = "sha256=".to_owned();
        for byte in outer {
            let _ = write!(expected, "{byte:02x}");
        }
        self.headers.get("x-mj-signature") == Some(&expected)
    }
}

/// What a test wants to be answered.
pub(crate) enum Reply {
    Status(u16),
    /// Nothing, for as long as the caller holds on.
    Silence,
}

#[derive(Default)]
struct Seen {
    posts: Mutex<Vec<Received>>,
    under_way: Mutex<Vec<String>>,
    most_at_once: AtomicUsize,
    twice_at_once: AtomicUsize,
    given_up: AtomicUsize,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Seen>,
}

impl Receiver {
    /// Starts to listen; `reply` gets each post and how many came before it.
    pub(crate) fn new(reply: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook?key=hush", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let (shared, reply) = (Arc::clone(&seen), Arc::new(reply));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, reply) = (Arc::clone(&shared), Arc::clone(&reply));
                let stream = stream.unwrap();
                std::thread::spawn(move || serve(&stream, &seen, &*reply));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn posts(&self) -> Vec<Received> {
        self.seen.posts.lock().clone()
    }

    /// The posts of one task, in the order in which they came.
    pub(crate) fn posts_of(&self, task: &str) -> Vec<Received> {
        let mut posts = self.posts();
        posts.retain(|post| post.task() == task);
        posts
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.seen.most_at_once.load(Ordering::Acquire)
    }

    /// How often the caller had enough of silence.
    pub(crate) fn given_up(&self) -> usize {
        self.seen.given_up.load(Ordering::Acquire)
    }

    /// How often a task had two posts at once.
    pub(crate) fn twice_at_once(&self) -> usize {
        self.seen.twice_at_once.load(Ordering::Acquire)
    }
}

fn serve(stream: &TcpStream, seen: &Seen, reply: &dyn Fn(&Received, usize) -> Reply) {
    let mut reader = BufReader::new(stream);
    while let Some(post) = read(&mut reader) {
        let task = post.task();
        {
            let mut under_way = seen.under_way.lock();
            if under_way.contains(&task) {
                seen.twice_at_once.fetch_add(1, Ordering::AcqRel);
            }
            under_way.push(task.clone());
            seen.most_at_once
                .fetch_max(under_way.len(), Ordering::AcqRel);
        }
        let before = {
            let mut posts = seen.posts.lock();
            posts.push(post.clone());
            posts.len() - 1
        };
        let reply = reply(&post, before);
        if let Reply::Silence = reply {
            // Ends when the other side closes.
            let _ = reader.read(&mut [0; 1]);
            seen.given_up.fetch_add(1, Ordering::AcqRel);
        }
        seen.under_way.lock().retain(|other| *other != task);
        let Reply::Status(status) = reply else { return };
        let head =
            format!("HTTP/1.1 {status} so\r\nContent-Length: 0\r\nLocation: /elsewhere\r\n\r\n");
        if (&mut &*stream).write_all(head.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Received> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let at = Instant::now();
    let mut headers = BTreeMap::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        line: line.trim_end().to_owned(),
        headers,
        body,
        at,
    })
}
