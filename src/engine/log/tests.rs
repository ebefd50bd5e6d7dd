//! The log as a reader of its file, or of the system's log, finds it.

use std::{
    fs::{self, File},
    io::Read as _,
    os::unix::net::UnixDatagram,
    path::Path,
    sync::Arc,
    thread,
};

use tracing::subscriber::with_default;

use super::*;

const NEVER: Rotation = Rotation { size: 0, files: 5 };

fn settings(target: Target) -> LogSettings {
    LogSettings {
        target: Some(target),
        level: Level::INFO,
        format: Format::Text,
        rotation: NEVER,
        prompts: false,
    }
}

fn at(path: &Path) -> LogSettings {
    settings(Target::File(path.to_owned()))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn writes_what_is_ours_and_loud_enough() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mj.log");
    with_default(Log::new(&at(&path)), || {
        tracing::info!(target: "mj_engine", hub = "abc", epoch = 3_u64, why = "two words", "this process owns the hub");
        tracing::debug!(target: "mj_engine", "too quiet");
        tracing::error!(target: "hyper", "not ours");
    });
    let text = read(&path);
    assert_eq!(text.lines().count(), 1, "{text}");
    let end = " INFO this process owns the hub hub=abc epoch=3 why=\"two words\"\n";
    assert!(text.ends_with(end), "{text}");
}

/// What a prompt, a file's name or a host's answer may hold.
fn hostile() -> Vec<String> {
    let mut values: Vec<String> = [
        "a\n2026-01-01T00:00:00.000Z 1 ERROR forged",
        "a\r\nforged",
        "\u{1b}[2Jcleared",
        "x\" level=\"error",
        "x level=error",
        "\\\" , \"level\":\"error",
        "\u{2028}forged\u{2029}\u{85}\u{7f}\u{0}",
        "\u{202e}desrever",
        "=",
        "",
        "图片\u{1f600}",
    ]
    .map(str::to_owned)
    .into();
    values.extend((0..=0x9f_u8).map(|code| char::from(code).to_string()));
    values.push("long ".repeat(100_000));
    values
}

#[test]
fn no_value_forges_a_line_or_a_field() {
    let directory = tempfile::tempdir().unwrap();
    let (text, json) = (directory.path().join("text"), directory.path().join("json"));
    let values = hostile();
    let flood = || {
        for value in &values {
            tracing::warn!(target: "mj_engine", task = value.as_str(), cause = ?value, shown = %value, "{value}");
        }
    };
    with_default(Log::new(&at(&text)), flood);
    let as_json = LogSettings {
        format: Format::Json,
        ..at(&json)
    };
    with_default(Log::new(&as_json), flood);
    for path in [&text, &json] {
        let log = read(path);
        assert_eq!(log.matches('\n').count(), values.len());
        assert!(log.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(!log.contains(['\u{2028}', '\u{2029}', '\u{202e}']));
    }
    for (line, value) in read(&json).lines().zip(&values) {
        let object: serde_json::Value = serde_json::from_str(line).unwrap();
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            ["cause", "level", "message", "pid", "shown", "task", "time"]
        );
        assert_eq!(object["level"], "warn");
        if value.len() < 1_000 {
            assert_eq!(object["task"], value.as_str());
            assert_eq!(object["shown"], value.as_str());
        }
    }
    for line in read(&text).lines() {
        assert_eq!(
            line.matches(" level=error").count(),
            line.matches("x level=error").count()
        );
        assert!(line.contains(" WARN "), "{line}");
    }
}

#[test]
fn prompts_are_there_only_when_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mj.log");
    for prompts in [false, true] {
        let settings = LogSettings {
            prompts,
            ..at(&path)
        };
        with_default(Log::new(&settings), || {
            tracing::info!(target: "mj_engine", task = "1", prompt = "a red fox", "a task was submitted");
        });
        assert_eq!(read(&path).contains("a red fox"), prompts);
    }
}

#[test]
fn many_writers_rotate_one_file_and_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = Arc::new(directory.path().join("mj.log"));
    let (writers, lines) = (8, 300);
    let all: Vec<_> = (0..writers)
        .map(|writer| {
            let path = Arc::clone(&path);
            thread::spawn(move || {
                let settings = LogSettings {
                    rotation: Rotation {
                        size: 4_096,
                        files: 1_000,
                    },
                    ..at(&path)
                };
                with_default(Log::new(&settings), || {
                    for line in 0..lines {
                        tracing::info!(target: "mj_engine", writer, line, "one of many");
                    }
                });
            })
        })
        .collect();
    for writer in all {
        writer.join().unwrap();
    }
    let mut found = Vec::new();
    let mut files = 0;
    for entry in fs::read_dir(directory.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "lock") {
            continue;
        }
        files += 1;
        for line in read(&path).lines() {
            found.push(line.split_once(" INFO ").unwrap().1.to_owned());
        }
    }
    found.sort();
    found.dedup();
    assert_eq!(found.len(), writers * lines);
    assert!(files > 20, "{files}");
}

#[test]
fn old_files_are_bounded_and_a_gap_is_filled() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mj.log");
    let settings = LogSettings {
        rotation: Rotation {
            size: 200,
            files: 3,
        },
        ..at(&path)
    };
    let say = |what: u32| {
        with_default(Log::new(&settings), || {
            tracing::info!(target: "mj_engine", what, "{}", "x".repeat(120));
        });
    };
    (0..9).for_each(say);
    let holds = |name: &str, what: u32| {
        let text = read(&directory.path().join(name));
        assert!(text.contains(&format!(" what={what}\n")), "{name}: {text}");
    };
    holds("mj.log", 8);
    holds("mj.log.1", 7);
    holds("mj.log.2", 6);
    holds("mj.log.3", 5);
    assert!(!directory.path().join("mj.log.4").exists());
    // As a process leaves it that dies between two renames.
    fs::rename(
        directory.path().join("mj.log.1"),
        directory.path().join("kept"),
    )
    .unwrap();
    say(9);
    holds("mj.log", 9);
    holds("mj.log.1", 8);
    holds("mj.log.2", 6);
}

#[test]
fn who_rotates_as_root_leaves_the_file_to_its_owner() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    const SOMEBODY: u32 = 12_345;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mj.log");
    File::create(&path).unwrap();
    if chown(&path, Some(SOMEBODY), Some(SOMEBODY)).is_err() {
        // Only root gives files away.
        return;
    }
    let settings = LogSettings {
        rotation: Rotation {
            size: 100,
            files: 2,
        },
        ..at(&path)
    };
    with_default(Log::new(&settings), || {
        for _ in 0..3 {
            tracing::info!(target: "mj_engine", "{}", "x".repeat(90));
        }
    });
    for name in ["mj.log", "mj.log.1", "mj.log.lock"] {
        let there = fs::metadata(directory.path().join(name)).unwrap();
        assert_eq!((there.uid(), there.gid()), (SOMEBODY, SOMEBODY), "{name}");
    }
}

#[test]
fn a_lock_that_another_holds_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mj.log");
    let settings = LogSettings {
        rotation: Rotation {
            size: 100,
            files: 2,
        },
        ..at(&path)
    };
    let lock = File::create(directory.path().join("mj.log.lock")).unwrap();
    lock.lock().unwrap();
    let say = || {
        with_default(Log::new(&settings), || {
            tracing::info!(target: "mj_engine", "{}", "x".repeat(90));
        });
    };
    say();
    say();
    assert_eq!(read(&path).lines().count(), 2);
    drop(lock);
    say();
    assert_eq!(read(&path).lines().count(), 1);
    assert_eq!(read(&directory.path().join("mj.log.1")).lines().count(), 2);
}

#[test]
fn follows_a_file_that_was_moved_away() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mj.log");
    with_default(Log::new(&at(&path)), || {
        tracing::info!(target: "mj_engine", "before");
        fs::rename(&path, directory.path().join("mj.log.20260101")).unwrap();
        tracing::info!(target: "mj_engine", "behind");
        fs::remove_file(&path).unwrap();
        tracing::info!(target: "mj_engine", "removed");
    });
    assert!(read(&directory.path().join("mj.log.20260101")).ends_with("before\n"));
    let text = read(&path);
    assert!(text.ends_with(" INFO removed\n"), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn what_cannot_be_written_is_said_once_and_goes_on_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("missing").join("mj.log");
    let _ = health::take_complaint();
    let log = Log::new(&at(&path));
    log.probe();
    with_default(log, || {
        for _ in 0..3 {
            tracing::info!(target: "mj_engine", "unheard");
        }
        let complaint = health::take_complaint().unwrap();
        assert!(
            complaint.starts_with("mj.log cannot be written ("),
            "{complaint}"
        );
        assert_eq!(health::take_complaint(), None);
        assert_eq!(health::shown()["state"], "failing");
        assert!(health::incident().unwrap().contains("3 lines are lost"));
        fs::create_dir(path.parent().unwrap()).unwrap();
        tracing::info!(target: "mj_engine", "heard");
    });
    assert_eq!(health::shown()["state"], "ok");
    assert_eq!(health::incident(), None);
    let text = read(&path);
    assert!(text.contains(" INFO heard\n"), "{text}");
    assert!(
        text.contains(" WARN the log could not be written: 3 lines"),
        "{text}"
    );
}

#[test]
fn a_full_disk_stops_nothing() {
    let _ = health::take_complaint();
    with_default(Log::new(&at(Path::new("/dev/full"))), || {
        tracing::info!(target: "mj_engine", "no room");
    });
    let complaint = health::take_complaint().unwrap();
    assert!(complaint.contains("No space left"), "{complaint}");
}

#[test]
fn speaks_to_the_system_log_and_to_the_next_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let first = UnixDatagram::bind(&path).unwrap();
    let heard = |socket: &UnixDatagram| {
        let mut packet = [0; 2_048];
        let length = socket.recv(&mut packet).unwrap();
        String::from_utf8(packet[..length].to_vec()).unwrap()
    };
    with_default(Log::new(&settings(Target::Syslog(path.clone()))), || {
        tracing::warn!(target: "mj_engine", hub = "abc", "a webhook was given up");
        let packet = heard(&first);
        assert!(packet.starts_with("<12>"), "{packet}");
        let end = format!(
            " mj[{}]: WARN a webhook was given up hub=abc",
            std::process::id()
        );
        assert!(packet.ends_with(&end), "{packet}");
        drop(first);
        fs::remove_file(&path).unwrap();
        let second = UnixDatagram::bind(&path).unwrap();
        tracing::error!(target: "mj_engine", "again");
        assert!(heard(&second).starts_with("<11>"));
    });
}

#[test]
fn a_system_log_may_listen_for_streams() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("log");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let target = Target::parse(&format!("syslog:{}", path.display()));
    with_default(Log::new(&settings(target)), || {
        tracing::info!(target: "mj_engine", "one");
        tracing::info!(target: "mj_engine", "two");
    });
    let mut said = String::new();
    let (mut stream, _) = listener.accept().unwrap();
    stream.read_to_string(&mut said).unwrap();
    let ends = said.matches("]: INFO ").count();
    assert_eq!((ends, said.matches('\0').count()), (2, 2), "{said}");
    assert!(
        said.starts_with("<14>") && said.ends_with(": INFO two\0"),
        "{said}"
    );
}

#[test]
fn the_log_of_php_is_where_php_says() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("php.log");
    let resolved = |error_log: &str| Target::parse("php").resolved(error_log);
    assert_eq!(resolved(""), Target::StandardError);
    assert_eq!(resolved("syslog"), Target::Syslog("/dev/log".into()));
    let target = resolved(path.to_str().unwrap());
    with_default(Log::new(&settings(target)), || {
        tracing::error!(target: "mj_engine", "the engine cannot run");
    });
    let mut text = String::new();
    File::open(&path)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(
        text.starts_with('[') && text.contains(" UTC] mj: ERROR the engine cannot run"),
        "{text}"
    );
}
