//! Names to addresses without the system's resolver: a fork while a thread of ours was inside `getaddrinfo` left libc's
//! locks taken in the child, and 8 of 8 children hung in their own look-ups when that was tried.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use hickory_resolver::{TokioResolver, config::ResolverConfig, net::runtime::TokioRuntimeProvider};
use once_cell::sync::OnceCell;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name that leads nowhere, for whatever reason.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the name has no address")]
pub(crate) struct NoAddress;

/// A resolver that reads `/etc/resolv.conf` and `/etc/hosts` at its first use.
#[derive(Clone, Default)]
pub(crate) struct Resolver {
    inner: Arc<OnceCell<TokioResolver>>,
    #[cfg(test)]
    answers: Option<Answers>,
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
        let resolver = self.inner.get_or_try_init(build)?;
        let found = resolver
            .lookup_ip(host)
            .await
            .map_err(|_| io::Error::other(NoAddress))?;
        let mut addresses: Vec<IpAddr> = found.iter().collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        Ok(addresses)
    }
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
    TokioResolver::builder_tokio()
        .unwrap_or_else(|_| {
            TokioResolver::builder_with_config(
                ResolverConfig::default(),
                TokioRuntimeProvider::default(),
            )
        })
        .build()
        .map_err(io::Error::other)
}
