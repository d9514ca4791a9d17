//! The line of ready items: class, then priority, then first come first served; with ageing.
//!
//! Two heaps order the same items, by turn and by age. An item that leaves by one of them stays in the other until it comes
//! to its top, or until more than half of the heap is such leftovers: then they are thrown out. That costs a constant per
//! item, and far less memory than trees from which items can be taken anywhere. Four children a node, since a million items
//! do not fit into a processor's cache: half as many levels are half as many misses.

use std::cmp::Reverse;
use std::time::Duration;

use dary_heap::QuaternaryHeap;

use crate::items::{Item, Items};
use crate::keyed::{KEPT, Slot};
use crate::order::{Class, Turn};

/// While something is overdue, every so many gets take the longest waiting overdue item.
///
/// A quarter keeps three quarters of the work in the order that was asked for, and still bounds the wait of the
/// last class by the length of the line, not by the others' arrival rate.
pub(crate) const AGED_EVERY: u32 = 4;

/// So many leftovers are nothing to care for.
const FEW: usize = 64;

/// A place in the regular order of one class. Packed, as there are many: 20 bytes instead of 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
struct ByTurn {
    priority: u64,
    sequence: Reverse<u64>,
    slot: Slot,
}

/// A place by age in one class: sequences grow with time, so the smallest has waited longest. Packed, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C, packed(4))]
struct ByAge {
    sequence: Reverse<u64>,
    slot: Slot,
}

/// The line of ready items.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// By class.
    by_turn: [QuaternaryHeap<ByTurn>; 4],
    /// By class; empty for the first, which needs no ageing.
    by_age: [QuaternaryHeap<ByAge>; 4],
    depth: [usize; 4],
    /// Gets in the regular order since the last aged one, counted only while something is overdue.
    regular: u32,
}

impl Line {
    /// Puts an item that is not in the line at its place.
    pub(crate) fn insert<K>(&mut self, slot: Slot, items: &mut Items<K>) {
        let Some(item) = items.get_mut(slot) else { return };
        item.ready = true;
        let (turn, sequence) = (item.turn(), item.sequence);
        self.depth[turn.class as usize] += 1;
        self.push(slot, turn, sequence);
        self.tidy(items);
    }

    /// Moves an item of the line to the place of a more urgent turn.
    pub(crate) fn advance<K>(&mut self, slot: Slot, turn: Turn, items: &mut Items<K>) {
        let Some(item) = items.get_mut(slot) else { return };
        let (before, sequence) = (item.turn(), item.sequence);
        item.set_turn(turn);
        if !item.ready {
            return;
        }
        self.depth[before.class as usize] -= 1;
        self.depth[turn.class as usize] += 1;
        self.by_turn[turn.class as usize].push(by_turn(slot, turn, sequence));
        if turn.class != before.class && turn.class.allowance().is_some() {
            self.by_age[turn.class as usize].push(ByAge { sequence: Reverse(sequence), slot });
        }
        self.tidy(items);
    }

    /// Takes the item whose turn it is out of the line.
    pub(crate) fn pop<K>(&mut self, now: Duration, items: &mut Items<K>) -> Option<Slot> {
        let overdue = self.longest_overdue(now, items);
        self.regular = if overdue.is_some() { self.regular + 1 } else { 0 };
        let slot = match overdue {
            Some(slot) if self.regular >= AGED_EVERY => {
                self.regular = 0;
                slot
            }
            _ => self.first(items)?,
        };
        let item = items.get_mut(slot)?;
        item.ready = false;
        self.depth[item.turn().class as usize] -= 1;
        if self.is_empty() && self.by_turn.iter().any(|heap| heap.capacity() > KEPT) {
            // Nothing but leftovers, and their memory.
            (self.by_turn, self.by_age) = Default::default();
        }
        Some(slot)
    }

    /// Takes an item out of the line, if it is in it.
    pub(crate) fn remove<K>(&mut self, slot: Slot, items: &mut Items<K>) {
        let Some(item) = items.get_mut(slot).filter(|item| item.ready) else { return };
        item.ready = false;
        self.depth[item.turn().class as usize] -= 1;
        self.tidy(items);
    }

    /// The number of ready items by class.
    #[must_use]
    pub(crate) fn depth(&self) -> [usize; 4] {
        self.depth
    }

    /// The number of ready items.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.depth.iter().sum()
    }

    /// Whether nothing is ready.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(&mut self, slot: Slot, turn: Turn, sequence: u64) {
        self.by_turn[turn.class as usize].push(by_turn(slot, turn, sequence));
        if turn.class.allowance().is_some() {
            self.by_age[turn.class as usize].push(ByAge { sequence: Reverse(sequence), slot });
        }
    }

    fn first<K>(&mut self, items: &Items<K>) -> Option<Slot> {
        for class in Class::ALL {
            while let Some(place) = self.by_turn[class as usize].pop() {
                if place.holds(class, items) {
                    return Some(place.slot);
                }
            }
        }
        None
    }

    /// Only the eldest of each class can be the longest waiting one, so this looks at three places.
    fn longest_overdue<K>(&mut self, now: Duration, items: &Items<K>) -> Option<Slot> {
        let mut longest = None;
        for class in Class::ALL {
            let Some(allowance) = class.allowance() else { continue };
            let Some(item) = eldest(&mut self.by_age[class as usize], class, items) else { continue };
            if now.saturating_sub(item.1.since()) > allowance {
                let (slot, sequence) = (item.0, item.1.sequence);
                longest = longest.into_iter().chain([(sequence, slot)]).min();
            }
        }
        longest.map(|(_, slot)| slot)
    }

    /// Throws the leftovers out of a heap that has more of them than items.
    fn tidy<K>(&mut self, items: &Items<K>) {
        for class in Class::ALL {
            let most = 2 * self.depth[class as usize] + FEW;
            let heap = &mut self.by_turn[class as usize];
            if heap.len() > most {
                heap.retain(|place| place.holds(class, items));
            }
            let heap = &mut self.by_age[class as usize];
            if heap.len() > most {
                heap.retain(|place| holds(*place, class, items).is_some());
            }
        }
    }
}

fn by_turn(slot: Slot, turn: Turn, sequence: u64) -> ByTurn {
    ByTurn { priority: turn.priority, sequence: Reverse(sequence), slot }
}

impl ByTurn {
    /// Whether the item is in the line at this place.
    fn holds<K>(&self, class: Class, items: &Items<K>) -> bool {
        let here = |item: &Item<K>| {
            item.ready && item.sequence == self.sequence.0 && item.turn() == Turn::new(class, self.priority)
        };
        items.get(self.slot).is_some_and(here)
    }
}

/// The item that is in the line, in this class, at a place by age.
fn holds<K>(place: ByAge, class: Class, items: &Items<K>) -> Option<&Item<K>> {
    let ByAge { sequence: Reverse(sequence), slot } = place;
    items.get(slot).filter(|item| item.ready && item.sequence == sequence && item.turn().class == class)
}

fn eldest<'a, K>(
    heap: &mut QuaternaryHeap<ByAge>,
    class: Class,
    items: &'a Items<K>,
) -> Option<(Slot, &'a Item<K>)> {
    loop {
        let place = *heap.peek()?;
        if let Some(item) = holds(place, class, items) {
            return Some((place.slot, item));
        }
        heap.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::{DEPENDENT_ALLOWANCE, RETRY_ALLOWANCE, SWEEP_ALLOWANCE};

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    type Lined = (Line, Items<&'static str>);

    fn line(all: &[(&'static str, Turn, u64)]) -> Lined {
        let (mut line, mut items) = (Line::default(), Items::default());
        for (sequence, &(key, turn, since)) in all.iter().enumerate() {
            // Equal keys would be one item to a queue; here each is its own.
            let slot = items.insert(Item::new(key, turn, sequence as u64, secs(since)));
            line.insert(slot, &mut items);
        }
        (line, items)
    }

    fn order((mut line, mut items): Lined, now: Duration) -> Vec<&'static str> {
        let next = || line.pop(now, &mut items).and_then(|slot| items.remove(slot)).map(|item| item.key);
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn class_then_larger_priority_then_first_come() {
        let line = line(&[
            ("sweep", Turn::sweep(99), 0),
            ("retry", Turn::retry(0), 0),
            ("small", Turn::dependent(1), 0),
            ("large, first", Turn::dependent(7), 0),
            ("large, second", Turn::dependent(7), 0),
            ("user", Turn::user(0), 0),
        ]);
        assert_eq!(
            order(line, secs(0)),
            ["user", "large, first", "large, second", "small", "retry", "sweep"]
        );
    }

    #[test]
    fn every_fourth_get_takes_the_longest_waiting_overdue_item() {
        let mut items = vec![("old sweep", Turn::sweep(0), 0), ("old retry", Turn::retry(0), 5)];
        items.extend((0..8).map(|_| ("user", Turn::user(0), 40)));
        let handed = order(line(&items), secs(40));
        let expected =
            ["user", "user", "user", "old sweep", "user", "user", "user", "old retry", "user", "user"];
        assert_eq!(handed, expected);
    }

    #[test]
    fn nothing_is_overdue_at_exactly_its_allowance() {
        for (turn, allowance) in [
            (Turn::dependent(0), DEPENDENT_ALLOWANCE),
            (Turn::retry(0), RETRY_ALLOWANCE),
            (Turn::sweep(0), SWEEP_ALLOWANCE),
        ] {
            let (mut line, items) = line(&[("old", turn, 0)]);
            assert_eq!(line.longest_overdue(allowance, &items), None);
            assert!(line.longest_overdue(allowance + Duration::from_nanos(1), &items).is_some());
        }
        let (mut user, items) = line(&[("old", Turn::user(0), 0)]);
        assert_eq!(user.longest_overdue(secs(1_000_000), &items), None, "the first class needs no ageing");
    }

    #[test]
    fn leftovers_stay_few() {
        let (mut line, mut items) = line(&[("old", Turn::dependent(0), 0)]);
        for sequence in 1..100_000 {
            // Each is more urgent than the one that waits, comes once more urgent, and goes by its turn.
            let slot = items.insert(Item::new("new", Turn::dependent(1), sequence, secs(0)));
            line.insert(slot, &mut items);
            line.advance(slot, Turn::dependent(2), &mut items);
            assert_eq!(line.pop(secs(1), &mut items), Some(slot));
            items.remove(slot);
            let ages = line.by_age.iter().map(QuaternaryHeap::len);
            let longest = ages.chain(line.by_turn.iter().map(QuaternaryHeap::len)).max();
            assert!(longest <= Some(2 * 2 + FEW), "{sequence}");
        }
        assert_eq!(line.depth(), [0, 1, 0, 0]);
    }
}
