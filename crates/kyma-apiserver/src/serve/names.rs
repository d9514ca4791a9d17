//! The names and addresses under which clients reach the server: what its certificate must cover.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls::pki_types::DnsName;

/// Names that every serving certificate has; the last three are those of the Service that stands for the server inside
/// a cluster.
const USUAL: [&str; 4] = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];

/// A name that no certificate can have.
#[derive(Debug, thiserror::Error)]
#[error("{name:?} is neither an IP address nor a DNS name")]
pub struct NameError {
    name: String,
}

/// Names and addresses of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    pub(super) dns: BTreeSet<String>,
    pub(super) ips: BTreeSet<IpAddr>,
}

impl Names {
    /// The usual names, loopback, and the address that is listened on, where that is one and not all.
    pub fn of(address: IpAddr) -> Self {
        let mut ips = BTreeSet::from([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
        if !address.is_unspecified() {
            ips.insert(address);
        }
        Names { dns: USUAL.map(str::to_owned).into(), ips }
    }

    /// One more, an IP address or a DNS name.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn with(mut self, name: &str) -> Result<Self, NameError> {
        if let Ok(ip) = name.parse() {
            self.ips.insert(ip);
        } else if DnsName::try_from(name).is_ok() {
            self.dns.insert(name.to_ascii_lowercase());
        } else {
            return Err(NameError { name: name.to_owned() });
        }
        Ok(self)
    }

    /// Whether all of `other` are among these.
    pub(super) fn cover(&self, other: &Names) -> bool {
        self.dns.is_superset(&other.dns) && self.ips.is_superset(&other.ips)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_all_is_nobodys_name() {
        let all = Names::of(Ipv4Addr::UNSPECIFIED.into());
        assert_eq!(all.ips.len(), 2, "loopback only");
        let one = Names::of(Ipv4Addr::new(10, 0, 0, 7).into());
        assert!(one.cover(&all) && !all.cover(&one));
    }

    #[test]
    fn more_names_are_addresses_or_dns_names() {
        let names = Names::of(Ipv4Addr::LOCALHOST.into());
        let more = names.clone().with("10.1.2.3").unwrap().with("Fleet.example.com").unwrap();
        assert!(
            more.ips.contains(&Ipv4Addr::new(10, 1, 2, 3).into()) && more.dns.contains("fleet.example.com")
        );
        for bad in ["", "*.example.com", "a b", "https://x", "10.1.2.3:6443", "-a.example.com"] {
            assert!(names.clone().with(bad).is_err(), "{bad:?}");
        }
    }
}
