//! Ranges of sizes and costs; what is too large for a number is the largest one.

/// The least and the most that something costs, or how large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// At least.
    pub min: u64,
    /// At most.
    pub max: u64,
}

/// The part of a unit that it costs to look at a character.
pub(crate) const TRAVERSAL: f64 = 0.1;

/// The part of a unit that a character of a pattern costs for every unit of text.
pub(crate) const REGEX: f64 = 0.25;

impl Estimate {
    pub(crate) const ZERO: Self = Self { min: 0, max: 0 };
    pub(crate) const UNKNOWN: Self = Self { min: 0, max: u64::MAX };

    pub(crate) const fn fixed(value: u64) -> Self {
        Self { min: value, max: value }
    }

    /// What unions begin with: the range that no value is in, or for nothing to unite, zero.
    pub(crate) const fn nothing(empty: bool) -> Self {
        Self { min: if empty { 0 } else { u64::MAX }, max: 0 }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { min: self.min.saturating_add(other.min), max: self.max.saturating_add(other.max) }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self { min: self.min.saturating_mul(other.min), max: self.max.saturating_mul(other.max) }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self { min: self.min.min(other.min), max: self.max.max(other.max) }
    }

    /// Multiplied by a factor and rounded up.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        Self { min: scale(self.min, factor), max: scale(self.max, factor) }
    }
}

/// A part of a size, rounded up.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "costs are estimated in floating point, as in cel-go; a conversion that overflows saturates"
)]
pub(crate) fn scale(value: u64, factor: f64) -> u64 {
    (value as f64 * factor).ceil() as u64
}
