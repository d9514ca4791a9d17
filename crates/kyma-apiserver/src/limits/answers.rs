//! The answers that are held at a time: made, and not all taken by their clients yet.
//!
//! A client that asks and does not read costs what it asked for until its connection is given up
//! (`ConnectionLimits::write_stall_timeout`). So all answers have a budget of bytes together. Those who come when it is
//! spent wait a little for their turn, which is enough where clients are just many, and are then told to come back:
//! kubectl and client-go do so by themselves.
//!
//! An eighth of the budget is kept for small answers, so that who asks for an object is served while lists are not. What
//! was written must be answered: a write is turned away before it begins, or is answered whatever the budget. So are
//! failures, which are small.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{Gate, Pass};

/// What is no more than this is a small answer.
const SMALL: usize = 64 * 1024;
/// What an answer costs beside its bytes: its stream, its task, its buffers.
const OVERHEAD: usize = 8 * 1024;
/// How long a large answer waits for room.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many may wait: each holds on to the objects that it will show.
const WAITING: usize = 100;

/// The budget.
#[derive(Debug)]
pub(crate) struct Answers {
    /// All that is held, whatever it counts against.
    held: Arc<Gate>,
    small: Arc<Gate>,
    large: Arc<Semaphore>,
    /// The permits of `large`, one a byte; `None` for no limit.
    most: Option<u32>,
    waiting: Arc<Gate>,
}

/// What an answer takes of the budget; it goes back when this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: usize,
    _counted: Pass,
    share: Share,
}

#[derive(Debug)]
enum Share {
    Small { _pass: Pass },
    Large(OwnedSemaphorePermit),
}

impl Answers {
    /// A budget of so many bytes, 0 for any number.
    pub(crate) fn new(bytes: usize) -> Self {
        // Permits are counted in 32 bits: 4 GiB are the most that is a limit.
        let most = (bytes > 0).then(|| u32::try_from(bytes - bytes / 8).unwrap_or(u32::MAX));
        Answers {
            held: Gate::new(0),
            small: Gate::new(bytes / 8),
            large: Arc::new(Semaphore::new(most.unwrap_or_default() as usize)),
            most,
            waiting: Gate::new(WAITING),
        }
    }

    /// How many bytes are held.
    pub(crate) fn bytes(&self) -> usize {
        self.held.used()
    }

    /// Whether there is any room for the answer of a request that begins now.
    pub(crate) fn has_room(&self) -> bool {
        self.small.used() < self.small.limit
    }

    /// Takes so many bytes, once they are there; `None` where that takes too long or too many wait already.
    pub(crate) async fn reserve(&self, bytes: usize) -> Option<Held> {
        if let Some(held) = self.take(bytes) {
            return Some(held);
        }
        if bytes <= SMALL {
            return None;
        }
        let _waiting = self.waiting.enter(1)?;
        let permit = Arc::clone(&self.large).acquire_many_owned(self.permits(bytes));
        let permit = timeout(PATIENCE, permit).await.ok()?.ok()?;
        Some(self.held(bytes, Share::Large(permit)))
    }

    /// Takes so many bytes, if they are there.
    pub(crate) fn take(&self, bytes: usize) -> Option<Held> {
        let share = if bytes <= SMALL {
            Share::Small { _pass: self.small.enter(bytes + OVERHEAD)? }
        } else {
            Share::Large(Arc::clone(&self.large).try_acquire_many_owned(self.permits(bytes)).ok()?)
        };
        Some(self.held(bytes, share))
    }

    /// Takes so many bytes, whether they are there or not.
    pub(crate) fn take_anyway(&self, bytes: usize) -> Held {
        let pass = self.small.enter_anyway(bytes + OVERHEAD);
        self.held(bytes, Share::Small { _pass: pass })
    }

    /// Corrects what was reserved before the answer was made; `None` where there is no room for what it came to.
    pub(crate) fn fitted(&self, reserved: Held, bytes: usize) -> Option<Held> {
        match reserved.share {
            Share::Large(mut permit) if bytes > SMALL && bytes <= reserved.bytes => {
                let surplus = permit.num_permits().saturating_sub(self.permits(bytes) as usize);
                drop(permit.split(surplus));
                Some(self.held(bytes, Share::Large(permit)))
            }
            share => {
                drop(share);
                self.take(bytes)
            }
        }
    }

    /// An answer larger than the whole budget takes all of it.
    fn permits(&self, bytes: usize) -> u32 {
        let wanted = u32::try_from(bytes + OVERHEAD).unwrap_or(u32::MAX);
        self.most.map_or(0, |most| wanted.min(most))
    }

    fn held(&self, bytes: usize, share: Share) -> Held {
        Held { bytes, _counted: self.held.enter_anyway(bytes + OVERHEAD), share }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const KIB: usize = 1024;

    #[tokio::test(start_paused = true)]
    async fn large_answers_wait_for_their_turn_and_small_ones_have_room_of_their_own() {
        let answers = Arc::new(Answers::new(800 * KIB));
        let first = answers.reserve(600 * KIB).await.unwrap();
        assert!(answers.take(200 * KIB).is_none());
        let small: Vec<_> = std::iter::from_fn(|| answers.take(2 * KIB)).collect();
        assert_eq!(small.len(), 10, "100 KiB of small answers");
        assert!(!answers.has_room() || answers.take(2 * KIB).is_none());
        let waiting = {
            let answers = Arc::clone(&answers);
            tokio::spawn(async move { answers.reserve(200 * KIB).await.is_some() })
        };
        tokio::time::sleep(Duration::from_secs(9)).await;
        drop(first);
        assert!(waiting.await.unwrap());
        drop(small);
        assert_eq!(answers.bytes(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_nor_in_any_number() {
        let answers = Arc::new(Answers::new(800 * KIB));
        let held = answers.reserve(690 * KIB).await.unwrap();
        let began = Instant::now();
        let waiting: Vec<_> = (0..WAITING)
            .map(|_| {
                let answers = Arc::clone(&answers);
                tokio::spawn(async move { answers.reserve(100 * KIB).await.is_none() })
            })
            .collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(answers.reserve(100 * KIB).await.is_none());
        assert_eq!(began.elapsed(), Duration::from_secs(1), "too many wait");
        for refused in waiting {
            assert!(refused.await.unwrap());
        }
        assert_eq!(began.elapsed(), PATIENCE);
        drop(held);
        assert!(answers.reserve(100 * KIB).await.is_some());
    }

    #[test]
    fn what_was_reserved_becomes_what_was_made() {
        let answers = Answers::new(800 * KIB);
        let reserved = answers.take(600 * KIB).unwrap();
        let made = answers.fitted(reserved, 100 * KIB).unwrap();
        assert_eq!(answers.bytes(), 100 * KIB + OVERHEAD);
        let other = answers.take(500 * KIB).unwrap();
        assert!(answers.fitted(made, 300 * KIB).is_none(), "there is no room for more");
        assert_eq!(answers.bytes(), 500 * KIB + OVERHEAD);
        let small = answers.fitted(other, KIB).unwrap();
        assert_eq!(answers.bytes(), KIB + OVERHEAD);
        drop((small, answers.take(700 * KIB - OVERHEAD).unwrap()));
    }

    #[test]
    fn an_answer_that_is_larger_than_all_goes_alone() {
        let answers = Answers::new(800 * KIB);
        let held = answers.take(5000 * KIB).unwrap();
        assert!(answers.take(65 * KIB).is_none());
        assert_eq!(answers.bytes(), 5000 * KIB + OVERHEAD);
        drop(held);
        assert!(answers.take(65 * KIB).is_some());
        let unbounded = Answers::new(0);
        let held: Vec<_> = (0..10).map(|_| unbounded.take(1 << 40).unwrap()).collect();
        assert!(unbounded.has_room() && unbounded.bytes() == held.len() * ((1 << 40) + OVERHEAD));
    }

    #[test]
    fn a_write_is_turned_away_before_it_begins_or_answered() {
        let answers = Answers::new(800 * KIB);
        let held = answers.take_anyway(3000 * KIB);
        assert!(!answers.has_room() && answers.take(KIB).is_none());
        assert!(answers.take(100 * KIB).is_some(), "lists have the larger part");
        drop(held);
        assert!(answers.has_room());
    }
}
