//! Which hosts and addresses a picture may be fetched from on behalf of a caller: public ones.
//!
//! What is not global is refused by the IANA special-purpose registries (RFC 6890), and so is every IPv6 form that
//! carries an IPv4 address, which may be a private one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where Azure's machines find their agent, the one metadata service on an address that looks public.
const AZURE_AGENT: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);
/// Names that are not the Internet's: RFC 6761 (localhost), RFC 6762 (local), RFC 8375 (home.arpa), and what ICANN set
/// aside for inner networks (internal, where clouds have their metadata services).
const INNER_DOMAINS: [&str; 5] = ["localhost", "local", "home.arpa", "internal", "localdomain"];

/// Whether an address is one of the Internet at large.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = matches!(
        (a, b, c),
        // "This network", and the classes D and E.
        (0 | 224.., _, _)
            // Carrier-grade NAT (RFC 6598); some clouds' metadata.
            | (100, 64..=127, _)
            // IETF protocol assignments, documentation, the 6to4 relays of old.
            | (192, 0, 0 | 2)
            | (198, 51, 100)
            | (203, 0, 113)
            | (192, 88, 99)
            // Benchmarks (RFC 2544).
            | (198, 18 | 19, _)
    );
    !(is_special
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address == AZURE_AGENT)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // Of all IPv6, only 2000::/3 is global unicast: loopback, mapped and compatible forms, NAT64, unique-local,
    // link-local and multicast lie outside.
    let is_global = segments[0] & 0xE000 == 0x2000;
    let is_special = matches!(
        (segments[0], segments[1]),
        // Teredo, ORCHID and other protocol assignments (2001::/23); documentation.
        (0x2001, 0..=0x01FF | 0x0DB8)
            // 6to4 carries an IPv4 address.
            | (0x2002, _)
            // Documentation (RFC 9637).
            | (0x3FFF, 0..=0x0FFF)
    );
    // ISATAP (RFC 5214, section 6.1) carries one behind any prefix.
    let is_isatap = matches!(segments[4], 0 | 0x0200) && segments[5] == 0x5EFE;
    is_global && !is_special && !is_isatap
}

/// Whether a name cannot be one of the Internet's: it has one label only, or belongs to an inner domain. To be asked
/// in any case, and all that can be asked where a proxy looks names up.
pub(crate) fn is_inner_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    // An empty label is in no name; resolvers differ in what they make of it.
    name.split('.').any(str::is_empty)
        || !name.contains('.')
        || INNER_DOMAINS.iter().any(|domain| {
            name.len() > domain.len()
                && name.is_char_boundary(name.len() - domain.len())
                && name[name.len() - domain.len()..].eq_ignore_ascii_case(domain)
                && name[..name.len() - domain.len()].ends_with('.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_not_public() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2a00:1450:4001:82a:0:5efe:a00:1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450:4001:82a::200e",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn knows_inner_names() {
        for name in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "printer",
            "nas.local",
            "metadata.google.internal",
            "metadata.google.internal.",
            "router.home.arpa",
            "db.localdomain",
            "localhost..",
            "a..localhost",
            ".example.com",
            "",
        ] {
            assert!(is_inner_name(name), "{name}");
        }
        for name in [
            "example.com",
            "local.example",
            "notlocalhost.com",
            "mylocal.org",
        ] {
            assert!(!is_inner_name(name), "{name}");
        }
    }
}
