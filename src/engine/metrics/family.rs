//! Every metric by name, as docs/metrics.md lists them.

/// Stages of tasks, in seconds: a press takes some, a relaxed job many minutes.
const STAGES: &[f64] = &[
    0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0, 1_200.0,
    3_600.0,
];
/// Commits, in seconds: from a page cache to a disk that hangs.
const COMMITS: &[f64] = &[
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];
/// Answers and heartbeats, in seconds: through one, two or three proxies.
const TRIPS: &[f64] = &[
    0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by upper bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// As the text format calls it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug)]
pub(crate) struct Family {
    /// Its name.
    pub(super) name: &'static str,
    /// Its kind.
    pub(super) kind: Kind,
    /// What it says, in words without a line's end or a backslash.
    pub(super) help: &'static str,
}

macro_rules! families {
    ($($constant:ident $kind:expr, $name:literal $help:literal;)*) => {
        $(
            #[doc = $help]
            pub(crate) static $constant: Family = Family { name: $name, kind: $kind, help: $help };
        )*

        /// All of them, in the order in which they are shown.
        pub(super) static ALL: &[&Family] = &[$(&$constant),*];
    };
}

families! {
    BUILD_INFO Kind::Gauge, "mj_build_info" "Always 1; the version that answers.";
    TASKS Kind::Gauge, "mj_tasks" "Tasks in the store by status.";
    WAITING Kind::Gauge, "mj_tasks_waiting" "Tasks that wait to be sent, as the owner last counted.";
    RUNNING Kind::Gauge, "mj_tasks_running" "Tasks that were sent and have not ended, as the owner last counted.";
    IN_DOUBT Kind::Gauge, "mj_tasks_in_doubt" "Tasks of which it is open whether they arrived.";
    HELD Kind::Gauge, "mj_tasks_held" "Ended tasks that a late picture may still find.";
    SUBMITTED Kind::Counter, "mj_tasks_submitted_total" "Tasks that the owner took in, by action.";
    ENDED Kind::Counter, "mj_tasks_ended_total" "Tasks that ended, by status and fail code (empty for a success).";
    LATE Kind::Counter, "mj_tasks_late_total" "Tasks whose picture came after they had ended without one.";
    ABSENT Kind::Counter, "mj_attempts_absent_total" "Attempts that were proven not to have arrived and were sent again.";
    QUEUED_SECONDS Kind::Histogram(STAGES), "mj_task_queued_seconds" "From a task's submission until it was first sent, by speed.";
    STARTING_SECONDS Kind::Histogram(STAGES), "mj_task_starting_seconds" "From its sending until Midjourney began, by speed.";
    WORKING_SECONDS Kind::Histogram(STAGES), "mj_task_working_seconds" "From Midjourney's beginning until the picture, by speed.";
    WHOLE_SECONDS Kind::Histogram(STAGES), "mj_task_whole_seconds" "From a task's submission until its success, by speed.";
    MESSAGES Kind::Counter, "mj_messages_total" "Copies of messages of Midjourney's bots that were looked at.";
    MATCHED Kind::Counter, "mj_messages_matched_total" "Of these, those that belong to a task, by the step that told.";
    EMPTY Kind::Counter, "mj_messages_empty_total" "Messages without content on a bot's gateway: the MESSAGE CONTENT intent may be off.";
    MALFORMED Kind::Counter, "mj_events_malformed_total" "Events that could not be read.";
    UNMATCHED Kind::Gauge, "mj_messages_unmatched" "Recent messages that are nobody's.";
    GATEWAY_UP Kind::Gauge, "mj_gateway_up" "1 when the owner lives and its gateway is live.";
    GATEWAY_STATE Kind::Gauge, "mj_gateway_state" "1 for the state that the owner last told, else 0.";
    CONNECTS Kind::Counter, "mj_gateway_connects_total" "Connections that were opened.";
    SESSIONS Kind::Counter, "mj_gateway_sessions_total" "New sessions (READY).";
    RESUMES Kind::Counter, "mj_gateway_resumes_total" "Sessions that went on with all that was missed (RESUMED).";
    SESSIONS_LOST Kind::Counter, "mj_gateway_sessions_lost_total" "Sessions that could not go on, by cause.";
    DISCONNECTS Kind::Counter, "mj_gateway_disconnects_total" "Connections that ended or did not come about, by cause.";
    CLOSES Kind::Counter, "mj_gateway_closes_total" "Close codes of the gateway.";
    IDENTIFIES Kind::Counter, "mj_gateway_identifies_total" "Logins that the budget of 1,000 a day permitted.";
    IDENTIFIES_POSTPONED Kind::Counter, "mj_gateway_identifies_postponed_total" "Logins that it did not permit yet.";
    GAPS Kind::Counter, "mj_gateway_gaps_total" "Times that events were missing in a session.";
    HEARTBEAT_SECONDS Kind::Histogram(TRIPS), "mj_gateway_heartbeat_seconds" "From a heartbeat until its acknowledgement.";
    REQUESTS Kind::Counter, "mj_rest_requests_total" "REST requests by route and outcome.";
    REQUEST_SECONDS Kind::Histogram(TRIPS), "mj_rest_request_seconds" "From a request until its whole answer.";
    RATE_LIMITS Kind::Counter, "mj_rate_limits_total" "Answers that limit us, by whose limit it is.";
    RATE_LIMIT_SECONDS Kind::Counter, "mj_rate_limit_seconds_total" "How long these told us to wait, together.";
    COMMIT_SECONDS Kind::Histogram(COMMITS), "mj_store_commit_seconds" "The owner's commits, by whether they waited for the disk.";
    COMMIT_FAILURES Kind::Counter, "mj_store_failures_total" "The owner's commits that the store refused; each is tried again.";
    OWNER_ALIVE Kind::Gauge, "mj_owner_alive" "1 when a process owns the hub and lives.";
    OWNER_CHANGES Kind::Counter, "mj_owner_changes_total" "Owners that the hub has had.";
    OWNER_AGE Kind::Gauge, "mj_owner_age_seconds" "For how long the owner has owned the hub.";
    OWNER_MEMORY Kind::Gauge, "mj_owner_resident_bytes" "Memory of the owner's process.";
    STATUS_AGE Kind::Gauge, "mj_owner_status_age_seconds" "How old what the owner last told is: that is what most of these metrics are from.";
    ACCOUNTS Kind::Gauge, "mj_accounts" "Configured accounts by state.";
    WEBHOOKS_PENDING Kind::Gauge, "mj_webhooks_pending" "Tasks whose newest state was not taken by their address yet.";
    WEBHOOKS_FAILED Kind::Gauge, "mj_webhooks_failed" "Tasks for which that was given up.";
    WEBHOOK_POSTS Kind::Counter, "mj_webhook_posts_total" "Posts by outcome.";
    ARCHIVED Kind::Counter, "mj_archive_pictures_total" "Pictures for the archive by outcome.";
    CLOCK_DIFFERENCE Kind::Gauge, "mj_clock_difference_seconds" "Discord's clock less this machine's.";
    LOG_FAILING Kind::Gauge, "mj_log_failing" "1 when the owner cannot write mj.log.";
    LOG_LOST Kind::Counter, "mj_log_lines_lost_total" "Lines that the owner's process could not write.";
}

/// That of a name; none for one of another version's.
pub(super) fn named(name: &str) -> Option<&'static Family> {
    ALL.iter().copied().find(|family| family.name == name)
}
