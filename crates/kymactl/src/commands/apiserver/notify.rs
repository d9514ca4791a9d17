//! Telling the service manager how far we are: `Type=notify` of systemd (sd_notify(3)), a datagram to a socket whose name
//! is in the environment.

#[cfg(unix)]
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Where systemd says its socket is.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// Sends lines such as `READY=1`. Without a service manager there is nobody to tell, and that is fine.
#[cfg(unix)]
pub(crate) fn send(state: &str) {
    let Some(name) = std::env::var_os(VARIABLE) else { return };
    if let Err(error) = send_to(&name, state) {
        tracing::warn!(socket = ?name, %error, "the service manager could not be told: {state}");
    }
}

/// Other systems have no such manager.
#[cfg(not(unix))]
pub(crate) fn send(_: &str) {}

#[cfg(unix)]
fn send_to(name: &std::ffi::OsStr, state: &str) -> std::io::Result<()> {
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address(name)?).map(|_| ())
}

/// A name that begins with `@` is one without a file, in Linux's abstract namespace.
#[cfg(unix)]
fn address(name: &std::ffi::OsStr) -> std::io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt as _;
        use std::os::unix::ffi::OsStrExt as _;
        if let [b'@', name @ ..] = name.as_bytes() {
            return SocketAddr::from_abstract_name(name);
        }
    }
    SocketAddr::from_pathname(name)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn heard(name: &str, socket: &UnixDatagram) -> String {
        send_to(name.as_ref(), "READY=1\nSTATUS=serving").unwrap();
        let mut bytes = [0; 64];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    }

    #[test]
    fn the_manager_hears_it_on_either_kind_of_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        assert_eq!(heard(path.to_str().unwrap(), &socket), "READY=1\nSTATUS=serving");

        let name = format!("@kymactl-test-{}", std::process::id());
        let socket = UnixDatagram::bind_addr(&address(name.as_ref()).unwrap()).unwrap();
        assert_eq!(heard(&name, &socket), "READY=1\nSTATUS=serving");
    }

    #[test]
    fn a_manager_that_is_gone_is_an_error() {
        assert!(send_to("/nowhere/notify".as_ref(), "READY=1").is_err());
    }
}
