//! What this process may act upon now: shared by those who decide about it and those who act.
//!
//! A number passes three doors. It is *granted* when no other replica acts upon it, *open* when its objects are in the
//! caches too, and *in hand* while somebody works on one of its keys. What is no longer granted closes at once, and is let
//! go of when the last one who has it in hand is done.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::shard::Numbers;

/// The numbers that this process acts upon; clones are the same.
#[derive(Clone, Debug)]
pub struct Ownership(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    granted: watch::Sender<Numbers>,
    released: Notify,
}

#[derive(Debug)]
struct State {
    granted: Numbers,
    open: Numbers,
    in_hand: [u32; 256],
}

/// Somebody works on a key of a number. Dropping it says that the work is done.
#[derive(Debug)]
pub struct InHand<'a> {
    inner: &'a Inner,
    number: u8,
}

impl Ownership {
    /// Of a process that has been granted these.
    #[must_use]
    pub fn of(granted: Numbers) -> Self {
        let state = State { granted, open: Numbers::NONE, in_hand: [0; 256] };
        let granted = watch::channel(granted).0;
        Self(Arc::new(Inner { state: Mutex::new(state), granted, released: Notify::new() }))
    }

    /// Grants these and no others. What is not among them closes.
    pub fn grant(&self, numbers: Numbers) {
        let mut state = self.0.state.lock();
        state.granted = numbers;
        state.open = state.open & numbers;
        // Inside of the lock, so that no two grants are told in another order than they happened.
        self.0.granted.send_if_modified(|granted| std::mem::replace(granted, numbers) != numbers);
    }

    /// What is granted, now and later.
    #[must_use]
    pub fn granted(&self) -> watch::Receiver<Numbers> {
        self.0.granted.subscribe()
    }

    /// Opens those of the numbers that are granted; returns which of them were closed.
    pub fn open(&self, numbers: Numbers) -> Numbers {
        let mut state = self.0.state.lock();
        let opened = numbers & state.granted & !state.open;
        state.open = state.open | opened;
        opened
    }

    /// What is open.
    #[must_use]
    pub fn opened(&self) -> Numbers {
        self.0.state.lock().open
    }

    /// What is granted and not open.
    #[must_use]
    pub fn closed(&self) -> Numbers {
        let state = self.0.state.lock();
        state.granted & !state.open
    }

    /// Whether a number is open.
    #[must_use]
    pub fn holds(&self, number: u8) -> bool {
        self.opened().contains(number)
    }

    /// Takes a number in hand; `None` when it is not open.
    #[must_use]
    pub fn enter(&self, number: u8) -> Option<InHand<'_>> {
        let mut state = self.0.state.lock();
        if !state.open.contains(number) {
            return None;
        }
        state.in_hand[usize::from(number)] += 1;
        Some(InHand { inner: &self.0, number })
    }

    /// What is still in hand though it is not granted any more.
    #[must_use]
    pub fn leftover(&self) -> Numbers {
        let state = self.0.state.lock();
        (0..=u8::MAX).filter(|number| state.in_hand[usize::from(*number)] > 0).collect::<Numbers>()
            & !state.granted
    }

    /// Waits until some of the leftover is let go of.
    pub async fn released(&self) {
        self.0.released.notified().await;
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        let mut state = self.inner.state.lock();
        let left = &mut state.in_hand[usize::from(self.number)];
        *left -= 1;
        if *left == 0 && !state.granted.contains(self.number) {
            // A permit stays for who asks later.
            self.inner.released.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn numbers(numbers: &[u8]) -> Numbers {
        numbers.iter().copied().collect()
    }

    #[test]
    fn a_number_is_worked_upon_when_it_is_granted_and_open() {
        let ownership = Ownership::of(Numbers::NONE);
        assert_eq!(ownership.open(numbers(&[1])), Numbers::NONE, "it is not granted");
        ownership.grant(numbers(&[1, 2]));
        assert!(ownership.enter(1).is_none());
        assert_eq!(ownership.open(numbers(&[1, 3])), numbers(&[1]));
        assert_eq!(ownership.open(numbers(&[1, 2])), numbers(&[2]), "1 was open");
        assert!(ownership.enter(1).is_some() && ownership.holds(2) && !ownership.holds(3));
        assert_eq!(ownership.closed(), Numbers::NONE);
        ownership.grant(numbers(&[2]));
        assert!(ownership.enter(1).is_none());
        ownership.grant(numbers(&[1, 2]));
        assert!(ownership.enter(1).is_none(), "its objects may have changed meanwhile");
        assert_eq!(ownership.closed(), numbers(&[1]));
        assert!(ownership.enter(2).is_some());
    }

    #[test]
    fn what_is_in_hand_is_let_go_of_by_the_last() {
        let ownership = Ownership::of(Numbers::ALL);
        ownership.open(Numbers::ALL);
        let (first, second) = (ownership.enter(7), ownership.enter(7));
        drop(ownership.enter(8));
        assert_eq!(ownership.leftover(), Numbers::NONE);
        assert!(ownership.released().now_or_never().is_none(), "what is granted is no leftover");
        ownership.grant(numbers(&[8]));
        assert_eq!(ownership.leftover(), numbers(&[7]));
        drop(first);
        assert!(ownership.released().now_or_never().is_none());
        drop(second);
        assert_eq!(ownership.leftover(), Numbers::NONE);
        assert!(ownership.released().now_or_never().is_some());
    }

    #[test]
    fn a_grant_is_told_once() {
        let ownership = Ownership::of(Numbers::NONE);
        let mut granted = ownership.granted();
        ownership.grant(Numbers::ALL);
        assert!(granted.has_changed().unwrap());
        assert_eq!(*granted.borrow_and_update(), Numbers::ALL);
        ownership.grant(Numbers::ALL);
        assert!(!granted.has_changed().unwrap());
    }
}
