//! The brain of a hub, without a socket or a clock: which interaction is sent when, to which task a message belongs,
//! what is written, and what is asked of Discord's REST API.

pub mod driver;

use std::{collections::VecDeque, fmt, time::Duration};

use mj_discord::{Moment, gateway::Event};
use serde::Serialize;

pub use self::driver::{Answer, FailureKind, GatewayNotice, Output, Predecessor, RequestId};
use crate::{
    config::{GatewayKind, HubConfig, HubId},
    store::{Committed, Grade, HubState, Inbox},
    task::TaskId,
};

/// Random numbers from the kernel.
pub type Entropy = Box<dyn FnMut() -> u64 + Send>;

/// All state of one hub at its owner.
pub struct Hub {
    outputs: VecDeque<Output>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

/// What `mj_status()` shows of a hub; free of secrets.
#[derive(Clone, Debug, Serialize)]
pub struct HubStatus {}

impl Hub {
    /// Starts from what the store holds.
    #[expect(clippy::too_many_arguments, reason = "all that an owner starts from, once")]
    pub fn new(
        now: Moment,
        id: HubId,
        epoch: u64,
        grade: Grade,
        config: HubConfig,
        state: HubState,
        predecessor: Predecessor,
        entropy: Entropy,
    ) -> Self {
        let _ = (now, id, epoch, grade, config, state, predecessor, entropy);
        Self { outputs: VecDeque::new() }
    }

    /// Takes what other processes wrote.
    pub fn handle_inbox(&mut self, now: Moment, inbox: Inbox) {
        let _ = (now, inbox);
    }

    /// Takes the answer to the [`Output::Commit`] that was polled last.
    pub fn handle_committed(&mut self, now: Moment, committed: Committed) {
        let _ = (now, committed);
    }

    /// Takes a changed configuration.
    pub fn handle_config(&mut self, now: Moment, config: HubConfig) {
        let _ = (now, config);
    }

    /// The process is now of another kind (a transient one that has lived long enough to be resident).
    pub fn handle_grade(&mut self, now: Moment, grade: Grade) {
        let _ = (now, grade);
    }

    /// Takes what happened to a gateway connection.
    pub fn handle_gateway(&mut self, now: Moment, gateway: GatewayKind, notice: GatewayNotice) {
        let _ = (now, gateway, notice);
    }

    /// Takes a dispatched event with its sequence.
    pub fn handle_event(&mut self, now: Moment, gateway: GatewayKind, sequence: u64, event: &Event<'_>) {
        let _ = (now, gateway, sequence, event);
    }

    /// Takes what became of a request.
    pub fn handle_answer(&mut self, now: Moment, id: RequestId, answer: Answer) {
        let _ = (now, id, answer);
    }

    /// To be called when [`Hub::poll_timeout`] is due; harmless at any other time.
    pub fn handle_timeout(&mut self, now: Moment) {
        let _ = now;
    }

    /// The owner before this one (epoch - 1) is now proven dead.
    pub fn handle_predecessor_dead(&mut self, now: Moment) {
        let _ = now;
    }

    /// The owner of this earlier epoch is now proven dead; see [`Hub::doubtful_epochs`].
    pub fn handle_owner_dead(&mut self, now: Moment, epoch: u64) {
        let _ = (now, epoch);
    }

    /// Earlier owners whose attempts are in doubt and whose death is not proven: the driver may probe their bytes.
    pub fn doubtful_epochs(&self) -> Vec<u64> {
        Vec::new()
    }

    /// Nothing new is sent from here on; [`Hub::idle`] tells when the last answer is in and written.
    pub fn drain(&mut self, now: Moment) {
        let _ = now;
    }

    /// Whether no request is under way and nothing waits to be written.
    pub fn idle(&self) -> bool {
        self.outputs.is_empty()
    }

    /// Whether each of these tasks has been sent or has ended, and that is written: a short process may exit.
    pub fn submitted(&self, tasks: &[TaskId]) -> bool {
        tasks.is_empty()
    }

    /// The next thing to do; none when there is nothing until the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `handle_timeout` is to be called, on the boot clock.
    pub fn poll_timeout(&self) -> Option<Duration> {
        None
    }

    /// What `mj_status()` shows.
    pub fn status(&self) -> HubStatus {
        HubStatus {}
    }
}
