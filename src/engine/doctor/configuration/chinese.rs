//! What is wrong with a setting, in Chinese: exceptions say it in English, and the doctor in both.

use crate::doctor::text::Shown;

/// Patterns of the messages that settings have, `{}` being any text; and the same in Chinese, with its places in the
/// same order.
const TABLE: &[(&str, &str)] = &[
    (
        "must be a Discord id: {}",
        "必须是 Discord ID：即“复制 ID”得到的 17 到 20 位数字",
    ),
    (
        "must be a whole number from {} to {}",
        "必须是 {} 到 {} 的整数",
    ),
    (
        "must be 0 or a number of bytes from {} to {}, {}",
        "必须是 0，或 {} 到 {} 的字节数，可加 K、M、G",
    ),
    (
        "must be a time of {} to {} seconds; {}",
        "必须是 {} 到 {} 秒的时间；可写秒数，或加 ms、s、m、h、d",
    ),
    ("must be on or off", "必须是 on 或 off"),
    ("must be one of {}", "必须是其中之一：{}"),
    (
        "must be an address that starts with {}",
        "必须是以 {} 开头的地址",
    ),
    (
        "must start with {}, not with {}",
        "必须以 {} 开头，而不是 {}",
    ),
    ("names no host", "缺少主机名"),
    (
        "names a host with characters that no host has: {}",
        "主机名中有不可能出现的字符：请只填一个地址，与浏览器中的写法相同",
    ),
    (
        "holds two schemes, one behind the other: {}",
        "写了两个协议头（如 https://https://）：请去掉一个",
    ),
    (
        "holds a space, a line end or a backslash: {}",
        "含有空格、换行或反斜杠，地址中不能有这些字符",
    ),
    (
        "cannot be read as an address ({}): {}",
        "无法识别为地址（{}）：请检查主机与端口；用户名或密码中的特殊字符请写成 %XX",
    ),
    (
        "must contain {host} once, {}",
        "必须含有一个 {host}，如 wss://gateway.example.com/{host}",
    ),
    (
        "must end before {}: mj adds that itself",
        "{} 及其后的内容请去掉：mj 会自行添加",
    ),
    (
        "must end behind the port: {}",
        "端口之后不能再有内容：代理地址没有路径",
    ),
    ("must end before the first ? or #", "不能包含 ? 或 #"),
    (
        "is a user's token: {}",
        "填成了用户令牌：请填机器人令牌（开发者后台的 Bot 页）",
    ),
    (
        "is a bot's token: {}",
        "填成了机器人令牌：机器人无法运行 Midjourney 命令，请填用户令牌",
    ),
    (
        "is the same token as the bot's (account {}): {}",
        "与机器人令牌相同（账号 {}）：机器人无法运行 Midjourney 命令，请填用户令牌",
    ),
    (
        "is that of account {} already: {}",
        "与账号 {} 重复：每个账号只列一次",
    ),
    (
        "holds characters that no Discord token has: {}",
        "含有令牌中不可能出现的字符：请重新复制，不要带空格或引号",
    ),
    ("is not valid UTF-8", "不是有效的 UTF-8"),
    ("must be a string, {} given", "必须是字符串，而不是 {}"),
    (
        "is missing: set it to the id of the Discord server or channel {}",
        "未设置：请填 Midjourney 所在的 Discord 服务器或频道的 ID",
    ),
    (
        "is missing: set it to the token of the Discord user {}",
        "未设置：请填订阅了 Midjourney 的 Discord 用户令牌，或设置 mj.bot_token 并在每次提交时给出 user_token",
    ),
    (
        "is missing: mj.archive is a bucket",
        "未设置：mj.archive 为存储桶",
    ),
    ("is missing", "未设置"),
    ("needs {}, which is not set", "需要 {}，而它未设置"),
    (
        "needs a gateway, and mj.gateway is off",
        "需要网关，而 mj.gateway 为 off",
    ),
    ("needs mj.archive, {}", "需要将 mj.archive 设为 s3://bucket"),
    (
        "is for s3://bucket only, {}",
        "仅用于 s3://bucket，而 mj.archive 是目录",
    ),
    (
        "must be the absolute path of a directory, {}",
        "必须是目录的绝对路径，或 s3://bucket/prefix",
    ),
    (
        "must name a bucket, {}",
        "必须是存储桶：s3://bucket 或 s3://bucket/prefix",
    ),
    ("has a prefix with {}", "前缀中有空段、. 或 .."),
    (
        "must be the name of a region, {}",
        "必须是区域名，如 eu-west-1",
    ),
    (
        "must be at most 256 printable ASCII characters",
        "最多 256 个可打印 ASCII 字符",
    ),
    (
        "holds no certificate in PEM form",
        "文件中没有 PEM 格式的证书",
    ),
    ("cannot be read: {}", "无法读取：{}"),
    (
        "is too short: set it to {} random characters {}",
        "太短：请设为至少 {} 个随机字符；可用 `openssl rand -hex 32` 生成",
    ),
    (
        "is too easy to guess: set it to {} random characters {}",
        "太容易猜到：请设为至少 {} 个随机字符；可用 `openssl rand -hex 32` 生成",
    ),
    ("cannot be made into a key", "无法生成密钥"),
    (
        "is the same as mj.secret: {}",
        "与 mj.secret 相同：请去掉该项，或填更换之前的密钥",
    ),
    (
        "is set, and {} too: set one of them",
        "与 {} 同时设置：只保留其一",
    ),
    (
        "names a file that cannot be read: {}",
        "所指的文件无法读取：{}",
    ),
    ("names a file of more than {} kB", "所指的文件超过 {} kB"),
    ("names a file that is empty", "所指的文件是空的"),
    ("names no file", "所指的不是文件"),
    ("is longer than {} bytes", "超过 {} 字节"),
    (
        "must be the absolute path of a file, syslog or php",
        "必须是文件的绝对路径、syslog 或 php",
    ),
    ("no such setting{}", "没有这个设置项"),
    ("no such key; known are {}", "没有这个键；可用的有 {}"),
    (
        "means the same as {}: give one of them",
        "与 {} 含义相同：只保留其一",
    ),
    (
        "must be an array with string keys",
        "必须是以字符串为键的数组",
    ),
    ("must be an absolute path", "必须是绝对路径"),
    (
        "this version has no Redis store: {}",
        "此版本没有 Redis 存储：请用 sqlite:///路径",
    ),
    (
        "must be sqlite:// followed by {}",
        "必须是 sqlite:// 加目录的绝对路径",
    ),
    (
        "names another place than {}: give one of them",
        "与 {} 指向不同位置：只保留其一",
    ),
    (
        "must be a list of arrays, {}",
        "必须是数组列表，每项含 name 与 user_token",
    ),
    (
        "must be an array with name and user_token",
        "必须是含 name 与 user_token 的数组",
    ),
    (
        "must have at most 64 bytes {}",
        "最多 64 字节，且不能以 token- 开头",
    ),
    (
        "must be an http or https address",
        "必须是 http 或 https 地址",
    ),
];

/// A message in both languages; one that is not in the table is told in English in both.
pub(super) fn shown(message: &str) -> Shown {
    for (pattern, chinese) in TABLE {
        if let Some(parts) = matched(pattern, message) {
            let mut parts = parts.into_iter();
            let mut said = String::new();
            for (at, piece) in chinese.split("{}").enumerate() {
                if at > 0 {
                    said.push_str(&listed(parts.next().unwrap_or_default()));
                }
                said.push_str(piece);
            }
            return Shown::both(message, &said);
        }
    }
    Shown::both(message, message)
}

/// A list of schemes in Chinese; anything else, as the words of an error, as it is.
fn listed(part: &str) -> String {
    let is_list = part.split(" or ").all(|scheme| scheme.ends_with("://"));
    if is_list {
        part.replace(" or ", " 或 ")
    } else {
        part.to_owned()
    }
}

/// What stands in the places of a pattern.
fn matched<'m>(pattern: &str, message: &'m str) -> Option<Vec<&'m str>> {
    let mut pieces = pattern.split("{}");
    let mut rest = message.strip_prefix(pieces.next()?)?;
    let mut found = Vec::new();
    let pieces: Vec<&str> = pieces.collect();
    for (at, piece) in pieces.iter().enumerate() {
        if piece.is_empty() && at + 1 == pieces.len() {
            found.push(rest);
            return Some(found);
        }
        let (place, behind) = rest.split_once(piece)?;
        found.push(place);
        rest = behind;
    }
    rest.is_empty().then_some(found)
}

#[cfg(test)]
mod tests {
    use mj_midjourney::refusal::Lang;

    use super::*;
    use crate::{doctor::text::Text, environment::Environment, error::EngineError};

    fn chinese(message: &str) -> String {
        Text::with("{0}", "{0}", [shown(message)])
            .words(Lang::Zh)
            .to_owned()
    }

    #[test]
    fn keeps_what_the_message_names() {
        assert_eq!(
            chinese("must be a whole number from 1 to 15"),
            "必须是 1 到 15 的整数"
        );
        assert_eq!(
            chinese("must start with wss:// or ws://, not with https://"),
            "必须以 wss:// 或 ws:// 开头，而不是 https://"
        );
        assert_eq!(
            chinese("cannot be read: No such file or directory (os error 2)"),
            "无法读取：No such file or directory (os error 2)"
        );
        assert_eq!(chinese("is missing"), "未设置");
        assert_eq!(chinese("of another kind"), "of another kind");
    }

    /// Every message of the settings' own files has its Chinese.
    #[test]
    fn every_message_is_known() {
        let sources = [
            include_str!("../../setting.rs"),
            include_str!("../../account_setting.rs"),
            include_str!("../../config.rs"),
            include_str!("../../config/hub.rs"),
            include_str!("../../config/archive.rs"),
            include_str!("../../config/secret.rs"),
            include_str!("../../config/raw.rs"),
        ];
        let literal = |text: &str| -> Option<String> {
            let (_, from) = text.split_once('"')?;
            let (text, _) = from.split_once('"')?;
            Some(text.replace("{index}", "0"))
        };
        let mut unknown = Vec::new();
        for source in sources {
            let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
            for call in source.split(".wrong(").skip(1) {
                let call = call.split(";\n").next().unwrap();
                if let Some(message) = literal(call).filter(|it| it.contains(' '))
                    && chinese(&message) == message
                {
                    unknown.push(message);
                }
            }
        }
        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn every_message_of_the_environment_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let files = [
            file("empty", "\n"),
            file("large", &"a".repeat(70_000)),
            directory.path().to_str().unwrap().to_owned(),
            "/nonexistent".to_owned(),
        ];
        let message = |direct: Option<&str>, path: &str| {
            let environment = Environment::read(|name| match name {
                "MJ_PROXY" => direct.map(|text| text.as_bytes().to_vec()),
                "MJ_PROXY_FILE" => Some(path.as_bytes().to_vec()),
                _ => None,
            });
            let error = environment.setting("proxy").unwrap_err();
            let EngineError::Configuration { message, .. } = error else {
                panic!("{error}");
            };
            message
        };
        let mut messages: Vec<_> = files.iter().map(|path| message(None, path)).collect();
        messages.push(message(Some("http://a.example:1"), &files[0]));
        for message in messages {
            assert_ne!(chinese(&message), message);
        }
    }
}
