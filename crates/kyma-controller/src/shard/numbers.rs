//! A set of shard numbers.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};
use std::str::FromStr;

use thiserror::Error;

/// A set of numbers below 256. As a text it is a list of numbers and ranges, such as `0,3-7,255`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers([u64; 4]);

/// A text is no list of numbers and ranges.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is neither a number below 256 nor a range of such")]
pub struct ParseNumbersError(String);

impl Numbers {
    /// No number.
    pub const NONE: Self = Self([0; 4]);
    /// Every number.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// Whether the number is in the set.
    #[must_use]
    pub fn contains(self, number: u8) -> bool {
        self.0[usize::from(number / 64)] >> (number % 64) & 1 == 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The numbers, in their order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |number| self.contains(*number))
    }

    fn insert(&mut self, number: u8) {
        self.0[usize::from(number / 64)] |= 1 << (number % 64);
    }
}

impl FromIterator<u8> for Numbers {
    fn from_iter<I: IntoIterator<Item = u8>>(numbers: I) -> Self {
        let mut set = Self::NONE;
        numbers.into_iter().for_each(|number| set.insert(number));
        set
    }
}

impl BitOr for Numbers {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] | other.0[word]))
    }
}

impl BitAnd for Numbers {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & other.0[word]))
    }
}

impl Not for Numbers {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.iter().peekable();
        let mut comma = "";
        while let Some(first) = rest.next() {
            let mut last = first;
            while let Some(next) = rest.next_if(|next| *next == last + 1) {
                last = next;
            }
            write!(f, "{comma}{first}")?;
            if last > first {
                write!(f, "-{last}")?;
            }
            comma = ",";
        }
        Ok(())
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{self}}}")
    }
}

impl FromStr for Numbers {
    type Err = ParseNumbersError;

    fn from_str(text: &str) -> Result<Self, ParseNumbersError> {
        let mut set = Self::NONE;
        for part in text.split(',').filter(|_| !text.is_empty()) {
            let error = || ParseNumbersError(part.to_owned());
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last): (u8, u8) =
                (first.parse().map_err(|_| error())?, last.parse().map_err(|_| error())?);
            if last < first {
                return Err(error());
            }
            (first..=last).for_each(|number| set.insert(number));
        }
        Ok(set)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_set_reads_as_ranges() {
        let text = |numbers: &[u8]| numbers.iter().copied().collect::<Numbers>().to_string();
        assert_eq!(text(&[]), "");
        assert_eq!(text(&[255, 0, 4, 3, 7, 5]), "0,3-5,7,255");
        assert_eq!(Numbers::ALL.to_string(), "0-255");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [",", "1,", "256", "-1", "3-", "5-3", "a", "1--2", " 1"] {
            assert!(text.parse::<Numbers>().is_err(), "{text:?}");
        }
        assert_eq!("7-7".parse(), Ok(Numbers::from_iter([7])));
    }

    proptest! {
        #[test]
        fn it_is_a_set(a in prop::collection::btree_set(0..=u8::MAX, 0..40), b in prop::collection::btree_set(0..=u8::MAX, 0..40)) {
            let set = |numbers: &std::collections::BTreeSet<u8>| numbers.iter().copied().collect::<Numbers>();
            let (x, y) = (set(&a), set(&b));
            prop_assert_eq!(x.to_string().parse::<Numbers>().unwrap(), x);
            prop_assert_eq!(x.iter().collect::<Vec<_>>(), a.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(x.len(), a.len());
            prop_assert_eq!(x | y, set(&(&a | &b)));
            prop_assert_eq!(x & y, set(&(&a & &b)));
            prop_assert_eq!(x & !y, set(&(&a - &b)));
        }
    }
}
