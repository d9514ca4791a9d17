//! What a load test leaves behind, and what is drawn from it.
//!
//! A run writes [`raw::Line`]s as they come, so that a crash loses none. From them a [`RunResult`] is made, the one file that
//! everything else is drawn from: [`page`] with the charts of [`panels`], [`summary`] for a pull request,
//! and [`mod@compare`] with earlier runs. Nothing here reads, writes, waits, or knows of Kubernetes.

pub mod chart;
pub mod compare;
pub mod gate;
pub mod names;
pub mod page;
pub mod panels;
pub mod raw;
pub mod result;
pub mod spread;
pub mod summary;

pub use result::RunResult;
pub use spread::Spread;
