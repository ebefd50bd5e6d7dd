//! Attachments: their signed URLs, the slots they are uploaded through, and what the CDN answers.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::World;
use super::http::{Body, Request, Response, percent_decode, query_value};
use super::people::Caller;
use crate::picture::Picture;
use crate::random::{digest, hex};
use crate::snowflake::{Millis, Snowflake};

/// Largest upload for everybody, in bytes: 10 MiB.
pub(super) const UPLOAD_LIMIT: u64 = 10 * 1024 * 1024;

/// Files that outlive their message, and upload slots that nobody uses: so many are kept.
const LEFT_OVER: usize = 1_000;

/// A file that a message carries.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) id: Snowflake,
    pub(super) filename: String,
    /// Path on the CDN, with a leading slash and without a query.
    pub(super) path: String,
    pub(super) size: usize,
    pub(super) content_type: String,
    pub(super) dimensions: Option<(u32, u32)>,
    pub(super) ephemeral: bool,
}

#[derive(Clone, Debug)]
enum Content {
    Drawn(Picture),
    Uploaded(Vec<u8>),
}

/// A slot that waits for its bytes.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) owner: Snowflake,
    /// Where it may be sent.
    channel: Snowflake,
    pub(super) filename: String,
    size: u64,
    pub(super) bytes: Option<Vec<u8>>,
}

/// Everything the CDN and the upload store hold.
#[derive(Debug)]
pub(super) struct Files {
    key: String,
    contents: BTreeMap<String, Content>,
    /// Paths of files whose message is gone or shows others; the oldest first.
    abandoned: VecDeque<String>,
    pub(super) slots: BTreeMap<String, Slot>,
    /// Slots in the order in which they were handed out.
    handed_out: VecDeque<String>,
}

impl Files {
    pub(super) fn new(key: String) -> Self {
        Self {
            key,
            contents: BTreeMap::new(),
            abandoned: VecDeque::new(),
            slots: BTreeMap::new(),
            handed_out: VecDeque::new(),
        }
    }

    /// Files that no message shows any more can still be fetched for a while.
    pub(super) fn abandon(&mut self, files: &[File]) {
        self.abandoned
            .extend(files.iter().map(|file| file.path.clone()));
        while self.abandoned.len() > LEFT_OVER {
            if let Some(path) = self.abandoned.pop_front() {
                self.contents.remove(&path);
            }
        }
    }

    fn hand_out(&mut self, key: String, slot: Slot) {
        self.handed_out.push_back(key.clone());
        self.slots.insert(key, slot);
        while self.handed_out.len() > LEFT_OVER {
            if let Some(key) = self.handed_out.pop_front() {
                self.slots.remove(&key);
            }
        }
    }

    /// Whether a filled slot of this name waits, uploaded by this user for this channel.
    pub(super) fn holds(&self, name: &str, owner: Snowflake, channel: Snowflake) -> bool {
        self.slots.get(name).is_some_and(|slot| {
            slot.owner == owner && slot.channel == channel && slot.bytes.is_some()
        })
    }

    /// A digest of the file at a path: two files have the same one only when they look the same.
    pub(super) fn digest(&self, path: &str) -> u64 {
        match self.contents.get(path) {
            None => digest(path),
            Some(Content::Drawn(picture)) => digest(&picture.scene),
            Some(Content::Uploaded(bytes)) => digest(&hex(&Sha256::digest(bytes))),
        }
    }

    /// How many files are here.
    pub(super) fn len(&self) -> usize {
        self.contents.len()
    }

    fn signature(&self, path: &str, expires: u64, issued: u64) -> String {
        let mut hash = Sha256::new();
        for part in [
            self.key.as_str(),
            path,
            &format!("{expires:x}"),
            &format!("{issued:x}"),
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        hex(&hash.finalize())
    }

    pub(super) fn sign(&self, now: Millis, ttl: u64, path: &str) -> String {
        let issued = now / 1000;
        let expires = issued + ttl;
        format!(
            "{path}?ex={expires:x}&is={issued:x}&hm={}&",
            self.signature(path, expires, issued)
        )
    }

    fn valid(&self, now: Millis, path: &str, query: &str) -> bool {
        let number =
            |name| query_value(query, name).and_then(|text| u64::from_str_radix(&text, 16).ok());
        let (Some(expires), Some(issued)) = (number("ex"), number("is")) else {
            return false;
        };
        let signature = query_value(query, "hm").unwrap_or_default();
        expires > now / 1000 && signature == self.signature(path, expires, issued)
    }
}

impl World {
    /// Puts a drawn picture on the CDN.
    pub(super) fn attach_picture(
        &mut self,
        now: Millis,
        channel: Snowflake,
        filename: String,
        picture: Picture,
        ephemeral: bool,
    ) -> File {
        let id = self.snowflake(now);
        let root = if ephemeral {
            "ephemeral-attachments"
        } else {
            "attachments"
        };
        let path = format!("/{root}/{channel}/{id}/{filename}");
        let file = File {
            id,
            filename,
            path: path.clone(),
            size: picture.size(),
            content_type: picture.format.content_type().into(),
            dimensions: Some((picture.width, picture.height)),
            ephemeral,
        };
        self.files.contents.insert(path, Content::Drawn(picture));
        file
    }

    /// Turns an uploaded slot into an attachment below `root`; `None` when nothing was uploaded to it by this user.
    pub(super) fn attach_upload(
        &mut self,
        now: Millis,
        root: &str,
        owner: Snowflake,
        name: &str,
    ) -> Option<File> {
        if self.files.slots.get(name)?.owner != owner || self.files.slots.get(name)?.bytes.is_none()
        {
            return None;
        }
        let slot = self.files.slots.remove(name)?;
        let bytes = slot.bytes?;
        let id = self.snowflake(now);
        let path = format!("/{root}/{id}/{}", slot.filename);
        let dimensions = image::ImageReader::new(std::io::Cursor::new(&bytes))
            .with_guessed_format()
            .ok()
            .and_then(|reader| reader.into_dimensions().ok());
        let file = File {
            id,
            filename: slot.filename.clone(),
            path: path.clone(),
            size: bytes.len(),
            content_type: content_type(&slot.filename).into(),
            dimensions,
            ephemeral: false,
        };
        self.files.contents.insert(path, Content::Uploaded(bytes));
        Some(file)
    }

    pub(super) fn file_json(&self, now: Millis, file: &File) -> Value {
        let signed = self
            .files
            .sign(now, self.behaviour.cdn_ttl_seconds, &file.path);
        let mut object = json!({
            "id": file.id, "filename": file.filename, "size": file.size, "content_type": file.content_type,
            "url": format!("{}{signed}", self.settings.hosts.cdn),
            "proxy_url": format!("{}{signed}", self.settings.hosts.media),
            "content_scan_version": 0,
        });
        if let Some((width, height)) = file.dimensions {
            object["width"] = json!(width);
            object["height"] = json!(height);
            object["placeholder"] = json!("fAgGDYL3h4eIeHeAiIh3iHeHdw==");
            object["placeholder_version"] = json!(1);
        }
        if file.ephemeral {
            object["ephemeral"] = json!(true);
        }
        object
    }

    /// The picture at a CDN path, when one is drawn there.
    pub fn picture(&self, path: &str) -> Option<&Picture> {
        match self.files.contents.get(path)? {
            Content::Drawn(picture) => Some(picture),
            Content::Uploaded(_) => None,
        }
    }

    /// A signed, fresh CDN URL for a path.
    pub(super) fn fresh_url(&self, now: Millis, path: &str) -> String {
        let signed = self.files.sign(now, self.behaviour.cdn_ttl_seconds, path);
        format!("{}{signed}", self.settings.hosts.cdn)
    }

    /// `GET /attachments/…` and `/ephemeral-attachments/…` of the CDN and of the media proxy.
    pub(super) fn serve_file(&mut self, now: Millis, request: &Request) -> Response {
        let path = percent_decode(&request.path);
        if !self.files.valid(now, &path, &request.query) {
            return Response::text(404, "This content is no longer available.");
        }
        let (body, kind, size) = match self.files.contents.get(&path) {
            None => return Response::text(404, "This content is no longer available."),
            Some(Content::Drawn(picture)) => (
                Body::Picture(Box::new(picture.clone())),
                picture.format.content_type().to_owned(),
                picture.size(),
            ),
            Some(Content::Uploaded(bytes)) => (
                Body::Bytes(bytes.clone()),
                content_type(&path).to_owned(),
                bytes.len(),
            ),
        };
        let Ok(range) = request.byte_range(size) else {
            return Response::text(416, "").with("content-range", format!("bytes */{size}"));
        };
        let (body, part) = match (body, range.clone()) {
            _ if request.method == "HEAD" => (Body::Bytes(Vec::new()), None),
            (Body::Bytes(bytes), Some(range)) => (Body::Bytes(bytes[range].to_vec()), None),
            (body, range) => (body, range),
        };
        let mut response = Response {
            body,
            part,
            ..Response::text(200, "")
        }
        .with("content-type", kind)
        .with("accept-ranges", "bytes")
        .with("cache-control", "public, max-age=31536000")
        .with("etag", format!("\"{:x}\"", digest(&path)));
        let length = range.as_ref().map_or(size, ExactSizeIterator::len);
        if let Some(range) = range {
            response.status = 206;
            let told = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            response = response.with("content-range", told);
        }
        response.with("content-length", length.to_string())
    }

    /// Whether the CDN answers this path and query.
    pub(super) fn serves(&self, now: Millis, target: &str) -> bool {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = percent_decode(path);
        self.files.valid(now, &path, query) && self.files.contents.contains_key(&path)
    }

    /// `POST /channels/{id}/attachments`: hands out upload slots.
    pub(super) fn make_slots(
        &mut self,
        caller: Caller,
        channel: Snowflake,
        body: &Value,
    ) -> Response {
        let files = body["files"].as_array().cloned().unwrap_or_default();
        if files.is_empty() || files.len() > 10 {
            return Response::form_error(
                &["files"],
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 10 in length.",
            );
        }
        let mut slots = Vec::new();
        for (place, file) in files.iter().enumerate() {
            let name = file["filename"].as_str().unwrap_or_default();
            if name.is_empty() || name.len() > 1024 {
                return Response::form_error(
                    &["files", &place.to_string(), "filename"],
                    "BASE_TYPE_REQUIRED",
                    "This field is required",
                );
            }
            let Some(size) = file["file_size"]
                .as_u64()
                .or_else(|| file["file_size"].as_str()?.parse().ok())
            else {
                return Response::form_error(
                    &["files", &place.to_string(), "file_size"],
                    "BASE_TYPE_REQUIRED",
                    "This field is required",
                );
            };
            if size > UPLOAD_LIMIT {
                return Response::error(400, 40005, "Request entity too large");
            }
            let filename: String = name
                .chars()
                .map(|c| {
                    if c.is_ascii_alphanumeric() || "._-".contains(c) {
                        c
                    } else {
                        '_'
                    }
                })
                .collect();
            let key = format!("{}/{filename}", self.random.uuid());
            let upload_id = self.random.token(48);
            slots.push(json!({
                "id": file["id"].as_u64().or_else(|| file["id"].as_str()?.parse().ok()).unwrap_or(place as u64),
                "upload_url": format!("{}/discord-attachments-uploads-prd/{key}?upload_id={upload_id}", self.settings.hosts.upload),
                "upload_filename": key,
            }));
            self.files.hand_out(
                key,
                Slot {
                    owner: caller.user,
                    channel,
                    filename,
                    size,
                    bytes: None,
                },
            );
        }
        Response::json(200, &json!({"attachments": slots}))
    }

    /// `PUT` to an upload slot.
    pub(super) fn fill_slot(&mut self, request: &Request) -> Response {
        let path = percent_decode(&request.path);
        let key = path
            .trim_start_matches('/')
            .trim_start_matches("discord-attachments-uploads-prd/");
        let Some(slot) = self.files.slots.get_mut(key) else {
            return storage_error(404, "NoSuchUpload");
        };
        // The slot was signed for exactly so many bytes.
        if request.body.len() as u64 != slot.size {
            return Response::text(
                400,
                "<?xml version='1.0' encoding='UTF-8'?><Error><Code>InvalidArgument</Code><Message>Invalid argument.</Message></Error>",
            )
            .with("content-type", "application/xml");
        }
        slot.bytes = Some(request.body.clone());
        Response::text(200, "")
    }

    /// `POST /attachments/refresh-urls`.
    pub(super) fn refresh_urls(&self, now: Millis, body: &Value) -> Response {
        let urls: Vec<&str> = body["attachment_urls"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if urls.is_empty() || urls.len() > 50 {
            return Response::form_error(
                &["attachment_urls"],
                "BASE_TYPE_BAD_LENGTH",
                "Must be between 1 and 50 in length.",
            );
        }
        let refreshed: Vec<Value> = urls
            .iter()
            .map(|url| {
                let bare = url.split('?').next().unwrap_or_default();
                let path = ["/attachments/", "/ephemeral-attachments/"].iter().find_map(|root| bare.find(root).map(|at| &bare[at..]));
                json!({"original": url, "refreshed": path.map(|path| self.fresh_url(now, &percent_decode(path)))})
            })
            .collect();
        Response::json(200, &json!({"refreshed_urls": refreshed}))
    }
}

/// An answer of the storage behind the upload host.
pub(super) fn storage_error(status: u16, code: &str) -> Response {
    let text = format!("<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code></Error>");
    Response::text(status, &text).with("content-type", "application/xml")
}

fn content_type(name: &str) -> &'static str {
    match name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        _ => "application/octet-stream",
    }
}
