//! Medians, percentiles, and how numbers are written.

use std::fmt;

/// The same figure of several runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    min: f64,
    max: f64,
}

impl Spread {
    /// The spread of these figures; `None` without any, or with one that is no number.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        if sorted.iter().any(|figure| figure.is_nan()) {
            return None;
        }
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Spread { median, min, max })
    }
}

/// The median, with the extremes where they differ: `28.5 (27.0..31.0)`.
impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&number(self.median))?;
        if self.min < self.max {
            write!(f, " ({}..{})", number(self.min), number(self.max))?;
        }
        Ok(())
    }
}

/// The spread of these figures as text, a dash without any.
pub(crate) fn spread(figures: impl IntoIterator<Item = f64>) -> String {
    Spread::of(figures).map_or_else(|| "–".to_owned(), |spread| spread.to_string())
}

/// The smallest of the sorted `values` that at least `percent` of them do not exceed (nearest rank); `None` without any.
pub(crate) fn percentile<T: Copy>(sorted: &[T], percent: usize) -> Option<T> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// A number in as many digits as mean something.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    // Counts stay whole, whatever their size.
    if value.fract() == 0.0 || size >= 100.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else if size >= 1.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.3}")
    }
}

/// A count as a number to calculate with.
pub(crate) fn count(value: usize) -> f64 {
    // Exact up to 2^32, which no count here reaches.
    f64::from(u32::try_from(value).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        for (figures, median) in [
            (vec![3.0], 3.0),
            (vec![3.0, 1.0], 2.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 3.0, 2.0], 2.5),
        ] {
            assert_eq!(Spread::of(figures.clone()).unwrap().median, median, "{figures:?}");
        }
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([1.0, f64::NAN]), None);
    }

    #[test]
    fn extremes_show_where_they_differ() {
        assert_eq!(spread([28.5, 27.0, 31.25]), "28.5 (27..31.2)");
        assert_eq!(spread([122.0, 122.0]), "122");
        assert_eq!(spread([]), "–");
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<u32> = (1..=200).collect();
        for (percent, value) in [(50, 100), (99, 198), (100, 200), (0, 1), (1, 2)] {
            assert_eq!(percentile(&values, percent), Some(value), "{percent}");
        }
        assert_eq!(percentile(&[5], 99), Some(5));
        assert_eq!(percentile(&[5, 6, 7], 50), Some(6));
        assert_eq!(percentile::<u32>(&[], 50), None);
    }

    #[test]
    fn numbers_have_the_digits_that_mean_something() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.012"),
            (1.0, "1"),
            (1.018, "1.02"),
            (67.26, "67.3"),
            (130_400.4, "130400"),
            (61_000.0, "61000"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
