//! What the watches have shown, and what follows from it; pure.
//!
//! A stage is due when the one before has lasted as long as the life cycle's table says; what it comes later is its lateness.
//! Times are since the start, and those at which the watch has shown a state.

use std::time::Duration;

use kyma_inventory::Stage;
use kyma_inventory::stages::remaining;
use kyma_report::raw::Object;
use kyma_report::spread::Durations;

/// Objects by their numbers, and what follows from their states.
#[derive(Debug)]
pub struct Ledger {
    rows: Vec<Option<Row>>,
    /// How late each stage was, by the stage that was entered.
    lateness: [Durations; Stage::COUNT],
    kyma_ready: Durations,
    kyma_lateness: Durations,
    component_ready: Durations,
    order: Order,
    first: Option<Duration>,
    last: Option<Duration>,
    longest: u64,
}

/// Steps that are not to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Stages that were never shown, as a later one came.
    pub skipped: u64,
    /// Steps back, except to the beginning of the life cycle.
    pub back: u64,
}

/// How many of what there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All.
    pub all: usize,
    /// Those that have arrived.
    pub arrived: usize,
}

#[derive(Debug)]
enum Row {
    Kyma { bytes: usize, created: Option<Duration>, seen: Option<Duration>, ready: bool, gone: bool },
    Component { bytes: usize, seen: Option<Duration>, state: Option<(Stage, Duration)>, gone: bool },
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            lateness: std::array::from_fn(|_| Durations::default()),
            kyma_ready: Durations::default(),
            kyma_lateness: Durations::default(),
            component_ready: Durations::default(),
            order: Order::default(),
            first: None,
            last: None,
            longest: 0,
        }
    }
}

impl Ledger {
    /// An object is known from now on.
    pub fn object(&mut self, object: &Object) {
        let bytes = object.bytes;
        let row = match object.component {
            true => Row::Component { bytes, seen: None, state: None, gone: false },
            false => Row::Kyma { bytes, created: None, seen: None, ready: false, gone: false },
        };
        let index = object.id as usize;
        if self.rows.len() <= index {
            self.rows.resize_with(index + 1, || None);
        }
        self.rows[index] = Some(row);
    }

    /// A Kyma is created, by ourselves.
    pub fn created(&mut self, id: u32, now: Duration) {
        self.first = Some(self.first.map_or(now, |first| first.min(now)));
        if let Some(Some(Row::Kyma { created, bytes, .. })) = self.rows.get_mut(id as usize) {
            *created = Some(now);
            self.longest = self.longest.max(remaining(Stage::EMPTY, *bytes));
        }
    }

    /// The watch shows a state: of a component its stage, of a Kyma whether it is "success"; negative where it is gone.
    pub fn seen(&mut self, id: u32, stage: i8, now: Duration) {
        match self.rows.get_mut(id as usize) {
            Some(Some(Row::Kyma { bytes, created, seen, ready, gone })) => {
                *gone = stage < 0;
                let born = created.unwrap_or(*seen.get_or_insert(now));
                if stage > 0 && !*ready {
                    let took = now.saturating_sub(born);
                    self.kyma_ready.record(took);
                    let planned = Duration::from_secs(remaining(Stage::EMPTY, *bytes));
                    self.kyma_lateness.record(took.saturating_sub(planned));
                    self.last = self.last.max(Some(now));
                }
                *ready = stage > 0;
            }
            Some(Some(Row::Component { bytes, seen, state, gone })) => {
                *gone = stage < 0;
                let born = *seen.get_or_insert(now);
                let Some(entered) = u8::try_from(stage).ok().and_then(stage_of) else { return };
                let (bytes, (before, since)) = (*bytes, state.unwrap_or((Stage::EMPTY, born)));
                *state = Some(if entered == before { (before, since) } else { (entered, now) });
                if entered == before {
                    return;
                }
                if entered == Stage::SUCCESS {
                    self.component_ready.record(now.saturating_sub(born));
                    self.last = self.last.max(Some(now));
                }
                self.step((before, since), entered, now, bytes);
            }
            _ => {}
        }
    }

    fn step(&mut self, (before, since): (Stage, Duration), entered: Stage, now: Duration, bytes: usize) {
        if before.next() == Some(entered) {
            let delay =
                before.delay(bytes).and_then(|delay| Duration::try_from(delay).ok()).unwrap_or_default();
            self.lateness[entered.index()].record(now.saturating_sub(since + delay));
        } else if entered > before {
            self.order.skipped += (entered.index() - before.index() - 1) as u64;
        } else if entered != Stage::FIRST && entered != Stage::EMPTY {
            self.order.back += 1;
        }
    }

    /// How late the entries into a stage were.
    #[must_use]
    pub fn lateness(&self, stage: Stage) -> &Durations {
        &self.lateness[stage.index()]
    }

    /// From a Kyma's create to its "success".
    #[must_use]
    pub fn kyma_ready(&self) -> &Durations {
        &self.kyma_ready
    }

    /// How much longer that took than it must: 1 + 3N seconds, N being the bytes of its longest component's name.
    #[must_use]
    pub fn kyma_lateness(&self) -> &Durations {
        &self.kyma_lateness
    }

    /// From a component's first sight to its "success".
    #[must_use]
    pub fn component_ready(&self) -> &Durations {
        &self.component_ready
    }

    /// Steps that are not to be.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// From the first create to the last "success".
    #[must_use]
    pub fn makespan(&self) -> Option<Duration> {
        Some(self.last?.saturating_sub(self.first?))
    }

    /// How long the Kyma that takes longest takes at least.
    #[must_use]
    pub fn planned(&self) -> Duration {
        Duration::from_secs(self.longest)
    }

    /// Kymas that are there.
    #[must_use]
    pub fn kymas(&self) -> Count {
        self.count(|row| match row {
            Row::Kyma { ready, gone: false, .. } => Some(*ready),
            _ => None,
        })
    }

    /// Components that are there.
    #[must_use]
    pub fn components(&self) -> Count {
        self.count(|row| match row {
            Row::Component { state, gone: false, .. } => {
                Some(state.is_some_and(|(stage, _)| stage == Stage::SUCCESS))
            }
            _ => None,
        })
    }

    fn count(&self, arrived: impl Fn(&Row) -> Option<bool>) -> Count {
        let mut count = Count::default();
        for arrived in self.rows.iter().flatten().filter_map(arrived) {
            count.all += 1;
            count.arrived += usize::from(arrived);
        }
        count
    }
}

fn stage_of(number: u8) -> Option<Stage> {
    Stage::all().nth(usize::from(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        ledger.object(&Object { id: 0, component: false, name: "k".into(), bytes: 2 });
        ledger.object(&Object { id: 1, component: true, name: "k-ab".into(), bytes: 2 });
        ledger
    }

    fn close(actual: f64, expected: f64) -> bool {
        (actual - expected).abs() <= expected * 0.01 + 1e-6
    }

    #[test]
    fn a_life_in_time_and_one_step_that_is_late() {
        let mut ledger = ledger();
        ledger.created(0, millis(100));
        ledger.seen(0, 0, millis(110));
        ledger.seen(1, 0, millis(120));
        // pending at once, started after 1 s, failing 2 s later, retrying half a second late, success in time.
        for (stage, at) in [(1, 120), (2, 1120), (3, 3120), (4, 5620), (5, 7620)] {
            ledger.seen(1, stage, millis(at));
        }
        ledger.seen(0, 0, millis(5000));
        ledger.seen(0, 1, millis(7700));
        let late = |word| ledger.lateness(Stage::parse(word)).spread();
        for word in ["pending", "started", "failing", "success"] {
            assert_eq!((late(word).count, late(word).max), (1, 0.0), "{word}");
        }
        assert!(close(late("retrying").max, 0.5));
        assert_eq!(ledger.order(), Order::default());
        assert_eq!(ledger.makespan(), Some(millis(7600)));
        assert_eq!(ledger.planned(), millis(7000));
        assert!(
            close(ledger.kyma_ready().spread().max, 7.6) && close(ledger.kyma_lateness().spread().max, 0.6)
        );
        assert!(close(ledger.component_ready().spread().max, 7.5));
        let arrived = Count { all: 1, arrived: 1 };
        assert_eq!((ledger.kymas(), ledger.components()), (arrived, arrived));
    }

    #[test]
    fn skipped_stages_and_steps_back_are_counted_and_a_new_life_is_neither() {
        let mut ledger = ledger();
        for (stage, at) in [(0, 0), (1, 0), (4, 1000), (3, 2000), (3, 2500), (1, 3000), (2, 4000)] {
            ledger.seen(1, stage, millis(at));
        }
        assert_eq!(ledger.order(), Order { skipped: 2, back: 1 });
        ledger.seen(1, -1, millis(5000));
        assert_eq!(ledger.components(), Count::default());
        assert_eq!(ledger.makespan(), None, "nothing was created by us");
        ledger.seen(77, 1, millis(1));
    }
}
