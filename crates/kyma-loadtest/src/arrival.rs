//! When each Kyma arrives; pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a fleet arrives: at a rate or all at once, in one batch or in many with pauses between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Arrival {
    /// Kymas per second; absent: as fast as the server takes them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    /// Kymas of a batch; absent: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Seconds between the last Kyma of a batch and the first of the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause_seconds: Option<f64>,
}

impl Arrival {
    /// What makes no sense, if anything.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        if self.per_second.is_some_and(|rate| !positive(rate)) {
            return Some("arrival.perSecond: must be more than 0; leave it out for all at once");
        }
        if self.batch == Some(0) {
            return Some("arrival.batch: must be at least 1; leave it out for one batch");
        }
        if self.pause_seconds.is_some_and(|pause| !(pause.is_finite() && (0.0..=86_400.0).contains(&pause))) {
            return Some("arrival.pauseSeconds: must be between 0 and 86400");
        }
        if self.pause_seconds.is_some() && self.batch.is_none() {
            return Some("arrival.pauseSeconds: without arrival.batch there is nothing to pause between");
        }
        None
    }

    /// When the Kyma of this index arrives, since the start.
    #[must_use]
    pub fn time(&self, index: usize) -> Duration {
        let gap = self.per_second.map_or(0.0, |rate| 1.0 / rate);
        let seconds = match self.batch {
            None => index as f64 * gap,
            Some(batch) => {
                let of_batch = batch.saturating_sub(1) as f64 * gap + self.pause_seconds.unwrap_or(0.0);
                (index / batch.max(1)) as f64 * of_batch + (index % batch.max(1)) as f64 * gap
            }
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// The same `speed` times as fast: rates grow, pauses shrink.
    #[must_use]
    pub fn sped_up(self, speed: f64) -> Self {
        Self {
            per_second: self.per_second.map(|rate| rate * speed),
            pause_seconds: self.pause_seconds.map(|pause| pause / speed),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(arrival: Arrival, indices: &[usize]) -> Vec<f64> {
        indices.iter().map(|index| arrival.time(*index).as_secs_f64()).collect()
    }

    #[test]
    fn at_once_at_a_rate_and_in_batches() {
        let once = Arrival::default();
        assert_eq!(times(once, &[0, 1, 3999]), [0.0, 0.0, 0.0]);
        let rate = Arrival { per_second: Some(4.0), ..once };
        assert_eq!(times(rate, &[0, 1, 4]), [0.0, 0.25, 1.0]);
        let batches = Arrival { batch: Some(3), pause_seconds: Some(10.0), ..rate };
        assert_eq!(times(batches, &[0, 2, 3, 5, 6]), [0.0, 0.5, 10.5, 11.0, 21.0]);
        assert_eq!(times(batches.sped_up(10.0), &[2, 3]), [0.05, 1.05]);
        let bursts = Arrival { batch: Some(2), pause_seconds: Some(5.0), ..once };
        assert_eq!(times(bursts, &[0, 1, 2, 4]), [0.0, 0.0, 5.0, 10.0]);
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let bad =
            |arrival: Arrival| arrival.problem().unwrap_or("").split(':').next().unwrap_or("").to_owned();
        assert_eq!(bad(Arrival { per_second: Some(0.0), ..Arrival::default() }), "arrival.perSecond");
        assert_eq!(bad(Arrival { per_second: Some(f64::NAN), ..Arrival::default() }), "arrival.perSecond");
        assert_eq!(bad(Arrival { batch: Some(0), ..Arrival::default() }), "arrival.batch");
        let pause = Arrival { pause_seconds: Some(1.0), ..Arrival::default() };
        assert_eq!(bad(pause), "arrival.pauseSeconds");
        assert_eq!(
            bad(Arrival { pause_seconds: Some(-1.0), batch: Some(1), ..pause }),
            "arrival.pauseSeconds"
        );
        assert_eq!(Arrival { batch: Some(1), ..pause }.problem(), None);
    }
}
