//! The same seed, inputs and times give the same world, whatever the schedule.

mod support;

use mj_simulator::random::Random;
use mj_simulator::world::{ConnectionId, Settings};
use serde_json::{Value, json};
use support::{BOT_INTENTS, Stage};

const PROMPTS: [&str; 8] = [
    "a harbour",
    "a harbour --ar 3:2 --seed 7",
    "https://images.example/one.png a cat",
    "simulate:captcha",
    "simulate:moderated",
    "simulate:image-filter a cat",
    "simulate:vanish a cat",
    "a cat --colour red",
];
const GATEWAY_FAULTS: [&str; 10] = [
    "lose_events",
    "repeat_events",
    "swap_events",
    "drop",
    "close",
    "blackhole",
    "reconnect",
    "invalid_session",
    "garbage",
    "no_ack",
];

/// Plays a schedule and gives all that any client saw.
fn play(seed: u64, schedule: u64) -> Vec<String> {
    let settings = Settings {
        seed,
        accounts: 3,
        channel_per_account: true,
        ..Settings::default()
    };
    let mut stage = Stage::with(settings);
    stage.world.behaviour.shuffle = 300;
    stage.world.behaviour.identify_spacing = 0;
    let mut chance = Random::new(schedule);
    let mut pick = |below: usize| usize::try_from(chance.below(below as u64)).unwrap_or(0);
    let mut logins: Vec<(ConnectionId, String, String)> = Vec::new();
    let mut told = Vec::new();
    for step in 0..60 {
        let place = pick(3);
        match pick(10) {
            0 => {
                let (id, session) = stage.login_user(place);
                logins.push((id, session, stage.user_token(place)));
            }
            1 => {
                let (id, session) = stage.login_bot(BOT_INTENTS);
                logins.push((id, session, stage.world.bot_token().to_owned()));
            }
            2 if !logins.is_empty() => {
                let (old, session, token) = logins[pick(logins.len())].clone();
                stage.world.handle_closed(stage.now, old, None);
                let id = stage.connect();
                let resume = json!({"token": token, "session_id": session, "seq": 1});
                stage.send(id, &json!({"op": 6, "d": resume}));
            }
            3 => {
                let name = GATEWAY_FAULTS[pick(GATEWAY_FAULTS.len())];
                stage.control(&json!({"command": "fault", "gateway": name}));
            }
            4 => {
                let fault = json!({"one_in": 2, "reset": "after", "times": 3});
                stage.control(&json!({"command": "fault", "http": fault}));
            }
            5 => press(&mut stage, place, pick(20)),
            _ => {
                let session = logins.last().map_or("none", |(_, session, _)| session);
                let prompt = PROMPTS[pick(PROMPTS.len())];
                let body = stage.imagine_body(place, prompt, &step.to_string(), session);
                told.push(format!("{:?}", stage.interact(place, &body)));
            }
        }
        stage.pass(pick(9_000) as u64);
    }
    stage.pass(120_000);
    for (id, inbox) in &stage.inboxes {
        let ends = (inbox.closed, inbox.dropped, &inbox.garbage);
        told.push(format!("{id:?} {ends:?}"));
        told.extend(inbox.frames.iter().map(Value::to_string));
    }
    told.push(stage.control(&json!({"command": "record"})).to_string());
    told.push(stage.control(&json!({"command": "messages"})).to_string());
    told
}

/// Presses one of the buttons that are there.
fn press(stage: &mut Stage, place: usize, which: usize) {
    let messages = stage.control(&json!({"command": "messages"}));
    let channel = json!(stage.world.accounts()[place].channel);
    let pressed = messages
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|message| {
            let rows = message["components"].as_array()?;
            let buttons = rows.iter().filter_map(|row| row["components"].as_array());
            let button = buttons.flatten().nth(which)?["custom_id"].as_str()?;
            (message["channel_id"] == channel).then(|| (message.clone(), button.to_owned()))
        });
    if let Some((message, button)) = pressed {
        let body = stage.press_body(place, &message, &button, "9", "none");
        stage.interact(place, &body);
    }
}

#[test]
fn any_schedule_can_be_repeated() {
    for schedule in 0..8 {
        let (first, second) = (play(7, schedule), play(7, schedule));
        for (first, second) in first.iter().zip(&second) {
            assert_eq!(first, second, "schedule {schedule}");
        }
        assert_eq!(first.len(), second.len(), "schedule {schedule}");
        assert!(first.len() > 20, "schedule {schedule} shows little");
    }
}

#[test]
fn another_seed_is_another_world() {
    assert_ne!(play(7, 1), play(8, 1));
}
