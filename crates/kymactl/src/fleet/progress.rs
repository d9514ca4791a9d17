//! Shows how far a fleet is: one line that is redrawn on a terminal, else a plain line every few seconds.

use std::collections::VecDeque;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use kyma_inventory::stages::Stage;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Fleet, Totals};
use crate::exit::Failure;
use crate::output;

/// How often the line of a terminal is redrawn, and how often a plain line is printed.
const REDRAW: Duration = Duration::from_millis(250);
const PLAIN: Duration = Duration::from_secs(5);

/// Shows a fleet until it is dropped.
pub(crate) struct Progress {
    fleet: Fleet,
    wanted: usize,
    since: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Begins to show a fleet of which `wanted` Kymas are expected.
    pub(crate) fn new(fleet: Fleet, wanted: usize) -> Self {
        let bar = output::is_terminal().then(|| {
            let bar = ProgressBar::new(wanted as u64);
            let style = ProgressStyle::with_template("{bar:30.green} {pos}/{len} Kymas ready\n{msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Progress { fleet, wanted, since: Instant::now(), bar }
    }

    /// Redraws until the caller stops waiting for it.
    pub(crate) async fn run(&self) -> Result<(), Failure> {
        let period = if self.bar.is_some() { REDRAW } else { PLAIN };
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        // The rate is that of the last seconds: a single turn of a terminal is too short to mean anything.
        let mut samples = VecDeque::from([(Instant::now(), self.fleet.totals().writes)]);
        loop {
            ticks.tick().await;
            let (totals, now) = (self.fleet.totals(), Instant::now());
            samples.push_back((now, totals.writes));
            while samples.len() > 2 && now - samples[0].0 > PLAIN {
                samples.pop_front();
            }
            let (since, before) = samples[0];
            let seconds = (now - since).as_secs_f64().max(f64::EPSILON);
            let rate = f64::from(u32::try_from(totals.writes - before).unwrap_or(u32::MAX)) / seconds;
            let text = detail(&totals, rate, self.since.elapsed());
            match &self.bar {
                Some(bar) => {
                    bar.set_position(totals.ready as u64);
                    bar.set_message(text);
                }
                None => output::line(&format!("{}/{} Kymas ready, {text}", totals.ready, self.wanted))?,
            }
        }
    }

    /// Ends the display.
    pub(crate) fn finish(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn detail(totals: &Totals, rate: f64, elapsed: Duration) -> String {
    let stages: Vec<String> = Stage::all()
        .map(|stage| {
            let word = if stage == Stage::EMPTY { "new" } else { stage.word() };
            format!("{word} {}", totals.components[stage.index()])
        })
        .collect();
    let end = elapsed + totals.remaining;
    format!(
        "components: {}; {rate:.0} writes/s; {} s elapsed, end expected at {} s",
        stages.join(" "),
        elapsed.as_secs(),
        end.as_secs()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_it_all_without_control_characters() {
        let mut totals = Totals {
            ready: 1,
            kymas: 2,
            writes: 10,
            remaining: Duration::from_secs(40),
            ..Totals::default()
        };
        totals.components[1] = 18;
        let text = detail(&totals, 120.4, Duration::from_secs(27));
        assert_eq!(
            text,
            "components: new 0 pending 18 started 0 failing 0 retrying 0 success 0; 120 writes/s; 27 s elapsed, end expected at 67 s"
        );
        assert!(!text.chars().any(char::is_control));
    }
}
