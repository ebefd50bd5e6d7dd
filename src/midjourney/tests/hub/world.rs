//! A hub, its store, and a driver that does what it is told and remembers it.

use std::time::Duration;

use mj_discord::{
    Moment, Token, UnixMs,
    gateway::{Event, Interaction, MessageDelete, Session},
    payload::Message,
    rest::{Body, Piece, Target},
    snowflake::{ChannelId, GuildId, InteractionId, MessageId, Nonce, UserId, snowflake_at},
};
use mj_midjourney::{
    config::{AccountConfig, GatewayKind, GatewayMode, HostSettings, HubConfig, HubId},
    hub::{Answer, FailureKind, GatewayNotice, Hub, Output, Predecessor, RequestId},
    memory::MemoryStore,
    store::{Grade, Lease, TaskStore},
    task::{
        Action, Call, Image, Picture, PictureSource, PressRequest, Status, StoredFile, Task,
        TaskId, TaskView, Work,
    },
};
use serde_json::Value;

use super::post::{CHANNEL, Post};

pub const USER: u64 = 700_000_000_000_000_001;
pub const BOT_USER: u64 = 700_000_000_000_000_999;
const EPOCH_MS: u64 = 1_780_000_000_000;

/// A request that the hub sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: RequestId,
    pub path: String,
    pub body: Value,
    pub token: String,
}

impl Sent {
    pub fn nonce(&self) -> String {
        self.body["nonce"].as_str().unwrap().to_owned()
    }

    pub fn is_interaction(&self) -> bool {
        self.path == "/interactions"
    }
}

pub struct World {
    pub store: MemoryStore,
    pub hub: Hub,
    pub config: HubConfig,
    pub id: HubId,
    pub now: Moment,
    pub epoch: u64,
    inbox: u64,
    /// Everything that was sent, in order.
    pub sent: Vec<Sent>,
    /// Commits, by how many requests had been sent before.
    pub commits: Vec<(usize, bool)>,
    /// Pictures that were to be fetched, in order.
    pub fetches: Vec<(TaskId, usize, String)>,
    /// Pictures that the hub wants archived, and where of the task.
    pub archives: Vec<(TaskId, usize, Image)>,
    pub history: Vec<Post>,
    /// Whether Discord tells by itself whose a token is.
    pub answers_identity: bool,
    /// Whether history pages are answered by themselves.
    pub answers_history: bool,
    /// Whether each commit is made and refused, and then made again.
    pub commits_twice: bool,
    sequence: u64,
    number: u64,
    tasks: u32,
    sessions: u32,
}

pub fn account(name: &str) -> AccountConfig {
    AccountConfig {
        name: name.to_owned(),
        user_token: Token::new(format!("token-{name}")),
        guild_id: None,
        channel_id: None,
        session_id: None,
        concurrency: 3,
        relax_concurrency: 3,
        weight: 1,
        enabled: true,
    }
}

pub fn config(gateway: GatewayMode) -> HubConfig {
    HubConfig {
        gateway,
        bot_token: matches!(gateway, GatewayMode::Bot | GatewayMode::Both)
            .then(|| Token::new("bot")),
        guild_id: GuildId(5),
        channel_id: ChannelId(CHANNEL),
        accounts: vec![account("main")],
        concurrency: 3,
        relax_concurrency: 3,
        family: None,
        hosts: HostSettings::default(),
        queue_size: 1_000,
        timeout: Duration::from_secs(10 * 60),
        retention: Duration::from_secs(24 * 3_600),
        late_final: Duration::from_secs(30 * 60),
        spacing: Duration::from_millis(350),
        seed_tag: true,
        user_agent: "mj".to_owned(),
        lang: mj_midjourney::refusal::Lang::En,
        archive: None,
        notify_url: None,
        notify_secret: None,
    }
}

fn entropy() -> Box<dyn FnMut() -> u64 + Send> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    Box::new(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state ^ (state >> 29)
    })
}

fn lease(epoch: u64) -> Lease {
    Lease {
        epoch,
        owner: "o".to_owned(),
        boot_id: "b".to_owned(),
        pid: 1,
        start_time: 1,
        grade: Grade::Resident,
        taken_at: UnixMs(0),
        until: UnixMs(u64::MAX),
        yield_requested: false,
    }
}

impl World {
    /// A hub whose gateways are live and whose account is known.
    pub fn new(gateway: GatewayMode) -> Self {
        Self::with(config(gateway))
    }

    pub fn with(config: HubConfig) -> Self {
        let mut world = Self::cold(config, Grade::Resident);
        world.connect();
        world
    }

    /// A hub that has just begun.
    pub fn cold(config: HubConfig, grade: Grade) -> Self {
        let store = MemoryStore::new();
        let id = HubId("h".repeat(32));
        let now = Moment {
            boot: Duration::from_secs(1_000),
            unix: UnixMs(EPOCH_MS),
        };
        assert!(store.take_lease(&id, &lease(1)).unwrap());
        let state = store.load(now.unix, &id, 1).unwrap();
        let inbox = state.inbox;
        let hub = Hub::new(
            now,
            id.clone(),
            1,
            grade,
            config.clone(),
            state,
            Predecessor::Dead,
            entropy(),
        );
        let mut world = Self {
            store,
            hub,
            config,
            id,
            now,
            epoch: 1,
            inbox,
            sent: Vec::new(),
            commits: Vec::new(),
            fetches: Vec::new(),
            archives: Vec::new(),
            history: Vec::new(),
            answers_identity: true,
            answers_history: true,
            commits_twice: false,
            sequence: 0,
            number: 0,
            tasks: 0,
            sessions: 0,
        };
        world.run();
        world
    }

    pub fn connect(&mut self) {
        let mode = self.config.gateway;
        self.sessions += 1;
        let number = self.sessions;
        if matches!(mode, GatewayMode::User | GatewayMode::Both) {
            self.ready(GatewayKind::User, &format!("live-user-{number}"), USER);
        }
        if matches!(mode, GatewayMode::Bot | GatewayMode::Both) {
            self.ready(GatewayKind::Bot, &format!("live-bot-{number}"), BOT_USER);
        }
    }

    pub fn ready(&mut self, kind: GatewayKind, session: &str, user: u64) {
        let ready = GatewayNotice::Ready {
            user_id: UserId(user),
            session_id: session.to_owned(),
            is_new: true,
        };
        self.hub.handle_gateway(self.now, kind, ready);
        let session = Session {
            session_id: session.to_owned(),
            sequence: 1,
            resume_gateway_url: None,
            identified_at: self.now.unix,
            seen_at: self.now.unix,
        };
        self.notice(kind, GatewayNotice::Session(session));
    }

    pub fn notice(&mut self, kind: GatewayKind, notice: GatewayNotice) {
        self.hub.handle_gateway(self.now, kind, notice);
        self.run();
    }

    /// The owner is gone; another one begins with what is stored.
    pub fn take_over(&mut self, predecessor: Predecessor) {
        self.epoch += 1;
        assert!(self.store.take_lease(&self.id, &lease(self.epoch)).unwrap());
        let state = self
            .store
            .load(self.now.unix, &self.id, self.epoch)
            .unwrap();
        self.inbox = state.inbox;
        let config = self.config.clone();
        self.hub = Hub::new(
            self.now,
            self.id.clone(),
            self.epoch,
            Grade::Resident,
            config,
            state,
            predecessor,
            entropy(),
        );
        self.run();
        if predecessor == Predecessor::Dead {
            for epoch in self.hub.doubtful_epochs() {
                self.hub.handle_owner_dead(self.now, epoch);
            }
            self.run();
        }
    }

    /// Does what the hub wants done, until it wants nothing.
    pub fn run(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Commit(commit) => {
                    self.commits.push((self.sent.len(), commit.durable));
                    let write = || {
                        self.store
                            .commit(self.now.unix, &self.id, self.epoch, &commit)
                            .unwrap()
                    };
                    if self.commits_twice {
                        write();
                    }
                    let committed = write();
                    self.hub.handle_committed(self.now, committed);
                }
                Output::Fetch { task, place, url } => self.fetches.push((task, place, url)),
                Output::Archive { task, place, image } => {
                    self.archives.push((task, place, image));
                }
                Output::Send {
                    id, token, request, ..
                } => {
                    let (Target::Api(path) | Target::Upload(path) | Target::Activity(path)) =
                        &request.target;
                    assert_eq!(request.auth.is_none(), token.expose().is_empty());
                    let body = match &request.body {
                        Body::Json(body) => serde_json::from_str(body).unwrap(),
                        Body::Pieces { pieces, .. } => pieces_as_json(pieces),
                        Body::Empty => Value::Null,
                    };
                    let sent = Sent {
                        id,
                        path: path.clone(),
                        body,
                        token: token.expose().to_owned(),
                    };
                    self.sent.push(sent.clone());
                    self.answer_by_itself(&sent);
                }
            }
        }
    }

    fn answer_by_itself(&mut self, sent: &Sent) {
        if sent.path == "/users/@me" {
            if !self.answers_identity {
                return;
            }
            let number = sent
                .token
                .strip_prefix("token-")
                .map_or(0, |name| if name == "main" { 0 } else { 10 });
            self.hub.handle_answer(
                self.now,
                sent.id,
                response(200, &format!(r#"{{"id":"{}"}}"#, USER + number)),
            );
        } else if self.answers_history && sent.path.contains("/messages?") {
            let after: u64 = sent.path.rsplit_once("after=").unwrap().1.parse().unwrap();
            let channel = sent.path.split('/').nth(2).unwrap();
            let mut page: Vec<&Post> = self
                .history
                .iter()
                .filter(|post| post.id() > after && !post.is_ephemeral())
                .filter(|post| post.0["channel_id"] == *channel)
                .collect();
            page.sort_by_key(|post| post.id());
            page.truncate(100);
            page.reverse();
            let page: Vec<Value> = page
                .into_iter()
                .map(|post| post.clone().for_rest().0)
                .collect();
            self.hub.handle_answer(
                self.now,
                sent.id,
                response(200, &Value::from(page).to_string()),
            );
        }
    }

    /// Lets time pass, with every timer of the hub at its time.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now.boot + time;
        while let Some(at) = self.hub.poll_timeout().filter(|at| *at <= end) {
            assert!(at > self.now.boot, "a timer that is due is done");
            self.now = self.now + at.saturating_sub(self.now.boot);
            self.hub.handle_timeout(self.now);
            self.run();
        }
        self.now = self.now + end.saturating_sub(self.now.boot);
        self.hub.handle_timeout(self.now);
        self.run();
    }

    pub fn ms(&mut self, ms: u64) {
        self.pass(Duration::from_millis(ms));
    }

    pub fn task(&mut self, prompt: &str) -> Task {
        self.tasks += 1;
        let id: TaskId = format!("{:026}", self.tasks).parse().unwrap();
        Task {
            hub: self.id.clone(),
            view: TaskView::new(id, Action::Imagine, prompt.to_owned(), self.now.unix),
            work: Work {
                sent_prompt: Some(prompt.to_owned()),
                deadline: self.now.unix.plus(self.config.timeout),
                ..Work::default()
            },
        }
    }

    pub fn submit(&mut self, task: Task) -> TaskId {
        let id = task.view.id;
        self.store.submit(self.now.unix, &[task], 1_000).unwrap();
        self.read_inbox();
        id
    }

    pub fn read_inbox(&mut self) {
        let inbox = self.store.inbox(&self.id, self.epoch, self.inbox).unwrap();
        self.inbox = inbox.next;
        self.hub.handle_inbox(self.now, inbox);
        self.run();
    }

    /// A prompt with our seed tag.
    pub fn imagine(&mut self, prompt: &str, seed: u32) -> TaskId {
        let mut task = self.task(prompt);
        task.view.seed = Some(seed);
        task.work.seed_is_tag = true;
        task.work.sent_prompt = Some(format!("{prompt} --seed {seed}"));
        self.submit(task)
    }

    /// A prompt that goes out as it is.
    pub fn imagine_plain(&mut self, prompt: &str) -> TaskId {
        let task = self.task(prompt);
        self.submit(task)
    }

    /// A task whose pictures are at Discord already.
    pub fn with_upload(&mut self, call: Call, numbers: &[u32]) -> TaskId {
        let mut task = self.task("");
        task.view.account = Some("main".to_owned());
        task.work.sent_prompt = None;
        task.work.call = call;
        for number in numbers {
            let mut picture = Picture::new(PictureSource::Stored(StoredFile {
                name: file_name(*number),
                content_type: "image/png".to_owned(),
                size: 5,
            }));
            picture.uploaded_filename = Some(format!("up/{number}"));
            task.work.pictures.push(picture);
        }
        self.submit(task)
    }

    pub fn press(&mut self, message: u64, custom_id: &str) -> TaskId {
        let mut task = self.task("");
        task.view.action = Action::Action;
        task.work.sent_prompt = None;
        task.work.press = Some(PressRequest {
            message_id: MessageId(message),
            message_flags: 0,
            custom_id: custom_id.to_owned(),
            values: Vec::new(),
        });
        self.submit(task)
    }

    /// A press of a button of a finished message, changed before it is submitted.
    pub fn press_with(
        &mut self,
        message: u64,
        custom_id: &str,
        change: impl FnOnce(&mut Task),
    ) -> TaskId {
        let mut task = self.task("a red fox --ar 3:2");
        task.view.action = Action::Action;
        task.work.sent_prompt = None;
        task.work.press = Some(PressRequest {
            message_id: MessageId(message),
            message_flags: 0,
            custom_id: custom_id.to_owned(),
            values: Vec::new(),
        });
        change(&mut task);
        self.submit(task)
    }

    /// The press with this nonce opens a form with these inputs.
    pub fn open_form(&mut self, nonce: &str, inputs: &Value) {
        let form = serde_json::json!({
            "id": "1200000000000000001", "custom_id": "MJ::AnyModal::1", "title": "Form", "nonce": nonce,
            "components": [{"type": 1, "components": inputs}],
        })
        .to_string();
        let form = serde_json::from_str(&form).unwrap();
        self.event(GatewayKind::User, &Event::InteractionModalCreate(form));
    }

    /// The press with this nonce opens a page in a frame.
    pub fn open_frame(&mut self, nonce: &str, custom_id: &str, title: &str) {
        let frame =
            serde_json::json!({"id": "1", "custom_id": custom_id, "title": title, "nonce": nonce})
                .to_string();
        let frame = serde_json::from_str(&frame).unwrap();
        self.event(
            GatewayKind::User,
            &Event::InteractionIframeModalCreate(frame),
        );
    }

    /// Midjourney says that an interaction is done.
    pub fn success(&mut self, nonce: &str, id: u64) {
        let interaction = Interaction {
            id: InteractionId(id),
            nonce: Some(Nonce::new(nonce)),
        };
        self.event(GatewayKind::User, &Event::InteractionSuccess(interaction));
    }

    /// What was sent last whose path has this in it.
    pub fn last_to(&self, part: &str) -> Option<Sent> {
        let mut sent = self.sent.iter().rev();
        sent.find(|sent| sent.path.contains(part)).cloned()
    }

    pub fn interactions(&self) -> Vec<Sent> {
        self.sent
            .iter()
            .filter(|sent| sent.is_interaction())
            .cloned()
            .collect()
    }

    pub fn last(&self) -> Sent {
        self.interactions()
            .last()
            .expect("an interaction was sent")
            .clone()
    }

    pub fn answer(&mut self, sent: &Sent, status: u16, body: &str) {
        self.hub
            .handle_answer(self.now, sent.id, response(status, body));
        self.run();
    }

    pub fn accept(&mut self, sent: &Sent) {
        self.answer(sent, 204, "");
    }

    /// No answer came, though the body had gone out.
    pub fn lose(&mut self, sent: &Sent) {
        let lost = Answer::Failure {
            sent: true,
            kind: FailureKind::TimedOut,
        };
        self.hub.handle_answer(self.now, sent.id, lost);
        self.run();
    }

    pub fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// An interaction's id, made now.
    pub fn interaction_id(&mut self) -> u64 {
        snowflake_at(self.now.unix) | (self.number() + 100_000)
    }

    pub fn create(&mut self, kind: GatewayKind, post: &Post) {
        self.dispatch(kind, post, false);
    }

    pub fn update(&mut self, kind: GatewayKind, post: &Post) {
        self.dispatch(kind, post, true);
    }

    fn dispatch(&mut self, kind: GatewayKind, post: &Post, is_update: bool) {
        let post = if kind == GatewayKind::Bot {
            post.clone().for_a_bot()
        } else {
            post.clone()
        };
        if kind == GatewayKind::Bot && post.is_ephemeral() {
            return;
        }
        let json = post.0.to_string();
        let message: Message<'_> = serde_json::from_str(&json).unwrap();
        let event = if is_update {
            Event::MessageUpdate(message)
        } else {
            Event::MessageCreate(message)
        };
        self.event(kind, &event);
    }

    pub fn delete(&mut self, kind: GatewayKind, id: u64) {
        let event = Event::MessageDelete(MessageDelete {
            id: MessageId(id),
            channel_id: ChannelId(CHANNEL),
        });
        self.event(kind, &event);
    }

    pub fn interaction(&mut self, nonce: &str, id: u64) {
        let interaction = Interaction {
            id: InteractionId(id),
            nonce: Some(Nonce::new(nonce)),
        };
        self.event(GatewayKind::User, &Event::InteractionCreate(interaction));
    }

    pub fn event(&mut self, kind: GatewayKind, event: &Event<'_>) {
        self.sequence += 1;
        self.hub.handle_event(self.now, kind, self.sequence, event);
        self.run();
    }

    pub fn view(&self, id: TaskId) -> TaskView {
        self.store.task(&id).unwrap().unwrap()
    }

    pub fn whole(&self, id: TaskId) -> Task {
        self.store.whole_task(&id).unwrap().unwrap()
    }

    pub fn status(&self, id: TaskId) -> Status {
        self.view(id).status
    }
}

/// How the engine would name a kept picture.
pub fn file_name(number: u32) -> String {
    format!("{number:032x}.png")
}

/// A body put together, with the names of kept files in their places; null when it is no JSON.
fn pieces_as_json(pieces: &[Piece]) -> Value {
    let whole: String = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Base64(text) | Piece::File(text) | Piece::Text(text) => text.as_str(),
        })
        .collect();
    serde_json::from_str(&whole).unwrap_or(Value::Null)
}

pub fn response(status: u16, body: &str) -> Answer {
    Answer::Response {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    }
}

impl World {
    /// `mj_cancel()`, and the owner is rung.
    pub fn store_cancel(&mut self, id: TaskId) {
        self.cancel_quietly(id);
        self.read_inbox();
    }

    /// `mj_cancel()`, and the owner has not looked yet.
    pub fn cancel_quietly(&mut self, id: TaskId) {
        self.store.cancel(self.now.unix, &id).unwrap();
    }

    /// The owner reads the inbox, and PHP cancels before the owner's write.
    pub fn submit_and_cancel_between(&mut self, task: Task) {
        let id = task.view.id;
        self.store.submit(self.now.unix, &[task], 1_000).unwrap();
        let inbox = self.store.inbox(&self.id, self.epoch, self.inbox).unwrap();
        self.inbox = inbox.next;
        self.hub.handle_inbox(self.now, inbox);
        self.cancel_quietly(id);
        self.run();
    }
}
