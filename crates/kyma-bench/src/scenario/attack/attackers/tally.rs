//! What attackers got: it shows that an attack happened, and how the server met it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use http::StatusCode;

use crate::error::Error;

/// The counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Tally {
    /// Connections, watches or answers that were begun and then left alone.
    pub(in super::super) held: usize,
    /// Those of them that the server has ended.
    closed: usize,
    /// Answers by their code, which are few.
    answers: BTreeMap<u16, usize>,
    /// Requests whose connection ended without an answer.
    lost: usize,
    /// Requests that were given up while they waited.
    waited: usize,
}

impl Tally {
    /// How often the server has refused something.
    pub(in super::super) fn refused(&self) -> usize {
        let refusals = self.answers.iter().filter(|(code, _)| **code >= 400).map(|(_, many)| many);
        self.closed + self.lost + refusals.sum::<usize>()
    }

    /// Whether anything was done at all.
    pub(in super::super) fn is_empty(&self) -> bool {
        *self == Tally::default()
    }

    /// Both together.
    pub(in super::super) fn add(&mut self, other: &Tally) {
        self.held += other.held;
        self.closed += other.closed;
        self.lost += other.lost;
        self.waited += other.waited;
        for (code, many) in &other.answers {
            *self.answers.entry(*code).or_default() += many;
        }
    }
}

/// In words; a dash where nothing was done.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let counts = [
            (self.held, "held"),
            (self.closed, "ended by the server"),
            (self.lost, "cut off"),
            (self.waited, "left waiting"),
        ];
        parts.extend(self.answers.iter().map(|(code, many)| format!("{many} × {code}")));
        parts
            .extend(counts.iter().filter(|(many, _)| *many > 0).map(|(many, what)| format!("{many} {what}")));
        f.write_str(if parts.is_empty() { "–" } else { "" })?;
        f.write_str(&parts.join(", "))
    }
}

/// A tally that tasks share.
#[derive(Debug, Default)]
pub(super) struct Tallied(Mutex<Tally>);

impl Tallied {
    /// One more that is held.
    pub(super) fn held(&self) {
        self.change(|tally| tally.held += 1);
    }

    /// One that was held has ended.
    pub(super) fn closed(&self) {
        self.change(|tally| tally.closed += 1);
    }

    /// One was given up before it was answered.
    pub(super) fn waited(&self) {
        self.change(|tally| tally.waited += 1);
    }

    /// A request was answered, or was not.
    pub(super) fn answered<E>(&self, answer: &Result<StatusCode, E>) {
        self.change(|tally| match answer {
            Ok(status) => *tally.answers.entry(status.as_u16()).or_default() += 1,
            Err(_) => tally.lost += 1,
        });
    }

    /// A connection was opened, or was not; the server is there all the time, so that it has refused it.
    pub(super) fn opened<T>(&self, opened: Result<T, Error>) -> Option<T> {
        if opened.is_err() {
            self.change(|tally| tally.lost += 1);
        }
        opened.ok()
    }

    /// All so far.
    pub(super) fn total(&self) -> Tally {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_says_what_happened() {
        let tallied = Tallied::default();
        assert_eq!((tallied.total().to_string(), tallied.total().is_empty()), ("–".to_owned(), true));
        for _ in 0..3 {
            tallied.held();
            tallied.answered::<()>(&Ok(StatusCode::PAYLOAD_TOO_LARGE));
        }
        tallied.answered::<()>(&Ok(StatusCode::CREATED));
        tallied.closed();
        tallied.answered(&Err(()));
        tallied.waited();
        let mut total = tallied.total();
        assert_eq!(
            total.to_string(),
            "1 × 201, 3 × 413, 3 held, 1 ended by the server, 1 cut off, 1 left waiting"
        );
        assert_eq!((total.refused(), total.is_empty()), (5, false));
        total.add(&tallied.total());
        assert_eq!((total.refused(), total.held), (10, 6));
    }
}
