//! How values are spread: percentiles, and a histogram to draw.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Two digits: a hundredth of the value, which no chart can show better.
const DIGITS: u8 = 2;
/// A day in microseconds; what takes longer counts as a day.
const MOST: u64 = 24 * 3600 * 1_000_000;

/// Durations as they come. Its size is bounded by the precision, whatever their number.
#[derive(Clone, Debug)]
pub struct Durations {
    histogram: Histogram<u64>,
}

impl Default for Durations {
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "the bounds are constants that the crate's documentation allows"
        )]
        let histogram = Histogram::new_with_bounds(1, MOST, DIGITS).expect("constant bounds");
        Self { histogram }
    }
}

impl Durations {
    /// One more.
    pub fn record(&mut self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(MOST);
        self.histogram.saturating_record(micros.min(MOST));
    }

    /// How they are spread.
    #[must_use]
    pub fn spread(&self) -> Spread {
        let histogram = &self.histogram;
        let seconds = |micros: u64| micros as f64 / 1e6;
        let at = |percent: f64| seconds(histogram.value_at_percentile(percent));
        if histogram.is_empty() {
            return Spread::default();
        }
        Spread {
            count: histogram.len(),
            min: seconds(histogram.min()),
            mean: histogram.mean() / 1e6,
            p50: at(50.0),
            p90: at(90.0),
            p99: at(99.0),
            max: seconds(histogram.max()),
            bars: histogram
                .iter_recorded()
                .map(|value| (seconds(value.value_iterated_to()), value.count_since_last_iteration()))
                .collect(),
        }
    }
}

/// How values are spread, in seconds. All zero where there are none: `count` says so.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// How many there are.
    pub count: u64,
    /// The smallest.
    pub min: f64,
    /// Their mean.
    pub mean: f64,
    /// Half of them are at most this.
    pub p50: f64,
    /// Nine in ten are at most this.
    pub p90: f64,
    /// All but one in a hundred are at most this.
    pub p99: f64,
    /// The largest.
    pub max: f64,
    /// Values with how often they came, in increasing order; as precise as a hundredth.
    pub bars: Vec<(f64, u64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_as_precise_as_a_hundredth() {
        let mut durations = Durations::default();
        for millis in 1..=1000 {
            durations.record(Duration::from_millis(millis));
        }
        let spread = durations.spread();
        assert_eq!(spread.count, 1000);
        for (value, exact) in
            [(spread.min, 0.001), (spread.p50, 0.5), (spread.p90, 0.9), (spread.p99, 0.99), (spread.max, 1.0)]
        {
            assert!((value - exact).abs() <= exact * 0.01, "{value} is not {exact}");
        }
        assert_eq!(spread.bars.iter().map(|(_, count)| count).sum::<u64>(), 1000);
        assert!(spread.bars.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn nothing_and_the_impossible_are_no_trouble() {
        assert_eq!(Durations::default().spread(), Spread::default());
        let mut durations = Durations::default();
        durations.record(Duration::ZERO);
        durations.record(Duration::MAX);
        let spread = durations.spread();
        assert_eq!((spread.count, spread.min), (2, 0.0));
        assert!((spread.max / 86_400.0 - 1.0).abs() < 0.01);
    }
}
