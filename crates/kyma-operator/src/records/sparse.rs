//! An optional number in eight bytes.

use std::fmt;

/// A number that may be absent. `i64::MIN`, which no generation and no time in use has, stands for that: half the
/// size of an `Option<i64>`, three times in each of many thousand records.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sparse(i64);

const ABSENT: i64 = i64::MIN;

impl Sparse {
    /// The number, if there is one.
    #[must_use]
    pub fn get(self) -> Option<i64> {
        (self.0 != ABSENT).then_some(self.0)
    }
}

impl From<Option<i64>> for Sparse {
    fn from(number: Option<i64>) -> Self {
        Self(number.unwrap_or(ABSENT))
    }
}

impl fmt::Debug for Sparse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}
