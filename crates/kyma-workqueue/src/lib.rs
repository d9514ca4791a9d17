//! A delaying, de-duplicating, rate-limited, ordered work queue.
//!
//! A key says what to look at, never what changed, so a key that is added again while it waits is the same work.
//! It is handed to one worker at a time; an add in the meantime makes it wait again when that worker is done.
//!
//! It is not a channel (nothing is delivered once per send), it does not persist, and it knows nothing of
//! Kubernetes.
//!
//! How a key walks through: [`WorkQueue::add`] → [`queue`] (dirty, and ready when nobody works on it) → `line.rs`
//! (class, priority, first come first served, ageing) → [`WorkQueue::get`] → a worker → [`WorkQueue::done`].
//! [`WorkQueue::add_after`] goes through [`delay`] first, [`WorkQueue::add_rate_limited`] through [`limiter`] and
//! then [`delay`]. Those modules and [`state`], which joins them, are plain state machines that take the time as a
//! parameter; only [`driver`] is async.

pub mod delay;
pub mod driver;
mod items;
mod keyed;
pub mod limiter;
mod line;
pub mod order;
pub mod queue;
pub mod state;
pub mod stats;

pub use driver::{WeakWorkQueue, WorkQueue};
pub use limiter::LimiterOptions;
pub use order::{Class, Turn};
pub use queue::Handed;
pub use stats::{Metrics, NoMetrics, Snapshot};
