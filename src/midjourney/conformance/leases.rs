//! Hubs, their configuration, who owns them, and how often one may identify.

use std::{thread, time::Duration};

use super::{NOW, after, claim, config, deposed_by, end, hub, own, submit, task};
use crate::{
    config::HubConfig,
    store::{Grade, IdentifyPermit, Lease, TaskStore},
};

/// It grows only when something changed.
pub fn a_configuration_has_a_revision(store: &impl TaskStore) {
    assert!(store.config(&hub(1)).unwrap().is_none());
    assert!(store.configure(NOW, &hub(1), &config()).unwrap());
    assert!(!store.configure(after(1), &hub(1), &config()).unwrap());
    assert_eq!(store.config(&hub(1)).unwrap(), Some((1, config())));
    let mut other = config();
    other.queue_size += 1;
    assert!(store.configure(after(2), &hub(1), &other).unwrap());
    assert_eq!(store.config(&hub(1)).unwrap(), Some((2, other)));
    assert!(store.configure(after(3), &hub(1), &config()).unwrap());
    assert_eq!(store.config(&hub(1)).unwrap(), Some((3, config())));
    assert!(store.config(&hub(2)).unwrap().is_none());
}

/// None is lost, whoever comes between.
pub fn changes_of_a_configuration_meet(store: &impl TaskStore) {
    const THREADS: u32 = 4;
    const CHANGES: u32 = 10;
    let larger = |stored: Option<&HubConfig>| {
        let mut config = config();
        config.queue_size = stored.map_or(1, |stored| stored.queue_size + 1);
        config
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..CHANGES {
                    assert!(store.reconfigure(NOW, &hub(1), &larger).unwrap());
                }
            });
        }
    });
    let (revision, stored) = store.config(&hub(1)).unwrap().unwrap();
    assert_eq!(stored.queue_size, THREADS * CHANGES);
    assert_eq!(revision, u64::from(THREADS * CHANGES));
}

/// With what is open in each, and when each was last used.
pub fn hubs_are_listed(store: &impl TaskStore) {
    assert!(store.hubs().unwrap().is_empty());
    store.configure(NOW, &hub(2), &config()).unwrap();
    store.configure(after(59), &hub(2), &config()).unwrap();
    submit(store, &task(1));
    submit(store, &task(2));
    own(store);
    end(store, &task(3), after(1));
    let hubs = store.hubs().unwrap();
    let seen: Vec<_> = hubs
        .iter()
        .map(|hub| (&hub.id, hub.config_revision, hub.open_tasks, hub.used_at))
        .collect();
    assert_eq!(seen, [(&hub(1), 0, 2, NOW), (&hub(2), 1, 0, NOW)]);
    store.configure(after(60), &hub(2), &config()).unwrap();
    store.submit(after(90), &[task(4)], 10).unwrap();
    let hubs = store.hubs().unwrap();
    assert_eq!([hubs[0].used_at, hubs[1].used_at], [after(90), after(60)]);
}

/// The next epoch only, and nobody twice.
pub fn a_lease_is_taken_once_for_each_epoch(store: &impl TaskStore) {
    assert_eq!(store.lease(&hub(1)).unwrap(), None);
    assert!(!store.take_lease(&hub(1), &claim(0)).unwrap());
    assert!(!store.take_lease(&hub(1), &claim(2)).unwrap());
    assert_eq!(store.lease(&hub(1)).unwrap(), None);
    assert!(store.take_lease(&hub(1), &claim(1)).unwrap());
    assert!(!store.take_lease(&hub(1), &claim(1)).unwrap());
    assert!(!store.take_lease(&hub(1), &claim(3)).unwrap());
    assert_eq!(store.lease(&hub(1)).unwrap(), Some(claim(1)));
    let full = Lease {
        epoch: 2,
        owner: "灯塔".to_owned(),
        boot_id: "another boot".to_owned(),
        pid: u32::MAX,
        start_time: u64::MAX,
        grade: Grade::Transient,
        taken_at: after(1),
        until: after(11),
        yield_requested: false,
    };
    assert!(store.take_lease(&hub(1), &full).unwrap());
    assert_eq!(store.lease(&hub(1)).unwrap(), Some(full));
    assert!(store.take_lease(&hub(2), &claim(1)).unwrap());
}

/// Only by who has it.
pub fn a_lease_is_renewed_and_released(store: &impl TaskStore) {
    assert_eq!(
        deposed_by(&store.renew_lease(&hub(1), 1, Grade::Resident, after(20))),
        Some(0)
    );
    own(store);
    assert!(
        !store
            .renew_lease(&hub(1), 1, Grade::Resident, after(20))
            .unwrap()
    );
    assert_eq!(
        store.lease(&hub(1)).unwrap(),
        Some(Lease {
            until: after(20),
            ..claim(1)
        })
    );
    assert!(store.take_lease(&hub(1), &claim(2)).unwrap());
    assert_eq!(
        deposed_by(&store.renew_lease(&hub(1), 1, Grade::Resident, after(30))),
        Some(2)
    );
    store.release_lease(&hub(1), 1).unwrap();
    assert_eq!(store.lease(&hub(1)).unwrap(), Some(claim(2)));
    store.release_lease(&hub(1), 2).unwrap();
    let released = store.lease(&hub(1)).unwrap().unwrap();
    assert_eq!((released.epoch, released.until.0), (2, 0));
    store.release_lease(&hub(2), 1).unwrap();
    assert!(store.take_lease(&hub(1), &claim(3)).unwrap());
}

/// It learns so when it renews; its successor is not asked, nor is a resident.
pub fn a_transient_owner_is_asked_to_give_way(store: &impl TaskStore) {
    store.request_yield(&hub(1)).unwrap();
    assert_eq!(store.lease(&hub(1)).unwrap(), None);
    let transient = Lease {
        grade: Grade::Transient,
        ..claim(1)
    };
    store.take_lease(&hub(1), &transient).unwrap();
    assert!(
        !store
            .renew_lease(&hub(1), 1, Grade::Transient, after(20))
            .unwrap()
    );
    store.request_yield(&hub(1)).unwrap();
    assert!(store.lease(&hub(1)).unwrap().unwrap().yield_requested);
    assert!(
        store
            .renew_lease(&hub(1), 1, Grade::Transient, after(21))
            .unwrap()
    );
    assert!(
        store
            .renew_lease(&hub(1), 1, Grade::Transient, after(22))
            .unwrap()
    );
    store.take_lease(&hub(1), &claim(2)).unwrap();
    store.request_yield(&hub(1)).unwrap();
    assert!(
        !store
            .renew_lease(&hub(1), 2, Grade::Resident, after(23))
            .unwrap()
    );
}

/// From its next renewal on, and what was asked before is forgotten.
pub fn an_owner_that_became_resident_is_not_asked(store: &impl TaskStore) {
    let transient = Lease {
        grade: Grade::Transient,
        ..claim(1)
    };
    store.take_lease(&hub(1), &transient).unwrap();
    store.request_yield(&hub(1)).unwrap();
    let renew = |grade, seconds| {
        store
            .renew_lease(&hub(1), 1, grade, after(seconds))
            .unwrap()
    };
    assert!(renew(Grade::Transient, 20));
    assert!(!renew(Grade::Resident, 21));
    store.request_yield(&hub(1)).unwrap();
    let lease = store.lease(&hub(1)).unwrap().unwrap();
    assert_eq!(
        (lease.grade, lease.yield_requested),
        (Grade::Resident, false)
    );
    assert!(!renew(Grade::Resident, 22));
}

/// Eight threads want each of ten epochs.
pub fn racing_candidates_have_one_winner(store: &impl TaskStore) {
    for epoch in 1..=10 {
        let winners: usize = thread::scope(|scope| {
            let candidates: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| usize::from(store.take_lease(&hub(1), &claim(epoch)).unwrap()))
                })
                .collect();
            candidates
                .into_iter()
                .map(|candidate| candidate.join().unwrap())
                .sum()
        });
        assert_eq!(winners, 1, "epoch {epoch}");
    }
}

/// Ten, five seconds apart, then one in ninety seconds; each token for itself.
pub fn identifies_come_in_a_burst_then_slowly(store: &impl TaskStore) {
    let ask = |at: u64| store.permit_identify(after(at), "token").unwrap();
    assert_eq!(ask(0), IdentifyPermit::Granted);
    assert_eq!(ask(0), IdentifyPermit::Wait(after(5)));
    assert_eq!(ask(4), IdentifyPermit::Wait(after(5)));
    for number in 1..10 {
        assert_eq!(ask(number * 5), IdentifyPermit::Granted, "number {number}");
    }
    // The first was taken at 0: the eleventh is there 90 s later.
    assert_eq!(ask(50), IdentifyPermit::Wait(after(90)));
    assert_eq!(
        store.permit_identify(after(50), "another").unwrap(),
        IdentifyPermit::Granted
    );
    assert_eq!(ask(90), IdentifyPermit::Granted);
    assert_eq!(ask(91), IdentifyPermit::Wait(after(180)));
    assert_eq!(ask(180), IdentifyPermit::Granted);
    // A quiet time fills the burst again, and not beyond.
    for number in 0..10 {
        assert_eq!(
            ask(5_000 + number * 5),
            IdentifyPermit::Granted,
            "number {number}"
        );
    }
    assert!(matches!(ask(5_050), IdentifyPermit::Wait(_)));
}

/// 951 leave 49 of 1,000: no more until the day is over.
pub fn identifies_stop_before_the_daily_limit(store: &impl TaskStore) {
    let mut now = NOW;
    let mut granted = 0;
    let until = loop {
        match store.permit_identify(now, "token").unwrap() {
            IdentifyPermit::Granted => granted += 1,
            IdentifyPermit::Wait(at) => {
                assert!(at > now);
                now = at;
            }
            IdentifyPermit::Exhausted(until) => break until,
        }
    };
    assert_eq!(granted, 951);
    assert_eq!(until, NOW.plus(Duration::from_secs(86_400)));
    assert!(now < until);
    assert_eq!(
        store.permit_identify(until, "token").unwrap(),
        IdentifyPermit::Granted
    );
    assert!(matches!(
        store.permit_identify(until, "token").unwrap(),
        IdentifyPermit::Wait(_)
    ));
}

/// A clock that was a year ahead does not make us wait a year: the burst counts as used.
pub fn an_identify_budget_survives_a_clock_set_back(store: &impl TaskStore) {
    let year = 365 * 86_400;
    assert_eq!(
        store.permit_identify(after(year), "token").unwrap(),
        IdentifyPermit::Granted
    );
    assert_eq!(
        store.permit_identify(NOW, "token").unwrap(),
        IdentifyPermit::Wait(after(90))
    );
    assert_eq!(
        store.permit_identify(after(90), "token").unwrap(),
        IdentifyPermit::Granted
    );
}
