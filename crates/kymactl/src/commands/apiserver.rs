//! `kymactl apiserver`: the embedded server alone.

mod home;
mod leftovers;
mod notify;
mod serving;

use std::net::IpAddr;

use kyma_apiserver::serve::Names;
use kyma_controller::shutdown;

pub(crate) use home::Home;
pub(crate) use serving::{Serving, Settings, Started, until_cut_off};

use crate::args::{ApiserverArgs, StoreArgs};
use crate::exit::Failure;
use crate::{output, signals};

pub(crate) async fn run(args: ApiserverArgs) -> Result<(), Failure> {
    let home = home(&args.store)?;
    let names = names(&args)?;
    let kubeconfig = home.kubeconfig(args.write_kubeconfig.as_deref())?;
    let (drain, stop) = shutdown::channel();
    // Before anything else: as the first process of a container it would miss a signal without a handler.
    signals::end_on(drain);
    let serving = Serving::bind(args.bind_address, args.secure_port).await?;
    let serving = serving.start(&home, names, kubeconfig, settings(&args)).await?;

    output::line(&format!("serving {} (objects are kept in {})", serving.url(), home.place()))?;
    output::line(&format!("kubeconfig {}", serving.kubeconfig().display()))?;
    if !args.bind_address.is_loopback() {
        output::line(&remote(&args))?;
    }
    notify::send(&format!("READY=1\nSTATUS=serving {}", serving.url()));
    let stopping = stop.clone();
    let work = serving.run(async move {
        stopping.draining().await;
        notify::send("STOPPING=1\nSTATUS=finishing open requests");
    });
    until_cut_off(&stop, work).await
}

fn settings(args: &ApiserverArgs) -> Settings {
    let (connections, requests) = (args.limits.meant(), args.requests.meant());
    Settings {
        connections,
        requests,
        store: args.requests.meant_for_store(),
        audit: args.audit.meant(),
        no_controllers: args.no_controllers,
        namespace: None,
    }
}

fn home(args: &StoreArgs) -> Result<Home, Failure> {
    match (&args.data_dir, args.in_memory) {
        (Some(folder), _) => Ok(Home::kept(folder)),
        (None, true) => Ok(Home::memory()),
        (None, false) => Err(Failure::usage(
            "say where objects are kept: --data-dir DIR, where the next start finds them, or --in-memory",
        )),
    }
}

/// What the server's certificate covers; refuses an address that lets others in where nobody said that they may.
fn names(args: &ApiserverArgs) -> Result<Names, Failure> {
    if !args.bind_address.is_loopback() && !args.allow_remote {
        return Err(Failure::usage(format!(
            "--bind-address {}: other machines could connect there, and whoever has the kubeconfig can do everything; add \
             --allow-remote if that is meant, else use 127.0.0.1 or ::1",
            args.bind_address
        )));
    }
    args.tls_san.iter().try_fold(Names::of(args.bind_address), |names, name| {
        names.with(name).map_err(|error| Failure::usage(format!("--tls-san: {error}")))
    })
}

/// What it means that others can connect.
fn remote(args: &ApiserverArgs) -> String {
    let mut names = args.tls_san.clone();
    if !args.bind_address.is_unspecified() {
        names.insert(0, args.bind_address.to_string());
    }
    let reached = match names.as_slice() {
        [] => "under no name yet, since none is in the certificate: add --tls-san NAME".to_owned(),
        names => format!("as {}", names.join(", ")),
    };
    format!(
        "remote: other machines can connect {reached}. Over TLS and authenticated only; but whoever has the kubeconfig, or \
         the certificate or token in it, can do everything: copy it as you would a password"
    )
}

/// The address of a server that is for this machine only.
pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Args, Command};

    fn typed(flags: &[&str]) -> ApiserverArgs {
        let words = ["kymactl", "apiserver", "--write-kubeconfig", "k"].iter().chain(flags);
        let Command::Apiserver(args) = Args::try_parse_from(words).unwrap().command else { unreachable!() };
        args
    }

    #[test]
    fn without_a_place_for_objects_both_are_named() {
        let text = format!("{:?}", home(&typed(&[]).store).unwrap_err());
        assert!(
            text.contains("--data-dir") && text.contains("--in-memory") && text.contains("code: 2"),
            "{text}"
        );
        assert!(home(&typed(&["--in-memory"]).store).is_ok());
    }

    #[test]
    fn others_get_in_only_where_it_is_said_that_they_may() {
        for address in ["0.0.0.0", "::", "192.0.2.7"] {
            let text = format!("{:?}", names(&typed(&["--bind-address", address])).unwrap_err());
            assert!(text.contains("--allow-remote") && text.contains("code: 2"), "{text}");
            assert!(names(&typed(&["--bind-address", address, "--allow-remote"])).is_ok());
        }
        for address in ["127.0.0.1", "127.9.9.9", "::1"] {
            assert!(names(&typed(&["--bind-address", address])).is_ok(), "{address}");
        }
    }

    #[test]
    fn the_line_for_others_says_under_which_names() {
        let args = typed(&["--bind-address", "0.0.0.0", "--allow-remote"]);
        assert!(remote(&args).contains("add --tls-san"));
        let more = ["--tls-san", "fleet.example.com", "--tls-san", "192.0.2.9"];
        let args = typed(&[&["--bind-address", "192.0.2.7", "--allow-remote"][..], &more].concat());
        assert!(remote(&args).contains("as 192.0.2.7, fleet.example.com, 192.0.2.9."));
        assert!(names(&typed(&["--tls-san", "no name"])).is_err());
    }
}
