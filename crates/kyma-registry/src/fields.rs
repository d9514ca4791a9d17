//! Who owns which field: `metadata.managedFields` and server-side apply (KEP-555).
//!
//! Every write says who writes, and what it changes becomes that manager's. The bookkeeping is that of
//! `sigs.k8s.io/structured-merge-diff/v6` and of `k8s.io/apimachinery/pkg/util/managedfields` (1.37), because clients
//! read it: `kubectl` shows it, and an apply is refused or goes through by it.
//!
//! From the bottom up: an [`element`] is one step of a path, a [`set`] a tree of such steps, [`codec`] writes it as
//! `FieldsV1`. A [`schema`] says of a place whether it is owned whole or part by part. The walks are [`extract`] (what
//! an object holds), [`compare`] (what a write changed), [`merge`] and [`remove`] (what an apply makes of an object),
//! [`check`] and [`reconcile`]. [`managers`] is the list as it is stored, [`updater`] what a write does to it, and
//! [`manager`] the rules that the API server adds.
//!
//! The list is kept as text, apart from the object: reads never parse it, and a write only what it needs.

mod cap;
mod check;
mod codec;
mod compare;
mod conflict;
mod element;
mod extract;
mod last_applied;
mod list;
mod manager;
mod managers;
mod merge;
mod reconcile;
mod remove;
mod reset;
mod scale;
pub(crate) mod schema;
mod set;
mod updater;

pub use manager::from_user_agent;
pub(crate) use manager::{Applied, Author, FieldManager, Managed};
pub(crate) use managers::same_but_times;
pub(crate) use scale::{Mapping, of_parent, of_subresource};

#[cfg(test)]
mod tests;
