//! Addresses to listen on, in Go's syntax.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;
use tokio::net::TcpListener;

/// How far from a default port another one is looked for.
const NEXT_PORTS: u16 = 100;

/// An address (`:8080` on all interfaces, `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; `0` for none), and
/// whether somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressChoice {
    /// Asked for: this one or none.
    Given(String),
    /// Not asked for: this one, or the next free of the hundred ports that follow.
    Default(String),
}

/// A socket that listens.
#[derive(Debug)]
pub struct Listener {
    pub(super) tcp: TcpListener,
    pub(super) address: SocketAddr,
}

/// Why an address cannot be listened on.
#[derive(Debug, Error)]
pub enum BindError {
    /// It is none.
    #[error(
        "{address:?} is not an address to listen on: it is HOST:PORT, :PORT for all interfaces, or 0 for none"
    )]
    ParseAddress {
        /// What was given.
        address: String,
    },
    /// Somebody listens there.
    #[error(
        "cannot listen on {address}: the port is in use; end the program that uses it, or choose another port (0 for none)"
    )]
    PortInUse {
        /// Where.
        address: String,
    },
    /// Somebody listens on every port that was tried.
    #[error(
        "cannot listen on {address} or any of the {NEXT_PORTS} ports that follow: all are in use; choose a port (0 for none)"
    )]
    NoFreePort {
        /// The first.
        address: String,
    },
    /// The operating system said no.
    #[error("cannot listen on {address}")]
    Bind {
        /// Where.
        address: String,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

/// Begins to listen; `None` when the choice is not to.
///
/// # Errors
///
/// When the address is none, or cannot be had.
pub async fn bind(choice: &AddressChoice) -> Result<Option<Listener>, BindError> {
    let (AddressChoice::Given(address) | AddressChoice::Default(address)) = choice;
    if address == "0" {
        return Ok(None);
    }
    let (host, port) = parse(address)?;
    let last = match choice {
        AddressChoice::Given(_) => port,
        AddressChoice::Default(_) => port.saturating_add(NEXT_PORTS),
    };
    for port in port..=last {
        match listen(host, port).await {
            Ok(tcp) => {
                let local = tcp
                    .local_addr()
                    .map_err(|source| BindError::Bind { address: address.clone(), source })?;
                return Ok(Some(Listener { tcp, address: local }));
            }
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(source) => return Err(BindError::Bind { address: address.clone(), source }),
        }
    }
    Err(match choice {
        AddressChoice::Given(_) => BindError::PortInUse { address: address.clone() },
        AddressChoice::Default(_) => BindError::NoFreePort { address: address.clone() },
    })
}

/// Host (empty for all interfaces) and port.
fn parse(address: &str) -> Result<(&str, u16), BindError> {
    let refused = || BindError::ParseAddress { address: address.to_owned() };
    let (host, port) = address.rsplit_once(':').ok_or_else(refused)?;
    let port = port.parse().map_err(|_| refused())?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(inner) if inner.parse::<Ipv6Addr>().is_ok() => inner,
        None if !host.contains([':', '[', ']', '/', ' ']) => host,
        _ => return Err(refused()),
    };
    Ok((host, port))
}

async fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    if !host.is_empty() {
        return TcpListener::bind((host, port)).await;
    }
    // As Go does: one socket for both families, and IPv4 alone where there is no IPv6.
    match TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).await {
        Err(error) if !matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await
        }
        bound => bound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_go_reads_them() {
        for (address, expected) in [
            (":8080", Some(("", 8080))),
            ("127.0.0.1:0", Some(("127.0.0.1", 0))),
            ("localhost:8081", Some(("localhost", 8081))),
            ("[::1]:443", Some(("::1", 443))),
            ("8080", None),
            ("", None),
            ("::1:443", None),
            ("[localhost]:443", None),
            ("http://localhost:80", None),
            (":65536", None),
            (":http", None),
        ] {
            assert_eq!(parse(address).ok(), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn a_port_that_was_asked_for_is_had_or_refused() {
        let choice = AddressChoice::Given("127.0.0.1:0".into());
        let first = bind(&choice).await.unwrap().unwrap();
        let taken = first.local_addr();
        assert_ne!(taken.port(), 0);
        let error = bind(&AddressChoice::Given(taken.to_string())).await.unwrap_err();
        assert!(
            matches!(&error, BindError::PortInUse { address } if *address == taken.to_string()),
            "{error}"
        );
        assert!(error.to_string().contains("in use"), "{error}");
        let error = bind(&AddressChoice::Given("8080".into())).await.unwrap_err();
        assert!(matches!(error, BindError::ParseAddress { .. }));
        let error = bind(&AddressChoice::Given("203.0.113.1:80".into())).await.unwrap_err();
        assert!(matches!(error, BindError::Bind { .. }), "it is nobody's address: {error}");
    }

    #[tokio::test]
    async fn a_default_port_that_is_taken_is_replaced_by_the_next_free_one() {
        let first = bind(&AddressChoice::Given("127.0.0.1:0".into())).await.unwrap().unwrap();
        let taken = first.local_addr();
        let second = bind(&AddressChoice::Default(taken.to_string())).await.unwrap().unwrap();
        let found = second.local_addr().port();
        assert!(found > taken.port() && found - taken.port() <= NEXT_PORTS, "{found} after {}", taken.port());
    }

    #[tokio::test]
    async fn zero_is_none() {
        assert!(bind(&AddressChoice::Given("0".into())).await.unwrap().is_none());
        assert!(bind(&AddressChoice::Default("0".into())).await.unwrap().is_none());
    }
}
