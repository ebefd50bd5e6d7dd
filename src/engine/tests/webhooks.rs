//! Webhooks, from the submission to a site on loopback that takes them, or does not.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to clippy"
)]

mod support;

use std::{
    collections::BTreeSet,
    net::TcpListener,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use mj_engine::{Engine, Value};
use support::{
    Stage, child, child_engine, engine, finish, options,
    receiver::{Received, Receiver, Reply},
    wait_for,
};

const SECRET: &str = "a secret of the test";

/// Not a test: an owner that lives until it is killed.
#[test]
#[ignore = "run by the tests of this file in a process of its own"]
fn child_serves() {
    if let Some(engine) = child_engine() {
        engine.serve(None, &mut || false).unwrap();
    }
}

fn with_hook(stage: &Stage, url: &str) -> Vec<(String, String)> {
    let mut ini = stage.ini(&["user_token"]);
    ini.extend([
        ("mj.notify_url".to_owned(), url.to_owned()),
        ("mj.notify_secret".to_owned(), SECRET.to_owned()),
        ("mj.spacing".to_owned(), "0".to_owned()),
    ]);
    ini
}

fn counts(engine: &Engine) -> (i64, i64) {
    let status = engine.status().unwrap();
    let count = |key| match status.get("webhooks").and_then(|all| all.get(key)) {
        Some(Value::Int(count)) => *count,
        _ => -1,
    };
    (count("pending"), count("failed"))
}

fn is_last(post: &Received) -> bool {
    ["SUCCESS", "FAILURE", "CANCEL"].contains(&post.status().as_str())
}

/// Waits until the last state of a task came; gives all that came of it.
fn told(receiver: &Receiver, task: &str) -> Vec<Received> {
    wait_for("a task's last post", || {
        let posts = receiver.posts_of(task);
        posts.last().is_some_and(is_last).then_some(posts)
    })
}

fn assert_in_order(posts: &[Received]) {
    let seen: Vec<_> = posts
        .iter()
        .map(|post| {
            let task = post.json();
            (
                task["revision"].as_u64().unwrap(),
                task["progress"].as_u64().unwrap(),
            )
        })
        .collect();
    assert!(
        seen.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1),
        "{seen:?}"
    );
}

#[test]
fn ten_tasks_are_told_in_order_to_their_end() {
    let stage = Stage::new();
    let receiver = Receiver::new(|_, _| Reply::Status(204));
    let engine = engine("fpm-fcgi", with_hook(&stage, &receiver.url));
    let ids: Vec<String> = (0..10)
        .map(|number| {
            let prompt = format!("ship number {number}");
            let id = engine.imagine(&prompt.as_str().into(), &Value::Null);
            id.unwrap().as_str().to_owned()
        })
        .collect();
    for id in &ids {
        let ended = finish(&engine, id);
        assert_eq!(ended.view.status.as_str(), "SUCCESS", "{:?}", ended.view);
        let posts = told(&receiver, id);
        assert_in_order(&posts);
        let last = posts.last().unwrap().json();
        assert_eq!(last["revision"], ended.view.revision);
        assert_eq!(last["images"][0]["url"], ended.images[0].as_str());
        assert_eq!(
            last["buttons"].as_array().unwrap().len(),
            ended.view.buttons.len()
        );
    }
    for post in receiver.posts() {
        let task = post.json();
        let delivery = format!("{}:{}", post.task(), task["revision"]);
        assert_eq!(post.line, "POST /hook?key=hush HTTP/1.1");
        assert_eq!(post.delivery(), delivery);
        assert_eq!(post.headers["content-type"], "application/json");
        assert!(post.headers["user-agent"].starts_with("php-mj/"));
        assert!(post.is_signed_with(SECRET) && !post.is_signed_with("another"));
    }
    assert_eq!(receiver.twice_at_once(), 0);
    assert!(receiver.most_at_once() <= 4);
    let deliveries = receiver.posts();
    let deliveries: BTreeSet<_> = deliveries.iter().map(Received::delivery).collect();
    assert_eq!(deliveries.len(), receiver.posts().len(), "each only once");
    wait_for("an empty outbox", || {
        (counts(&engine) == (0, 0)).then_some(())
    });
    engine.shutdown();
}

#[test]
fn what_is_refused_is_posted_again_and_redirects_are_not_followed() {
    let stage = Stage::new();
    let receiver = Receiver::new(|_, before| match before {
        0 => Reply::Status(500),
        1 => Reply::Status(302),
        _ => Reply::Status(200),
    });
    let engine = engine("fpm-fcgi", stage.ini(&["user_token"]));
    let hooked = options(&[("notify_url", receiver.url.as_str().into())]);
    let id = engine.imagine(&"a red fox".into(), &hooked).unwrap();
    engine
        .imagine(&"a fox without an address".into(), &Value::Null)
        .unwrap();
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    wait_for("an empty outbox", || {
        (counts(&engine) == (0, 0)).then_some(())
    });
    let posts = receiver.posts_of(id.as_str());
    assert!(posts.last().is_some_and(is_last));
    assert_eq!(receiver.posts().len(), posts.len());
    assert!(posts.iter().all(|post| post.line.starts_with("POST /hook")));
    assert!(
        posts
            .iter()
            .all(|post| !post.headers.contains_key("x-mj-signature"))
    );
    let pauses: Vec<Duration> = posts.windows(2).map(|two| two[1].at - two[0].at).collect();
    assert!(pauses[0] >= Duration::from_millis(950), "{pauses:?}");
    assert!(pauses[1] >= Duration::from_millis(1_950), "{pauses:?}");
    let revisions: Vec<u64> = posts
        .iter()
        .map(|post| post.json()["revision"].as_u64().unwrap())
        .collect();
    assert!(revisions.is_sorted(), "{revisions:?}");
    engine.shutdown();
}

#[test]
fn an_address_that_is_gone_is_told_nothing_more() {
    let stage = Stage::new();
    let receiver = Receiver::new(|_, _| Reply::Status(410));
    let engine = engine("fpm-fcgi", with_hook(&stage, &receiver.url));
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    wait_for("the refusal", || (counts(&engine) == (0, 1)).then_some(()));
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    assert_eq!(counts(&engine), (0, 1));
    assert_eq!(receiver.posts().len(), 1);
    engine.shutdown();
}

#[test]
fn a_dead_address_holds_up_nobody() {
    let stage = Stage::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed_url = format!("http://{}/", closed.local_addr().unwrap());
    drop(closed);
    let silent = Receiver::new(|_, _| Reply::Silence);
    let good = Receiver::new(|_, _| Reply::Status(200));
    let engine = engine("fpm-fcgi", with_hook(&stage, &good.url));
    let submit = |url: &str| {
        let hooked = options(&[("notify_url", url.into())]);
        engine.imagine(&"a red fox".into(), &hooked).unwrap()
    };
    for _ in 0..4 {
        submit(&closed_url);
        submit(&silent.url);
    }
    let id = submit(&good.url);
    wait_for("a first post", || good.posts_of(id.as_str()).pop());
    assert_eq!(silent.given_up(), 0, "before any time-out");
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    assert_in_order(&told(&good, id.as_str()));
    assert_eq!(silent.twice_at_once(), 0);
    engine.shutdown();
}

#[test]
fn a_post_of_a_killed_owner_is_repeated_with_its_delivery_id() {
    let stage = Stage::new();
    let ends = AtomicUsize::new(0);
    let receiver = Receiver::new(move |post, _| {
        if is_last(post) && ends.fetch_add(1, Ordering::AcqRel) == 0 {
            Reply::Silence
        } else {
            Reply::Status(200)
        }
    });
    let ini = with_hook(&stage, &receiver.url);
    let owner = child("child_serves", "fpm-fcgi", &ini);
    let mut idle = ini.clone();
    idle.push(("mj.role".to_owned(), "never".to_owned()));
    let onlooker = engine("fpm-fcgi", idle);
    let id = onlooker.imagine(&"a red fox".into(), &Value::Null).unwrap();
    let first = told(&receiver, id.as_str());
    owner.signal("-KILL");
    assert_eq!(counts(&onlooker), (1, 0));
    let successor = engine("fpm-fcgi", ini);
    let again = wait_for("the successor's post", || {
        successor.poll(id.as_str()).unwrap();
        let posts = receiver.posts_of(id.as_str());
        (posts.len() > first.len()).then_some(posts)
    });
    assert_eq!(
        again.last().unwrap().delivery(),
        first.last().unwrap().delivery()
    );
    assert_eq!(again.last().unwrap().body, first.last().unwrap().body);
    wait_for("an empty outbox", || {
        (counts(&successor) == (0, 0)).then_some(())
    });
    successor.shutdown();
}

#[test]
fn a_script_that_waited_leaves_nothing_untold() {
    let stage = Stage::new();
    let receiver = Receiver::new(|_, _| Reply::Status(200));
    let mut ini = with_hook(&stage, &receiver.url);
    ini.push(("mj.shutdown_grace".to_owned(), "10".to_owned()));
    let engine = engine("cli", ini);
    let id = engine.imagine(&"a red fox".into(), &Value::Null).unwrap();
    assert_eq!(finish(&engine, id.as_str()).view.status.as_str(), "SUCCESS");
    engine.shutdown();
    let posts = receiver.posts_of(id.as_str());
    assert!(posts.last().is_some_and(is_last), "{} posts", posts.len());
}
