//! Which numbers a replica acts upon, when many share them out among themselves; pure.
//!
//! Each replica keeps a Lease of its own. It says that the replica lives, and which numbers it may be acting upon: its
//! claims. Whose a number is follows from who lives, by rendezvous hashing (Thaler and Ravishankar, "Using name-based
//! mappings to increase hit rates", 1998), so that when a replica comes or goes only its numbers move.
//!
//! Views of who lives differ for a while. So a number is a replica's to act upon (granted) only when by its own view the
//! number is its own, and one list of all Leases shows its own claim and no other's that lives. Of two replicas that claim
//! the same, one has listed later, and sees the claim of the other, as in Lamport's bakery: they never act both, and who does
//! not own the number takes its claim back.
//!
//! A Lease that has not changed for its own duration is overdue: its replica is dead, or its fence has closed by its own clock
//! (see [`crate::election`]), and it sends nothing more. But a renewal may be on its way. So whoever finds it overdue first
//! evicts it: writes over what was seen, and nothing newer, that nobody holds it. Who then comes too late with a renewal learns
//! by the conflict that it has been evicted, and begins anew with nothing.

mod numbers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::LeaseSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;

pub use numbers::{Numbers, ParseNumbersError};

use crate::election::{Seen, Timings};

/// How soon a replica looks again when another one has not yet let go of what is to move.
const HURRY: Duration = Duration::from_millis(250);
/// How long a Lease stays after it has run out: whoever reads it learns when the replica died.
const MEMORIAL: Duration = Duration::from_secs(300);

/// What the Lease of an evicted replica says.
#[must_use]
pub fn vacant(spec: &LeaseSpec) -> LeaseSpec {
    LeaseSpec { holder_identity: Some(String::new()), ..spec.clone() }
}

/// A replica's Lease as it was listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The replica's name.
    pub id: String,
    /// What the Lease says.
    pub spec: LeaseSpec,
    /// What it claims; everything, where that cannot be read.
    pub claims: Numbers,
}

/// What one replica knows of all. Times are since an epoch of the caller, and must not go back.
#[derive(Debug)]
pub struct Membership {
    id: String,
    timings: Timings,
    /// The others whose Leases exist; bounded by what the namespace holds of them.
    fellows: BTreeMap<String, Fellow>,
    /// What its own Lease claims, by the newest list.
    claimed: Numbers,
    /// What it owns, by the newest list.
    owned: Numbers,
    /// What it may act upon.
    granted: Numbers,
    /// Until when its own Lease holds without being renewed.
    lives_until: Option<Duration>,
}

#[derive(Debug)]
struct Fellow {
    seen: Seen,
    claims: Numbers,
    /// Whether it is held, though it has run out.
    overdue: bool,
}

impl Membership {
    /// A replica that has seen nobody, and owns nothing. No two may have the same name.
    #[must_use]
    pub fn new(id: impl Into<String>, timings: Timings) -> Self {
        Self {
            id: id.into(),
            timings,
            fellows: BTreeMap::new(),
            claimed: Numbers::NONE,
            owned: Numbers::NONE,
            granted: Numbers::NONE,
            lives_until: None,
        }
    }

    /// What the Lease is to claim: what is its own, and what is not any more but is still `busy`.
    #[must_use]
    pub fn claims(&self, busy: Numbers) -> Numbers {
        self.owned | busy
    }

    /// What its Lease is to say of the replica's life.
    #[must_use]
    pub fn spec(&self, wall: Timestamp) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(self.id.clone()),
            lease_duration_seconds: Some(self.timings.lease_seconds()),
            renew_time: Some(MicroTime(wall)),
            ..LeaseSpec::default()
        }
    }

    /// The Lease was written. `asked` is when the request was sent: others may have seen it change no earlier.
    pub fn wrote(&mut self, asked: Duration) {
        self.lives_until = Some(asked + self.timings.renew_deadline);
    }

    /// Its Lease is not what it wrote: it has been evicted, or somebody else has changed it.
    pub fn evicted(&mut self) {
        (self.claimed, self.granted) = (Numbers::NONE, Numbers::NONE);
    }

    /// All Leases, as one list shows them.
    pub fn saw(&mut self, all: Vec<Listed>, now: Duration) {
        let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|listed| listed.id == self.id);
        self.claimed = own.first().map_or(Numbers::NONE, |own| own.claims);
        let mut before = std::mem::take(&mut self.fellows);
        for Listed { id, spec, claims } in others {
            let seen = match before.remove(&id) {
                Some(fellow) => fellow.seen.again(&spec, now),
                None => Seen::first(&spec, now),
            };
            let overdue = !seen.holder().is_empty() && seen.runs_out() <= now;
            self.fellows.insert(id, Fellow { seen, claims, overdue });
        }
        let living: Vec<&str> = self.living().map(|(id, _)| id).collect();
        self.owned = owned(&self.id, &living);
        let claimed = self.living().fold(Numbers::NONE, |all, (_, fellow)| all | fellow.claims);
        self.granted = self.owned & self.claimed & !claimed;
    }

    /// The replicas that are to be evicted.
    pub fn overdue(&self) -> impl Iterator<Item = &str> {
        self.fellows.iter().filter(|(_, fellow)| fellow.overdue).map(|(id, _)| id.as_str())
    }

    /// What it may act upon.
    #[must_use]
    pub fn granted(&self) -> Numbers {
        self.granted
    }

    /// Until when its own Lease holds without being renewed; `None` when it was never written.
    #[must_use]
    pub fn lives_until(&self) -> Option<Duration> {
        self.lives_until
    }

    /// When to write the Lease and to list again; `busy` are the numbers that are still worked upon.
    #[must_use]
    pub fn next_round(&self, busy: Numbers, now: Duration) -> Duration {
        if self.claims(busy) != self.claimed {
            return now;
        }
        if self.granted != self.owned {
            return now + HURRY;
        }
        // Who looks when a Lease has just run out need not wait for the next turn.
        let ends = self.fellows.values().map(|fellow| fellow.seen.runs_out()).filter(|end| *end > now);
        ends.chain([now + self.timings.retry_period]).min().unwrap_or(now)
    }

    /// The replicas that are gone for so long that their Leases can go too.
    pub fn forgotten(&self, now: Duration) -> impl Iterator<Item = &str> {
        let gone = move |fellow: &Fellow| fellow.seen.runs_out() + MEMORIAL <= now;
        self.fellows.iter().filter(move |(_, fellow)| gone(fellow)).map(|(id, _)| id.as_str())
    }

    /// How many replicas there are, this one too.
    #[must_use]
    pub fn replicas(&self) -> usize {
        1 + self.living().count()
    }

    fn living(&self) -> impl Iterator<Item = (&str, &Fellow)> {
        let living = self.fellows.iter().filter(|(_, fellow)| !fellow.seen.holder().is_empty());
        living.map(|(id, fellow)| (id.as_str(), fellow))
    }
}

/// The numbers of `id`, when these others live besides.
fn owned(id: &str, others: &[&str]) -> Numbers {
    let (mine, theirs) = (hash(id), others.iter().map(|other| (hash(other), *other)).collect::<Vec<_>>());
    let wins = |number: &u8| {
        let own = (weight(mine, *number), id);
        theirs.iter().all(|(hash, other)| own > (weight(*hash, *number), *other))
    };
    (0..=u8::MAX).filter(wins).collect()
}

/// FNV-1a, 64 bits: the same in every language and release, since replicas of two releases must agree.
fn hash(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The finaliser of splitmix64 (Steele, Lea and Flood, 2014): FNV alone hardly mixes what comes last.
fn weight(id: u64, number: u8) -> u64 {
    let mut mixed = id ^ u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
