//! Names to addresses without the system's resolver: a fork while a thread of ours was inside `getaddrinfo` left libc's
//! locks taken in the child, and 8 of 8 children hung in their own look-ups when that was tried.

use std::{
    collections::HashMap,
    fs, io,
    net::{IpAddr, SocketAddr},
    os::unix::fs::MetadataExt as _,
    path::Path,
    sync::Arc,
};

use hickory_resolver::{
    TokioResolver,
    config::{ResolveHosts, ResolverConfig},
    net::runtime::TokioRuntimeProvider,
};
use parking_lot::Mutex;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// What a resolver is made of. An owner lives for weeks, and they change under it: by hand, by DHCP, by a VPN.
const FILES: [&str; 2] = ["/etc/resolv.conf", HOSTS];
/// Names that this machine knows by itself (hosts(5)).
const HOSTS: &str = "/etc/hosts";

/// A name that leads nowhere, for whatever reason.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name has no address")]
pub(crate) struct NoAddress;

/// A resolver that reads `/etc/resolv.conf` and `/etc/hosts` at its first use, and again when they have changed.
#[derive(Clone, Default)]
pub(crate) struct Resolver {
    inner: Arc<Mutex<Option<Made>>>,
    #[cfg(test)]
    answers: Option<Answers>,
}

/// A resolver, and what the files were like when it was made.
#[derive(Clone)]
struct Made {
    of: Vec<Stamp>,
    hosts: Arc<HashMap<String, Vec<IpAddr>>>,
    resolver: TokioResolver,
}

/// The lines of hosts(5): an address, then its names. What cannot be read is left out, a line at most: comments are
/// written in anything.
fn hosts_of(file: &[u8]) -> HashMap<String, Vec<IpAddr>> {
    let mut hosts: HashMap<String, Vec<IpAddr>> = HashMap::new();
    for line in file.split(|byte| *byte == b'\n') {
        let line = String::from_utf8_lossy(line);
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.trim_start_matches('\u{feff}').split_whitespace();
        let Some(Ok(address)) = words.next().map(str::parse::<IpAddr>) else {
            continue;
        };
        for name in words {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            hosts.entry(name).or_default().push(address);
        }
    }
    hosts
}

/// What tells two states of a file apart: device, inode, size and the time of the last change; none where there is
/// none.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

fn stamps(files: &[impl AsRef<Path>]) -> Vec<Stamp> {
    let stamp = |file: &dyn AsRef<Path>| {
        let there = fs::metadata(file.as_ref()).ok()?;
        Some((
            there.dev(),
            there.ino(),
            there.size(),
            there.mtime(),
            there.mtime_nsec(),
        ))
    };
    files.iter().map(|file| stamp(file)).collect()
}

/// What a test has names lead to.
#[cfg(test)]
type Answers = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Resolver {
    /// A resolver that asks nobody.
    #[cfg(test)]
    pub(crate) fn answering(answers: impl Fn(&str) -> Vec<IpAddr> + Send + Sync + 'static) -> Self {
        Self {
            inner: Arc::default(),
            answers: Some(Arc::new(answers)),
        }
    }

    /// The addresses of `host`, IPv4 first; an address is its own.
    pub(crate) async fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Ok(vec![address]);
        }
        #[cfg(test)]
        if let Some(answers) = &self.answers {
            return Ok(answers(host));
        }
        let made = self.current()?;
        // As in libc, what stands there is all: DNS is not asked for the other kind of address.
        let known = host.trim_end_matches('.').to_ascii_lowercase();
        if let Some(addresses) = made.hosts.get(&known) {
            return Ok(in_order(addresses.clone()));
        }
        let found = made.resolver.lookup_ip(host).await;
        let found = found.map_err(|_| io::Error::other(NoAddress))?;
        Ok(in_order(found.iter().collect()))
    }
}

impl Resolver {
    fn current(&self) -> io::Result<Made> {
        let of = stamps(&FILES);
        let mut made = self.inner.lock();
        if let Some(made) = &*made
            && made.of == of
        {
            return Ok(made.clone());
        }
        let new = Made {
            of,
            hosts: Arc::new(hosts_of(&fs::read(HOSTS).unwrap_or_default())),
            resolver: build()?,
        };
        *made = Some(new.clone());
        Ok(new)
    }
}

fn in_order(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.sort_by_key(IpAddr::is_ipv6);
    addresses
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.clone();
        Box::pin(async move {
            let found = resolver.lookup(name.as_str()).await?;
            let addresses: Addrs =
                Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

fn build() -> io::Result<TokioResolver> {
    // Without a readable resolv.conf only literal addresses and /etc/hosts remain.
    let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|_| {
        TokioResolver::builder_with_config(
            ResolverConfig::default(),
            TokioRuntimeProvider::default(),
        )
    });
    builder.options_mut().use_hosts_file = ResolveHosts::Never;
    builder.build().map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hosts_as_people_write_them() {
        let file = b"\xef\xbb\xbf127.0.0.1\tlocalhost\n\
            ::1 localhost ip6-localhost # both\n\
            # \xb7\xfe\xce\xf1\xc6\xf7\n\
            203.0.113.7  Discord.example.  gateway.example\r\n\
            nonsense a.example\n\
            10.0.0.1\n";
        let hosts = hosts_of(file);
        let of = |name: &str| -> Vec<String> {
            let addresses = hosts.get(name).into_iter().flatten();
            addresses.map(IpAddr::to_string).collect()
        };
        assert_eq!(of("localhost"), ["127.0.0.1", "::1"]);
        assert_eq!(of("discord.example"), ["203.0.113.7"]);
        assert_eq!(of("gateway.example"), ["203.0.113.7"]);
        assert_eq!(hosts.len(), 4);
    }

    #[test]
    fn a_file_that_changed_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("resolv.conf");
        let files = [file.clone()];
        let missing = stamps(&files);
        fs::write(&file, "nameserver 192.0.2.1").unwrap();
        let first = stamps(&files);
        assert_ne!(missing, first);
        assert_eq!(first, stamps(&files));
        // As a program of DHCP's does it: another file of the same size in its place.
        let next = directory.path().join("next");
        fs::write(&next, "nameserver 192.0.2.2").unwrap();
        fs::rename(&next, &file).unwrap();
        assert_ne!(first, stamps(&files));
    }
}
