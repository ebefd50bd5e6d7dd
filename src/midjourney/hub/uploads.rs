//! The requests that bring a task's pictures to Discord: slots, the bytes into them, and a message that gives them
//! addresses. When which is due is decided in `pictures`.

use std::time::Duration;

use mj_discord::{
    Token,
    payload::Message,
    rest::{self, Outcome, Request, TokenKind, UploadedFile},
};

use super::{
    Hub,
    attempt::account_state,
    driver::{Answer, Response},
    outbox::{Bearer, Purpose},
    pictures::Need,
};
use crate::{
    account::AccountState,
    refusal::{Detail, FailCode, NO_SUCH_UPLOAD},
    task::{Picture, PictureSource, StoredFile, TaskId},
};

/// Files that Discord takes in one request for slots, and in one message.
const FILES: usize = 10;
/// Discord's error code "request entity too large": 10 MiB for an account without Nitro.
const TOO_LARGE: u64 = 40_005;

/// Why a request was not done.
enum Setback {
    /// The account can not be used.
    Account(AccountState),
    /// It may be tried again, after this time or the usual one.
    Later(Option<Duration>, FailCode),
    /// What was uploaded is not there.
    Lost,
    /// Discord does not want the picture, by its error code.
    Refused(u64),
    /// The picture is too large for this account.
    TooLarge,
}

impl Hub {
    /// Asks for slots, and fills those that are there; tells whether there is anything to upload.
    pub(super) fn upload(&mut self, id: TaskId, account: &str, needs: &[(usize, Need)]) -> bool {
        let mut wanted: Vec<(usize, StoredFile)> = Vec::new();
        for (place, need) in needs {
            if let Need::Upload(file) = need {
                wanted.push((*place, file.clone()));
            }
        }
        let is_any = !wanted.is_empty();
        for (place, file) in &wanted {
            self.fill_slot(id, *place, file);
        }
        wanted.retain(|(place, _)| {
            self.preparations
                .get(&id)
                .is_some_and(|preparation| !preparation.slots.contains_key(place))
        });
        wanted.truncate(FILES);
        let is_asked = self
            .outbox
            .is_pending(|purpose| matches!(purpose, Purpose::Slots(of, _) if *of == id));
        if !wanted.is_empty() && !is_asked {
            let files: Vec<(&str, u64)> = wanted
                .iter()
                .map(|(_, file)| (file.name.as_str(), file.size))
                .collect();
            let request = Request::upload_slots(self.channel_of(Some(account)), &files);
            let places = wanted.iter().map(|(place, _)| *place).collect();
            self.ask(id, account, Purpose::Slots(id, places), request);
        }
        is_any
    }

    /// Sends the bytes of a picture to its slot, if it has one.
    fn fill_slot(&mut self, id: TaskId, place: usize, file: &StoredFile) {
        let is_on_its_way = self.outbox.is_pending(
            |purpose| matches!(purpose, Purpose::Upload(of, at, _) if (*of, *at) == (id, place)),
        );
        let Some(slot) = self
            .preparations
            .get(&id)
            .and_then(|preparation| preparation.slots.get(&place))
            .filter(|_| !is_on_its_way)
        else {
            return;
        };
        let purpose = Purpose::Upload(id, place, slot.upload_filename.clone());
        let request = Request::upload(
            slot.upload_url.clone(),
            file.content_type.clone(),
            file.name.clone(),
        );
        self.outbox
            .send(purpose, Bearer::Nobody, Token::new(""), request);
    }

    /// Discord gave slots, or did not.
    pub(super) fn slots_given(
        &mut self,
        id: TaskId,
        places: &[usize],
        bearer: &Bearer,
        answer: &Answer,
    ) {
        let Some(account) = self.asker(id, bearer) else {
            return;
        };
        let body = match self.body_of(answer) {
            Ok(body) => body,
            Err(setback) => {
                self.set_back(id, &account, setback);
                return;
            }
        };
        let slots = rest::read_upload_slots(&body).unwrap_or_default();
        if slots.len() != places.len() {
            self.step_failed(id, None, FailCode::UpstreamError);
            return;
        }
        if let Some(preparation) = self.preparations.get_mut(&id) {
            preparation.slots.extend(places.iter().copied().zip(slots));
        }
        self.step_done(id);
    }

    /// The storage host took a picture's bytes, or did not.
    pub(super) fn uploaded(&mut self, id: TaskId, place: usize, name: String, answer: &Answer) {
        let Some(preparation) = self.preparations.get_mut(&id) else {
            return;
        };
        let is_awaited = preparation
            .slots
            .get(&place)
            .is_some_and(|slot| slot.upload_filename == name);
        if !is_awaited {
            return;
        }
        match answer {
            Answer::Response {
                status: 200..=299,
                body,
                ..
            } if is_storages(body) => {
                preparation.slots.remove(&place);
                if let Some(picture) = self.picture_mut(id, place) {
                    picture.uploaded_filename = Some(name);
                }
                self.step_done(id);
            }
            Answer::Response { status: 413, .. } => self.too_large(id),
            // A slot is good for a few minutes and for one file.
            Answer::Response {
                status: 400..=407 | 409..=412 | 414..=428,
                ..
            } => self.uploads_lost(id),
            Answer::Response { .. } | Answer::Failure { .. } => {
                self.step_failed(id, None, FailCode::UpstreamError);
            }
        }
    }

    /// Posts a message with the pictures that need an address.
    pub(super) fn ask_for_links(&mut self, id: TaskId, account: &str, needs: &[(usize, Need)]) {
        let is_asked = self
            .outbox
            .is_pending(|purpose| matches!(purpose, Purpose::Links(of, _) if *of == id));
        if is_asked {
            return;
        }
        let places: Vec<usize> = needs.iter().map(|(place, _)| *place).take(FILES).collect();
        let nonce = self.nonce();
        let Some(item) = self.tasks.get(&id) else {
            return;
        };
        let pictures = &item.task.work.pictures;
        let files: Vec<UploadedFile<'_>> = places
            .iter()
            .filter_map(|place| {
                let picture = pictures.get(*place)?;
                Some(UploadedFile {
                    filename: &stored(picture)?.name,
                    uploaded_filename: picture.uploaded_filename.as_deref()?,
                })
            })
            .collect();
        let channel = self.channel_of(Some(account));
        let request = Request::post_message(channel, "", &nonce, &files, TokenKind::User);
        self.ask(id, account, Purpose::Links(id, places), request);
    }

    /// The message with pictures was posted, or not.
    pub(super) fn links_given(
        &mut self,
        id: TaskId,
        places: &[usize],
        bearer: &Bearer,
        answer: &Answer,
    ) {
        let Some(account) = self.asker(id, bearer) else {
            return;
        };
        let body = match self.body_of(answer) {
            Ok(body) => body,
            Err(setback) => {
                self.set_back(id, &account, setback);
                return;
            }
        };
        let links: Vec<String> = serde_json::from_str::<Message<'_>>(&body)
            .ok()
            .and_then(|message| {
                let files = message.attachments.value()?.iter();
                Some(files.map(|file| file.url.as_ref().to_owned()).collect())
            })
            .unwrap_or_default();
        if links.len() != places.len() || links.iter().any(String::is_empty) {
            self.step_failed(id, None, FailCode::UpstreamError);
            return;
        }
        for (place, link) in places.iter().zip(links) {
            if let Some(picture) = self.picture_mut(id, *place) {
                picture.link = Some(link);
            }
        }
        self.step_done(id);
    }

    /// Sends a request with the account's token, or waits until it may.
    fn ask(&mut self, id: TaskId, account: &str, purpose: Purpose, request: Request) {
        let asked = self.request(purpose, Bearer::Account(account.to_owned()), request);
        match asked {
            Ok(()) => {}
            Err(Some(until)) => {
                if let Some(preparation) = self.preparations.get_mut(&id) {
                    preparation.not_before = until;
                    preparation.is_limited = true;
                }
            }
            Err(None) => {
                let state = AccountState::Disabled {
                    code: FailCode::Unauthorized,
                };
                self.stop_account(account, state, None);
            }
        }
    }

    /// The account that asked, if an answer to it still concerns the task.
    fn asker(&self, id: TaskId, bearer: &Bearer) -> Option<String> {
        let Bearer::Account(name) = bearer else {
            return None;
        };
        let chosen = self.tasks.get(&id)?.task.view.account.as_deref();
        (self.preparations.contains_key(&id) && chosen == Some(name)).then(|| name.clone())
    }

    /// The body of the answer to a request that was done.
    fn body_of(&self, answer: &Answer) -> Result<String, Setback> {
        let Some(Response { body, outcome, .. }) = answer.response() else {
            return Err(Setback::Later(None, FailCode::UpstreamError));
        };
        if let Some(wait) = outcome.retry_after() {
            return Err(Setback::Later(Some(wait), FailCode::RateLimited));
        }
        if let Some(state) = account_state(&outcome, self.now.unix) {
            return Err(Setback::Account(state));
        }
        Err(match outcome {
            Outcome::Accepted => return Ok(body.into_owned()),
            Outcome::BadRequest {
                code: TOO_LARGE, ..
            }
            | Outcome::Unexpected { status: 413 }
            | Outcome::ReverseProxy { status: 413 } => Setback::TooLarge,
            Outcome::BadRequest {
                code: NO_SUCH_UPLOAD,
                ..
            }
            | Outcome::NotFound { .. } => Setback::Lost,
            Outcome::BadRequest { code, .. } => Setback::Refused(code),
            Outcome::ServerError { .. }
            | Outcome::ReverseProxy { .. }
            | Outcome::Unexpected { .. }
            | Outcome::OutdatedCommand
            | Outcome::RateLimited { .. }
            | Outcome::Unauthorized
            | Outcome::CaptchaRequired
            | Outcome::InvalidPermissions
            | Outcome::UnknownChannel
            | Outcome::UnknownApplication
            | Outcome::Forbidden { .. }
            | Outcome::Cloudflare { .. } => Setback::Later(None, FailCode::UpstreamError),
        })
    }

    /// A request of the account's was not done.
    fn set_back(&mut self, id: TaskId, account: &str, setback: Setback) {
        match setback {
            Setback::Later(wait, code) => self.step_failed(id, wait, code),
            Setback::Lost => self.uploads_lost(id),
            Setback::TooLarge => self.too_large(id),
            Setback::Refused(code) => {
                let reason = self.words(Detail::PictureRefused(code));
                self.fail_unsent(id, FailCode::InvalidImage, Some(reason));
            }
            Setback::Account(state) => self.stop_account(account, state, None),
        }
    }

    fn too_large(&mut self, id: TaskId) {
        let reason = self.words(Detail::UploadTooLarge);
        self.fail_unsent(id, FailCode::InvalidImage, Some(reason));
    }
}

/// Whether the storage host said this: it says nothing, or describes the file. A page is a proxy's, which kept nothing.
fn is_storages(body: &[u8]) -> bool {
    body.iter().all(u8::is_ascii_whitespace)
        || serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
}

fn stored(picture: &Picture) -> Option<&StoredFile> {
    match &picture.source {
        PictureSource::Stored(file) => Some(file),
        PictureSource::Fetch(_) | PictureSource::Link(_) => None,
    }
}
