//! A client that is not ours logs in over real sockets: twilight-gateway with twilight-model's strict decoding.

use std::time::Duration;

use mj_simulator::server::{Options, Server};
use mj_simulator::world::Settings;
use serde_json::{Value, json};
use twilight_gateway::{
    CloseFrame, ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt,
};
use twilight_model::channel::Message;

type Failure = Box<dyn std::error::Error>;

const TIME: Duration = Duration::from_secs(20);

async fn next(shard: &mut Shard) -> Result<Event, Failure> {
    let event = tokio::time::timeout(TIME, shard.next_event(EventTypeFlags::all())).await?;
    Ok(event.ok_or("the shard ended")??)
}

/// Waits for the first event that `pick` wants; every other one must decode all the same.
async fn wait<T>(
    shard: &mut Shard,
    mut pick: impl FnMut(Event) -> Option<T>,
) -> Result<T, Failure> {
    loop {
        if let Some(found) = pick(next(shard).await?) {
            return Ok(found);
        }
    }
}

fn imagine(line: &Value, prompt: &str) -> Value {
    json!({
        "type": 2, "application_id": "936929561302675456", "guild_id": line["guild_id"], "channel_id": line["channel_id"],
        "session_id": line["session_id"], "nonce": "1",
        "data": {
            "version": "1237876415471554623", "id": "938956540159881230", "name": "imagine", "type": 1,
            "options": [{"type": 3, "name": "prompt", "value": prompt}],
        },
    })
}

fn interact(server: &Server, line: &Value, body: &Value) {
    let request = mj_simulator::world::Request {
        method: "POST".into(),
        path: "/api/v10/interactions".into(),
        authorization: line["user_token"].as_str().map(str::to_owned),
        user_agent: Some("test/1.0".into()),
        content_type: Some("application/json".into()),
        range: None,
        body: body.to_string().into_bytes(),
        ..mj_simulator::world::Request::default()
    };
    let response = server
        .driver()
        .with_world(|world, now| world.handle_request(now, &request));
    assert_eq!(response.status, 204, "{response:?}");
}

fn message(event: Event) -> Option<Message> {
    if let Event::MessageCreate(message) = event {
        Some(message.message)
    } else {
        None
    }
}

#[tokio::test]
async fn twilight_logs_in_reads_messages_and_resumes() -> Result<(), Failure> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let server = Server::start(
        Settings {
            speed: 100.0,
            ..Settings::default()
        },
        Options::default(),
    )
    .await?;
    let line = server.announcement().clone();
    let token = line["bot_token"].as_str().ok_or("no token")?.to_owned();
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let gateway = line["gateway_url"].as_str().ok_or("no url")?.to_owned();
    let config = ConfigBuilder::new(token, intents)
        .proxy_url(gateway)
        .build();
    let mut shard = Shard::with_config(ShardId::ONE, config);

    let ready = wait(&mut shard, |event| {
        if let Event::Ready(ready) = event {
            Some(ready)
        } else {
            None
        }
    })
    .await?;
    assert_eq!(
        ready.guilds[0].id.to_string(),
        line["guild_id"].as_str().unwrap_or_default()
    );
    let guild = wait(&mut shard, |event| {
        if let Event::GuildCreate(guild) = event {
            Some(guild)
        } else {
            None
        }
    })
    .await?;
    assert_eq!(guild.id(), ready.guilds[0].id);

    interact(&server, &line, &imagine(&line, "a harbour"));
    let start = wait(&mut shard, message).await?;
    assert!(start.content.ends_with("(Waiting to start)"), "{start:?}");
    let last = wait(&mut shard, message).await?;
    let reference = last
        .reference
        .as_ref()
        .and_then(|reference| reference.message_id);
    assert_eq!(reference, Some(start.id));
    assert_eq!(last.attachments.len(), 1);
    assert_eq!(last.components.len(), 2);
    let metadata = last.interaction_metadata.as_ref().ok_or("no metadata")?;
    assert_eq!(
        metadata.user.id.to_string(),
        line["user_id"].as_str().unwrap_or_default()
    );

    shard.close(CloseFrame::RESUME);
    interact(&server, &line, &imagine(&line, "a lighthouse"));
    // What was missed comes before RESUMED, the rest after it.
    let (mut resumed, mut seen) = (false, false);
    while !(resumed && seen) {
        let event = next(&mut shard).await?;
        resumed |= matches!(event, Event::Resumed);
        seen |= message(event).is_some_and(|message| message.content.contains("a lighthouse"));
    }
    let record = server.driver().control(&json!({"command": "record"}))?;
    assert_eq!(
        (record["identifies"].as_u64(), record["resumes"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(record["connections"][1]["resume_host"], true);
    Ok(())
}

#[tokio::test]
async fn every_message_decodes_as_twilights_model() -> Result<(), Failure> {
    let server = Server::start(
        Settings {
            speed: 1000.0,
            ..Settings::default()
        },
        Options::default(),
    )
    .await?;
    let line = server.announcement().clone();
    for prompt in ["a harbour", "x simulate:banned", "x simulate:moderated"] {
        interact(&server, &line, &imagine(&line, prompt));
    }
    let finished = async {
        loop {
            let all = server.driver().control(&json!({"command": "messages"}))?;
            let all = all.as_array().cloned().unwrap_or_default();
            if all.iter().any(|message| {
                message["components"]
                    .as_array()
                    .is_some_and(|rows| rows.len() == 2)
            }) && all.len() >= 3
            {
                return Ok::<_, Failure>(all);
            }
            tokio::task::yield_now().await;
        }
    };
    for message in tokio::time::timeout(TIME, finished).await?? {
        serde_json::from_value::<Message>(message.clone())
            .map_err(|error| format!("{error}: {message}"))?;
    }
    Ok(())
}
