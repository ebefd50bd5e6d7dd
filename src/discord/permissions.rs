//! What a member may do in a channel, out of the guild's roles and the channel's overwrites ("Permissions", "Permission
//! Overwrites").

use serde::Deserialize;

use crate::lenient;

/// A set of permissions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Permissions(pub u64);

impl Permissions {
    /// Everything, whatever the overwrites say.
    pub const ADMINISTRATOR: Self = Self(1 << 3);
    /// To see the channel.
    pub const VIEW_CHANNEL: Self = Self(1 << 10);
    /// To write in it.
    pub const SEND_MESSAGES: Self = Self(1 << 11);
    /// To send pictures.
    pub const ATTACH_FILES: Self = Self(1 << 15);
    /// To read what was written before.
    pub const READ_MESSAGE_HISTORY: Self = Self(1 << 16);
    /// To use slash commands.
    pub const USE_APPLICATION_COMMANDS: Self = Self(1 << 31);

    /// Whether all of `wanted` is there.
    pub fn has(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }
}

#[derive(Deserialize)]
struct Guild {
    #[serde(deserialize_with = "lenient::number")]
    id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    owner_id: Option<u64>,
    roles: Vec<Role>,
}

#[derive(Deserialize)]
struct Role {
    #[serde(deserialize_with = "lenient::number")]
    id: Option<u64>,
    #[serde(deserialize_with = "lenient::number")]
    permissions: Option<u64>,
}

#[derive(Deserialize)]
struct Member {
    roles: Vec<String>,
    user: MemberUser,
}

#[derive(Deserialize)]
struct MemberUser {
    #[serde(deserialize_with = "lenient::number")]
    id: Option<u64>,
}

#[derive(Deserialize)]
struct Channel {
    #[serde(default)]
    permission_overwrites: Vec<Overwrite>,
}

#[derive(Deserialize)]
struct Overwrite {
    #[serde(deserialize_with = "lenient::number")]
    id: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    allow: Option<u64>,
    #[serde(default, deserialize_with = "lenient::number")]
    deny: Option<u64>,
}

/// What a member may do, out of the answers to `GET /guilds/{guild}`, `GET /guilds/{guild}/members/{user}` and
/// `GET /channels/{channel}`; `None` when one of them is none.
pub fn read_permissions(guild: &str, member: &str, channel: &str) -> Option<Permissions> {
    let guild: Guild = serde_json::from_str(guild).ok()?;
    let member: Member = serde_json::from_str(member).ok()?;
    let channel: Channel = serde_json::from_str(channel).ok()?;
    let own: Vec<u64> = member
        .roles
        .iter()
        .filter_map(|id| id.parse().ok())
        .collect();
    let everybody = guild.id?;
    let everything = Some(Permissions(u64::MAX));
    if guild.owner_id.is_some() && guild.owner_id == member.user.id {
        return everything;
    }
    let roles = guild.roles.iter().filter(|role| {
        role.id
            .is_some_and(|id| id == everybody || own.contains(&id))
    });
    let base = roles.fold(0, |all, role| all | role.permissions.unwrap_or(0));
    if Permissions(base).has(Permissions::ADMINISTRATOR) {
        return everything;
    }
    let overwrites = &channel.permission_overwrites;
    let of = |wanted: &dyn Fn(u64) -> bool| {
        let meant = overwrites
            .iter()
            .filter(|overwrite| overwrite.id.is_some_and(wanted));
        meant.fold((0, 0), |(allow, deny), overwrite| {
            (
                allow | overwrite.allow.unwrap_or(0),
                deny | overwrite.deny.unwrap_or(0),
            )
        })
    };
    let layers = [
        of(&|id| id == everybody),
        of(&|id| id != everybody && own.contains(&id)),
        of(&|id| Some(id) == member.user.id),
    ];
    let all = layers
        .into_iter()
        .fold(base, |all, (allow, deny)| all & !deny | allow);
    Some(Permissions(all))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const VIEW: u64 = Permissions::VIEW_CHANNEL.0;
    const SEND: u64 = Permissions::SEND_MESSAGES.0;

    fn permissions(base: u64, overwrites: &serde_json::Value) -> Permissions {
        let guild = json!({"id": "1", "owner_id": "9", "roles": [
            {"id": "1", "permissions": base.to_string()}, {"id": "2", "permissions": "0"}, {"id": "3", "permissions": "8"},
        ]});
        let member = json!({"roles": ["2"], "user": {"id": "5"}});
        let channel = json!({"permission_overwrites": overwrites});
        read_permissions(
            &guild.to_string(),
            &member.to_string(),
            &channel.to_string(),
        )
        .unwrap()
    }

    #[test]
    fn the_nearer_overwrite_wins() {
        let overwrite = |id: &str, allow: u64, deny: u64| json!({"id": id, "type": 0, "allow": allow.to_string(), "deny": deny.to_string()});
        assert_eq!(permissions(VIEW, &json!([])), Permissions(VIEW));
        let hidden = overwrite("1", 0, VIEW);
        assert_eq!(
            permissions(VIEW | SEND, &json!([hidden])),
            Permissions(SEND)
        );
        let shown = overwrite("2", VIEW, 0);
        assert!(permissions(VIEW, &json!([hidden, shown])).has(Permissions::VIEW_CHANNEL));
        let mute = overwrite("5", 0, SEND);
        let all = permissions(VIEW | SEND, &json!([hidden, shown, mute]));
        assert!(all.has(Permissions::VIEW_CHANNEL) && !all.has(Permissions::SEND_MESSAGES));
        let others = overwrite("7", 0, VIEW);
        assert_eq!(permissions(VIEW, &json!([others])), Permissions(VIEW));
    }

    #[test]
    fn administrators_and_owners_may_everything() {
        assert!(
            permissions(8, &json!([{"id": "1", "deny": "1024"}])).has(Permissions(VIEW | SEND))
        );
        let guild = r#"{"id":"1","owner_id":"5","roles":[]}"#;
        let member = r#"{"roles":[],"user":{"id":"5"}}"#;
        assert_eq!(
            read_permissions(guild, member, "{}"),
            Some(Permissions(u64::MAX))
        );
        assert_eq!(read_permissions("[]", member, "{}"), None);
    }
}
