//! What becomes of calls, without a network or a store.

use std::fmt::Write as _;

use mj_midjourney::{
    application::{CommandName, NIJI},
    config::{AccountConfig, HubConfig},
    prompt,
    task::{Call, Choice, Mode, PictureSource, Status, TaskButton},
};
use mj_process::{Origin, StateDir};

use super::*;
use crate::{
    config::Settings,
    environment::Environment,
    error::Unavailable,
    options::Kind,
    picture::tests::{jpeg, png},
    value::Value,
};

const JOB: &str = "0ddb91a0-af46-4ae9-8e8e-c271074eb6e6";
const LINK: &str = "https://pictures.example.com/fox.png";

/// A hub without anything behind it.
struct Stage {
    directory: tempfile::TempDir,
    dir: StateDir,
    hub: HubId,
    config: HubConfig,
    hosts: Hosts,
}

impl Stage {
    fn new(tokens: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let dir = StateDir::open(directory.path().join("state"), Origin::Explicit).unwrap();
        let settings: Value = tokens
            .iter()
            .map(|token| (*token, Value::from(*token)))
            .chain([
                ("guild_id", "1100000000000000001".into()),
                ("channel_id", "1100000000000000002".into()),
            ])
            .collect();
        let settings = Settings::read(&Environment::default(), &[], &settings)
            .unwrap()
            .hub
            .unwrap();
        Self {
            directory,
            dir,
            hub: settings.id,
            config: settings.config,
            hosts: Hosts::default(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            hub: &self.hub,
            config: &self.config,
            hosts: &self.hosts,
            now: UnixMs(1_780_000_000_000),
            account: None,
            keeper: Keeper {
                dir: &self.dir,
                locate: None,
            },
        }
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    }

    fn kept(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("uploads")).map_or(0, Iterator::count)
    }

    fn imagine(&self, prompt: &str, entries: &[(&str, Value)]) -> Result<Submitted, EngineError> {
        imagine(
            self.place(),
            &prompt.into(),
            &options(Kind::Prompt, entries)?,
        )
    }

    /// A finished grid with these buttons.
    fn parent(&self, buttons: Vec<TaskButton>) -> Task {
        let mut task = self.imagine("a fox", &[]).unwrap().tasks.remove(0);
        task.view.status = Status::Success;
        task.view.message_id = Some("1200000000000000001".parse().unwrap());
        task.view.job_id = Some(JOB.to_owned());
        task.view.account = self.config.accounts.first().map(|main| main.name.clone());
        task.view.buttons = buttons;
        task
    }

    fn press(
        &self,
        parent: &Task,
        action: &str,
        entries: &[(&str, Value)],
    ) -> Result<Submitted, EngineError> {
        press(
            self.place(),
            parent,
            action,
            &options(Kind::Button, entries)?,
        )
    }
}

fn options(kind: Kind, entries: &[(&str, Value)]) -> Result<Options, EngineError> {
    Options::read(kind, &entries.iter().cloned().collect())
}

fn button(custom_id: &str) -> TaskButton {
    TaskButton {
        action: mj_midjourney::button::Press::read(custom_id).action(),
        custom_id: custom_id.to_owned(),
        ..TaskButton::default()
    }
}

fn data(bytes: &[u8]) -> Value {
    let uri = bytes.iter().fold("data:,".to_owned(), |mut text, byte| {
        write!(text, "%{byte:02X}").unwrap();
        text
    });
    uri.into()
}

fn message<T: std::fmt::Debug>(result: Result<T, EngineError>) -> String {
    result.unwrap_err().to_string()
}

fn reason<T: std::fmt::Debug>(result: Result<T, EngineError>) -> Unavailable {
    let error = result.unwrap_err();
    if let EngineError::ActionUnavailable { reason, .. } = error {
        return reason;
    }
    panic!("{error}")
}

#[test]
fn the_mode_that_is_sent_is_the_one_that_is_shown() {
    let stage = Stage::new(&["user_token"]);
    let submitted = stage
        .imagine("a {fox --turbo, hare}", &[("mode", "relax".into())])
        .unwrap();
    let modes: Vec<_> = submitted
        .tasks
        .iter()
        .map(|task| {
            let sent = task.work.sent_prompt.as_deref().unwrap();
            assert_eq!(prompt::written_mode(sent), task.work.wanted_mode, "{sent}");
            assert_eq!(task.view.mode, task.work.wanted_mode);
            task.view.mode.unwrap()
        })
        .collect();
    assert_eq!(modes, [Mode::Turbo, Mode::Relax]);
    // Where nobody asked for one, Midjourney will tell.
    assert_eq!(
        stage.imagine("a fox", &[]).unwrap().tasks[0].view.mode,
        None
    );
}

#[test]
fn image_prompts_keep_their_order() {
    let stage = Stage::new(&["user_token"]);
    let links = Value::List(vec![LINK.into(), "https://b.example.com/2.png".into()]);
    let task = &stage
        .imagine("a fox", &[("images", links.clone()), ("seed", 5.into())])
        .unwrap()
        .tasks[0];
    assert_eq!(
        task.work.sent_prompt.as_deref(),
        Some("https://pictures.example.com/fox.png https://b.example.com/2.png a fox --seed 5")
    );
    assert!(task.work.pictures.is_empty());

    let mixed = Value::List(vec![
        LINK.into(),
        stage.file("a.png", &png(4, 4)).into(),
        data(&jpeg(4, 4)),
    ]);
    let task = &stage
        .imagine("a fox", &[("images", mixed), ("seed", 5.into())])
        .unwrap()
        .tasks[0];
    assert_eq!(task.work.sent_prompt.as_deref(), Some("a fox --seed 5"));
    let sources: Vec<_> = task
        .work
        .pictures
        .iter()
        .map(|picture| &picture.source)
        .collect();
    assert_eq!(sources[0], &PictureSource::Link(LINK.to_owned()));
    let types: Vec<_> = sources[1..]
        .iter()
        .map(|source| {
            if let PictureSource::Stored(file) = source {
                return file.content_type.as_str();
            }
            panic!("{source:?}")
        })
        .collect();
    assert_eq!(types, ["image/png", "image/jpeg"]);

    let uploaded = [("images", links), ("upload", true.into())];
    let task = &stage.imagine("", &uploaded).unwrap().tasks[0];
    assert_eq!(
        task.work.pictures[0].source,
        PictureSource::Fetch(LINK.to_owned())
    );
    assert!(
        task.work
            .sent_prompt
            .as_deref()
            .unwrap()
            .starts_with("--seed ")
    );
}

#[test]
fn references_are_uploaded_behind_their_parameter() {
    let stage = Stage::new(&["user_token"]);
    let file = stage.file("style.png", &png(4, 4));
    let styles = Value::List(vec![file.clone().into(), LINK.into()]);
    let task = &stage
        .imagine("a fox", &[("sref", styles), ("cref", LINK.into())])
        .unwrap()
        .tasks[0];
    let parameters: Vec<_> = task
        .work
        .pictures
        .iter()
        .map(|picture| picture.parameter.as_deref())
        .collect();
    assert_eq!(parameters, [Some("sref"), Some("sref")]);
    let sent = task.work.sent_prompt.as_deref().unwrap();
    assert!(
        sent.contains(&format!("--cref {LINK}")) && !sent.contains("--sref"),
        "{sent}"
    );
    // Codes are no files, and what the text has already wins.
    let task = &stage
        .imagine("a fox --sref 12", &[("sref", file.into())])
        .unwrap()
        .tasks[0];
    assert!(task.work.pictures.is_empty());
    assert_eq!(stage.kept(), 1);
    let task = &stage
        .imagine("a fox", &[("sref", "random".into())])
        .unwrap()
        .tasks[0];
    assert!(
        task.work
            .sent_prompt
            .as_deref()
            .unwrap()
            .contains("--sref random")
    );
}

#[test]
fn pictures_of_inner_networks_are_refused_before_anything_is_kept() {
    let stage = Stage::new(&["user_token"]);
    for address in [
        "http://127.0.0.1/a.png",
        "http://localhost/a.png",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.png",
        "https://10.0.0.5:8080/a.png",
        "http://0x7f.1/a.png",
        "http://nas/a.png",
    ] {
        let described = describe(stage.place(), &address.into(), &Options::default());
        let said = message(described);
        assert!(
            said.starts_with("image: lies in a private network"),
            "{said}"
        );
        let images = Value::List(vec![data(&png(4, 4)), address.into()]);
        let said = message(blend(stage.place(), &images, &Options::default()));
        assert!(said.starts_with("images.1: lies in"), "{said}");
        let said = message(stage.imagine("a", &[("images", address.into())]));
        assert!(said.starts_with("options.images[0]: lies in"), "{said}");
    }
    let said = message(describe(
        stage.place(),
        &"https://me:secret@example.com/a.png".into(),
        &Options::default(),
    ));
    assert!(
        said.contains("password") && !said.contains("secret"),
        "{said}"
    );
    assert_eq!(stage.kept(), 0);
}

#[test]
fn describe_links_uploads_or_keeps() {
    let stage = Stage::new(&["bot_token", "user_token"]);
    let source = |image: Value, entries: &[(&str, Value)]| {
        let options = options(Kind::Describe, entries).unwrap();
        let mut task = describe(stage.place(), &image, &options).unwrap();
        assert_eq!(task.work.call, Call::Describe);
        task.work.pictures.remove(0).source
    };
    assert_eq!(
        source(LINK.into(), &[]),
        PictureSource::Link(LINK.to_owned())
    );
    assert_eq!(
        source(LINK.into(), &[("upload", true.into())]),
        PictureSource::Fetch(LINK.to_owned())
    );
    let file = stage.file("a.png", &png(4, 4));
    assert!(matches!(source(file.into(), &[]), PictureSource::Stored(_)));
    let missing = describe(stage.place(), &"/nowhere/a.png".into(), &Options::default());
    assert_eq!(message(missing), "image: there is no such file");
    let place = Place {
        keeper: Keeper {
            locate: Some(|_| None),
            ..stage.place().keeper
        },
        ..stage.place()
    };
    let outside = describe(
        place,
        &stage.file("b.png", &png(4, 4)).into(),
        &Options::default(),
    );
    assert_eq!(message(outside), "image: lies outside of open_basedir");
    let text = stage.file("a.txt", b"no picture");
    let said = message(describe(stage.place(), &text.into(), &Options::default()));
    assert!(said.starts_with("image: is no PNG"), "{said}");
}

#[test]
fn a_blend_has_two_to_five_pictures_and_three_shapes() {
    let stage = Stage::new(&["user_token"]);
    let pictures = |count| Value::List(vec![Value::from(LINK); count]);
    for count in [0, 1, 6] {
        let said = message(blend(stage.place(), &pictures(count), &Options::default()));
        assert_eq!(
            said,
            format!("images: must have 2 to 5 pictures, {count} given")
        );
    }
    for (entries, shape) in [
        ([("dimensions", "portrait")], "--ar 2:3"),
        ([("aspect", "1:1")], "--ar 1:1"),
        ([("ar", "landscape")], "--ar 3:2"),
    ] {
        let entries = entries.map(|(name, value)| (name, Value::from(value)));
        let options = options(Kind::Blend, &entries).unwrap();
        let task = blend(stage.place(), &pictures(2), &options).unwrap();
        let dimensions = Some(shape.to_owned());
        assert_eq!(task.work.call, Call::Blend { dimensions });
        assert_eq!(
            task.work.pictures[1].source,
            PictureSource::Fetch(LINK.to_owned())
        );
    }
    let said = message(options(Kind::Blend, &[("dimensions", "16:9".into())]));
    assert!(said.contains("portrait (2:3)"), "{said}");
}

#[test]
fn commands_are_found_by_name() {
    let stage = Stage::new(&["user_token"]);
    let none = Value::List(Vec::new());
    let run = |name: &str, arguments: &Value| {
        command(
            stage.place(),
            name,
            arguments,
            &options(Kind::Plain, &[("bot", "niji".into())]).unwrap(),
        )
    };
    for (name, arguments) in [
        ("prefer", Value::List(vec!["remix".into()])),
        ("/Prefer Remix", none.clone()),
        ("prefer_remix", none.clone()),
    ] {
        let task = run(name, &arguments).unwrap();
        let name = CommandName::Prefer;
        let subcommand = Some("remix".to_owned());
        assert_eq!(task.work.call, Call::Plain { name, subcommand });
        assert_eq!(task.work.application_id, Some(NIJI));
        assert_eq!(task.view.prompt, "/prefer remix");
        assert_eq!(task.work.named_account.as_deref(), Some("main"));
    }
    assert!(message(run("remix", &none)).contains("known are fast, info, prefer remix"));
    assert!(message(run("imagine", &none)).contains("mj_imagine()"));
    assert!(message(run("prefer", &none)).contains("prefer remix"));
    let said = message(run("settings", &Value::List(vec!["v7".into()])));
    assert!(said.contains("mj_action()"), "{said}");
}

#[test]
fn a_bots_hub_refuses_what_it_could_not_see() {
    let stage = Stage::new(&["bot_token"]);
    let plain = options(Kind::Plain, &[]).unwrap();
    let none = Value::List(Vec::new());
    assert_eq!(
        reason(shorten(stage.place(), &"a fox".into(), &plain)),
        Unavailable::NeedsUserGateway
    );
    for (name, ..) in command::COMMANDS {
        let refused = command(stage.place(), name, &none, &plain);
        assert_eq!(reason(refused), Unavailable::NeedsUserGateway, "{name}");
    }
    let parent = stage.parent(vec![
        button(&format!("MJ::JOB::high_variation::1::{JOB}::SOLO")),
        button(&format!("MJ::CustomZoom::{JOB}")),
        button("MJ::Job::PicReader::1"),
        button("MJ::Job::PicReader::all"),
    ]);
    for action in ["custom_zoom", "imagine1", "imagine_all", "seed"] {
        let refused = stage.press(&parent, action, &[]);
        assert_eq!(reason(refused), Unavailable::NeedsUserGateway, "{action}");
    }
    let remix = [("prompt", "a red fox".into())];
    assert_eq!(
        reason(stage.press(&parent, "vary_strong", &remix)),
        Unavailable::NeedsUserGateway
    );
    assert!(stage.press(&parent, "vary_strong", &[]).is_ok());
    assert!(show(stage.place(), JOB.parse().unwrap(), &plain).is_ok());
}

#[test]
fn only_the_main_account_has_a_session() {
    let mut stage = Stage::new(&["user_token"]);
    stage.config.accounts.push(AccountConfig {
        name: "second".to_owned(),
        ..stage.config.accounts[0].clone()
    });
    let place = Place {
        account: Some("second"),
        ..stage.place()
    };
    let plain = options(Kind::Plain, &[]).unwrap();
    let refused = shorten(place, &"a fox".into(), &plain);
    assert_eq!(reason(refused), Unavailable::NeedsUserGateway);
    let task = shorten(stage.place(), &"a fox".into(), &plain).unwrap();
    assert_eq!(task.work.named_account.as_deref(), Some("main"));
}

#[test]
fn a_region_needs_its_mask_and_nothing_else_takes_one() {
    let stage = Stage::new(&["user_token"]);
    let parent = stage.parent(vec![
        button(&format!("MJ::Inpaint::1::{JOB}::SOLO")),
        button(&format!("MJ::JOB::upsample::1::{JOB}")),
    ]);
    let said = message(stage.press(&parent, "vary_region", &[]));
    assert!(said.starts_with("options.mask: is missing"), "{said}");
    let mask = ("mask", data(&png(8, 8)));
    let said = message(stage.press(&parent, "upscale1", std::slice::from_ref(&mask)));
    assert!(
        said.starts_with("options.mask: is for vary_region only"),
        "{said}"
    );
    let web = message(options(Kind::Button, &[("mask", LINK.into())]));
    assert!(web.starts_with("options.mask: must be the path"), "{web}");
    let jpeg_mask = message(options(Kind::Button, &[("mask", data(&jpeg(8, 8)))]));
    assert!(jpeg_mask.contains("a mask must be"), "{jpeg_mask}");
    let file = stage.file("mask.jpg", &jpeg(8, 8));
    let jpeg_file = message(stage.press(&parent, "vary_region", &[("mask", file.into())]));
    assert!(jpeg_file.contains("a mask must be"), "{jpeg_file}");

    let task = stage
        .press(&parent, "vary_region", &[mask, ("prompt", "a hat".into())])
        .unwrap()
        .tasks
        .remove(0);
    assert_eq!(task.work.form_text.as_deref(), Some("a hat"));
    let content_type = task.work.mask.map(|mask| mask.content_type);
    assert_eq!(content_type.as_deref(), Some("image/png"));
    let said = message(stage.press(&parent, "upscale1", &[("prompt", "a hat".into())]));
    assert!(
        said.starts_with("options.prompt: cannot go along"),
        "{said}"
    );
}

#[test]
fn a_menu_takes_its_own_values_only() {
    let stage = Stage::new(&["user_token"]);
    let choice = |value: &str| Choice {
        value: value.to_owned(),
        label: value.to_uppercase(),
        selected: false,
    };
    let mut menu = button("MJ::Settings::VersionSelector");
    menu.choices = vec![choice("v6"), choice("v7")];
    let relax = button("MJ::Settings::RelaxMode::on");
    let parent = stage.parent(vec![menu.clone(), relax.clone()]);
    let press = |action: &str, entries: &[(&str, Value)]| stage.press(&parent, action, entries);

    let task = press(&menu.custom_id, &[("values", "v7".into())])
        .unwrap()
        .tasks
        .remove(0);
    assert_eq!(task.work.press.unwrap().values, ["v7"]);
    assert!(message(press(&menu.custom_id, &[])).contains("choose one of v6, v7"));
    let unknown = [("values", Value::List(vec!["v8".into()]))];
    assert!(message(press(&menu.custom_id, &unknown)).contains("must be among the menu's: v6, v7"));
    assert!(press(&relax.custom_id, &[]).is_ok());
    let on_button = message(press(&relax.custom_id, &[("values", "v7".into())]));
    assert!(on_button.contains("are for menus only"), "{on_button}");
}

#[test]
fn moderators_buttons_are_for_persons() {
    let stage = Stage::new(&["user_token"]);
    let mut appeal = button("MJ::Prompts::Appeal");
    appeal.label = Some("Appeal".to_owned());
    let mut parent = stage.parent(vec![appeal]);
    let refused = stage.press(&parent, "MJ::Prompts::Appeal", &[]);
    assert_eq!(reason(refused), Unavailable::NeedsPerson);
    for status in [Status::Failure, Status::InProgress] {
        parent.view.status = status;
        let refused = stage.press(&parent, "MJ::Prompts::Appeal", &[]);
        assert_eq!(reason(refused), Unavailable::NeedsPerson);
    }
    parent.view.buttons.clear();
    let refused = stage.press(&parent, "upscale1", &[]);
    assert_eq!(reason(refused), Unavailable::NotFinished);
}

#[test]
fn a_seed_is_asked_for_by_job() {
    let stage = Stage::new(&["user_token"]);
    let mut parent = stage.parent(Vec::new());
    let task = stage.press(&parent, "seed", &[]).unwrap().tasks.remove(0);
    assert_eq!(task.view.action, Action::Seed);
    assert_eq!(task.view.parent_id, Some(parent.view.id));
    let job_id = JOB.to_owned();
    assert_eq!(task.work.call, Call::Seed { job_id });
    assert!(task.work.press.is_none());
    let said = message(stage.press(&parent, "seed", &[("prompt", "a".into())]));
    assert!(
        said.starts_with("options.prompt: cannot go along"),
        "{said}"
    );
    parent.view.job_id = None;
    let refused = stage.press(&parent, "seed", &[]);
    assert_eq!(reason(refused), Unavailable::NotOffered);
}

#[test]
fn groups_have_ids_of_their_own() {
    let stage = Stage::new(&["user_token"]);
    let key = [("idempotency_key", "order 7".into())];
    let made = stage.imagine("a {red, blue} fox --shine", &key).unwrap();
    let group = made.group.unwrap();
    assert_eq!(made.tasks.len(), 2);
    for (task, number) in made.tasks.iter().zip(0..) {
        assert_eq!(task.view.group_id, Some(group));
        assert_ne!(task.view.id, group);
        let key = format!("order 7#{number}");
        assert_eq!(task.work.idempotency_key.as_deref(), Some(key.as_str()));
        assert_eq!(task.view.notes.len(), 1);
        assert!(task.view.notes[0].contains("--shine"));
    }
    let single = stage.imagine("a fox", &key).unwrap();
    assert_eq!(single.group, None);
    assert_eq!(single.tasks[0].view.group_id, None);
    assert!(single.tasks[0].view.notes.is_empty());

    let parent = stage.parent(vec![
        button("MJ::Job::PicReader::1"),
        button("MJ::Job::PicReader::2"),
        button("MJ::Job::PicReader::all"),
    ]);
    let all = stage.press(&parent, "imagine_all", &[]).unwrap();
    let pressed: Vec<_> = all
        .tasks
        .iter()
        .filter_map(|task| task.work.press.as_ref())
        .map(|press| press.custom_id.as_str())
        .collect();
    assert_eq!(pressed, ["MJ::Job::PicReader::1", "MJ::Job::PicReader::2"]);
    assert!(all.group.is_some());
}

#[test]
fn links_of_uploads_need_room() {
    let stage = Stage::new(&["user_token"]);
    let prompt = "a".repeat(5_800);
    assert!(stage.imagine(&prompt, &[("images", LINK.into())]).is_ok());
    let images = Value::List(vec![data(&png(4, 4)); 2]);
    let said = message(stage.imagine(&prompt, &[("images", images)]));
    assert!(said.contains("Discord allows 5470"), "{said}");
    assert_eq!(stage.kept(), 0);
}
