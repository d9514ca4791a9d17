//! The attacks, and how large they are.

use std::time::Duration;

use clap::ValueEnum;

use crate::args::AttackArgs;

/// What is done to the server while others use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Attack {
    /// Nothing: how far two measurements of the same differ.
    Nobody,
    /// Connections that never send, not even the beginning of TLS.
    SilentTcp,
    /// Connections that finish TLS and never send.
    SilentTls,
    /// Watchers of a busy resource that never read.
    DeafWatchers,
    /// Bodies that are larger than any may be, over and over.
    LargeBodies,
    /// Objects with very many labels, over and over.
    ManyLabels,
    /// Clients that ask for a large list and never read it.
    UnreadLists,
}

impl Attack {
    /// In the order in which they are measured.
    pub(crate) const ALL: [Attack; 7] = [
        Attack::Nobody,
        Attack::SilentTcp,
        Attack::SilentTls,
        Attack::DeafWatchers,
        Attack::LargeBodies,
        Attack::ManyLabels,
        Attack::UnreadLists,
    ];

    /// What it is called in tables.
    pub(super) fn name(self) -> &'static str {
        match self {
            Attack::Nobody => "nobody, for comparison",
            Attack::SilentTcp => "connections without TLS",
            Attack::SilentTls => "connections without a request",
            Attack::DeafWatchers => "watchers that do not read",
            Attack::LargeBodies => "bodies that are too large",
            Attack::ManyLabels => "objects with many labels",
            Attack::UnreadLists => "lists that are not read",
        }
    }

    /// How it is done.
    pub(super) fn settings(self, size: &Size) -> String {
        let Size { connections, watchers, body_bytes, labels, senders, listers, list_objects, .. } = size;
        let ms = |pause: Duration| pause.as_millis();
        match self {
            Attack::Nobody => "nothing".to_owned(),
            Attack::SilentTcp | Attack::SilentTls => format!("{connections} connections"),
            Attack::DeafWatchers => format!("{watchers} watches of all ConfigMaps"),
            Attack::LargeBodies => {
                let mib = body_bytes >> 20;
                format!("{senders} at a time, {mib} MiB each, {} ms of pause", ms(size.body_pause))
            }
            Attack::ManyLabels => {
                format!("{senders} at a time, {labels} labels each, {} ms of pause", ms(size.label_pause))
            }
            Attack::UnreadLists => {
                let hold = ms(size.list_hold);
                format!("{listers} clients, {list_objects} objects of 4 KiB each, given up after {hold} ms")
            }
        }
    }
}

/// How much is done.
#[derive(Debug, Clone)]
pub(super) struct Size {
    /// How long one turn is, without attackers or with them.
    pub(super) turn: Duration,
    /// Requests that well-behaved clients send in a second, together.
    pub(super) rate: u32,
    /// Connections that never send.
    pub(super) connections: u32,
    /// Watches that nobody reads.
    pub(super) watchers: u32,
    /// Bytes of a body that is too large.
    pub(super) body_bytes: usize,
    /// Labels of an object.
    pub(super) labels: usize,
    /// How many send bodies at a time, and how long each of them then waits: what they cost themselves must leave
    /// most of the machine to the others.
    pub(super) senders: u32,
    pub(super) body_pause: Duration,
    pub(super) label_pause: Duration,
    /// How many ask for lists, of how many objects, and after which time they hang up and ask again.
    pub(super) listers: u32,
    pub(super) list_objects: usize,
    pub(super) list_hold: Duration,
}

impl Size {
    /// What was asked for.
    pub(super) fn of(args: &AttackArgs) -> Self {
        let is_quick = args.common.quick;
        let seconds = args.seconds.unwrap_or(if is_quick { 1 } else { 5 });
        Size {
            turn: Duration::from_secs(seconds.into()),
            rate: args.rate,
            connections: if is_quick { 100 } else { 1000 },
            watchers: if is_quick { 20 } else { 200 },
            body_bytes: 10 << 20,
            labels: if is_quick { 10_000 } else { 100_000 },
            senders: 4,
            body_pause: Duration::from_millis(500),
            label_pause: Duration::from_secs(1),
            listers: 16,
            list_objects: if is_quick { 500 } else { 5000 },
            list_hold: Duration::from_secs(2),
        }
    }

    /// How long after one another `many` connections are opened, so that all are open for a third of the turn.
    pub(super) fn pace(&self, many: u32) -> Duration {
        (self.turn * 2 / 3 / many.max(1)).max(Duration::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Args, Command};

    fn size(line: &str) -> Size {
        let Command::Attack(args) = Args::parse_from(line.split(' ')).command else { panic!() };
        Size::of(&args)
    }

    #[test]
    fn the_settings_say_how_much() {
        let size = size("kyma-bench attack");
        let settings = Attack::ALL.map(|attack| attack.settings(&size));
        assert_eq!(
            settings,
            [
                "nothing",
                "1000 connections",
                "1000 connections",
                "200 watches of all ConfigMaps",
                "4 at a time, 10 MiB each, 500 ms of pause",
                "4 at a time, 100000 labels each, 1000 ms of pause",
                "16 clients, 5000 objects of 4 KiB each, given up after 2000 ms",
            ]
        );
    }

    #[test]
    fn connections_are_open_before_their_turn_ends() {
        for line in ["kyma-bench attack", "kyma-bench attack --quick", "kyma-bench attack --seconds 2"] {
            let size = size(line);
            for many in [size.connections, size.watchers] {
                assert!(size.pace(many) * many < size.turn, "{line}");
            }
        }
    }
}
