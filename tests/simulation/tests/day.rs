//! A day in the life of an owner that nobody kills.

use mj_simulation::{Day, live};

/// What Discord tells its clients, in milliseconds.
const HEARTBEAT_INTERVAL: u64 = 41_250;
/// By then everything is as full as it gets: a table of 1,000 ended tasks is the slowest.
const FULL: u64 = 10;

fn a_day() -> Day {
    let day = live(1, 24, false);
    assert_eq!(day.broken, Vec::<String>::new());
    assert_eq!(day.snapshots.len(), 24);
    assert!(day.tasks > 2_000, "{} tasks", day.tasks);
    day
}

#[test]
fn a_day_grows_nothing_and_keeps_to_the_pace() {
    let day = a_day();
    nothing_grows(&day);
    logins_are_few(&day);
    hearts_beat_at_their_pace(&day);
}

fn nothing_grows(day: &Day) {
    let (early, late) = day.snapshots.split_at(10);
    assert_eq!(early.last().map(|snapshot| snapshot.hour), Some(FULL));
    for snapshot in late {
        for (name, entries) in &snapshot.kept {
            let most = early.iter().filter_map(|early| early.kept.get(name)).max();
            let most = most.copied().unwrap_or_default();
            assert!(
                *entries <= most + most / 4 + 20,
                "{name}: {entries} entries after {} hours, never more than {most} in the first {FULL}: {:?}",
                snapshot.hour,
                snapshot.kept
            );
        }
    }
}

fn logins_are_few(day: &Day) {
    assert_eq!(day.identifies_refused, 0);
    assert!(day.resumes >= 5, "{} resumes", day.resumes);
    // Two sessions begin, and a new one follows each that Discord ends.
    let logins = day.identified_at.len();
    assert!((2..=30).contains(&logins), "{logins} logins");
}

fn hearts_beat_at_their_pace(day: &Day) {
    assert!(day.connections.len() > 5);
    for connection in &day.connections {
        let due = connection.open_for / HEARTBEAT_INTERVAL;
        assert!(
            connection.heartbeats <= due + 1 && connection.heartbeats + 2 >= due,
            "{connection:?}"
        );
    }
}
