//! What travels between the processes, Discord, and whoever else is out there, and how the network loses it.

use mj_midjourney::{
    hub::{Answer, FailureKind},
    notice::NoticeOutcome,
};
use mj_simulator::world::{Admission, Connect, Transmit};

use super::{Line, Stage, Step};
use crate::{
    network::{self, Departure, Post, Travel, Up},
    owner::{self, Input},
    weather::Trouble,
};

impl Stage {
    pub(super) fn drain_world(&mut self) {
        while let Some((connection, transmit)) = self.world.poll_transmit() {
            let latency = self.latency();
            let Some(line) = self.lines.get_mut(&connection) else {
                continue;
            };
            if transmit == Transmit::Silence {
                continue;
            }
            line.down = line.down.max(self.now + latency);
            let at = line.down;
            self.agenda.plan(
                at,
                Step::Travel(Box::new(Travel::Down(connection, transmit))),
            );
        }
    }

    pub(super) fn travel(&mut self, travel: Travel) {
        match travel {
            Travel::Departs(departure) => self.depart(departure),
            Travel::Arrives(departure) => self.arrive(&departure),
            Travel::Answered {
                life,
                epoch,
                id,
                answer,
            } => self.give(life, epoch, Input::Answered(id, answer)),
            Travel::Dials {
                life,
                epoch,
                kind,
                number,
                query,
                is_resume_host,
            } => {
                let connect = Connect {
                    query,
                    resume_host: is_resume_host,
                    user_agent: None,
                };
                let connection = match self.world.handle_connect(self.now, &connect) {
                    Admission::Accepted(id) => Some(id),
                    Admission::Dropped | Admission::Refused(_) => None,
                };
                let at = self.now + self.latency();
                if let Some(id) = connection {
                    let line = Line {
                        life,
                        down: at,
                        up: self.now,
                    };
                    self.lines.insert(id, line);
                }
                self.note(|| format!("{kind:?} gateway of {life:?} opens {connection:?}"));
                let dialled = Travel::Dialled {
                    life,
                    epoch,
                    kind,
                    number,
                    connection,
                };
                self.agenda.plan(at, Step::Travel(Box::new(dialled)));
            }
            Travel::Dialled {
                life,
                epoch,
                kind,
                number,
                connection,
            } => self.give(life, epoch, Input::Dialled(kind, number, connection)),
            Travel::Down(connection, transmit) => {
                let Some(life) = self.lines.get(&connection).map(|line| line.life) else {
                    return;
                };
                let epoch = self.processes[life.process]
                    .owner
                    .as_ref()
                    .map_or(0, |owner| owner.epoch);
                let name = format!("{connection:?}");
                self.trace.frame(epoch, &name, &transmit);
                self.give(life, epoch, Input::Frame(connection, transmit));
            }
            Travel::Up(connection, up) => match up {
                Up::Text(text) => self.world.handle_text(self.now, connection, &text),
                Up::Close(code) => {
                    self.lines.remove(&connection);
                    self.world.handle_closed(self.now, connection, code);
                }
            },
            Travel::Fetched {
                life,
                epoch,
                task,
                place,
                fetched,
            } => self.give(life, epoch, Input::Fetched(task, place, fetched)),
            Travel::Posts(post) => self.post(post),
            Travel::PostArrives(post) => self.take_post(post),
            Travel::Posted(post, outcome) => {
                let input = Input::Posted(post.task, post.revision, outcome);
                self.give(post.life, post.epoch, input);
            }
            Travel::Ring => {
                let owner = self
                    .processes
                    .iter()
                    .enumerate()
                    .find_map(|(at, process)| Some((at, process.owner.as_ref()?)));
                if let Some((_, owner)) = owner {
                    let (life, epoch) = (owner.life, owner.epoch);
                    self.give(life, epoch, Input::Ring);
                }
            }
        }
    }

    /// A request is about to leave its process: the body asks the lease when it goes out.
    fn depart(&mut self, departure: Departure) {
        let may_stop = departure.is_attempt && self.left > 0;
        let Some(process) = self.living_process(departure.life) else {
            return;
        };
        let stops =
            may_stop && !process.is_stopped && self.weather.troubles.contains(&Trouble::Stop);
        if stops && self.random.chance(10) {
            // Between the attempt's commit and its body.
            self.stop_process(departure.life.process);
        }
        let Some(process) = self.living_process(departure.life) else {
            return;
        };
        if process.is_stopped {
            process.held.push(departure);
            return;
        }
        self.leave_process(departure, false);
    }

    /// The same for one whose process runs. It may have asked the lease before it was stopped.
    pub(super) fn leave_process(&mut self, departure: Departure, has_asked: bool) {
        let now = self.moment_of(departure.life.process);
        let Some(process) = self.living_process(departure.life) else {
            return;
        };
        let is_owner = process
            .owner
            .as_ref()
            .is_some_and(|owner| owner.epoch == departure.epoch);
        if !is_owner {
            return;
        }
        let may_send = process
            .owner
            .as_ref()
            .is_some_and(|owner| owner.may_send(now));
        if departure.is_attempt && !may_send && !has_asked {
            let answer = owner::withheld();
            self.trace
                .asked(departure.epoch, &departure.request, "withheld");
            self.give(
                departure.life,
                departure.epoch,
                Input::Answered(departure.id, answer),
            );
            return;
        }
        let is_troubled = self.weather.troubles.contains(&Trouble::Requests) && self.left > 0;
        if is_troubled && self.random.chance(30) {
            self.trace
                .asked(departure.epoch, &departure.request, "not connected");
            let answer = Answer::Failure {
                sent: false,
                kind: FailureKind::Connect,
            };
            self.give(
                departure.life,
                departure.epoch,
                Input::Answered(departure.id, answer),
            );
            return;
        }
        let at = self.now + self.latency();
        self.agenda
            .plan(at, Step::Travel(Box::new(Travel::Arrives(departure))));
    }

    fn arrive(&mut self, departure: &Departure) {
        let is_troubled = self.weather.troubles.contains(&Trouble::Requests) && self.left > 0;
        let is_lost = is_troubled && self.random.chance(20);
        let loses_answer = is_troubled && self.random.chance(20);
        let answer = if is_lost {
            Answer::Failure {
                sent: true,
                kind: FailureKind::TimedOut,
            }
        } else {
            let response = self.world.handle_request(self.now, &departure.request);
            let told = format!(
                "{}{}",
                response.status,
                if response.cut { ", cut" } else { "" }
            );
            self.trace.asked(departure.epoch, &departure.request, &told);
            let delay = response.delay;
            if loses_answer {
                Answer::Failure {
                    sent: true,
                    kind: FailureKind::TimedOut,
                }
            } else {
                let at = self.now + delay + self.latency();
                self.agenda.plan(
                    at,
                    Step::Travel(Box::new(Travel::Answered {
                        life: departure.life,
                        epoch: departure.epoch,
                        id: departure.id,
                        answer: network::answer(self.now, response),
                    })),
                );
                return;
            }
        };
        let what = if is_lost {
            "lost"
        } else {
            "done, its answer lost"
        };
        self.trace.asked(departure.epoch, &departure.request, what);
        let at = self.now + self.random.between(10, 29_000);
        self.agenda.plan(
            at,
            Step::Travel(Box::new(Travel::Answered {
                life: departure.life,
                epoch: departure.epoch,
                id: departure.id,
                answer,
            })),
        );
    }

    /// A post is about to leave its process: the body asks the lease when it goes out.
    fn post(&mut self, post: Post) {
        let now = self.moment_of(post.life.process);
        let Some(process) = self.living_process(post.life) else {
            return;
        };
        let may_send = !process.is_stopped
            && process
                .owner
                .as_ref()
                .is_some_and(|owner| owner.epoch == post.epoch && owner.may_send(now));
        let at = self.now + self.latency();
        let travel = if may_send {
            Travel::PostArrives(post)
        } else {
            Travel::Posted(post, None)
        };
        self.agenda.plan(at, Step::Travel(Box::new(travel)));
    }

    /// A post is at the task's own address, whose server, or the way back, fails now and then.
    fn take_post(&mut self, post: Post) {
        let is_troubled = self.weather.troubles.contains(&Trouble::Requests) && self.left > 0;
        let is_refused = is_troubled && self.random.chance(100);
        if !is_refused && let Some(what) = self.receiver.take(&post) {
            self.promise.broken(what);
        }
        let has_failed = is_refused || (is_troubled && self.random.chance(50));
        let outcome = if has_failed {
            let now = self.moment_of(post.life.process).unix;
            let at = now.plus(std::time::Duration::from_secs(2));
            NoticeOutcome::Retry { at }
        } else {
            NoticeOutcome::Delivered
        };
        let at = self.now + self.latency();
        let travel = Travel::Posted(post, Some(outcome));
        self.agenda.plan(at, Step::Travel(Box::new(travel)));
    }

    /// Sends what an owner ordered, in its order.
    pub(super) fn leave(&mut self, leaving: Vec<Travel>) {
        for travel in leaving {
            let at = match &travel {
                Travel::Up(connection, _) => {
                    let latency = self.latency();
                    match self.lines.get_mut(connection) {
                        Some(line) => {
                            line.up = line.up.max(self.now + latency);
                            line.up
                        }
                        None => self.now + latency,
                    }
                }
                Travel::Departs(_) | Travel::Posts(_) => self.now,
                Travel::Answered { .. }
                | Travel::Arrives(_)
                | Travel::Dialled { .. }
                | Travel::Dials { .. }
                | Travel::Down(..)
                | Travel::Fetched { .. }
                | Travel::PostArrives(_)
                | Travel::Posted(..)
                | Travel::Ring => self.now + self.latency(),
            };
            self.agenda.plan(at, Step::Travel(Box::new(travel)));
        }
    }
}
