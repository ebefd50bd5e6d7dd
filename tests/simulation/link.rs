//! A gateway of an owner: the session machine of `mj-discord`, joined to the simulator instead of a socket. Its order
//! of things is that of the engine's `link.rs`.

use mj_discord::{
    Hosts, Moment, Token,
    gateway::{Action, Compression, Config, Fatal, Gateway, Interest, Notice, Session},
    snowflake::ChannelId,
};
use mj_midjourney::{
    application::Bot,
    config::{GatewayKind, HubConfig},
    hub::GatewayNotice,
    store::{IdentifyPermit, TaskStore},
};
use mj_simulator::world::ConnectionId;

use crate::random::Random;

/// A gateway of a hub.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) kind: GatewayKind,
    pub(crate) gateway: Gateway,
    token: Token,
    /// The present connection's number, and its name at Discord once it is open.
    pub(crate) connection: Option<(u64, Option<ConnectionId>)>,
    connections: u64,
}

/// Which messages a hub's gateways decode.
pub(crate) fn interest(config: &HubConfig, others: &[ChannelId]) -> Interest {
    let channels = config
        .accounts
        .iter()
        .filter_map(|account| account.channel_id)
        .chain([config.channel_id])
        .chain(others.iter().copied());
    Interest::new(channels, Bot::ALL.map(Bot::application_id))
}

/// What a link wants done by the network.
#[derive(Debug)]
pub(crate) enum Order {
    Dial {
        number: u64,
        query: String,
        is_resume_host: bool,
    },
    Send(ConnectionId, String),
    Close(ConnectionId, Option<u16>),
}

impl Link {
    pub(crate) fn open(
        now: Moment,
        kind: GatewayKind,
        config: &HubConfig,
        others: &[ChannelId],
        session: Option<Session>,
        mut random: Random,
    ) -> Option<Self> {
        let token = match kind {
            GatewayKind::Bot => config.bot_token.clone()?,
            GatewayKind::User => config.accounts.first()?.user_token.clone(),
        };
        let mut login = match kind {
            GatewayKind::Bot => Config::bot(token.clone()),
            GatewayKind::User => Config::user(token.clone()),
        };
        login.hosts = Hosts::default();
        login.compression = Compression::None;
        login.interest = interest(config, others);
        let entropy = Box::new(move || random.next());
        Some(Self {
            kind,
            gateway: Gateway::new(now, login, session, entropy),
            token,
            connection: None,
            connections: 0,
        })
    }

    /// Does what the machine asks for: what the hub should know, and what is to be sent.
    pub(crate) fn work(
        &mut self,
        now: Moment,
        store: &dyn TaskStore,
    ) -> (Vec<GatewayNotice>, Vec<Order>) {
        let (mut notices, mut orders) = (Vec::new(), Vec::new());
        loop {
            while let Some(notice) = self.gateway.poll_notice() {
                Self::translate(&notice, &mut notices);
            }
            let Some(action) = self.gateway.poll_action() else {
                return (notices, orders);
            };
            match action {
                Action::Connect { url } => {
                    orders.extend(self.leave(None));
                    self.connections += 1;
                    self.connection = Some((self.connections, None));
                    orders.push(Order::Dial {
                        number: self.connections,
                        query: url.query().unwrap_or_default().to_owned(),
                        is_resume_host: url.host_str() != Some("gateway.discord.gg"),
                    });
                }
                Action::Send(text) => {
                    if let Some((_, Some(id))) = self.connection {
                        orders.push(Order::Send(id, text));
                    }
                }
                Action::Close { code } => orders.extend(self.leave(Some(code))),
                Action::DropTcp => orders.extend(self.leave(None)),
                Action::RequestIdentify => {
                    match store.permit_identify(now.unix, self.token.expose()) {
                        Ok(IdentifyPermit::Granted) => self.gateway.identify_permitted(now),
                        Ok(IdentifyPermit::Wait(until) | IdentifyPermit::Exhausted(until)) => {
                            self.gateway.identify_refused(now, now.boot_at(until));
                        }
                        Err(_) => self
                            .gateway
                            .identify_refused(now, now.boot + std::time::Duration::from_secs(5)),
                    }
                }
                Action::Fatal(fatal) => {
                    self.connection = None;
                    notices.push(GatewayNotice::Fatal(match fatal {
                        Fatal::Closed(code) => code.0,
                        Fatal::PayloadTooLarge(_) => 4002,
                    }));
                }
            }
        }
    }

    /// The end of the present connection.
    pub(crate) fn leave(&mut self, code: Option<u16>) -> Option<Order> {
        let (_, id) = self.connection.take()?;
        Some(Order::Close(id?, code))
    }

    fn translate(notice: &Notice, notices: &mut Vec<GatewayNotice>) {
        match notice {
            Notice::SessionStarted | Notice::IdentifyPostponed { .. } => {}
            Notice::SessionResumed => notices.push(GatewayNotice::Resumed),
            Notice::SessionLost { .. } => notices.push(GatewayNotice::SessionLost),
            Notice::Disconnected { .. } => notices.push(GatewayNotice::Down),
            Notice::SequenceGap { .. } => notices.push(GatewayNotice::Missed),
        }
    }
}
