//! How many logins of a token were counted today.
#![allow(
    clippy::unwrap_used,
    reason = "clippy's rules for tests do not reach helpers of an integration test"
)]

mod common {
    pub(crate) mod store;
}

use std::time::Duration;

use common::store::{store_in, temp_dir};
use mj_midjourney::{
    conformance::NOW,
    store::{IdentifyPermit, TaskStore},
};

#[test]
fn logins_of_the_day_are_counted_by_token() {
    let dir = temp_dir();
    let store = store_in(dir.path());
    assert_eq!(store.identifies(NOW, "token").unwrap(), 0);
    for second in [0, 5, 10] {
        let at = NOW.plus(Duration::from_secs(second));
        assert_eq!(
            store.permit_identify(at, "token").unwrap(),
            IdentifyPermit::Granted
        );
    }
    let later = NOW.plus(Duration::from_secs(60));
    assert_eq!(store.identifies(later, "token").unwrap(), 3);
    assert_eq!(store.identifies(later, "another").unwrap(), 0);
    let next_day = NOW.plus(Duration::from_secs(24 * 3_600));
    assert_eq!(store.identifies(next_day, "token").unwrap(), 0);
}
