//! What every store must do, as tests that any store's crate runs: see [`conformance!`](crate::conformance!).
//!
//! Each case takes a fresh store and panics when the store is wrong. Compiled for tests, and for other crates with the
//! feature `conformance`.
#![allow(
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test suite: it speaks by panicking"
)]

use std::time::Duration;

use mj_discord::{
    Token, UnixMs,
    gateway::Session,
    snowflake::{ApplicationId, ChannelId, GuildId, InteractionId, MessageId, Nonce, UserId},
};

use crate::{
    config::{AccountConfig, GatewayMode, HostSettings, HubConfig, HubId},
    refusal::{FailCode, Lang},
    store::{Commit, Committed, Grade, Lease, StoreError, TaskStore, Write},
    task::{
        Action, Attempt, AttemptState, Call, Choice, Image, Mode, OpenForm, Picture, PictureSource,
        PressRequest, Stage, Status, StoredFile, Task, TaskButton, TaskId, TaskView, Text, Work,
    },
};

pub mod feed;
pub mod leases;
pub mod notices;
pub mod owning;
pub mod reading;
pub mod submitting;

/// Declares one `#[test]` for each case of the suite. `$fresh` is evaluated for each and gives something that
/// dereferences to a [`TaskStore`] that is empty; it is dropped after the case.
///
/// # Examples
///
/// ```ignore
/// mj_midjourney::conformance!(Box::new(MemoryStore::new()));
/// ```
#[macro_export]
macro_rules! conformance {
    ($fresh:expr) => {
        $crate::conformance!(@cases $fresh;
            submitting {
                a_submitted_task_can_be_read
                submission_is_all_or_none
                an_idempotency_key_makes_the_earlier_task
                an_idempotency_key_is_free_after_pruning
                an_idempotency_key_of_a_family_is_one_in_all_hubs
                a_repeated_submission_adds_nothing
                the_queue_has_a_size
                tasks_of_two_hubs_are_refused
                cancelling_what_was_never_sent
                cancelling_what_was_sent
                cancelling_what_has_ended
                a_cancelled_task_supersedes_the_claim
                a_claimed_task_is_not_cancelled_at_once
                racing_cancels_and_claims_agree
            }
            reading {
                every_field_survives
                several_tasks_in_one_reading
                a_group_is_read_in_submission_order
                queue_positions_follow_priority_then_order
                a_list_is_newest_first_in_parts
                a_list_is_filtered
                a_foreign_cursor_is_refused
                counts_follow_the_tasks
                status_and_accounts_are_given_back
            }
            feed {
                every_write_makes_an_event
                consumers_are_independent
                an_acknowledgement_never_goes_back
                an_acknowledgement_stops_at_the_newest_event
                a_new_consumer_begins_at_the_oldest_kept_event
                a_forgotten_consumer_goes_on_where_it_was
                pruning_removes_old_ended_tasks_only
                pruning_goes_in_parts_the_oldest_first
            }
            notices {
                only_addressed_tasks_are_posted
                every_change_is_due_until_the_newest_is_delivered
                a_failed_post_waits_for_its_time
                what_was_given_up_stays_so
                notices_leave_busy_servers_out
                an_old_owner_settles_nothing
                notices_go_with_their_tasks
            }
            leases {
                a_configuration_has_a_revision
                changes_of_a_configuration_meet
                hubs_are_listed
                a_lease_is_taken_once_for_each_epoch
                a_lease_is_renewed_and_released
                a_transient_owner_is_asked_to_give_way
                an_owner_that_became_resident_is_not_asked
                racing_candidates_have_one_winner
                identifies_come_in_a_burst_then_slowly
                identifies_stop_before_the_daily_limit
                an_identify_budget_survives_a_clock_set_back
            }
            owning {
                an_owner_writes_the_next_revision_only
                several_writes_of_one_task_in_one_commit
                an_old_owner_writes_nothing
                a_hub_without_lease_has_no_owner
                a_cancel_request_is_never_cleared
                a_late_picture_may_replace_a_failure
                tasks_that_are_not_stored_are_left_out
                a_session_is_stored_and_removed
                loading_gives_what_is_open_in_order
                loading_gives_what_may_still_matter
                the_inbox_goes_on_where_loading_ended
                the_inbox_tells_each_write_of_php_once
                the_inbox_is_not_fed_by_the_owner
            }
        );
    };
    (@cases $fresh:expr; $($room:ident { $($case:ident)* })*) => {$($(
        #[test]
        fn $case() {
            let fresh = $fresh;
            $crate::conformance::$room::$case(::std::ops::Deref::deref(&fresh));
        }
    )*)*};
}

/// A wall clock reading that all cases count from.
pub const NOW: UnixMs = UnixMs(1_760_000_000_000);

/// A queue that never fills.
pub const WIDE: u32 = 100_000;

/// `seconds` after [`NOW`].
pub fn after(seconds: u64) -> UnixMs {
    NOW.plus(Duration::from_secs(seconds))
}

/// One of several hubs.
pub fn hub(number: u8) -> HubId {
    HubId(format!("{number:032x}"))
}

/// One of many ids.
pub fn id(number: u64) -> TaskId {
    format!("{number:026}").parse().unwrap()
}

/// A task of the first hub, waiting, with almost nothing in it.
pub fn task(number: u64) -> Task {
    let view = TaskView::new(
        id(number),
        Action::Imagine,
        format!("a lighthouse, number {number}"),
        NOW,
    );
    Task {
        hub: hub(1),
        view,
        work: Work::default(),
    }
}

/// A task in which every field has a value, with text of many scripts.
#[expect(
    clippy::too_many_lines,
    reason = "one line for each field, none left out"
)]
pub fn full_task(number: u64) -> Task {
    let view = TaskView {
        id: id(number),
        revision: 1,
        action: Action::Upscale,
        status: Status::InProgress,
        progress: 93,
        prompt: "灯塔 🗼 маяк — \u{202e}phare\u{202c} \"'\\ \n\t👩‍👩‍👧 --ar 16:9".to_owned(),
        final_prompt: Some("灯塔 🗼".to_owned()),
        parent_id: Some(id(7_001)),
        group_id: Some(id(7_002)),
        account: Some("main".to_owned()),
        mode: Some(Mode::Turbo),
        preview_url: Some("https://cdn.discordapp.com/attachments/1/2/half.webp?ex=1".to_owned()),
        images: vec![
            Image {
                url: "https://cdn.discordapp.com/attachments/1/2/whole.png?ex=1&is=2&hm=3"
                    .to_owned(),
                width: Some(2_048),
                height: Some(1_152),
                size: u64::MAX,
                content_type: Some("image/png".to_owned()),
                expires_at: Some(after(86_400)),
                filename: "灯塔.png".to_owned(),
                file: Some("/archive/灯塔.png".to_owned()),
            },
            Image::default(),
        ],
        buttons: vec![
            TaskButton {
                action: Some("upsample1".to_owned()),
                custom_id: "MJ::JOB::upsample::1::00000000-0000-0000-0000-000000000000".to_owned(),
                label: Some("U1".to_owned()),
                emoji: Some("🔄".to_owned()),
                style: 2,
                choices: Vec::new(),
            },
            TaskButton {
                choices: vec![
                    Choice {
                        value: "7".to_owned(),
                        label: "V7 ✨".to_owned(),
                        selected: true,
                    },
                    Choice::default(),
                ],
                ..TaskButton::default()
            },
        ],
        fail_code: Some(FailCode::ALL[0]),
        fail_reason: Some("not this time 😶".to_owned()),
        retryable: true,
        late: true,
        message_id: Some(MessageId(u64::MAX)),
        job_id: Some("00000000-0000-0000-0000-000000000000".to_owned()),
        seed: Some(u32::MAX),
        state: Some("order/17".to_owned()),
        created_at: NOW,
        submitted_at: Some(after(1)),
        started_at: Some(after(2)),
        finished_at: Some(after(3)),
        stage: Some(Stage::Paused),
        estimated_at: Some(after(30)),
        texts: vec![
            Text {
                name: Some("plan".to_owned()),
                text: "灯塔".to_owned(),
            },
            Text::default(),
        ],
        notes: vec!["--oddity is not known".to_owned()],
        not_before: Some(after(4)),
    };
    let work = Work {
        application_id: Some(ApplicationId(11)),
        sent_prompt: Some("灯塔 --seed 7".to_owned()),
        seed_is_tag: true,
        named_account: Some("main".to_owned()),
        user_id: Some(UserId(12)),
        press: Some(PressRequest {
            message_id: MessageId(13),
            message_flags: 64,
            custom_id: "MJ::1".to_owned(),
            values: vec!["7".to_owned()],
        }),
        key: Some("imagine/11/12/7".to_owned()),
        other_keys: vec!["imagine/11/12/8".to_owned()],
        key_held_until: Some(after(1_800)),
        attempts: vec![attempt(1)],
        messages: vec![MessageId(14), MessageId(15)],
        message_flags: 64,
        bound: true,
        wanted_mode: Some(Mode::Relax),
        deadline: after(900),
        priority: -100,
        idempotency_key: Some(format!("key {number}")),
        cancel_requested: true,
        not_before: Some(after(4)),
        guild_id: Some(GuildId(u64::MAX)),
        channel_id: Some(ChannelId(u64::MAX)),
        unsent: 3,
        forgotten: 2,
        moderated: Some("not so 😶".to_owned()),
        call: Call::Blend {
            dimensions: Some("--ar 1:1".to_owned()),
        },
        pictures: vec![
            Picture {
                parameter: None,
                source: PictureSource::Fetch("https://example.com/灯塔.png".to_owned()),
                uploaded_filename: Some("up/load.png".to_owned()),
                link: Some("https://cdn.discordapp.com/attachments/1/2/up.png".to_owned()),
            },
            Picture {
                parameter: None,
                source: PictureSource::Stored(stored_file()),
                uploaded_filename: None,
                link: None,
            },
        ],
        form_text: Some("灯塔 at night".to_owned()),
        mask: Some(stored_file()),
        form: Some(OpenForm {
            id: Some(InteractionId(16)),
            custom_id: "MJ::Form::1".to_owned(),
            fields: vec![("prompt".to_owned(), "灯塔".to_owned())],
            opened_at: after(5),
            sent_as: Some(Nonce::new("17")),
            missing: 1,
        }),
        cancel_button: Some(PressRequest {
            message_id: MessageId(15),
            message_flags: 64,
            custom_id: "MJ::CancelJob::ByJobid::1".to_owned(),
            values: Vec::new(),
        }),
        shown: Some(MessageId(18)),
        notify_url: Some("https://example.com/hook".to_owned()),
    };
    Task {
        hub: hub(1),
        view,
        work,
    }
}

/// A file that the engine keeps.
pub fn stored_file() -> StoredFile {
    StoredFile {
        name: "0123456789abcdef0123456789abcdef.png".to_owned(),
        content_type: "image/png".to_owned(),
        size: 70,
    }
}

/// An attempt that went well.
pub fn attempt(epoch: u64) -> Attempt {
    Attempt {
        nonce: Nonce::new("1405000000000000001"),
        at: after(1),
        undated: false,
        epoch,
        state: AttemptState::Accepted,
        interaction_id: Some(InteractionId(16)),
        ended_at: Some(after(2)),
        own_session: Some("a session".to_owned()),
    }
}

/// A configuration with one account.
pub fn config() -> HubConfig {
    HubConfig {
        gateway: GatewayMode::Both,
        bot_token: Some(Token::new("a bot's")),
        guild_id: GuildId(21),
        channel_id: ChannelId(22),
        accounts: vec![AccountConfig {
            name: "main".to_owned(),
            user_token: Token::new("a user's"),
            guild_id: None,
            channel_id: Some(ChannelId(23)),
            session_id: None,
            concurrency: 3,
            relax_concurrency: 3,
            weight: 100,
            enabled: true,
        }],
        concurrency: 3,
        relax_concurrency: 3,
        family: None,
        hosts: HostSettings {
            api_url: Some("http://127.0.0.1:1".to_owned()),
            ..HostSettings::default()
        },
        queue_size: 10,
        timeout: Duration::from_millis(600_001),
        retention: Duration::from_secs(2_592_000),
        late_final: Duration::from_secs(1_800),
        spacing: Duration::from_millis(350),
        seed_tag: true,
        user_agent: "mj".to_owned(),
        lang: Lang::En,
        archive: None,
        notify_url: None,
        notify_secret: None,
    }
}

/// A claim of a resident.
pub fn claim(epoch: u64) -> Lease {
    Lease {
        epoch,
        owner: format!("owner {epoch}"),
        boot_id: "a boot".to_owned(),
        pid: 4_711,
        start_time: 17,
        grade: Grade::Resident,
        taken_at: NOW,
        until: after(10),
        yield_requested: false,
    }
}

/// A gateway session at `sequence`.
pub fn session(sequence: u64) -> Session {
    Session {
        session_id: "a session".to_owned(),
        sequence,
        resume_gateway_url: Some("wss://gateway.invalid".to_owned()),
        identified_at: NOW,
        seen_at: after(1),
    }
}

/// Takes the first lease of the first hub.
pub fn own(store: &impl TaskStore) {
    assert!(store.take_lease(&hub(1), &claim(1)).unwrap());
}

/// Submits one task.
pub fn submit(store: &impl TaskStore, task: &Task) {
    assert_eq!(
        store.submit(NOW, std::slice::from_ref(task), WIDE).unwrap(),
        [task.view.id]
    );
}

/// Writes tasks as the first owner of the first hub.
pub fn write(store: &impl TaskStore, now: UnixMs, tasks: &[&Task]) -> Committed {
    let writes = tasks
        .iter()
        .map(|&task| Write::Task(Box::new(task.clone())))
        .collect();
    store
        .commit(
            now,
            &hub(1),
            1,
            &Commit {
                durable: false,
                writes,
            },
        )
        .unwrap()
}

/// Stores a task that ended at `at`.
pub fn end(store: &impl TaskStore, task: &Task, at: UnixMs) -> Task {
    submit(store, task);
    let mut ended = task.clone();
    ended.view.revision += 1;
    ended.view.status = Status::Success;
    ended.view.finished_at = Some(at);
    assert!(write(store, at, &[&ended]).superseded.is_empty());
    ended
}

/// The epoch that a store names when it deposes the caller.
pub fn deposed_by<T>(result: &Result<T, StoreError>) -> Option<u64> {
    match result {
        Err(StoreError::Deposed { epoch, .. }) => Some(*epoch),
        _ => None,
    }
}
