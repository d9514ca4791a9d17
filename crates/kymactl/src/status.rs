//! The fleet at a glance: what `kymactl status` shows.
//!
//! [`read`] lists the fleet once, [`follow`] watches it; both fill [`records`], a few hundred bytes an object. A
//! [`summary`] is a pure function of the records and the time, and [`render`] a pure function of the summary. What
//! only a further request can tell is added in between, by [`extras`].

use std::collections::BTreeSet;

mod display;
mod extras;
mod follow;
mod kyma;
mod read;
mod records;
mod render;
mod summary;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub(crate) use display::Display;
pub(crate) use follow::{Surroundings, follow, once};
pub(crate) use summary::Summary;

/// Which part of the fleet is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The namespace; none for all.
    pub(crate) namespace: Option<String>,
    /// Only the Kymas with these names, each with its components; empty for all Kymas, without their components.
    pub(crate) names: BTreeSet<String>,
}

impl Scope {
    /// Whether a Kyma of this name is asked about.
    fn has(&self, kyma: &str) -> bool {
        self.names.is_empty() || self.names.contains(kyma)
    }

    /// In words.
    fn place(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("the namespace {namespace}"),
            None => "any namespace".to_owned(),
        }
    }
}

/// How many Kymas of each list are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Of those that are not "success", the slowest first.
    pub(crate) slowest: usize,
    /// Of those in error, and of those with a warning.
    pub(crate) troubled: usize,
}
