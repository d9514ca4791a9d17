//! The experiment: a fleet that arrives as a [`Scenario`] says, and everything that is measured meanwhile.
//!
//! A run ([`run::run`]) creates the Kymas, follows the fleet by watches of its own, and samples the metrics and the processes of
//! server and operator on a thread of its own ([`collect`]). All of it is written down as it comes. From what was written
//! ([`evaluate`]) the result is made, by the same code right after the run and years later.
//!
//! It trusts nobody: times are those at which its own watches have shown a state, and states are judged by the life cycle's
//! table.

pub mod arrival;
pub mod children;
pub mod collect;
pub mod error;
pub mod evaluate;
pub mod ledger;
pub mod recorder;
pub mod run;
pub mod scenario;

pub use error::Error;
pub use evaluate::evaluate;
pub use run::{Plan, Totals, run};
pub use scenario::Scenario;

/// What a run writes as it goes, in its folder.
pub const RAW_FILE: &str = "samples.jsonl";
/// The result of a run, in its folder.
pub const RESULT_FILE: &str = "result.json";
/// The result with its charts, in its folder.
pub const REPORT_FILE: &str = "report.html";
/// The result in short, in its folder.
pub const SUMMARY_FILE: &str = "summary.md";
