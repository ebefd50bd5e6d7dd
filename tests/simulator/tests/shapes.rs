//! Shapes that clients other than ours rely on: which fields are told where, and how errors look.

mod support;

use serde_json::{Value, json};
use support::{BOT_INTENTS, Stage, grid};

fn header<'a>(headers: &'a [(&'static str, String)], name: &str) -> Option<&'a str> {
    let mut found = headers.iter().filter(|(other, _)| *other == name);
    found.next().map(|(_, value)| value.as_str())
}

#[test]
fn users_tell_more_by_rest_than_by_gateway() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_bot(BOT_INTENTS);
    stage.imagine(0, "a harbour", "1", "none");
    stage.pass(40_000);
    let told = grid(&stage.events(id, "MESSAGE_CREATE"));
    let (channel, message) = (text(&told, "channel_id"), text(&told, "id"));
    let bot = format!("Bot {}", stage.world.bot_token());
    let path = format!("/api/v10/channels/{channel}/messages/{message}");
    let (_, fetched, _) = stage.request("GET", &path, Some(&bot), &Value::Null);
    for user in ["/author", "/mentions/0", "/interaction_metadata/user"] {
        let (told, fetched) = (told.pointer(user).unwrap(), fetched.pointer(user).unwrap());
        assert_eq!(told["id"], fetched["id"]);
        assert!(told.get("flags").is_none(), "{user}");
        assert_eq!(fetched["flags"], fetched["public_flags"], "{user}");
    }
    for field in ["guild_id", "member", "channel_type", "nonce"] {
        assert!(fetched.get(field).is_none(), "{field}");
    }
    assert!(told["mentions"][0]["member"]["joined_at"].is_string());
    assert!(fetched["mentions"][0].get("member").is_none());
}

#[test]
fn unprivileged_bot_sees_only_itself_among_the_members() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_bot(BOT_INTENTS);
    let guild = stage.events(id, "GUILD_CREATE").remove(0);
    let ready = stage.events(id, "READY").remove(0);
    assert_eq!(guild["members"].as_array().map(Vec::len), Some(1));
    assert_eq!(guild["members"][0]["user"]["id"], ready["user"]["id"]);
    assert!(guild["member_count"].as_u64() > Some(1));
    let bot = format!("Bot {}", stage.world.bot_token());
    let path = format!("/api/v10/guilds/{}/members?limit=5", text(&guild, "id"));
    let (status, error, _) = stage.request("GET", &path, Some(&bot), &Value::Null);
    assert_eq!(
        (status, error),
        (403, json!({"message": "Missing Access", "code": 50001}))
    );
}

#[test]
fn client_state_v2_nests_what_belongs_to_the_guild() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_user(0);
    let guild = stage.events(id, "READY").remove(0)["guilds"][0].take();
    assert_eq!(guild["properties"]["name"], "Image room");
    assert_eq!(guild["data_mode"], "full");
    assert!(guild.get("name").is_none() && guild["properties"].get("roles").is_none());
    assert!(guild["channels"].is_array() && guild["roles"].is_array());
}

#[test]
fn routes_are_known_before_tokens() {
    let mut stage = Stage::new();
    let channel = stage.world.accounts()[0].channel;
    for (method, path, expected) in [
        ("GET", "nonsense".to_owned(), "404: Not Found"),
        ("DELETE", "gateway".into(), "405: Method Not Allowed"),
        (
            "PATCH",
            format!("channels/{channel}/messages"),
            "405: Method Not Allowed",
        ),
        ("GET", "users/@me".into(), "401: Unauthorized"),
    ] {
        let path = format!("/api/v10/{path}");
        let (status, error, _) = stage.request(method, &path, None, &Value::Null);
        assert_eq!(error, json!({"message": expected, "code": 0}));
        assert!(expected.starts_with(&status.to_string()));
    }
}

#[test]
fn a_users_own_commands_are_another_index() {
    let mut stage = Stage::new();
    let own = "/api/v9/users/@me/application-command-index";
    let of_guild = format!(
        "/api/v9/guilds/{}/application-command-index",
        stage.world.guild_id()
    );
    let user = stage.user_token(0);
    let (status, index, _) = stage.request("GET", own, Some(&user), &Value::Null);
    assert_eq!((status, &index["application_commands"]), (200, &json!([])));
    let (_, index, _) = stage.request("GET", &of_guild, Some(&user), &Value::Null);
    let application = &index["applications"][0];
    assert_eq!(application["bot_id"], application["bot"]["id"]);
    assert_eq!(application["flags"], "0");
    let bot = format!("Bot {}", stage.world.bot_token());
    let (status, error, _) = stage.request("GET", own, Some(&bot), &Value::Null);
    assert_eq!((status, &error["code"]), (403, &json!(20001)));
}

#[test]
fn ids_must_be_numbers() {
    let mut stage = Stage::new();
    let bot = format!("Bot {}", stage.world.bot_token());
    let (status, error, _) =
        stage.request("GET", "/api/v10/channels/abc", Some(&bot), &Value::Null);
    assert_eq!((status, &error["code"]), (400, &json!(50035)));
    assert_eq!(
        error["errors"]["channel_id"]["_errors"][0]["code"],
        "NUMBER_TYPE_COERCE"
    );
}

#[test]
fn own_messages_can_be_edited() {
    let mut stage = Stage::new();
    let (id, _) = stage.login_bot(BOT_INTENTS);
    let bot = format!("Bot {}", stage.world.bot_token());
    let channel = stage.world.accounts()[0].channel;
    let path = format!("/api/v10/channels/{channel}/messages");
    let (_, message, _) = stage.request("POST", &path, Some(&bot), &json!({"content": "one"}));
    let path = format!("{path}/{}", text(&message, "id"));
    let edit = json!({"content": "two"});
    let (status, edited, _) = stage.request("PATCH", &path, Some(&bot), &edit);
    assert_eq!((status, &edited["content"]), (200, &json!("two")));
    let update = stage.events(id, "MESSAGE_UPDATE").remove(0);
    assert_eq!(update["edited_timestamp"], edited["edited_timestamp"]);
    let user = stage.user_token(0);
    let (status, error, _) = stage.request("PATCH", &path, Some(&user), &edit);
    assert_eq!((status, &error["code"]), (403, &json!(50005)));
}

#[test]
fn discords_429_can_be_told_from_cloudflares() {
    let mut stage = Stage::new();
    let bot = format!("Bot {}", stage.world.bot_token());
    for (fault, scope) in [
        (json!({"retry_after": 1.5}), Some("user")),
        (json!({"retry_after": 1.5, "shared": true}), Some("shared")),
        (json!({"retry_after": 1.5, "global": true}), Some("global")),
        (json!({"cloudflare": true}), None),
    ] {
        stage.control(&json!({"command": "fault", "http": fault}));
        let (status, body, response) =
            stage.request("GET", "/api/v10/users/@me", Some(&bot), &Value::Null);
        assert_eq!(status, 429);
        let headers = &response.headers;
        assert_eq!(header(headers, "x-ratelimit-scope"), scope);
        assert_eq!(header(headers, "via").is_some(), scope.is_some());
        assert_eq!(body["retry_after"].as_f64(), scope.map(|_| 1.5));
        let bucket = matches!(scope, Some("user" | "shared"));
        assert_eq!(header(headers, "x-ratelimit-bucket").is_some(), bucket);
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
