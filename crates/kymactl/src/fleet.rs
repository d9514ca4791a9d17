//! How far a fleet is: an independent watch that counts, and lines that say it.

mod progress;
mod tally;

pub(crate) use progress::Progress;
pub(crate) use tally::{Fleet, Totals, watch};
