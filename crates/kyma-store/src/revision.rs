//! The number that orders all writes of a store.

use std::fmt;
use std::str::FromStr;

/// The longest revision in decimal digits, that of `u64::MAX`.
pub(crate) const DIGITS_MAX: usize = 20;

/// A point in a store's history; an object's `metadata.resourceVersion` is the revision that wrote it.
///
/// Revisions count writes of all resources together and grow by exactly one. As in etcd an empty store is at
/// revision 1, so the first write is 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(u64);

impl Revision {
    /// The revision of an empty store; no object has it.
    pub const FIRST: Revision = Revision(1);

    /// The revision with this number, for example one that a `continue` token carries.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The revision as a number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The revision as it was kept.
    pub(crate) const fn from_le_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_le_bytes(bytes))
    }

    /// The revision as it is kept.
    pub(crate) const fn to_le_bytes(self) -> [u8; 8] {
        self.0.to_le_bytes()
    }

    /// The revision of the write after this one; only the committer hands it out.
    pub(crate) const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Writes the decimal digits to the end of `buffer` and returns them.
    pub(crate) fn digits(self, buffer: &mut [u8; DIGITS_MAX]) -> &[u8] {
        let mut rest = self.0;
        let mut start = DIGITS_MAX;
        loop {
            start -= 1;
            buffer[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                return &buffer[start..];
            }
        }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// Why a text is not a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseRevisionError {
    /// There is nothing to read.
    #[error("a revision has at least one digit")]
    Empty,
    /// There is something else than the digits 0 to 9, a sign or a blank included.
    #[error("a revision has decimal digits only")]
    NotDecimal,
    /// There is a zero before other digits, so that two texts would mean one revision.
    #[error("a revision has no leading zeros")]
    LeadingZero,
    /// The number does not fit into 64 bits.
    #[error("a revision is at most {}", u64::MAX)]
    TooLarge,
}

impl FromStr for Revision {
    type Err = ParseRevisionError;

    /// Reads what `Display` writes and nothing else. "0" is read too: no object has it, but the Kubernetes API gives
    /// it a meaning that the caller has to know.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.as_bytes() {
            [] => Err(ParseRevisionError::Empty),
            bytes if !bytes.iter().all(u8::is_ascii_digit) => Err(ParseRevisionError::NotDecimal),
            [b'0', _, ..] => Err(ParseRevisionError::LeadingZero),
            _ => text.parse().map(Self).map_err(|_| ParseRevisionError::TooLarge),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_canonical_decimals_only() {
        let table = [
            ("0", Ok(0)),
            ("1", Ok(1)),
            ("90", Ok(90)),
            ("18446744073709551615", Ok(u64::MAX)),
            ("18446744073709551616", Err(ParseRevisionError::TooLarge)),
            ("99999999999999999999999", Err(ParseRevisionError::TooLarge)),
            ("", Err(ParseRevisionError::Empty)),
            ("00", Err(ParseRevisionError::LeadingZero)),
            ("07", Err(ParseRevisionError::LeadingZero)),
            ("+7", Err(ParseRevisionError::NotDecimal)),
            ("-7", Err(ParseRevisionError::NotDecimal)),
            (" 7", Err(ParseRevisionError::NotDecimal)),
            ("7 ", Err(ParseRevisionError::NotDecimal)),
            ("0x7", Err(ParseRevisionError::NotDecimal)),
            ("٧", Err(ParseRevisionError::NotDecimal)),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<Revision>().map(Revision::get), expected, "{text:?}");
        }
    }

    #[test]
    fn digits_and_display_agree() {
        for number in [0, 1, 9, 10, 99, 100, 1_234_567_890, u64::MAX - 1, u64::MAX] {
            let revision = Revision::new(number);
            let mut buffer = [0; DIGITS_MAX];
            assert_eq!(revision.digits(&mut buffer), number.to_string().as_bytes());
            assert_eq!(revision.to_string().parse(), Ok(revision));
        }
    }
}
