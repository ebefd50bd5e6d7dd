//! The driver of sockets around a [`World`]: HTTP/1.1, WebSocket, TLS, and the real clock.

mod compress;
mod driver;
mod frames;
mod http;
mod line;
mod socket;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

pub use self::driver::Driver;
pub use self::tls::TlsFault;

use self::line::Line;
use crate::world::{Hosts, Settings, World};

/// How the sockets are opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address of the REST, CDN, upload, control and first gateway listener; port 0 for any.
    pub listen: SocketAddr,
    /// Address of the listener that `resume_gateway_url` names; port 0 for any.
    pub listen_resume: SocketAddr,
    /// Speak TLS with a certificate of a throw-away authority.
    pub tls: Option<TlsFault>,
    /// Keep Discord's own host names in payloads; a client has to replace them.
    pub discord_hosts: bool,
}

impl Default for Options {
    fn default() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            listen: any,
            listen_resume: any,
            tls: None,
            discord_hosts: false,
        }
    }
}

/// A running simulator; it stops when dropped.
#[derive(Debug)]
pub struct Server {
    driver: Arc<Driver>,
    announcement: Value,
    authority: Option<String>,
    _stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Binds both listeners and begins to serve.
    ///
    /// # Errors
    /// When an address cannot be bound or a certificate cannot be made.
    pub async fn start(settings: Settings, options: Options) -> io::Result<Self> {
        let main = TcpListener::bind(options.listen).await?;
        let resume = TcpListener::bind(options.listen_resume).await?;
        let (address, resume_address) = (main.local_addr()?, resume.local_addr()?);
        let (http, ws) = if options.tls.is_some() {
            ("https", "wss")
        } else {
            ("http", "ws")
        };
        let base = format!("{http}://{address}");
        let gateway = format!("{ws}://{address}");
        let real = Hosts {
            gateway: gateway.clone(),
            resume_gateway: format!("{ws}://{resume_address}"),
            cdn: base.clone(),
            media: base.clone(),
            upload: base.clone(),
        };
        let mut world = World::new(driver::now(), settings);
        world.set_hosts(if options.discord_hosts {
            Hosts::default()
        } else {
            real.clone()
        });
        let announcement = announcement(&world, &base, &real);
        let (acceptor, authority) = match options.tls {
            None => (None, None),
            Some(fault) => {
                let (acceptor, authority) = tls::acceptor(fault)?;
                (Some(acceptor), Some(authority))
            }
        };
        let (stop, stopped) = watch::channel(false);
        let driver = Arc::new(Driver::new(world));
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&driver).keep_time());
        for (listener, resume_host) in [(main, false), (resume, true)] {
            let service = http::Service {
                driver: Arc::clone(&driver),
                resume_host,
                stopped: stopped.clone(),
                reset: Arc::default(),
            };
            tasks.spawn(listen(listener, acceptor.clone(), service));
        }
        Ok(Self {
            driver,
            announcement,
            authority,
            _stop: stop,
            tasks,
        })
    }

    /// The one line that tells a client everything: URLs, tokens, ids.
    pub fn announcement(&self) -> &Value {
        &self.announcement
    }

    /// The throw-away authority's certificate in PEM, when TLS is spoken.
    pub fn authority(&self) -> Option<&str> {
        self.authority.as_deref()
    }

    /// The world and its clock, for tests in the same process.
    pub fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    /// Serves until the process ends.
    pub async fn serve(mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

fn announcement(world: &World, base: &str, real: &Hosts) -> Value {
    let accounts: Vec<Value> = world
        .accounts()
        .iter()
        .map(|account| {
            json!({
                "user_token": account.token, "user_id": account.user, "guild_id": world.guild_id(),
                "channel_id": account.channel, "session_id": account.session_id,
            })
        })
        .collect();
    let mut line = json!({
        "api_url": base, "gateway_url": real.gateway, "resume_gateway_url": real.resume_gateway, "cdn_url": real.cdn,
        "upload_url": real.upload, "activity_url": base, "control_url": format!("{base}/control"), "bot_token": world.bot_token(),
    });
    if let (Some(line), Some(Value::Object(first))) = (line.as_object_mut(), accounts.first()) {
        line.extend(first.clone());
        line.insert("accounts".into(), Value::from(accounts.clone()));
    }
    line
}

async fn listen(listener: TcpListener, acceptor: Option<TlsAcceptor>, service: http::Service) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    connections.spawn(welcome(stream, acceptor.clone(), service.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn welcome(stream: TcpStream, acceptor: Option<TlsAcceptor>, mut service: http::Service) {
    // Progress frames are small; a delayed one would look like a slow Discord.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    service.reset = Arc::default();
    let stream = Line {
        stream,
        reset: Arc::clone(&service.reset),
    };
    match acceptor {
        None => http::serve(stream, service).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                http::serve(stream, service).await;
            }
        }
    }
}
