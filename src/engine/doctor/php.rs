//! PHP itself: version, server interface, preloading, what is disabled, time limits; and the extension in it.

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
    /// The `php.ini` that was read.
    pub ini_file: Option<String>,
    /// PHP's own ini entries that matter here, those that are set: `disable_functions`, `max_execution_time`,
    /// `opcache.preload`, `open_basedir`.
    pub entries: Vec<(&'static str, String)>,
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

/// Makes the checks of this file.
pub(super) fn check(patient: &Patient<'_>, findings: &Findings) {
    version(patient, findings);
    preload(patient, findings);
}

fn version(patient: &Patient<'_>, findings: &Findings) {
    let file = patient.php.ini_file.as_deref().map_or_else(
        || Text::new("no php.ini was read", "未读取任何 php.ini"),
        |file| Text::with("php.ini is {0}", "php.ini 为 {0}", [Shown::said(file)]),
    );
    findings.ok(
        Check::PhpVersion,
        Text::with(
            "{0}; {1}",
            "{0}；{1}",
            [Shown::said(&patient.host.php_version), file.into()],
        ),
    );
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
