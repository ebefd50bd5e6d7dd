//! Every check of the doctor's, in the order of its report, with what each needs to make sense.

use mj_midjourney::refusal::Lang;

macro_rules! checks {
    ($($(#[$doc:meta])* $check:ident $name:literal $en:literal $zh:literal [$($needed:ident),*];)*) => {
        /// A check. The order is that of the report; what a check needs comes before it.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub(crate) enum Check {
            $($(#[$doc])* $check,)*
        }

        impl Check {
            /// All of them, in the order of the report.
            pub(crate) const ALL: &[Self] = &[$(Self::$check,)*];

            /// Its name, which stays the same in all versions.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$check => $name,)*
                }
            }

            /// What it looks at, as a heading.
            pub(crate) const fn title(self, lang: Lang) -> &'static str {
                let [en, zh] = match self {
                    $(Self::$check => [$en, $zh],)*
                };
                match lang {
                    Lang::En => en,
                    Lang::Zh => zh,
                }
            }

            /// The checks without which it says nothing: where one of them fails, this one is skipped.
            pub(crate) const fn needs(self) -> &'static [Self] {
                match self {
                    $(Self::$check => &[$(Self::$needed,)*],)*
                }
            }
        }
    };
}

checks! {
    /// Which PHP, and which `php.ini`.
    PhpVersion "php.version" "PHP" "PHP 版本" [];
    /// The server interface, and whether PHP is thread-safe.
    PhpSapi "php.sapi" "Server interface" "运行方式（SAPI）" [];
    /// `opcache.preload`.
    PhpPreload "php.preload" "opcache.preload" "opcache.preload 预加载" [];
    /// `disable_functions`.
    PhpFunctions "php.functions" "Disabled functions" "被禁用的函数" [];
    /// `open_basedir` against the state directory.
    PhpOpenBasedir "php.open_basedir" "open_basedir" "open_basedir 限制" [];
    /// Version and build, and whether the owner runs the same.
    ExtensionVersion "extension.version" "Extension" "扩展版本" [];

    /// Every key that is set and where; names that are none.
    ConfigurationKeys "configuration.keys" "Settings" "配置项" [];
    /// Tokens by their shape, and whether they are swapped.
    ConfigurationTokens "configuration.tokens" "Tokens" "令牌格式" [];
    /// Ids that are no snowflakes.
    ConfigurationIds "configuration.ids" "Ids" "ID 格式" [];
    /// Addresses and their schemes.
    ConfigurationAddresses "configuration.addresses" "Addresses" "地址格式" [];
    /// Every other value by itself.
    ConfigurationValues "configuration.values" "Values" "配置值" [];
    /// Files and directories that settings name.
    ConfigurationFiles "configuration.files" "Files in settings" "配置中的文件" [];
    /// Whether there is a hub: all that it needs, and nothing that contradicts.
    ConfigurationHub "configuration.hub" "Hub" "Hub 配置" [ConfigurationKeys, ConfigurationTokens, ConfigurationIds, ConfigurationAddresses, ConfigurationValues, ConfigurationFiles];

    /// Where the state lies, and whether nobody can replace it.
    StateDirPath "state_dir.path" "State directory" "状态目录" [];
    /// Whether it is there.
    StateDirExists "state_dir.exists" "Directory: there" "状态目录：存在" [StateDirPath];
    /// What disk it is on.
    StateDirFileSystem "state_dir.file_system" "Directory: disk" "状态目录：磁盘类型" [StateDirExists];
    /// Whose it is, against who runs this PHP.
    StateDirOwner "state_dir.owner" "Directory: owner" "状态目录：所有者" [StateDirExists];
    /// Who may write in it.
    StateDirMode "state_dir.mode" "Directory: mode" "状态目录：权限" [StateDirExists];
    /// Whether this process can use it.
    StateDirWritable "state_dir.writable" "Directory: writable" "状态目录：可写" [StateDirOwner, StateDirFileSystem];
    /// Space and inodes left.
    StateDirSpace "state_dir.space" "Directory: space" "状态目录：剩余空间" [StateDirExists];
    /// Files of other users in it: the command line and the web server do not share it.
    StateDirFiles "state_dir.files" "Directory: files" "状态目录：文件" [StateDirOwner];

    /// A process that stays inside a write.
    DatabaseWriter "database.writer" "Database: writers" "数据库：写入者" [StateDirWritable];
    /// The version of what is stored.
    DatabaseVersion "database.version" "Database: version" "数据库：版本" [PhpPreload, StateDirMode, StateDirWritable, StateDirSpace, StateDirFiles, DatabaseWriter];
    /// Whether the database opens.
    DatabaseOpen "database.open" "Database: opens" "数据库：打开" [DatabaseVersion];
    /// Whether it is whole.
    DatabaseIntegrity "database.integrity" "Database: whole" "数据库：完整性" [DatabaseOpen];
    /// Whether what is encrypted in it can be read with the secrets that are set here.
    DatabaseSecret "database.secret" "Database: secret" "数据库：密钥" [DatabaseOpen];

    /// Whether the log can be written.
    LogWritable "log.writable" "Log" "日志" [];

    /// `mj.proxy`.
    Proxy "proxy" "Proxy" "网络代理" [PhpPreload, ConfigurationAddresses];
    /// The API's name.
    ApiDns "api.dns" "API: name" "API：域名解析" [Proxy];
    /// The API's port.
    ApiTcp "api.tcp" "API: connection" "API：连接" [ApiDns];
    /// The API's TLS: version, chain, name, days left.
    ApiTls "api.tls" "API: certificate" "API：证书" [ApiTcp];
    /// Whether Discord answers there.
    ApiAnswer "api.answer" "API: answer" "API：应答" [ApiTls];
    /// The gateway's name.
    GatewayDns "gateway.dns" "Gateway: name" "网关：域名解析" [Proxy];
    /// The gateway's port.
    GatewayTcp "gateway.tcp" "Gateway: connection" "网关：连接" [GatewayDns];
    /// The gateway's TLS.
    GatewayTls "gateway.tls" "Gateway: certificate" "网关：证书" [GatewayTcp];
    /// Whether it becomes a WebSocket.
    GatewayUpgrade "gateway.upgrade" "Gateway: WebSocket" "网关：WebSocket" [GatewayTls];
    /// Whether Hello comes.
    GatewayHello "gateway.hello" "Gateway: Hello" "网关：Hello" [GatewayUpgrade];
    /// Whether what comes is held back in between.
    GatewayBuffering "gateway.buffering" "Gateway: buffering" "网关：缓冲" [GatewayHello];
    /// Whether a silent connection is cut below a heartbeat.
    GatewayIdle "gateway.idle" "Gateway: read time-out" "网关：读超时" [GatewayHello];
    /// The host at which a session is resumed.
    GatewayResume "gateway.resume" "Gateway: resume" "网关：恢复会话" [GatewayHello];
    /// The image domain's name.
    CdnDns "cdn.dns" "Pictures: name" "图片：域名解析" [Proxy];
    /// Its port.
    CdnTcp "cdn.tcp" "Pictures: connection" "图片：连接" [CdnDns];
    /// Its TLS.
    CdnTls "cdn.tls" "Pictures: certificate" "图片：证书" [CdnTcp];
    /// Whether Discord's CDN answers there.
    CdnAnswer "cdn.answer" "Pictures: answer" "图片：应答" [CdnTls];
    /// The upload host's name.
    UploadDns "upload.dns" "Uploads: name" "上传：域名解析" [Proxy];
    /// Its port.
    UploadTcp "upload.tcp" "Uploads: connection" "上传：连接" [UploadDns];
    /// Its TLS.
    UploadTls "upload.tls" "Uploads: certificate" "上传：证书" [UploadTcp];
    /// Whether the storage host answers there.
    UploadAnswer "upload.answer" "Uploads: answer" "上传：应答" [UploadTls];
    /// How large a file the reverse proxy before it takes.
    UploadSize "upload.size" "Uploads: size" "上传：大小限制" [UploadAnswer];
    /// The name of Vary (Region)'s editor.
    ActivityDns "activity.dns" "Region editor: name" "局部重绘：域名解析" [Proxy];
    /// Its port.
    ActivityTcp "activity.tcp" "Region editor: connection" "局部重绘：连接" [ActivityDns];
    /// Its TLS.
    ActivityTls "activity.tls" "Region editor: certificate" "局部重绘：证书" [ActivityTcp];
    /// Whether something else than the editor answers there.
    ActivityAnswer "activity.answer" "Region editor: answer" "局部重绘：应答" [ActivityTls];
    /// This machine's clock against Discord's.
    Clock "clock" "Clock" "系统时钟" [ApiAnswer];

    /// Whether a bot's token stands where a user's belongs, as Discord says.
    DiscordTokensSwapped "discord.tokens_swapped" "Tokens swapped" "令牌是否填反" [ConfigurationHub, ApiAnswer];
    /// Whose the user's token is.
    DiscordUserToken "discord.user_token" "User token" "用户令牌" [DiscordTokensSwapped];
    /// Whose the bot's token is.
    DiscordBotToken "discord.bot_token" "Bot token" "机器人令牌" [DiscordTokensSwapped];
    /// Whether Discord wants something of the user first: a verification, a human check.
    DiscordAccount "discord.account" "Discord account" "Discord 账号" [DiscordUserToken];
    /// How many logins Discord still gives the bot.
    DiscordIdentifies "discord.identifies" "Logins left" "剩余登录次数" [DiscordBotToken];
    /// Whether they are in the guild.
    DiscordGuild "discord.guild" "Server (guild)" "Discord 服务器" [DiscordAccount, DiscordBotToken];
    /// Whether they see the channel.
    DiscordChannel "discord.channel" "Channel" "Discord 频道" [DiscordGuild];
    /// What they may do there.
    DiscordPermissions "discord.permissions" "Permissions" "频道权限" [DiscordChannel];
    /// The bot's MESSAGE CONTENT intent.
    DiscordMessageContent "discord.message_content" "MESSAGE CONTENT intent" "MESSAGE CONTENT 意图" [DiscordBotToken];
    /// Whether signed addresses of pictures come through unchanged, and only they.
    CdnQuery "cdn.query" "Pictures: signatures" "图片：签名参数" [CdnAnswer, DiscordChannel];
    /// Midjourney's application, and the versions of its commands.
    DiscordMidjourney "discord.midjourney" "Midjourney" "Midjourney 应用" [DiscordChannel];

    /// What was last seen of each account: subscription, block, pending message.
    AccountState "account.state" "Accounts" "账号状态" [DatabaseSecret, ConfigurationHub];
    /// Whether a process may own the hub at all.
    OwnerRole "owner.role" "Owner: allowed" "所有者：角色" [DatabaseSecret, ConfigurationHub];
    /// Whether one does.
    OwnerAlive "owner.alive" "Owner: alive" "所有者：进程" [OwnerRole];
    /// Whether it took the newest settings over.
    OwnerConfiguration "owner.configuration" "Owner: settings" "所有者：配置" [OwnerAlive];
    /// Its gateways: state, last heartbeat ACK, last event.
    OwnerGateway "owner.gateway" "Owner: gateways" "所有者：网关" [OwnerAlive, AccountState];
    /// How it found the hosts.
    OwnerNetwork "owner.network" "Owner: network" "所有者：网络" [OwnerAlive];
    /// Logins of today.
    OwnerIdentifies "owner.identifies" "Owner: logins" "所有者：当日登录" [DatabaseSecret, ConfigurationHub];
    /// How full the queue is.
    TasksQueue "tasks.queue" "Queue" "任务队列" [DatabaseSecret, ConfigurationHub];
    /// Tasks of which nobody knows whether they arrived.
    TasksInDoubt "tasks.in_doubt" "Tasks in doubt" "存疑任务" [DatabaseSecret, ConfigurationHub];
    /// Tasks of accounts whose refusals nobody sees.
    TasksUnseen "tasks.unseen" "Refusals nobody sees" "看不到的拒绝" [OwnerAlive];
    /// Messages of Midjourney's that are nobody's.
    TasksUnmatched "tasks.unmatched" "Unmatched messages" "未匹配消息" [OwnerAlive];
    /// Webhooks that were given up.
    Webhooks "webhooks" "Webhooks" "回调通知" [DatabaseSecret, ConfigurationHub];
}

impl Check {
    /// The first check that needs the network, and the last.
    const NETWORK: (Self, Self) = (Self::Proxy, Self::DiscordMidjourney);

    /// Whether it is made over the network: with `network` off it is not.
    pub(crate) fn is_of_network(self) -> bool {
        (Self::NETWORK.0..=Self::NETWORK.1).contains(&self)
    }

    /// Whether a word of `options.only` means it: its whole name, or the part before the dot.
    pub(crate) fn is_meant_by(self, word: &str) -> bool {
        let name = self.name();
        name == word || name.split('.').next() == Some(word)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn what_is_needed_comes_before() {
        for check in Check::ALL {
            assert!(
                check.needs().iter().all(|needed| needed < check),
                "{check:?}"
            );
        }
    }

    #[test]
    fn names_and_titles_are_unlike() {
        let names: BTreeSet<_> = Check::ALL.iter().map(|check| check.name()).collect();
        assert_eq!(names.len(), Check::ALL.len());
        for lang in [Lang::En, Lang::Zh] {
            let titles: BTreeSet<_> = Check::ALL.iter().map(|check| check.title(lang)).collect();
            assert_eq!(titles.len(), Check::ALL.len());
        }
    }

    #[test]
    fn local_checks_need_no_network() {
        for check in Check::ALL.iter().filter(|check| !check.is_of_network()) {
            assert!(
                !check.needs().iter().any(|needed| needed.is_of_network()),
                "{check:?}"
            );
        }
    }
}
