//! Where the samples come from: metrics pages, the process table, the machine, and watches of our own.

pub mod exposition;
pub mod procfs;
pub mod sampler;
pub mod watch;

pub use sampler::{Sampler, Source};
