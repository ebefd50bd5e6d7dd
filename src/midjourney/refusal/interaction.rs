//! The reasons that `INTERACTION_FAILURE` names, as clients have written them down; Discord does not document them.

use super::Lang;

/// `reason_code` of `INTERACTION_FAILURE`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InteractionFailureReason(pub u32);

/// The numbers that a slash command or a button can meet; the others belong to launching activities.
pub(super) const KNOWN: &[(u32, [&str; 2])] = &[
    (1, ["Discord does not say why", "Discord 未说明原因"]),
    (2, ["the bot did not answer in time", "机器人未及时响应"]),
    (3, ["unknown application", "未知应用"]),
    (4, ["unknown channel", "未知频道"]),
    (5, ["unknown guild", "未知服务器"]),
    (8, ["wrong kind of channel", "频道类型不符"]),
    (
        11,
        [
            "the account may not use age-restricted commands here",
            "该账号不能在此使用限龄命令",
        ],
    ),
    (
        12,
        [
            "the account does not meet the guild's verification level",
            "账号未达到服务器的验证级别",
        ],
    ),
    (
        13,
        [
            "the account lacks a permission for this",
            "账号缺少所需权限",
        ],
    ),
];

impl InteractionFailureReason {
    /// What it means, with the number.
    pub fn words(self, lang: Lang) -> String {
        let known = KNOWN.iter().find(|(number, _)| *number == self.0);
        match (known, lang) {
            (Some((number, words)), Lang::En) => format!("{} (reason {number})", words[0]),
            (Some((number, words)), Lang::Zh) => format!("{}（原因 {number}）", words[1]),
            (None, Lang::En) => format!("reason {}", self.0),
            (None, Lang::Zh) => format!("原因 {}", self.0),
        }
    }
}
