//! PHP itself: version, server interface, preloading, what is disabled, time limits; and the extension in it.

use std::{fs, time::UNIX_EPOCH};

use mj_process::clock;

use super::{
    Patient,
    check::Check,
    finding::Findings,
    text::{Shown, Text},
};

/// What the doctor must know of PHP beside what the engine knows; read by the binding on PHP's thread.
#[derive(Clone, Debug, Default)]
pub struct Php {
    /// Whether PHP is thread-safe (ZTS).
    pub thread_safe: bool,
    /// Whether PHP is a debug build.
    pub debug: bool,
    /// PHP's number of the extension interface, as 20220829 of PHP 8.2.
    pub module_api: u32,
    /// The `php.ini` that was read first, then the files of its directory.
    pub ini_files: Vec<String>,
    /// When PHP read them, in Unix milliseconds.
    pub started: u64,
    /// PHP's own ini entries that matter here, those that are set: `disable_functions`,
    /// `opcache.preload`, `open_basedir`.
    pub entries: Vec<(&'static str, String)>,
    /// Names in `php.ini` that begin with `mj.` and are no entry of ours.
    pub strangers: Vec<String>,
}

impl Php {
    /// An ini entry of PHP's that is set.
    fn entry(&self, name: &str) -> Option<&str> {
        self.entries
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.trim())
            .filter(|value| !value.is_empty())
    }
}

/// The oldest PHP that mj is made for.
const OLDEST: (u32, u32) = (8, 0);
/// Server interfaces whose processes serve many requests, or one script.
const KNOWN_SAPIS: [&str; 6] = [
    "apache2handler",
    "cli",
    "cli-server",
    "fpm-fcgi",
    "litespeed",
    "phpdbg",
];

/// Makes the checks of this file; that of the extension needs to know the owner's.
pub(super) fn check(patient: &Patient<'_>, findings: &Findings) {
    version(patient, findings);
    sapi(patient, findings);
    preload(patient, findings);
    functions(patient, findings);
    open_basedir(patient, findings);
}

fn version(patient: &Patient<'_>, findings: &Findings) {
    let file = patient.php.ini_files.first().map_or_else(
        || Text::new("no php.ini was read", "未读取任何 php.ini"),
        |file| Text::with("{0}", "{0}", [Shown::said(file)]),
    );
    let version = &patient.host.php_version;
    let seen = Text::with("{0}; {1}", "{0}；{1}", [Shown::said(version), file.into()]);
    let mut parts = version.split('.').map(str::parse);
    let is_old = match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < OLDEST,
        _ => false,
    };
    if is_old {
        let todo = Text::new("use PHP 8.0 or newer", "请使用 PHP 8.0 或更新版本");
        return findings.fail(Check::PhpVersion, seen, todo);
    }
    match changed_since(patient.php) {
        Some((file, ago)) => findings.warn(
            Check::PhpVersion,
            Text::with(
                "{0}; {1} was changed {2} ago, after this PHP had read it",
                "{0}；{1} 在 {2}前被修改，而当前 PHP 在此之前已读取它",
                [seen.into(), Shown::said(file), Shown::span(ago)],
            ),
            Text::new(
                "restart php-fpm (BaoTa: App Store, PHP, Service, Restart), Apache or this script: php.ini is read at its start only",
                "请重启 php-fpm（宝塔：软件商店 → PHP → 服务 → 重启）、Apache 或该脚本：php.ini 只在启动时读取",
            ),
        ),
        None => findings.ok(Check::PhpVersion, seen),
    }
}

/// A file of settings that was written after PHP had read it, and how many seconds ago.
fn changed_since(php: &Php) -> Option<(&str, u64)> {
    let now = clock::unix_ms();
    php.ini_files.iter().find_map(|file| {
        let changed = fs::metadata(file).ok()?.modified().ok()?;
        let changed = changed.duration_since(UNIX_EPOCH).ok()?.as_millis();
        let changed = u64::try_from(changed).ok()?;
        // A time to come says nothing: the file has it from another machine.
        let is_since = php.started > 0 && changed > php.started && changed <= now;
        is_since.then(|| (file.as_str(), (now - changed) / 1_000))
    })
}

fn sapi(patient: &Patient<'_>, findings: &Findings) {
    let safety = if patient.php.thread_safe {
        "ZTS"
    } else {
        "NTS"
    };
    let debug = if patient.php.debug { ", debug" } else { "" };
    let sapi = patient.host.sapi.as_str();
    let seen = Text::with(
        "{0}, {1}{2}",
        "{0}，{1}{2}",
        [Shown::said(sapi), safety.into(), debug.into()],
    );
    if KNOWN_SAPIS.contains(&sapi) {
        return findings.ok(Check::PhpSapi, seen);
    }
    findings.warn(
        Check::PhpSapi,
        Text::with(
            "{0}: nobody knows how long its processes live",
            "{0}：不清楚其进程能存活多久",
            [seen.into()],
        ),
        Text::new(
            "if each request is a process of its own (plain CGI), nobody stays to listen: use php-fpm, or keep a script with mj_serve() running",
            "若每个请求都是独立进程（普通 CGI），就没有进程留下来监听：请改用 php-fpm，或让一个执行 mj_serve() 的脚本常驻",
        ),
    );
}

fn functions(patient: &Patient<'_>, findings: &Findings) {
    let disabled = patient.php.entry("disable_functions").unwrap_or_default();
    let ours = disabled
        .split(',')
        .map(str::trim)
        .filter(|name| name.starts_with("mj_"));
    let ours: Vec<Shown> = ours.map(Shown::said).collect();
    if ours.is_empty() {
        return findings.ok(
            Check::PhpFunctions,
            Text::new("none that mj needs", "没有 mj 需要的函数"),
        );
    }
    findings.fail(
        Check::PhpFunctions,
        Text::with("disabled: {0}", "已被禁用：{0}", [Shown::list(ours)]),
        Text::new(
            "take them out of disable_functions in php.ini (BaoTa: PHP, Disabled functions) and restart php-fpm",
            "请从 php.ini 的 disable_functions 中删除（宝塔：PHP → 禁用函数）并重启 php-fpm",
        ),
    );
}

/// mj itself is not bound by `open_basedir`, scripts are: where they may read the state directory, they may read tokens.
fn open_basedir(patient: &Patient<'_>, findings: &Findings) {
    let Some(allowed) = patient.php.entry("open_basedir") else {
        return findings.ok(Check::PhpOpenBasedir, Text::new("not set", "未设置"));
    };
    let state = patient.state_dir();
    let inside = allowed
        .split(':')
        .map(|directory| directory.trim_end_matches('/'))
        .find(|directory| !directory.is_empty() && state.starts_with(directory));
    match inside {
        Some(directory) => findings.warn(
            Check::PhpOpenBasedir,
            Text::with(
                "the state directory lies inside {0}: every script of the site can read the tokens in it, and perhaps visitors too",
                "状态目录位于 {0} 之内：站点的任何脚本都能读取其中的令牌，访客也可能读到",
                [Shown::said(directory)],
            ),
            Text::new(
                "set mj.state_dir to a directory outside, as /var/lib/mj: mj itself is not bound by open_basedir",
                "请将 mj.state_dir 设到其外，如 /var/lib/mj：mj 自身不受 open_basedir 限制",
            ),
        ),
        None => findings.ok(
            Check::PhpOpenBasedir,
            Text::new(
                "set; the state directory lies outside, as it should",
                "已设置；状态目录位于其外，符合要求",
            ),
        ),
    }
}

fn preload(patient: &Patient<'_>, findings: &Findings) {
    if patient.host.preloading {
        return findings.fail(
            Check::PhpPreload,
            Text::new(
                "opcache.preload runs at this moment: no process of PHP's is there yet that could keep mj",
                "正在执行 opcache.preload：此时还没有可运行 mj 的 PHP 进程",
            ),
            Text::new(
                "take the calls of mj_* out of the preload script; its classes may stay",
                "请将 mj_* 调用移出预加载脚本；类定义可以保留",
            ),
        );
    }
    findings.ok(
        Check::PhpPreload,
        match patient.php.entry("opcache.preload") {
            None => Text::new("not used", "未使用"),
            Some(file) => Text::with(
                "{0}, which has ended",
                "{0}，已执行完毕",
                [Shown::said(file)],
            ),
        },
    );
}

#[cfg(test)]
mod tests {
    use super::{super::finding::Status, *};
    use crate::{doctor::options::DoctorOptions, engine::Host, value::Value};

    #[test]
    fn a_php_that_is_too_old_is_named() {
        for (php_version, status) in [("7.4.33", Status::Failed), ("8.0.30", Status::Ok)] {
            let host = Host {
                php_version: php_version.to_owned(),
                sapi: "cli".to_owned(),
                ..Host::default()
            };
            let php = Php::default();
            let options = DoctorOptions::read(&Value::Null).unwrap();
            let patient = Patient::read(&host, &php, None, &options);
            let findings = Findings::default();
            check(&patient, &findings);
            assert_eq!(findings.status(Check::PhpVersion), Some(status));
            let failed = findings
                .all()
                .into_iter()
                .filter(|it| it.status == Status::Failed);
            assert_eq!(failed.count(), usize::from(status == Status::Failed));
        }
    }
}
