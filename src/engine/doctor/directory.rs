//! The state directory: where it lies, whose it is, who may write in it, what disk it is on.

use std::{fs, path::Path};

use mj_process::directory::survey::{self, Found, Survey};

use super::{
    Patient,
    check::Check,
    finding::Findings,
    text::{Shown, Text},
};
use crate::log::Target;

/// With less the database cannot grow by what a busy hour writes.
const LITTLE: u64 = 100 << 20;
/// With less it fails any moment: its log alone grows to this.
const NONE: u64 = 16 << 20;
/// Files that may still be made; mj makes about ten, and one for each kept picture.
const FEW: u64 = 100;
/// Write permission of group and others.
const FOREIGN_WRITE: u32 = 0o022;
/// What says something of a directory that is there.
const OF_DIRECTORY: [Check; 6] = [
    Check::StateDirFileSystem,
    Check::StateDirOwner,
    Check::StateDirMode,
    Check::StateDirWritable,
    Check::StateDirSpace,
    Check::StateDirFiles,
];

/// A user by name, as far as `/etc/passwd` knows it, and number.
pub(super) fn user(id: u32) -> Shown {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = users.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)?.parse() == Ok(id)).then_some(name)
    });
    match name {
        Some(name) => Text::with("{0} ({1})", "{0}（{1}）", [Shown::said(name), id.into()]).into(),
        None => id.into(),
    }
}

/// Whether this process can use a directory, or make it.
///
/// # Errors
/// Why not.
pub(super) fn usable(path: &Path) -> Result<(), Shown> {
    match survey::look(path) {
        Found::Nothing { can_be_made: true } => Ok(()),
        Found::Nothing { can_be_made: false } => {
            Err(Text::new("it does not exist", "目录不存在").into())
        }
        Found::NoDirectory => Err(Text::new("it is no directory", "不是目录").into()),
        Found::Hidden(error) => Err(Shown::said(&error.to_string())),
        Found::Directory(survey) => survey
            .unusable
            .map_or(Ok(()), |error| Err(Shown::said(&error.to_string()))),
    }
}

/// Makes the checks of this file. Whether there is a directory to look further into.
pub(super) fn check(patient: &Patient<'_>, findings: &Findings) -> bool {
    let path = patient.state_dir();
    place(patient, path, findings);
    if !findings.may(Check::StateDirExists) {
        return skip_rest(findings);
    }
    let survey = match survey::look(path) {
        Found::Directory(survey) => survey,
        found @ (Found::Nothing { .. } | Found::NoDirectory | Found::Hidden(_)) => {
            missing(path, &found, findings);
            return skip_rest(findings);
        }
    };
    findings.ok(Check::StateDirExists, Text::new("yes", "是"));
    file_system(&survey, findings);
    owner(patient, &survey, findings);
    mode(&survey, findings);
    writable(&survey, findings);
    space(&survey, findings);
    files(patient, &survey, findings);
    true
}

/// What needs a directory is skipped: because of what failed, or because there is none yet.
fn skip_rest(findings: &Findings) -> bool {
    let of_database = [
        Check::DatabaseWriter,
        Check::DatabaseVersion,
        Check::DatabaseOpen,
        Check::DatabaseIntegrity,
        Check::DatabaseSecret,
    ];
    for check in OF_DIRECTORY.into_iter().chain(of_database) {
        if findings.may(check) {
            findings.skip(check, Text::new("there is none yet", "尚不存在"));
        }
    }
    false
}

fn place(patient: &Patient<'_>, path: &Path, findings: &Findings) {
    let todo = Text::new(
        "set mj.state_dir to one absolute path without symbolic links, the same for the web server's PHP and the command line's",
        "请将 mj.state_dir 设为不含符号链接的绝对路径，并让网站与命令行的 PHP 使用同一路径",
    );
    if let Some(fault) = patient.reading.fault(Check::StateDirPath) {
        return findings.fail(Check::StateDirPath, fault, todo);
    }
    if let Some(link) = survey::replaceable_link(path) {
        let seen = Text::with(
            "{0} is a symbolic link in a directory that anybody can write: whoever replaces it gets the tokens",
            "{0} 是位于任何人可写目录中的符号链接：替换它的人可获得令牌",
            [Shown::path(&link)],
        );
        return findings.fail(Check::StateDirPath, seen, todo);
    }
    let origin = if patient.set(|settings| settings.state_dir.clone()).is_some() {
        Text::new("set", "已设置")
    } else {
        Text::new("the default", "默认")
    };
    findings.ok(
        Check::StateDirPath,
        Text::with(
            "{0} ({1})",
            "{0}（{1}）",
            [Shown::path(path), origin.into()],
        ),
    );
}

fn missing(path: &Path, found: &Found, findings: &Findings) {
    let check = Check::StateDirExists;
    let create = Text::with(
        "create it for the user that the web server's PHP runs as: install -d -m 700 -o www-data {0} (BaoTa: -o www)",
        "请为网站 PHP 的运行用户创建：install -d -m 700 -o www-data {0}（宝塔为 -o www）",
        [Shown::path(path)],
    );
    match found {
        Found::Nothing { can_be_made: true } if survey::user() != 0 => findings.warn(
            check,
            Text::new(
                "not yet: it is made at the first use",
                "尚不存在：首次使用时创建",
            ),
            create,
        ),
        Found::Nothing { .. } => {
            findings.fail(check, Text::new("it does not exist", "目录不存在"), create);
        }
        Found::Hidden(error) => findings.fail(
            check,
            Text::with(
                "it cannot be looked at: {0}",
                "无法查看：{0}",
                [Shown::said(&error.to_string())],
            ),
            Text::new(
                "let the user who runs PHP enter every directory above it",
                "请让运行 PHP 的用户能够进入其上级目录",
            ),
        ),
        Found::NoDirectory | Found::Directory(_) => findings.fail(
            check,
            Text::new("something else than a directory is there", "该路径不是目录"),
            Text::new(
                "remove it, or set mj.state_dir to another path",
                "请移走它，或将 mj.state_dir 设为其他路径",
            ),
        ),
    }
}

fn file_system(survey: &Survey, findings: &Findings) {
    match &survey.network {
        Some(kind) => findings.fail(
            Check::StateDirFileSystem,
            Text::with(
                "a network file system ({0}), where locks do not hold",
                "网络文件系统（{0}），锁不可靠",
                [Shown::said(kind)],
            ),
            Text::new(
                "set mj.state_dir to a directory on a local disk",
                "请将 mj.state_dir 设在本地磁盘上",
            ),
        ),
        None => findings.ok(
            Check::StateDirFileSystem,
            Text::new("of this machine", "本机磁盘"),
        ),
    }
}

fn owner(patient: &Patient<'_>, survey: &Survey, findings: &Findings) {
    let own = survey::user();
    if survey.owner == own && own == 0 && patient.host.sapi == "cli" {
        return findings.warn(
            Check::StateDirOwner,
            Text::new(
                "root, who runs this PHP; the web server's PHP runs as another user and cannot use it",
                "root（当前 PHP 的用户）；网站的 PHP 以其他用户运行，无法使用",
            ),
            Text::with(
                "give it to the web server's user: chown -R www-data {0} (BaoTa: www)",
                "请改为网站用户所有：chown -R www-data {0}（宝塔为 www）",
                [Shown::path(patient.state_dir())],
            ),
        );
    }
    if survey.owner == own {
        return findings.ok(
            Check::StateDirOwner,
            Text::with(
                "{0}, who runs this PHP",
                "{0}，即当前 PHP 的用户",
                [user(own)],
            ),
        );
    }
    if own == 0 {
        return findings.ok(
            Check::StateDirOwner,
            Text::with(
                "{0}; this PHP runs as root, which works for that user",
                "{0}；当前 PHP 以 root 运行，可代其工作",
                [user(survey.owner)],
            ),
        );
    }
    findings.fail(
        Check::StateDirOwner,
        Text::with(
            "it belongs to {0}, and this PHP runs as {1}",
            "属于 {0}，而当前 PHP 以 {1} 运行",
            [user(survey.owner), user(own)],
        ),
        Text::with(
            "run this script as its owner (sudo -u), or give the directory to who runs PHP: chown -R {0} {1}",
            "请以其所有者身份运行脚本（sudo -u），或将目录交给运行 PHP 的用户：chown -R {0} {1}",
            [own.into(), Shown::path(patient.state_dir())],
        ),
    );
}

fn mode(survey: &Survey, findings: &Findings) {
    let is_tightened = survey.is_empty && survey.owner == survey::user();
    if survey.mode & FOREIGN_WRITE != 0 && !is_tightened {
        return findings.fail(
            Check::StateDirMode,
            Text::with(
                "{0}: others may write in it",
                "{0}：其他用户可写",
                [Shown::mode(survey.mode)],
            ),
            Text::new("run chmod 700 on it", "请对其执行 chmod 700"),
        );
    }
    findings.ok(
        Check::StateDirMode,
        Text::with("{0}", "{0}", [Shown::mode(survey.mode)]),
    );
}

fn writable(survey: &Survey, findings: &Findings) {
    if !findings.may(Check::StateDirWritable) {
        return;
    }
    match &survey.unusable {
        Some(error) => findings.fail(
            Check::StateDirWritable,
            Text::with(
                "it cannot be written: {0}",
                "无法写入：{0}",
                [Shown::said(&error.to_string())],
            ),
            Text::new(
                "chmod 700 on it; look whether the disk is mounted read-only",
                "请执行 chmod 700，并检查磁盘是否只读",
            ),
        ),
        None => findings.ok(Check::StateDirWritable, Text::new("yes", "是")),
    }
}

fn space(survey: &Survey, findings: &Findings) {
    let check = Check::StateDirSpace;
    let Some(bytes) = survey.free_bytes else {
        return findings.unknown(check, Text::new("it cannot be told", "无法得知"), None);
    };
    let seen = if bytes >> 34 > 0 {
        Text::with("{0} GB free", "剩余 {0} GB", [(bytes >> 30).into()])
    } else {
        Text::with("{0} MB free", "剩余 {0} MB", [(bytes >> 20).into()])
    };
    let todo = Text::new(
        "make room on its disk, or lower mj.retention",
        "请清理其磁盘，或减小 mj.retention",
    );
    if survey.free_files.is_some_and(|files| files < FEW) {
        let seen = Text::new(
            "no more files can be made on its disk (inodes)",
            "磁盘 inode 已用尽",
        );
        return findings.fail(check, seen, todo);
    }
    match bytes {
        0..NONE => findings.fail(check, seen, todo),
        NONE..LITTLE => findings.warn(check, seen, todo),
        _ => findings.ok(check, seen),
    }
}

fn files(patient: &Patient<'_>, survey: &Survey, findings: &Findings) {
    if !findings.may(Check::StateDirFiles) {
        return;
    }
    let log = patient.set(|settings| settings.log.target.as_ref());
    // It may be another user's, and has a check of its own.
    let is_log = |path: &Path| matches!(log, Some(Target::File(log)) if log.as_path() == path);
    let foreign = survey.foreign.iter().find(|(path, _)| !is_log(path));
    match foreign {
        Some((path, of)) => findings.fail(
            Check::StateDirFiles,
            Text::with(
                "{0} belongs to {1}, the directory to {2}: a script of another user was here",
                "{0} 属于 {1}，而目录属于 {2}：曾有其他用户的脚本在此运行",
                [Shown::path(path), user(*of), user(survey.owner)],
            ),
            Text::with(
                "chown -R {0} {1}, and run scripts of the command line as that user",
                "请执行 chown -R {0} {1}，并以该用户运行命令行脚本",
                [survey.owner.into(), Shown::path(patient.state_dir())],
            ),
        ),
        None => findings.ok(
            Check::StateDirFiles,
            Text::new("all are of its owner", "全部属于目录所有者"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use mj_midjourney::refusal::Lang;

    use super::{super::finding::Status, *};

    fn survey() -> Survey {
        Survey {
            owner: survey::user(),
            mode: 0o700,
            is_empty: false,
            network: None,
            unusable: None,
            free_bytes: Some(1 << 40),
            free_files: Some(1 << 20),
            foreign: Vec::new(),
        }
    }

    #[test]
    fn a_network_file_system_is_named() {
        let findings = Findings::default();
        let nfs = Survey {
            network: Some("nfs".to_owned()),
            ..survey()
        };
        file_system(&nfs, &findings);
        let found = findings.all().pop().unwrap();
        assert_eq!(
            (found.check, found.status),
            (Check::StateDirFileSystem, Status::Failed)
        );
        assert!(found.seen.words(Lang::En).contains("(nfs)"));
        assert!(found.todo.unwrap().words(Lang::Zh).contains("本地磁盘"));
    }

    #[test]
    fn little_space_is_told_before_there_is_none() {
        for (free_bytes, free_files, status) in [
            (8 << 20, 1 << 20, Status::Failed),
            (64 << 20, 1 << 20, Status::Warning),
            (1 << 40, 3, Status::Failed),
            (1 << 40, 1 << 20, Status::Ok),
        ] {
            let findings = Findings::default();
            let little = Survey {
                free_bytes: Some(free_bytes),
                free_files: Some(free_files),
                ..survey()
            };
            space(&little, &findings);
            assert_eq!(findings.status(Check::StateDirSpace), Some(status));
        }
    }
}
