//! Chance for a server: random bits that a seed repeats. Its time is `kyma_store::TokioClock`.

use kyma_registry::Random;
use parking_lot::Mutex;

/// Random bits from a seed, so that a run repeats itself.
#[derive(Debug)]
pub struct Seeded(Mutex<fastrand::Rng>);

impl Seeded {
    /// Bits that follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Seeded(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// Bits that follow from the system's entropy.
    pub fn from_entropy() -> Self {
        Seeded(Mutex::new(fastrand::Rng::new()))
    }
}

impl Random for Seeded {
    fn next_u64(&self) -> u64 {
        self.0.lock().u64(..)
    }
}
