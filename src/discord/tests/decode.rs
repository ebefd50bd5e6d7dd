//! Recorded and made-up frames, read as the gateway machine reads them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unchecked_time_subtraction,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails loudly, and its script is known"
)]

use std::borrow::Cow;

use mj_discord::{
    Compression, Config, Dispatch, Event, Gateway, Interest, Moment, Token,
    gateway::Session,
    payload::Update,
    snowflake::{ApplicationId, ChannelId, InteractionId, MessageId, Nonce, UserId},
};
use serde_json::Value;

const FRAMES: &str = include_str!("../fixtures/frames.jsonl");
const MIDJOURNEY: &str = include_str!("../fixtures/midjourney.jsonl");
const CHANNEL: ChannelId = ChannelId(1_500_000_000_000_000_003);
const MIDJOURNEY_BOT: ApplicationId = ApplicationId(936_929_561_302_675_456);

/// A machine that is resuming and so delivers every event.
fn resuming(interest: Interest) -> Gateway {
    let now = Moment::default();
    let mut config = Config::user(Token::new("token"));
    config.compression = Compression::None;
    config.interest = interest;
    let session = Session {
        session_id: "abc".to_owned(),
        sequence: 0,
        resume_gateway_url: None,
        identified_at: now.unix,
        seen_at: now.unix,
    };
    let mut gateway = Gateway::new(now, config, Some(session), Box::new(|| 0));
    gateway.handle_connected(now);
    assert!(
        gateway
            .handle_text(now, r#"{"op":10,"d":{"heartbeat_interval":41250}}"#)
            .is_none()
    );
    gateway
}

/// What one frame dispatches when its number is new.
fn read<'t>(text: &'t str, interest: &Interest) -> Option<Dispatch<'t>> {
    resuming(interest.clone()).handle_text(Moment::default(), text)
}

fn everything() -> Interest {
    Interest::default()
}

fn ours() -> Interest {
    Interest::new([CHANNEL], [MIDJOURNEY_BOT])
}

fn line(index: usize) -> &'static str {
    MIDJOURNEY.lines().nth(index).unwrap_or_default()
}

#[test]
fn every_recorded_frame_is_read() {
    for text in FRAMES.lines().chain(MIDJOURNEY.lines()) {
        let value: Value = serde_json::from_str(text).unwrap();
        let name = value["t"].as_str().unwrap_or_default();
        let dispatch = read(text, &everything());
        if value["op"] != 0 || name == "READY" && value["s"].is_null() {
            assert!(dispatch.is_none(), "{text}");
            continue;
        }
        let event = dispatch
            .unwrap_or_else(|| panic!("nothing came of {text}"))
            .event;
        let fits = match name {
            "READY" => matches!(event, Event::Ready(_)),
            "RESUMED" => matches!(event, Event::Resumed),
            "MESSAGE_CREATE" => matches!(event, Event::MessageCreate(_)),
            "MESSAGE_UPDATE" => matches!(event, Event::MessageUpdate(_)),
            "MESSAGE_DELETE" => matches!(event, Event::MessageDelete(_)),
            "MESSAGE_DELETE_BULK" => matches!(event, Event::MessageDeleteBulk(_)),
            "INTERACTION_CREATE" => matches!(event, Event::InteractionCreate(_)),
            "INTERACTION_SUCCESS" => matches!(event, Event::InteractionSuccess(_)),
            "INTERACTION_FAILURE" => matches!(event, Event::InteractionFailure(_)),
            "INTERACTION_MODAL_CREATE" => matches!(event, Event::InteractionModalCreate(_)),
            "INTERACTION_IFRAME_MODAL_CREATE" => {
                matches!(event, Event::InteractionIframeModalCreate(_))
            }
            _ => matches!(event, Event::Foreign),
        };
        assert!(fits, "{name}: {event:?}");
    }
}

#[test]
fn the_order_of_the_keys_does_not_matter() {
    for text in FRAMES.lines().chain(MIDJOURNEY.lines()) {
        let frame: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
        if frame["op"] != 0 {
            continue;
        }
        let expected = format!("{:?}", read(text, &everything()).unwrap());
        let keys = ["t", "s", "op", "d"];
        for rotation in 0..24_usize {
            let mut left: Vec<&str> = keys.to_vec();
            let mut order = Vec::new();
            for (size, place) in [(4, 6), (3, 2), (2, 1), (1, 1)] {
                order.push(left.remove(rotation / place % size));
            }
            let body = order
                .iter()
                .map(|key| format!("{key:?} : {}", frame[*key]))
                .collect::<Vec<_>>()
                .join(" , ");
            let text = format!("{{ {body} }}");
            assert_eq!(
                format!("{:?}", read(&text, &everything()).unwrap()),
                expected,
                "{order:?}"
            );
        }
    }
}

#[test]
fn text_is_borrowed_where_it_has_no_escapes() {
    let Event::MessageUpdate(message) = read(line(1), &ours()).unwrap().event else {
        panic!()
    };
    let Update::Value(Cow::Borrowed(content)) = message.content else {
        panic!("content was copied")
    };
    assert!(content.contains("(46%)"));
    assert!(matches!(message.timestamp, Some(Cow::Borrowed(_))));
    assert!(matches!(
        message.edited_timestamp,
        Update::Value(Cow::Borrowed(_))
    ));
    let Update::Value(attachments) = message.attachments else {
        panic!()
    };
    assert!(
        matches!(attachments[0].url, Cow::Borrowed(_))
            && matches!(attachments[0].proxy_url, Some(Cow::Borrowed(_)))
    );
    let Update::Value(components) = message.components else {
        panic!()
    };
    assert!(matches!(
        components[0].components[0].custom_id,
        Some(Cow::Borrowed(_))
    ));

    let Event::MessageCreate(message) = read(line(0), &ours()).unwrap().event else {
        panic!()
    };
    assert!(
        matches!(&message.content, Update::Value(Cow::Owned(text)) if text.contains("\"at dusk\""))
    );
}

#[test]
fn a_final_names_all_its_keys() {
    let Event::MessageCreate(message) = read(line(2), &ours()).unwrap().event else {
        panic!()
    };
    assert_eq!(message.id, MessageId(1_500_000_000_000_000_102));
    assert_eq!(message.nonce, Some(Nonce::new("1500000000000000099")));
    assert_eq!(
        message.message_reference.unwrap().message_id,
        Some(MessageId(1_500_000_000_000_000_101))
    );
    assert_eq!(
        message.referenced_message.value().unwrap().id,
        MessageId(1_500_000_000_000_000_101)
    );
    let metadata = message.interaction_metadata.as_ref().unwrap();
    assert_eq!(
        (metadata.id, metadata.user),
        (
            InteractionId(1_500_000_000_000_000_100),
            Some(UserId(1_500_000_000_000_000_004))
        )
    );
    assert_eq!(message.components.value().unwrap().len(), 2);
    assert!(!message.is_ephemeral());

    let Event::MessageCreate(message) = read(line(3), &ours()).unwrap().event else {
        panic!()
    };
    assert!(message.is_ephemeral() && message.guild_id.is_none());
    assert_eq!(message.referenced_message, Update::Null);
    let embed = &message.embeds.value().unwrap()[0];
    assert_eq!(
        (embed.title.as_deref(), embed.color),
        (Some("Job queued"), Some(16_776_960))
    );
}

#[test]
fn forms_keep_their_inputs() {
    let Event::InteractionModalCreate(modal) = read(line(6), &ours()).unwrap().event else {
        panic!()
    };
    assert_eq!(modal.application_id, Some(MIDJOURNEY_BOT));
    assert_eq!(
        modal.components[0].components[0].value.as_deref(),
        Some("a lighthouse --zoom 2")
    );
    let labelled = r#"{"t":"INTERACTION_MODAL_CREATE","s":1,"op":0,"d":{"id":"1","components":[
        {"type":18,"label":"Prompt","component":{"type":4,"custom_id":"c"}}]}}"#;
    let Event::InteractionModalCreate(modal) = read(labelled, &ours()).unwrap().event else {
        panic!()
    };
    assert_eq!(
        modal.components[0].components[0].custom_id.as_deref(),
        Some("c")
    );
    let Event::InteractionIframeModalCreate(check) = read(line(7), &ours()).unwrap().event else {
        panic!()
    };
    assert_eq!(check.title, "Action required to continue");
}

#[test]
fn an_odd_field_does_not_cost_the_message() {
    let oddities = [
        r#""flags":"64""#,
        r#""flags":null"#,
        r#""type":"x""#,
        r#""type":999"#,
        r#""guild_id":{"a":[1]}"#,
        r#""author":{"id":{"a":1},"username":"x"}"#,
        r#""author":"x""#,
        r#""author":{"username":[]}"#,
        r#""attachments":null"#,
        r#""attachments":{}"#,
        r#""attachments":[null,7,{"id":null,"url":5,"width":12.0}]"#,
        r#""embeds":[{"title":7,"color":"x","footer":[],"image":null,"fields":[{"name":1},2]}]"#,
        r#""components":null"#,
        r#""components":[{"components":null},{"type":17,"components":[{"type":9,"accessory":{"type":2}},{"type":12,"items":[{}]}]},[],"x"]"#,
        r#""components":[{"type":-1,"style":"x","emoji":"y","disabled":null}]"#,
        r#""mentions":[{"id":"x"},{"id":5}]"#,
        r#""message_reference":null"#,
        r#""message_reference":{"message_id":null}"#,
        r#""referenced_message":7"#,
        r#""interaction":{"id":[],"user":{}}"#,
        r#""interaction_metadata":{"id":null,"user":{"id":"5"}}"#,
        r#""interaction_metadata":{"id":"5","user":null,"triggering_interaction_metadata":{"x":{"y":[{}]}}}"#,
        r#""nonce":{"a":1}"#,
        r#""nonce":12"#,
        r#""timestamp":0"#,
        r#""unknown":{"id":{},"channel_id":"9"}"#,
    ];
    for odd in oddities {
        let text = format!(
            r#"{{"t":"MESSAGE_UPDATE","s":1,"op":0,"d":{{{odd},"channel_id":"{CHANNEL}","content":"kept","id":"7"}}}}"#
        );
        let Event::MessageUpdate(message) = read(&text, &ours()).unwrap().event else {
            panic!("{odd}")
        };
        assert_eq!(
            message.content.value().map(AsRef::as_ref),
            Some("kept"),
            "{odd}"
        );
    }
}

#[test]
fn sections_and_labels_show_what_they_hold() {
    let text = format!(
        r#"{{"t":"MESSAGE_UPDATE","s":1,"op":0,"d":{{"id":"7","channel_id":"{CHANNEL}","components":[
        {{"type":17,"components":[{{"type":9,"components":[{{"type":10,"content":"x"}}],"accessory":{{"type":2,"custom_id":"press"}}}}]}}]}}}}"#
    );
    let Event::MessageUpdate(message) = read(&text, &ours()).unwrap().event else {
        panic!()
    };
    let section = &message.components.value().unwrap()[0].components[0];
    assert_eq!(section.components[1].custom_id.as_deref(), Some("press"));
}

#[test]
fn absent_and_null_are_told_apart() {
    let text = format!(
        r#"{{"t":"MESSAGE_UPDATE","s":1,"op":0,"d":{{"id":"7","channel_id":"{CHANNEL}","content":null,"components":[]}}}}"#
    );
    let Event::MessageUpdate(message) = read(&text, &ours()).unwrap().event else {
        panic!()
    };
    assert_eq!(message.content, Update::Null);
    assert_eq!(message.components, Update::Value(Vec::new()));
    assert_eq!(message.attachments, Update::Absent);
    assert_eq!(message.referenced_message, Update::Absent);
}

#[test]
fn a_message_without_its_ids_still_counts() {
    for body in [
        r#"{"channel_id":"5"}"#,
        r#"{"id":{},"channel_id":"5"}"#,
        "null",
        "[]",
        "7",
    ] {
        for text in [
            format!(r#"{{"t":"MESSAGE_CREATE","s":9,"op":0,"d":{body}}}"#),
            format!(r#"{{"op":0,"d":{body},"t":"MESSAGE_CREATE","s":9}}"#),
        ] {
            let dispatch = read(&text, &everything()).unwrap();
            assert_eq!(dispatch.sequence, 9);
            assert!(
                matches!(dispatch.event, Event::Malformed { name } if name == "MESSAGE_CREATE"),
                "{text}"
            );
        }
    }
}

#[test]
fn only_our_channels_and_applications_are_read() {
    let message = |channel: &str, author: &str, name: &str| {
        format!(
            r#"{{"t":"{name}","s":1,"op":0,"d":{{"message_reference":{{"channel_id":null}},"id":"7","channel_id":{channel},"author":{{"id":"{author}"}}}}}}"#
        )
    };
    let ours_text = format!("\"{CHANNEL}\"");
    let bot = MIDJOURNEY_BOT.to_string();
    let is_foreign = |text: String| matches!(read(&text, &ours()).unwrap().event, Event::Foreign);
    assert!(!is_foreign(message(&ours_text, &bot, "MESSAGE_CREATE")));
    assert!(!is_foreign(message(
        &CHANNEL.to_string(),
        &bot,
        "MESSAGE_CREATE"
    )));
    assert!(!is_foreign(message(
        "\"\\u0031500000000000000003\"",
        &bot,
        "MESSAGE_CREATE"
    )));
    assert!(is_foreign(message("\"8\"", &bot, "MESSAGE_CREATE")));
    assert!(is_foreign(message(&ours_text, "8", "MESSAGE_CREATE")));
    assert!(!is_foreign(message(&ours_text, "8", "MESSAGE_UPDATE")));
    assert!(is_foreign(message("\"8\"", &bot, "MESSAGE_UPDATE")));
    let quoting = format!(
        r#"{{"t":"MESSAGE_CREATE","s":1,"op":0,"d":{{"message_reference":{{"channel_id":"{CHANNEL}"}},"id":"7","channel_id":"8"}}}}"#
    );
    assert!(is_foreign(quoting));
}

#[test]
fn nested_keys_are_not_the_envelopes() {
    let text = r#"{"t":"X","op":0,"d":{"s":99,"t":"READY","op":9},"s":3}"#;
    let dispatch = read(text, &everything()).unwrap();
    assert_eq!(dispatch.sequence, 3);
    assert!(matches!(dispatch.event, Event::Foreign));
}
