//! What settings mean, and what is said of wrong ones.

use mj_midjourney::config::Archive;

use super::*;

const GUILD: &str = "1100000000000000001";
const CHANNEL: &str = "1100000000000000002";

fn config(entries: &[(&str, Value)]) -> Value {
    let places = [
        ("guild_id", Value::from(GUILD)),
        ("channel_id", Value::from(CHANNEL)),
    ];
    places.into_iter().chain(entries.iter().cloned()).collect()
}

fn read(entries: &[(&str, Value)]) -> Result<HubSettings, EngineError> {
    Settings::read(&Environment::default(), &[], &config(entries))
        .map(|settings| settings.hub.unwrap())
}

#[test]
fn chatmoneys_spelling_means_the_same() {
    let hub = read(&[
        ("user_token", "abc".into()),
        ("proxy_url", "https://img.example.cn/".into()),
        ("proxy_api", "https://api.example.cn".into()),
        ("proxy_wss", "wss://gw.example.cn".into()),
        ("session_id", "s".into()),
        ("timeout", "10m".into()),
    ])
    .unwrap();
    assert_eq!(
        hub.config.hosts.cdn_url.as_deref(),
        Some("https://img.example.cn")
    );
    assert_eq!(
        hub.config.hosts.api_url.as_deref(),
        Some("https://api.example.cn")
    );
    assert_eq!(
        hub.config.hosts.gateway_url.as_deref(),
        Some("wss://gw.example.cn")
    );
    assert_eq!(hub.config.timeout, Duration::from_secs(600));
    assert_eq!(hub.config.accounts[0].session_id.as_deref(), Some("s"));
    let twice = read(&[
        ("proxy_url", "https://a.cn".into()),
        ("cdn_url", "https://b.cn".into()),
    ]);
    assert!(
        twice
            .unwrap_err()
            .to_string()
            .starts_with("cdn_url: means the same as proxy_url")
    );
}

#[test]
fn mj_configure_wins_over_ini() {
    let ini = [
        ("mj.user_token", "ini"),
        ("mj.guild_id", GUILD),
        ("mj.channel_id", CHANNEL),
        ("mj.proxy", ""),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let hub = Settings::read(
        &Environment::default(),
        &ini,
        &config(&[("user_token", "php".into())]),
    )
    .unwrap()
    .hub
    .unwrap();
    assert_eq!(hub.config.accounts[0].user_token, Token::new("php"));
    assert_eq!(
        Settings::read(&Environment::default(), &ini, &Value::Null)
            .unwrap()
            .hub
            .unwrap()
            .config
            .accounts[0]
            .name,
        "main"
    );
}

#[test]
fn the_hub_is_who_logs_in_and_where() {
    let of = |entries: &[(&str, Value)]| read(entries).unwrap().id;
    let bot = ("bot_token", Value::from("bot"));
    let both = of(&[bot.clone(), ("user_token", "a".into())]);
    assert_ne!(both, of(&[bot.clone(), ("user_token", "b".into())]));
    assert_eq!(
        both,
        of(&[
            bot.clone(),
            ("user_token", "a".into()),
            ("queue_size", 5.into())
        ])
    );
    assert_ne!(both, of(&[bot]));
    assert_eq!(both.0.len(), 32);
}

#[test]
fn gateways_follow_the_tokens() {
    let of = |entries: &[(&str, Value)]| read(entries).map(|hub| hub.config.gateway);
    assert_eq!(
        of(&[("user_token", "a".into())]).unwrap(),
        GatewayMode::User
    );
    assert_eq!(
        of(&[("bot_token", "Bot b".into())]).unwrap(),
        GatewayMode::Bot
    );
    assert_eq!(
        of(&[("bot_token", "b".into()), ("user_token", "a".into())]).unwrap(),
        GatewayMode::Both
    );
    let error = of(&[("user_token", "a".into()), ("gateway", "bot".into())]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "gateway: needs mj.bot_token, which is not set"
    );
}

#[test]
fn what_is_missing_or_wrong_is_named_without_secrets() {
    let message = |entries: &[(&str, Value)]| read(entries).unwrap_err().to_string();
    assert!(message(&[]).starts_with("mj.user_token: is missing"));
    let placeless = Settings::read(
        &Environment::default(),
        &[],
        &[("user_token", Value::from("a"))].into_iter().collect(),
    );
    assert!(
        placeless
            .unwrap_err()
            .to_string()
            .starts_with("mj.guild_id: is missing")
    );
    let alone = [("concurrency", Value::from("x"))].into_iter().collect();
    assert!(
        Settings::read(&Environment::default(), &[], &alone)
            .unwrap_err()
            .to_string()
            .starts_with("concurrency: must be"),
        "what is wrong is told before there is a hub"
    );
    assert!(
        message(&[("user_token", "hush hush".into())]).starts_with("user_token: holds characters")
    );
    let quoted = message(&[("user_token", "\"hush\"".into())]);
    assert!(quoted.starts_with("user_token: holds characters") && !quoted.contains("hush"));
    assert!(
        message(&[("user_token", "hush".into()), ("bot_token", "hush".into())])
            .contains("same token")
    );
    assert!(!message(&[("user_token", "Bot hush".into())]).contains("hush"));
    assert!(
        message(&[
            ("user_token", "a".into()),
            ("notify_url", "ftp://a?hush".into())
        ])
        .starts_with("notify_url: must be an http or https address")
    );
    assert!(
        message(&[("user_token", "a".into()), ("proxy", "https://p".into())])
            .starts_with("proxy: must start")
    );
    assert!(
        message(&[("user_token", "a".into()), ("ca_file", "/none".into())])
            .starts_with("ca_file: cannot be read")
    );
    let nameless = Value::List(vec![
        [("user_token", Value::from("b"))].into_iter().collect(),
    ]);
    assert_eq!(
        message(&[("accounts", nameless)]),
        "accounts[0].name: is missing"
    );
}

#[test]
fn tokens_brought_along_stay_known() {
    let hub = read(&[("bot_token", "bot".into())]).unwrap();
    let (with, name) = hub.with_token(Token::new("guest"));
    assert!(name.starts_with("token-") && !name.contains("guest"));
    assert_eq!(with.id, hub.id);
    assert_eq!(
        hub.keeping_inline(&with.config).accounts,
        with.config.accounts
    );
    assert_eq!(with.with_token(Token::new("guest")).0, with);
}

#[test]
fn tokens_brought_along_run_as_many_jobs_as_is_set() {
    let of = |entries: &[(&str, Value)]| {
        let all: Vec<_> = [("bot_token", Value::from("bot"))]
            .into_iter()
            .chain(entries.iter().cloned())
            .collect();
        read(&all).unwrap()
    };
    let limits = |config: &HubConfig| -> Vec<(u32, u32)> {
        let accounts = config.accounts.iter();
        accounts
            .map(|account| (account.concurrency, account.relax_concurrency))
            .collect()
    };
    let guest = |hub: &HubSettings| hub.with_token(Token::new("guest")).0.config;
    assert_eq!(limits(&guest(&of(&[]))), [(3, 3)]);
    let narrow = of(&[("concurrency", 1.into()), ("relax_concurrency", 2.into())]);
    assert_eq!(limits(&guest(&narrow)), [(1, 2)]);
    // An account of the list with limits of its own says nothing about the others.
    let listed: Value = [
        ("name", Value::from("wide")),
        ("user_token", "a".into()),
        ("concurrency", 12.into()),
    ]
    .into_iter()
    .collect();
    let mixed = of(&[
        ("concurrency", 1.into()),
        ("accounts", Value::List(vec![listed])),
    ]);
    assert_eq!(limits(&guest(&mixed)), [(12, 3), (1, 3)]);

    // The same hub with other limits: known tokens follow, in what a submission of another one stores as well.
    let wide = of(&[("concurrency", 5.into())]);
    assert_eq!(wide.id, narrow.id);
    assert_eq!(limits(&wide.keeping_inline(&guest(&narrow))), [(5, 3)]);
    let another = wide.with_token(Token::new("another")).0;
    assert_eq!(
        limits(&another.keeping_inline(&guest(&narrow))),
        [(5, 3), (5, 3)]
    );
    // A button pressed by who knew the limits of before does not bring them back.
    let presser = HubSettings {
        id: narrow.id.clone(),
        config: guest(&narrow),
    };
    assert_eq!(limits(&presser.added_inline(&wide.config)), [(5, 3)]);
}

#[test]
fn a_token_with_a_session_has_a_hub_of_its_familys() {
    let of = |sessions: bool, more: &[(&str, Value)]| {
        let base = [
            ("bot_token", Value::from("bot")),
            ("user_token", "main".into()),
            ("token_sessions", sessions.into()),
        ];
        read(
            &base
                .into_iter()
                .chain(more.iter().cloned())
                .collect::<Vec<_>>(),
        )
        .unwrap()
    };
    let head = of(true, &[]);
    assert_eq!(head.config.family.as_ref(), Some(&head.id));
    let (guest, name) = head.of_token(Token::new("guest"));
    assert_ne!(guest.id, head.id);
    assert_eq!(guest.config.family.as_ref(), Some(&head.id));
    assert_eq!(guest.config.gateway, GatewayMode::User);
    assert_eq!(guest.config.bot_token, None);
    let names = |config: &HubConfig| -> Vec<String> {
        let accounts = config.accounts.iter();
        accounts.map(|account| account.name.clone()).collect()
    };
    assert_eq!(names(&guest.config), [name.as_str()]);
    assert_eq!(head.of_token(Token::new("guest")).0.id, guest.id);
    assert_ne!(head.of_token(Token::new("another")).0.id, guest.id);
    // The main account listens already.
    assert_eq!(
        head.of_token(Token::new("main")),
        (head.clone(), "main".to_owned())
    );
    // The same key on another site, whose settings are others.
    let other_place = [
        ("guild_id", Value::from(GUILD)),
        ("channel_id", "1100000000000000003".into()),
        ("user_token", "main".into()),
        ("token_sessions", true.into()),
    ];
    let elsewhere = Settings::read(
        &Environment::default(),
        &[],
        &other_place.into_iter().collect(),
    );
    let elsewhere = elsewhere.unwrap().hub.unwrap();
    assert_ne!(elsewhere.of_token(Token::new("guest")).0.id, guest.id);

    let changed = of(true, &[("concurrency", 7.into()), ("timeout", 99.into())]);
    let renewed = changed.for_relative(&guest.id, &guest.config).unwrap();
    assert_eq!(renewed.timeout, Duration::from_secs(99));
    assert_eq!(
        (renewed.gateway, names(&renewed)),
        (GatewayMode::User, vec![name])
    );
    assert_eq!(renewed.accounts[0].concurrency, 7);
    assert_eq!(renewed, changed.of_token(Token::new("guest")).0.config);
    assert_eq!(elsewhere.for_relative(&guest.id, &guest.config), None);
    let alone = of(false, &[]);
    assert_eq!(alone.for_relative(&guest.id, &guest.config), None);
    assert_eq!(alone.of_token(Token::new("guest")).0.id, head.id);
    assert!(
        read(&[
            ("user_token", "a".into()),
            ("gateway", "off".into()),
            ("token_sessions", true.into())
        ])
        .unwrap_err()
        .to_string()
        .starts_with("token_sessions: needs a gateway")
    );
}

#[test]
fn an_archive_is_a_directory_or_a_bucket() {
    let of = |entries: &[(&str, Value)]| {
        let all: Vec<_> = [("user_token", Value::from("a"))]
            .into_iter()
            .chain(entries.iter().cloned())
            .collect();
        read(&all).map(|hub| hub.config.archive)
    };
    assert_eq!(of(&[]).unwrap(), None);
    assert_eq!(
        of(&[("archive", "/srv/pictures".into())]).unwrap(),
        Some(Archive::Directory("/srv/pictures".to_owned()))
    );
    let keys = [
        ("archive_key", Value::from("hush-key")),
        ("archive_secret", "hush-secret".into()),
    ];
    let bucket = |more: &[(&str, Value)]| {
        let all: Vec<_> = keys.iter().chain(more).cloned().collect();
        of(&all)
    };
    let amazon = bucket(&[
        ("archive", "s3://pictures/mj/2026/".into()),
        ("archive_region", "eu-west-1".into()),
    ]);
    assert_eq!(
        amazon.unwrap(),
        Some(Archive::S3 {
            endpoint: "https://s3.eu-west-1.amazonaws.com".to_owned(),
            region: "eu-west-1".to_owned(),
            bucket: "pictures".to_owned(),
            prefix: "mj/2026".to_owned(),
            key: Token::new("hush-key"),
            secret: Token::new("hush-secret"),
            path_style: false,
        })
    );
    let own = bucket(&[
        ("archive", "s3://pictures".into()),
        ("archive_endpoint", "http://127.0.0.1:9000".into()),
    ]);
    assert!(matches!(
        own.unwrap(),
        Some(Archive::S3 { path_style: true, prefix, .. }) if prefix.is_empty()
    ));
    for (entries, start) in [
        (
            &[("archive", Value::from("pictures"))][..],
            "archive: must be",
        ),
        (
            &[("archive", "s3://x".into())],
            "archive: must name a bucket",
        ),
        (
            &[("archive", "s3://pictures/../others".into())],
            "archive: has a prefix",
        ),
        (
            &[("archive", "s3://pictures".into())],
            "mj.archive_key: is missing",
        ),
        (&keys, "archive_key: needs mj.archive"),
        (
            &[
                ("archive", "s3://pictures".into()),
                ("archive_region", "hush@127.0.0.1/".into()),
            ],
            "archive_region: must be the name of a region",
        ),
    ] {
        let error = of(entries).unwrap_err().to_string();
        assert!(
            error.starts_with(start) && !error.contains("hush"),
            "{error}"
        );
    }
}

#[test]
fn the_language_is_the_hubs() {
    let hub = read(&[("user_token", "a".into()), ("lang", "zh".into())]).unwrap();
    assert_eq!(hub.config.lang, Lang::Zh);
}

#[test]
fn a_secret_is_long_and_not_the_one_before_it() {
    let good = "0123456789abcdef0123456789abcdef";
    let message = |entries: &[(&str, &str)]| {
        let entries = entries.iter().map(|(key, text)| (*key, Value::from(*text)));
        let configured: Value = entries.collect();
        let settings = Settings::read(&Environment::default(), &[], &configured);
        settings.map_or_else(
            |error| error.to_string(),
            |settings| format!("{:?}", settings.keys),
        )
    };
    assert_eq!(
        message(&[("secret", good)]),
        "Keyring { writing: Some(SealKey(..)), reading: None }"
    );
    let short = message(&[("secret", "hush")]);
    assert!(short.starts_with("secret: is too short") && short.contains("openssl rand -hex 32"));
    let easy = message(&[("secret_previous", &"ab".repeat(20))]);
    assert!(easy.starts_with("secret_previous: is too easy to guess"));
    assert!(
        message(&[("secret", good), ("secret_previous", good)])
            .starts_with("secret_previous: is the same as mj.secret")
    );
}

#[test]
fn ini_goes_before_the_environment_and_hides_what_is_wrong_there() {
    let environment = Environment::read(|name| match name {
        "MJ_MAX_WAIT" => Some(b"5".to_vec()),
        "MJ_SHUTDOWN_GRACE" => Some(b"soon".to_vec()),
        "MJ_USER_AGENT_FILE" => Some(b"/proc/nothing".to_vec()),
        _ => None,
    });
    let read = |ini: &[(&str, &str)]| {
        let ini: Vec<_> = ini
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Settings::read(&environment, &ini, &Value::Null)
    };
    let error = read(&[]).unwrap_err().to_string();
    assert!(
        error.starts_with("MJ_USER_AGENT_FILE: names a file that cannot be read"),
        "{error}"
    );
    let file = ("mj.user_agent", "a test");
    let error = read(&[file]).unwrap_err().to_string();
    assert!(
        error.starts_with("MJ_SHUTDOWN_GRACE: must be a time"),
        "{error}"
    );
    let settings = read(&[file, ("mj.shutdown_grace", "1")]).unwrap();
    assert_eq!(settings.max_wait, Duration::from_secs(5));
    let settings = read(&[file, ("mj.shutdown_grace", "1"), ("mj.max_wait", "7")]).unwrap();
    assert_eq!(settings.max_wait, Duration::from_secs(7));
}
