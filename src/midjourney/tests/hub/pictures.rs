//! Pictures before their command: fetched, uploaded, given addresses, with owners that die in between.

use std::time::Duration;

use mj_midjourney::{
    account::AccountState,
    config::{GatewayKind, GatewayMode},
    hub::{Answer, FailureKind, FetchRefusal, Fetched, Predecessor},
    refusal::FailCode,
    task::{Call, Picture, PictureSource, Stage, Status, StoredFile, Task, TaskId},
};
use serde_json::{Value, json};

use super::{
    post,
    world::{Sent, USER, World, account, config, response},
};

const SOMEWHERE: &str = "https://pictures.example/fox.png";

fn file(number: u32) -> StoredFile {
    StoredFile {
        name: format!("{number:032x}.png"),
        content_type: "image/png".to_owned(),
        size: 1_000 + u64::from(number),
    }
}

fn stored(number: u32) -> Picture {
    Picture::new(PictureSource::Stored(file(number)))
}

fn fetched() -> Picture {
    Picture::new(PictureSource::Fetch(SOMEWHERE.to_owned()))
}

fn link(url: &str) -> Picture {
    Picture::new(PictureSource::Link(url.to_owned()))
}

fn with(world: &mut World, call: Call, pictures: Vec<Picture>) -> Task {
    let mut task = world.task("a red fox");
    task.work.call = call;
    task.work.pictures = pictures;
    task
}

fn imagine(world: &mut World, pictures: Vec<Picture>) -> TaskId {
    let task = with(world, Call::Imagine, pictures);
    world.submit(task)
}

fn describe(world: &mut World, picture: Picture) -> TaskId {
    let task = with(world, Call::Describe, vec![picture]);
    world.submit(task)
}

/// What of the uploads' requests this is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Part {
    Slots,
    Bytes,
    Links,
}

fn part(sent: &Sent) -> Option<Part> {
    if sent.path.starts_with("https://slots.example/") {
        Some(Part::Bytes)
    } else if sent.path.ends_with("/attachments") {
        Some(Part::Slots)
    } else {
        (sent.path.ends_with("/messages")).then_some(Part::Links)
    }
}

/// Discord's side and the driver's of what comes before a command, one step at a time.
#[derive(Default)]
struct Uploads {
    sent: usize,
    fetched: usize,
    slots: u64,
}

impl Uploads {
    /// The next request that is not answered.
    fn next(&mut self, world: &World) -> Option<(Part, Sent)> {
        while let Some(sent) = world.sent.get(self.sent) {
            self.sent += 1;
            if let Some(part) = part(sent) {
                return Some((part, sent.clone()));
            }
        }
        None
    }

    /// The next request, which is this part.
    fn expect(&mut self, world: &World, expected: Part) -> Sent {
        let (part, sent) = self.next(world).expect("a request");
        assert_eq!(part, expected);
        sent
    }

    fn body(&mut self, part: Part, sent: &Sent) -> String {
        match part {
            Part::Slots => {
                let slots: Vec<Value> = sent.body["files"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|file| {
                        self.slots += 1;
                        let name = format!("{}/{}", self.slots, file["filename"].as_str().unwrap());
                        json!({"id": file["id"], "upload_filename": name,
                            "upload_url": format!("https://slots.example/{name}")})
                    })
                    .collect();
                json!({"attachments": slots}).to_string()
            }
            Part::Bytes => String::new(),
            Part::Links => {
                let files: Vec<Value> = sent.body["attachments"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|file| {
                        let url = format!(
                            "https://cdn.example/{}",
                            file["uploaded_filename"].as_str().unwrap()
                        );
                        json!({"id": "1", "filename": file["filename"], "url": url, "size": 1})
                    })
                    .collect();
                json!({"id": "5", "channel_id": "6", "attachments": files}).to_string()
            }
        }
    }

    /// One step; tells whether there was one to do.
    fn step(&mut self, world: &mut World) -> bool {
        if let Some((task, place, url)) = world.fetches.get(self.fetched).cloned() {
            assert!(url.starts_with("https://"));
            self.fetched += 1;
            let kept = Fetched::Kept(file(900 + u32::try_from(self.fetched).unwrap()));
            world.hub.handle_fetched(world.now, task, place, kept);
            world.run();
            return true;
        }
        let Some((part, sent)) = self.next(world) else {
            return false;
        };
        let body = self.body(part, &sent);
        world.answer(&sent, 200, &body);
        true
    }

    fn all(&mut self, world: &mut World) -> usize {
        (0..1_000).take_while(|_| self.step(world)).count()
    }

    /// The owner dies; what it asked for is not answered.
    fn die(&mut self, world: &mut World) {
        self.sent = world.sent.len();
        self.fetched = world.fetches.len();
        world.take_over(Predecessor::Dead);
        world.connect();
    }
}

fn prompt(world: &World) -> String {
    let options = &world.last().body["data"]["options"];
    options[0]["value"].as_str().unwrap().to_owned()
}

#[test]
fn an_image_prompt_is_uploaded_before_its_turn() {
    let mut world = World::new(GatewayMode::User);
    let mut last = stored(2);
    last.parameter = Some("sref".to_owned());
    let id = imagine(&mut world, vec![fetched(), link(SOMEWHERE), last]);
    let view = world.view(id);
    assert_eq!(
        (view.status, view.stage),
        (Status::NotStart, Some(Stage::Uploading))
    );
    assert!(world.interactions().is_empty());
    let mut uploads = Uploads::default();
    assert!(uploads.step(&mut world), "the fetch");
    let slots = uploads.expect(&world, Part::Slots);
    assert_eq!(slots.token, "token-main");
    assert_eq!(
        slots.body["files"],
        json!([{"id": "0", "filename": file(901).name, "file_size": 1_901},
            {"id": "1", "filename": file(2).name, "file_size": 1_002}])
    );
    let body = uploads.body(Part::Slots, &slots);
    world.answer(&slots, 200, &body);
    let first = uploads.expect(&world, Part::Bytes);
    assert!(first.token.is_empty(), "a storage host is told no token");
    let second = uploads.expect(&world, Part::Bytes);
    world.answer(&second, 200, "");
    world.answer(&first, 201, "");
    let links = uploads.expect(&world, Part::Links);
    assert_eq!(links.body["attachments"].as_array().unwrap().len(), 2);
    let body = uploads.body(Part::Links, &links);
    world.answer(&links, 200, &body);
    assert_eq!(
        prompt(&world),
        format!(
            "https://cdn.example/1/{} {SOMEWHERE} a red fox --sref https://cdn.example/2/{}",
            file(901).name,
            file(2).name
        )
    );
    let view = world.view(id);
    assert_eq!((view.status, view.stage), (Status::Submitted, None));
    assert_eq!(view.account.as_deref(), Some("main"));
    world.accept(&world.last());
    let echo = format!("<https://s.mj.run/a> <https://s.mj.run/b> a red fox --sref {SOMEWHERE}");
    let number = world.number();
    let start = post::start(world.now.unix, number, &echo, USER);
    world.history.push(start.clone());
    world.create(GatewayKind::User, &start.nonce(&world.last().nonce()));
    assert_eq!(world.status(id), Status::InProgress);
}

/// Whatever the call, and wherever its owner dies, one command is sent, with everything that it needs.
#[test]
fn a_new_owner_goes_on_at_every_step() {
    for died_at in 0..8 {
        for call in [
            Call::Imagine,
            Call::Describe,
            Call::Blend { dimensions: None },
        ] {
            let mut world = World::new(GatewayMode::User);
            let pictures = if call == Call::Describe {
                vec![fetched()]
            } else {
                vec![fetched(), stored(3)]
            };
            let task = with(&mut world, call.clone(), pictures);
            let id = world.submit(task);
            let mut uploads = Uploads::default();
            for _ in 0..died_at {
                uploads.step(&mut world);
            }
            if world.interactions().is_empty() {
                uploads.die(&mut world);
            }
            uploads.all(&mut world);
            world.ms(1_000);
            let sent = world.interactions();
            assert_eq!(sent.len(), 1, "{call:?} after {died_at}");
            let work = world.whole(id).work;
            if call == Call::Imagine {
                let links = work.pictures.iter().map(|it| it.link.clone().unwrap());
                let words = links.chain(["a red fox".to_owned()]);
                assert_eq!(prompt(&world), words.collect::<Vec<_>>().join(" "));
                continue;
            }
            let sent = sent[0].body["data"]["attachments"].as_array().unwrap();
            assert_eq!(sent.len(), work.pictures.len());
            for (sent, known) in sent.iter().zip(work.pictures) {
                assert_eq!(
                    sent["uploaded_filename"].as_str(),
                    known.uploaded_filename.as_deref()
                );
            }
        }
    }
}

#[test]
fn a_blend_takes_files_only() {
    let mut world = World::new(GatewayMode::User);
    let dimensions = Some("--ar 2:3".to_owned());
    let task = with(
        &mut world,
        Call::Blend { dimensions },
        vec![link(SOMEWHERE), stored(4)],
    );
    let id = world.submit(task);
    assert_eq!(world.fetches, [(id, 0, SOMEWHERE.to_owned())]);
    Uploads::default().all(&mut world);
    let data = &world.last().body["data"];
    assert_eq!(data["name"], "blend");
    assert_eq!(
        data["options"],
        json!([{"type": 11, "name": "image1", "value": 0}, {"type": 11, "name": "image2", "value": 1},
            {"type": 3, "name": "dimensions", "value": "--ar 2:3"}])
    );
    assert_eq!(data["attachments"][1]["filename"], file(4).name);
}

#[test]
fn uploads_take_no_job_and_hold_nobody_up() {
    let mut config = config(GatewayMode::User);
    config.accounts[0].concurrency = 1;
    let mut world = World::with(config);
    let waiting = imagine(&mut world, vec![stored(1)]);
    let other = world.imagine("two owls", 8);
    assert_eq!(
        (world.status(waiting), world.status(other)),
        (Status::NotStart, Status::Submitted)
    );
    Uploads::default().all(&mut world);
    world.ms(1_000);
    assert_eq!(world.interactions().len(), 1, "its turn comes later");
    assert_eq!(world.view(waiting).stage, None);
}

#[test]
fn a_refused_picture_ends_the_task() {
    let mut world = World::new(GatewayMode::User);
    let id = imagine(&mut world, vec![stored(1), fetched()]);
    let refused = Fetched::Refused(FetchRefusal::Address);
    world.hub.handle_fetched(world.now, id, 1, refused);
    world.run();
    let view = world.view(id);
    assert_eq!(
        (view.status, view.fail_code, view.stage),
        (Status::Failure, Some(FailCode::InvalidImage), None)
    );
    assert_eq!(
        view.fail_reason.as_deref(),
        Some("a picture can not be used: picture 2: its address is not a public one")
    );
    assert!(!view.retryable);
    world.ms(60_000);
    assert!(world.sent.iter().all(|sent| part(sent).is_none()));
}

#[test]
fn a_picture_too_large_says_so() {
    for (status, body) in [
        (
            413,
            r#"{"message":"Request entity too large","code":40005}"#,
        ),
        (
            400,
            r#"{"message":"Request entity too large","code":40005}"#,
        ),
        (413, "<html>too large</html>"),
    ] {
        let mut world = World::new(GatewayMode::User);
        let id = describe(&mut world, stored(1));
        let slots = Uploads::default().expect(&world, Part::Slots);
        world.answer(&slots, status, body);
        let view = world.view(id);
        assert_eq!(view.fail_code, Some(FailCode::InvalidImage), "{status}");
        assert!(view.fail_reason.unwrap().contains("10 MiB"));
    }
}

#[test]
fn a_cancel_ends_every_step_at_once() {
    for steps in 0..4 {
        let mut world = World::new(GatewayMode::User);
        let id = imagine(&mut world, vec![fetched()]);
        let mut uploads = Uploads::default();
        for _ in 0..steps {
            assert!(uploads.step(&mut world));
        }
        let is_sent = !world.interactions().is_empty();
        assert_eq!(is_sent, steps == 4);
        world.store_cancel(id);
        assert_eq!(world.status(id), Status::Cancel, "after {steps}");
        assert_eq!(world.view(id).stage, None);
        uploads.all(&mut world);
        world.ms(60_000);
        assert!(world.interactions().is_empty());
    }
}

#[test]
fn a_slot_that_expired_is_asked_for_once_more() {
    let mut world = World::new(GatewayMode::User);
    let id = describe(&mut world, stored(1));
    let mut uploads = Uploads::default();
    uploads.step(&mut world);
    let bytes = uploads.expect(&world, Part::Bytes);
    world.answer(&bytes, 403, "<Error>expired</Error>");
    uploads.step(&mut world);
    let again = uploads.expect(&world, Part::Bytes);
    assert_ne!(again.path, bytes.path);
    world.answer(&again, 404, "");
    let view = world.view(id);
    assert_eq!(view.fail_code, Some(FailCode::UpstreamError));
    assert_eq!(world.view(id).status, Status::Failure);
}

#[test]
fn a_page_in_place_of_the_storage_host_has_kept_nothing() {
    for page in ["<html>Welcome</html>", "(\u{FFFD}/", "{\"id\": ["] {
        let mut world = World::new(GatewayMode::User);
        let id = describe(&mut world, stored(1));
        let mut uploads = Uploads::default();
        uploads.step(&mut world);
        let bytes = uploads.expect(&world, Part::Bytes);
        world.answer(&bytes, 200, page);
        assert!(world.interactions().is_empty(), "{page}");
        assert_eq!(world.view(id).status, Status::NotStart);
        world.ms(10_000);
        let again = uploads.expect(&world, Part::Bytes);
        world.answer(&again, 200, r#"{"kind": "storage#object"}"#);
        assert_eq!(world.interactions().len(), 1, "{page}");
    }
}

#[test]
fn an_upload_that_discord_forgot_is_made_again() {
    let mut world = World::new(GatewayMode::User);
    let id = describe(&mut world, stored(1));
    let mut uploads = Uploads::default();
    uploads.all(&mut world);
    let first = world.last();
    world.answer(
        &first,
        400,
        r#"{"message":"Uploaded file not found","code":50146}"#,
    );
    assert_eq!(world.view(id).stage, Some(Stage::Uploading));
    uploads.all(&mut world);
    world.ms(1_000);
    let second = world.last();
    let name = |sent: &Sent| sent.body["data"]["attachments"][0]["uploaded_filename"].clone();
    assert_ne!(name(&first), name(&second));
    assert_eq!(world.interactions().len(), 2);
}

#[test]
fn what_fails_is_tried_again_until_the_time_is_over() {
    let mut world = World::new(GatewayMode::User);
    let id = describe(&mut world, fetched());
    for tries in 1..4 {
        assert_eq!(world.fetches.len(), tries);
        let failed = Fetched::Failed(FailureKind::TimedOut);
        world.hub.handle_fetched(world.now, id, 0, failed);
        world.run();
        assert_eq!(world.fetches.len(), tries, "not at once");
        world.ms(1_000 << (tries - 1));
    }
    let mut uploads = Uploads {
        fetched: 3,
        ..Uploads::default()
    };
    uploads.step(&mut world);
    for _ in 0..40 {
        if world.status(id).is_terminal() {
            break;
        }
        let (_, sent) = uploads.next(&world).expect("asked again");
        let lost = Answer::Failure {
            sent: true,
            kind: FailureKind::Closed,
        };
        world.hub.handle_answer(world.now, sent.id, lost);
        world.run();
        world.ms(30_000);
    }
    let view = world.view(id);
    assert_eq!(view.fail_code, Some(FailCode::UpstreamError));
    assert!(view.retryable);
}

#[test]
fn a_rate_limit_is_waited_for() {
    let mut world = World::new(GatewayMode::User);
    let id = describe(&mut world, stored(1));
    let mut uploads = Uploads::default();
    let slots = uploads.expect(&world, Part::Slots);
    world.answer(&slots, 429, r#"{"retry_after":3.0,"global":false}"#);
    world.ms(2_900);
    assert!(uploads.next(&world).is_none());
    world.ms(200);
    uploads.all(&mut world);
    assert_eq!(world.status(id), Status::Submitted);
}

#[test]
fn an_account_that_fails_hands_its_uploads_over() {
    let mut config = config(GatewayMode::User);
    config.accounts.push(account("spare"));
    for after in [0, 2] {
        let mut world = World::with(config.clone());
        let id = describe(&mut world, stored(1));
        let named = {
            let mut task = with(&mut world, Call::Describe, vec![stored(2)]);
            task.work.named_account = Some("main".to_owned());
            world.submit(task)
        };
        let mut uploads = Uploads::default();
        for _ in 0..after {
            uploads.step(&mut world);
        }
        let before = world.view(id).account.unwrap();
        assert_eq!(before, "main");
        let dead = AccountState::Disabled {
            code: FailCode::Unauthorized,
        };
        // Whatever it asks next tells that its token is dead.
        let question = world
            .sent
            .iter()
            .rev()
            .find(|sent| sent.token == "token-main")
            .unwrap()
            .clone();
        world
            .hub
            .handle_answer(world.now, question.id, response(401, r#"{"code":0}"#));
        world.run();
        assert_eq!(world.hub.status().accounts[0].state, dead, "{after}");
        uploads.all(&mut world);
        world.ms(1_000);
        assert_eq!(world.view(id).account.as_deref(), Some("spare"));
        assert_eq!(world.last().token, "token-spare");
        assert_eq!(
            world.view(named).fail_code,
            Some(FailCode::Unauthorized),
            "it was to be that account"
        );
    }
}

#[test]
fn uploads_at_once_wait_for_each_other_only() {
    let mut world = World::new(GatewayMode::User);
    let ids = [1, 2, 3].map(|number| describe(&mut world, stored(number)));
    // No time passes: a limit that is not known yet lets one through after the other.
    Uploads::default().all(&mut world);
    for id in ids {
        let work = world.whole(id).work;
        assert!(work.pictures[0].uploaded_filename.is_some());
        assert_eq!(world.view(id).stage, None);
    }
}

#[test]
fn an_account_without_access_is_stopped() {
    let mut world = World::new(GatewayMode::User);
    let id = describe(&mut world, stored(1));
    let slots = Uploads::default().expect(&world, Part::Slots);
    world.answer(&slots, 403, r#"{"message":"Missing Access","code":50001}"#);
    assert_eq!(world.view(id).fail_code, Some(FailCode::Forbidden));
    let stopped = AccountState::Disabled {
        code: FailCode::Forbidden,
    };
    assert_eq!(world.hub.status().accounts[0].state, stopped);
}

/// A storage host that says 401 says nothing of the account.
#[test]
fn a_storage_hosts_refusal_leaves_the_account_alone() {
    let mut world = World::new(GatewayMode::User);
    let id = describe(&mut world, stored(1));
    let mut uploads = Uploads::default();
    uploads.step(&mut world);
    let bytes = uploads.expect(&world, Part::Bytes);
    world.answer(&bytes, 401, "");
    assert_eq!(world.hub.status().accounts[0].state, AccountState::Usable);
    uploads.all(&mut world);
    assert_eq!(world.status(id), Status::Submitted);
}

/// The owner knows of the dead token before it asks: nothing else has to happen for the other account to begin.
#[test]
fn an_account_known_to_be_dead_is_left_at_once() {
    let mut config = config(GatewayMode::User);
    config.accounts.push(account("spare"));
    let mut world = World::with(config);
    let id = describe(&mut world, stored(1));
    let mut uploads = Uploads::default();
    uploads.step(&mut world);
    let before = world.sent.len();
    world.notice(
        GatewayKind::User,
        mj_midjourney::hub::GatewayNotice::Fatal(4004),
    );
    let next = &world.sent[before];
    assert_eq!(
        (part(next), next.token.as_str()),
        (Some(Part::Slots), "token-spare")
    );
    assert_eq!(world.view(id).account.as_deref(), Some("spare"));
}

#[test]
fn each_account_uploads_its_share() {
    let mut config = config(GatewayMode::User);
    config.accounts.push(account("spare"));
    let mut world = World::with(config);
    let ids = [1, 2, 3, 4].map(|number| describe(&mut world, stored(number)));
    let of = |name: &str| {
        ids.iter()
            .filter(|id| world.view(**id).account.as_deref() == Some(name))
            .count()
    };
    assert_eq!((of("main"), of("spare")), (2, 2));
}

#[test]
fn a_draining_owner_begins_nothing() {
    let mut world = World::new(GatewayMode::User);
    world.hub.drain(world.now);
    let id = describe(&mut world, stored(1));
    world.pass(Duration::from_secs(60));
    assert!(world.sent.iter().all(|sent| part(sent).is_none()));
    assert!(!world.hub.submitted(&[id]));
    assert!(world.hub.idle());
}
