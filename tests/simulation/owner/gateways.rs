//! An owner's gateways: what their frames become in the brain.

use mj_discord::{
    Moment,
    gateway::{Dispatch, Event},
};
use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::GatewayNotice,
};
use mj_simulator::world::{ConnectionId, Transmit};

use super::{Ground, Owner};
use crate::{
    link::{self, Link, Order},
    network::{Travel, Up},
};

impl Owner {
    /// The gateways decode what happens in all channels that concern the hub.
    pub(super) fn follow_channels(&mut self) {
        self.others = self.hub.other_channels().collect();
        for link in &mut self.links {
            link.gateway
                .set_interest(link::interest(&self.config, &self.others));
        }
    }

    pub(super) fn take_frame(
        &mut self,
        ground: &mut Ground<'_>,
        connection: ConnectionId,
        transmit: &Transmit,
    ) {
        let now = ground.now;
        let found = self.links.iter_mut().find(|link| {
            link.connection
                .is_some_and(|(_, id)| id == Some(connection))
        });
        let Some(link) = found else { return };
        let kind = link.kind;
        let dispatch = match transmit {
            Transmit::Text(text) | Transmit::Zlib(text) => link.gateway.handle_text(now, text),
            Transmit::Garbage(bytes) => {
                let _ = link.gateway.handle_binary(now, bytes);
                None
            }
            Transmit::Close(code, _) => {
                link.gateway.handle_closed(now, Some(*code));
                link.connection = None;
                None
            }
            Transmit::Drop | Transmit::Reset => {
                link.gateway.handle_closed(now, None);
                link.connection = None;
                None
            }
            Transmit::Silence => None,
        };
        match dispatch {
            Some(Dispatch {
                event: Event::Ready(ready),
                ..
            }) => {
                self.work_links(ground);
                let notice = GatewayNotice::Ready {
                    user_id: ready.user,
                    session_id: ready.session_id,
                    is_new: true,
                };
                self.hub.handle_gateway(now, kind, notice);
                self.tell_session(now, kind);
            }
            Some(Dispatch {
                event: Event::Resumed,
                ..
            }) => {
                self.tell_session(now, kind);
                self.work_links(ground);
            }
            Some(Dispatch { sequence, event }) => {
                self.hub.handle_event(now, kind, sequence, &event);
                self.work_links(ground);
            }
            None => self.work_links(ground),
        }
    }

    fn tell_session(&mut self, now: Moment, kind: GatewayKind) {
        let session = self
            .links
            .iter()
            .find(|link| link.kind == kind)
            .and_then(|link| link.gateway.session().cloned());
        if let Some(session) = session {
            self.hub
                .handle_gateway(now, kind, GatewayNotice::Session(session));
        }
    }

    pub(super) fn work_links(&mut self, ground: &mut Ground<'_>) {
        for link in &mut self.links {
            let kind = link.kind;
            let (notices, orders) = link.work(ground.now, ground.store);
            for notice in notices {
                self.hub.handle_gateway(ground.now, kind, notice);
            }
            for order in orders {
                ground.leaving.push(match order {
                    Order::Dial {
                        number,
                        query,
                        is_resume_host,
                    } => Travel::Dials {
                        life: self.life,
                        epoch: self.epoch,
                        kind,
                        number,
                        query,
                        is_resume_host,
                    },
                    Order::Send(id, text) => Travel::Up(id, Up::Text(text)),
                    Order::Close(id, code) => Travel::Up(id, Up::Close(code)),
                });
            }
        }
    }

    pub(super) fn arrange_links(&mut self, ground: &mut Ground<'_>) {
        let mode = self.config.gateway;
        self.others = self.hub.other_channels().collect();
        let wanted = [
            (
                GatewayKind::Bot,
                matches!(mode, GatewayMode::Bot | GatewayMode::Both),
            ),
            (
                GatewayKind::User,
                matches!(mode, GatewayMode::User | GatewayMode::Both),
            ),
        ];
        for (kind, _) in wanted.into_iter().filter(|(_, is_wanted)| *is_wanted) {
            let at = self
                .sessions
                .iter()
                .position(|(gateway, _)| *gateway == kind);
            let session = at.map(|at| self.sessions.remove(at).1);
            let random = ground.random.branch();
            self.links.extend(Link::open(
                ground.now,
                kind,
                &self.config,
                &self.others,
                session,
                random,
            ));
        }
        self.work_links(ground);
    }
}
