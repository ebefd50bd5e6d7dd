//! The gateways of an owned hub: which are open, and what comes from their sockets.

use std::sync::Arc;

use mj_discord::{
    Moment,
    gateway::{Dispatch, Event},
};
use mj_midjourney::{
    config::{GatewayKind, GatewayMode},
    hub::GatewayNotice,
    store::Grade,
};

use super::{Drive, telling::word};
use crate::{
    link::{self, Link, Login, SocketEvent},
    metrics::CONNECTS,
    shared::moment,
    socket::Incoming,
};

impl Drive {
    /// Feeds what a socket brought to its session machine, and what that makes of it to the hub.
    pub(super) fn take_socket_event(
        &mut self,
        now: Moment,
        kind: GatewayKind,
        connection: u64,
        event: &SocketEvent,
    ) {
        let Some(link) = self.links.iter_mut().find(|link| link.kind == kind) else {
            return;
        };
        let Some(gateway) = link.current(connection) else {
            return;
        };
        let dispatch = match event {
            SocketEvent::Connected => {
                let labels = [("gateway", word(kind))];
                self.network.meter.count(&CONNECTS, &labels);
                gateway.handle_connected(now);
                None
            }
            SocketEvent::ConnectFailed => {
                gateway.handle_connect_failed(now);
                link.forget(connection);
                None
            }
            SocketEvent::Incoming(Incoming::Text(text)) => gateway.handle_text(now, text),
            SocketEvent::Incoming(Incoming::Binary(bytes)) => gateway.handle_binary(now, bytes),
            SocketEvent::Incoming(Incoming::Broken(_)) => {
                gateway.handle_closed(now, None);
                link.forget(connection);
                None
            }
            SocketEvent::Incoming(Incoming::Closed(code)) => {
                gateway.handle_closed(now, *code);
                link.forget(connection);
                None
            }
        };
        match dispatch {
            Some(Dispatch {
                event: Event::Ready(ready),
                ..
            }) => {
                // That the old session is lost must be known before the new one is.
                self.work_links();
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
                self.work_links();
            }
            Some(Dispatch { sequence, event }) => {
                self.hub.handle_event(now, kind, sequence, &event);
                self.work_links();
            }
            None => self.work_links(),
        }
    }

    fn tell_session(&mut self, now: Moment, kind: GatewayKind) {
        let session = self
            .links
            .iter()
            .find(|link| link.kind == kind)
            .and_then(|link| link.session().cloned());
        if let Some(session) = session {
            self.hub
                .handle_gateway(now, kind, GatewayNotice::Session(session));
        }
    }

    /// Does what the session machines ask for.
    pub(super) fn work_links(&mut self) {
        let now = moment();
        for link in &mut self.links {
            let kind = link.kind;
            for notice in link.work(now, self.shared.store, &self.source) {
                self.hub.handle_gateway(now, kind, notice);
            }
        }
    }

    /// Opens, keeps and closes gateways as the configuration and the grade want it.
    pub(super) fn arrange_links(&mut self, now: Moment) {
        self.other_channels = self.hub.other_channels().collect();
        let wanted: Vec<(GatewayKind, Login)> = [GatewayKind::Bot, GatewayKind::User]
            .into_iter()
            .filter(|kind| self.grade == Grade::Resident && is_wanted(self.config.gateway, *kind))
            .filter_map(|kind| Some((kind, Login::of(kind, &self.config, &self.hosts)?)))
            .collect();
        let links = std::mem::take(&mut self.links);
        for mut link in links {
            if wanted
                .iter()
                .any(|(kind, login)| link.kind == *kind && link.serves(login))
            {
                link.set_interest(link::interest(&self.config, &self.other_channels));
                self.links.push(link);
            } else {
                // A session belongs to its token: another host goes on with it.
                if let Some(session) = link.session().filter(|_| {
                    wanted
                        .iter()
                        .any(|(kind, login)| link.kind == *kind && link.has_token_of(login))
                }) {
                    self.sessions.retain(|(kind, _)| *kind != link.kind);
                    self.sessions.push((link.kind, session.clone()));
                }
                tokio::task::spawn_local(link.shut_down());
            }
        }
        for (kind, login) in wanted {
            if self.links.iter().all(|link| link.kind != kind) {
                let stored = self
                    .sessions
                    .iter()
                    .position(|(gateway, _)| *gateway == kind);
                let session = stored.map(|at| self.sessions.remove(at).1);
                let route = Arc::clone(&self.route);
                let interest = link::interest(&self.config, &self.other_channels);
                self.links
                    .push(Link::open(now, kind, login, interest, session, route));
            }
        }
        self.work_links();
    }

    /// The gateways decode what happens in all channels that concern the hub.
    pub(super) fn follow_other_channels(&mut self) {
        if self
            .hub
            .other_channels()
            .eq(self.other_channels.iter().copied())
        {
            return;
        }
        self.other_channels = self.hub.other_channels().collect();
        for link in &mut self.links {
            link.set_interest(link::interest(&self.config, &self.other_channels));
        }
    }
}

fn is_wanted(mode: GatewayMode, kind: GatewayKind) -> bool {
    match kind {
        GatewayKind::Bot => matches!(mode, GatewayMode::Bot | GatewayMode::Both),
        GatewayKind::User => matches!(mode, GatewayMode::User | GatewayMode::Both),
    }
}
