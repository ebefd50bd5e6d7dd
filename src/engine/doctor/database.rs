//! The database: who writes in it, its version, whether it opens, whether it is whole; and the log.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::{
        fs::{FileTypeExt as _, OpenOptionsExt as _},
        net::{UnixDatagram, UnixStream},
    },
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use mj_midjourney::{
    config::HubId,
    store::{StoreError, TaskStore},
};
use mj_process::Identity;
use mj_store::{Incident, writer_in};

use super::{
    Patient,
    check::Check,
    directory::usable,
    finding::Findings,
    text::{Shown, Text},
};
use crate::{engine::Engine, error::EngineError, log::Target, shared::Shared};

/// How often it is looked who writes, and how many times: an honest transaction takes far less than a second.
const LOOK: Duration = Duration::from_millis(25);
const LOOKS: u32 = 40;
/// A stopped process needs no second look after so many.
const STOPPED_LOOKS: u32 = 4;
/// Above this the quick check would take seconds.
const LARGE: u64 = 256 << 20;

/// Makes the checks of the database; gives the store when it could be opened.
pub(super) fn check(
    patient: &Patient<'_>,
    findings: &Findings,
    interrupted: &mut dyn FnMut() -> bool,
) -> Option<Arc<Shared>> {
    writer(patient.state_dir(), findings, interrupted);
    if !findings.may(Check::DatabaseVersion) {
        let _ = findings.may(Check::DatabaseOpen) || findings.may(Check::DatabaseIntegrity);
        return None;
    }
    let path = patient.set(|settings| settings.state_dir.as_deref());
    let keys = patient.set(|settings| Some(settings.keys.clone()));
    let keys = keys.unwrap_or_default();
    let opened = Engine::state(patient.engine, path, &keys, &patient.host.sapi);
    let shared = match opened {
        Ok(shared) => shared,
        Err(error) => {
            refused(&error, findings);
            let _ = findings.may(Check::DatabaseIntegrity);
            return None;
        }
    };
    findings.ok(
        Check::DatabaseVersion,
        Text::new("of this extension", "与扩展一致"),
    );
    let size = fs::metadata(shared.store.path()).map_or(0, |metadata| metadata.len());
    findings.ok(
        Check::DatabaseOpen,
        Text::with("it opens, {0} kB", "可打开，{0} kB", [(size >> 10).into()]),
    );
    integrity(&shared, size, findings);
    Some(shared)
}

/// Looks whether one process stays inside a write.
fn writer(directory: &Path, findings: &Findings, interrupted: &mut dyn FnMut() -> bool) {
    if !findings.may(Check::DatabaseWriter) {
        return;
    }
    let free = || {
        let seen = Text::new("nobody holds it up", "无进程占用");
        findings.ok(Check::DatabaseWriter, seen);
    };
    let Some(pid) = writer_in(directory) else {
        return free();
    };
    let process = i32::try_from(pid).ok().and_then(Identity::of);
    let state = || process.as_ref().and_then(Identity::state);
    for look in 1..LOOKS {
        thread::sleep(LOOK);
        if writer_in(directory) != Some(pid) || interrupted() {
            return free();
        }
        if look >= STOPPED_LOOKS && matches!(state(), Some('T' | 't')) {
            break;
        }
    }
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let letter = state();
    let pid = Shown::from(pid);
    findings.fail(
        Check::DatabaseWriter,
        Text::with(
            "process {0} ({1}) stays inside a write and is {2}: nobody else can write",
            "进程 {0}（{1}）停在写入中，状态为{2}：其他进程都无法写入",
            [pid.clone(), Shown::said(name.trim()), state_words(letter).into()],
        ),
        if matches!(letter, Some('T' | 't')) {
            Text::with(
                "let it go on (kill -CONT {0}), or end it (kill -KILL {0}); nothing is lost by that",
                "让它继续（kill -CONT {0}）或结束它（kill -KILL {0}）；不会丢失数据",
                [pid],
            )
        } else {
            Text::with(
                "look what it does and whether its disk hangs; it can be ended (kill -KILL {0}), nothing is lost by that",
                "检查它在做什么、磁盘是否卡住；可结束它（kill -KILL {0}），不会丢失数据",
                [pid],
            )
        },
    );
}

/// A process's state as proc(5) has it, in words.
pub(super) fn state_words(letter: Option<char>) -> Text {
    match letter {
        Some('T') => Text::new("stopped", "已暂停"),
        Some('t') => Text::new("stopped by a debugger", "被调试器暂停"),
        Some('D') => Text::new("waiting for a disk", "等待磁盘"),
        Some('S' | 'I') => Text::new("asleep", "休眠"),
        Some('R') => Text::new("running", "运行中"),
        _ => Text::new("not to be seen from here", "此处不可见"),
    }
}

/// Why the store was not opened.
fn refused(error: &EngineError, findings: &Findings) {
    let store = std::error::Error::source(error).and_then(|it| it.downcast_ref::<StoreError>());
    if let Some(StoreError::Newer { found, known }) = store {
        findings.fail(
            Check::DatabaseVersion,
            Text::with(
                "it has version {0}, this extension knows versions up to {1}",
                "其版本为 {0}，而此扩展只支持到 {1}",
                [(*found).into(), (*known).into()],
            ),
            Text::new(
                "install the newest mj.so for every PHP that uses this directory, and restart php-fpm",
                "请为使用该目录的每个 PHP 安装最新的 mj.so 并重启 php-fpm",
            ),
        );
        let _ = findings.may(Check::DatabaseOpen);
        return;
    }
    findings.skip(
        Check::DatabaseVersion,
        Text::new("not known: it does not open", "未知：数据库未能打开"),
    );
    let (seen, todo) = match store {
        Some(StoreError::Busy(_)) => (
            Text::new("no write was possible for 5 s", "5 秒内无法写入"),
            Text::new(
                "look for a process that is stopped, or a disk that hangs",
                "请查找被暂停的进程或卡住的磁盘",
            ),
        ),
        Some(StoreError::Full) => (
            Text::new("no space is left on its disk", "磁盘空间不足"),
            Text::new("make room", "请清理磁盘"),
        ),
        Some(StoreError::Damaged(_)) => (
            Text::with(
                "it cannot be read: {0}",
                "无法读取：{0}",
                [Shown::said(&error.to_string())],
            ),
            Text::new(
                "move store.sqlite and the files beside it away, or restore them",
                "请移走或恢复 store.sqlite 及其旁边的文件",
            ),
        ),
        _ => (
            Text::with(
                "it does not open: {0}",
                "无法打开：{0}",
                [Shown::said(&error.to_string())],
            ),
            Text::new(
                "see that the user who runs PHP can read and write every file of the directory, and that mj.secret is the one it was made with",
                "请确认运行 PHP 的用户可读写目录中的每个文件，且 mj.secret 与创建时相同",
            ),
        ),
    };
    findings.fail(Check::DatabaseOpen, seen, todo);
}

fn integrity(shared: &Shared, size: u64, findings: &Findings) {
    let check = Check::DatabaseIntegrity;
    let moved = shared
        .store
        .incidents()
        .into_iter()
        .find_map(|it| match it {
            Incident::MovedAside { to, .. } => Some(to),
            Incident::Replaced => None,
        });
    let moved = moved.or_else(|| shared.store.moved_aside().ok()?.pop());
    if let Some(to) = moved.filter(|to| to.exists()) {
        return findings.warn(
            check,
            Text::with(
                "a damaged database was moved to {0} and an empty one made: tasks from before are not known any more",
                "曾有数据库损坏，已移至 {0} 并新建空库：此前的任务已不可知",
                [Shown::path(&to)],
            ),
            Text::new(
                "look at the disk and its memory; delete that file when it is not needed",
                "请检查磁盘与内存；不再需要时删除该文件即可",
            ),
        );
    }
    if size > LARGE {
        return findings.ok(
            check,
            Text::new(
                "not looked through: it is larger than 256 MB",
                "未逐页检查：文件大于 256 MB",
            ),
        );
    }
    match shared.store.check() {
        Ok(lines) if lines.is_empty() => findings.ok(check, Text::new("whole", "完整")),
        Ok(lines) => findings.fail(
            check,
            Text::with(
                "it is damaged: {0}",
                "已损坏：{0}",
                [Shown::list(lines.iter().take(2).map(|line| Shown::said(line)))],
            ),
            Text::new(
                "save store.sqlite and the files beside it, then remove them: an empty one is made; look at the disk",
                "请备份 store.sqlite 及其旁边的文件后删除：会新建空库；并检查磁盘",
            ),
        ),
        Err(error) => findings.fail(
            check,
            Text::with(
                "it cannot be looked through: {0}",
                "无法检查：{0}",
                [Shown::said(&error.to_string())],
            ),
            Text::new(
                "call again: a damaged database is moved aside by the next call; look at the disk",
                "请再次运行：损坏的数据库会在下次调用时移走；并检查磁盘",
            ),
        ),
    }
}

/// Whether this PHP can read what is encrypted of the hub that is looked at.
pub(super) fn secret(patient: &Patient<'_>, shared: Option<&Shared>, findings: &Findings) {
    let check = Check::DatabaseSecret;
    if !findings.may(check) {
        return;
    }
    let Some(shared) = shared else {
        return findings.skip(check, Text::new("there is none yet", "尚不存在"));
    };
    let hub = patient.hub.as_ref().map(|hub| hub.id.clone());
    let stored = hub.or_else(|| used_last(shared));
    let read = stored.map(|hub| shared.store.config(&hub));
    let todo = Text::new(
        "set the same mj.secret for every PHP of the site (command line, cron, PHP-FPM); while it is changed, the one before it as mj.secret_previous",
        "请为站点的每个 PHP（命令行、计划任务、PHP-FPM）设置相同的 mj.secret；更换期间把旧的设为 mj.secret_previous",
    );
    match read {
        Some(Err(StoreError::Sealed { has_secret: false })) => findings.fail(
            check,
            Text::new(
                "what is secret in it is encrypted, and mj.secret is not set here",
                "其中的机密已加密，而此处未设置 mj.secret",
            ),
            todo,
        ),
        Some(Err(StoreError::Sealed { has_secret: true })) => findings.fail(
            check,
            Text::new(
                "what is secret in it is encrypted with another secret than mj.secret here",
                "其中的机密所用的密钥与此处的 mj.secret 不同",
            ),
            todo,
        ),
        _ if patient.reading.raw.get("secret").is_some() => findings.ok(
            check,
            Text::new("encrypted with mj.secret", "已用 mj.secret 加密"),
        ),
        _ => findings.ok(
            check,
            Text::new(
                "mj.secret is not set: tokens lie in it readable for its owner",
                "未设置 mj.secret：令牌以其所有者可读的形式保存",
            ),
        ),
    }
}

/// The hub of a state directory that was used last.
pub(super) fn used_last(shared: &Shared) -> Option<HubId> {
    let hubs = shared.store.hubs().ok()?;
    Some(hubs.into_iter().max_by_key(|hub| hub.used_at)?.id)
}

/// Whether the log can be written.
pub(super) fn log(patient: &Patient<'_>, findings: &Findings) {
    let check = Check::LogWritable;
    let todo = Text::new(
        "give the file to the user that the web server's PHP runs as (chown www-data, BaoTa: chown www), or set mj.log to another path",
        "请将文件交给网站 PHP 的运行用户（chown www-data，宝塔为 chown www），或将 mj.log 设为其他路径",
    );
    if let Some(fault) = patient.reading.fault(check) {
        return findings.fail(check, fault, todo);
    }
    let target = patient.set(|settings| settings.log.target.clone());
    let path = match target.map(|target| target.resolved(&patient.host.error_log)) {
        None => return findings.ok(check, Text::new("none is set", "未设置")),
        Some(Target::Php | Target::StandardError) => {
            return findings.ok(check, Text::new("standard error", "标准错误输出"));
        }
        Some(Target::Syslog(socket)) => return syslog(&socket, findings),
        Some(Target::File(path) | Target::PhpFile(path)) => path,
    };
    match unwritable(&path) {
        Some(why) => findings.fail(
            check,
            Text::with(
                "{0} cannot be written: {1}",
                "{0} 无法写入：{1}",
                [Shown::path(&path), why],
            ),
            todo,
        ),
        None => findings.ok(check, Text::with("{0}", "{0}", [Shown::path(&path)])),
    }
}

/// Why a log cannot be written there.
fn unwritable(path: &Path) -> Option<Shown> {
    let said = |error: io::Error| Some(Shown::said(&error.to_string()));
    match path.metadata() {
        Ok(there) => {
            // Opening it for appending changes nothing of it, and nobody is waited for at the other end of a FIFO.
            let opened = OpenOptions::new()
                .append(true)
                .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
                .open(path);
            match opened {
                Err(_) if there.file_type().is_fifo() => Some(
                    Text::new(
                        "it is a FIFO that this user may not write or that nobody reads",
                        "它是管道（FIFO），当前用户无权写入或没有程序在读取",
                    )
                    .into(),
                ),
                Err(error) => said(error),
                Ok(_) => None,
            }
        }
        // The file is made when there is something to say, its directory is not.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let above = path.parent()?;
            if above.is_dir() {
                usable(above).err()
            } else {
                Some(
                    Text::with(
                        "there is no directory {0}",
                        "没有目录 {0}",
                        [Shown::path(above)],
                    )
                    .into(),
                )
            }
        }
        Err(error) => said(error),
    }
}

fn syslog(socket: &Path, findings: &Findings) {
    let check = Check::LogWritable;
    let open = UnixDatagram::unbound()
        .and_then(|own| own.connect(socket))
        // Some listen for streams.
        .or_else(|error| UnixStream::connect(socket).map(drop).map_err(|_| error));
    match open {
        Ok(()) => findings.ok(
            check,
            Text::with("syslog at {0}", "syslog：{0}", [Shown::path(socket)]),
        ),
        Err(error) => findings.fail(
            check,
            Text::with(
                "nobody listens for syslog at {0}: {1}",
                "{0} 处没有 syslog 服务：{1}",
                [Shown::path(socket), Shown::said(&error.to_string())],
            ),
            Text::new(
                "start the system's log (containers often have none), or set mj.log to a file",
                "请启动系统日志服务（容器中通常没有），或将 mj.log 设为文件",
            ),
        ),
    }
}
