//! Ways from a variable into the data, with the sharing that Go's slices have.
//!
//! Two ways that go on from the same beginning may be written into the same memory, so that the second overwrites the
//! end of the first. Estimates depend on it: a size is looked up by the way as it is then. That is how the real server
//! computes them, and expressions are refused by the result, so it is kept.

use std::cell::RefCell;
use std::rc::Rc;

/// A way: its steps are the first ones of memory that others may share.
#[derive(Debug, Clone, Default)]
pub(super) struct Path {
    memory: Rc<RefCell<Vec<String>>>,
    length: usize,
    capacity: usize,
}

impl Path {
    /// From a variable on.
    pub(super) fn variable(name: &str) -> Self {
        Self { memory: Rc::new(RefCell::new(vec![name.to_owned()])), length: 1, capacity: 1 }
    }

    /// One step further: in the same memory if there is room, else in memory twice as large.
    pub(super) fn then(&self, step: &str) -> Self {
        if self.length < self.capacity {
            let mut memory = self.memory.borrow_mut();
            match memory.get_mut(self.length) {
                Some(place) => step.clone_into(place),
                None => memory.push(step.to_owned()),
            }
            return Self {
                memory: Rc::clone(&self.memory),
                length: self.length + 1,
                capacity: self.capacity,
            };
        }
        let mut copy = self.steps();
        copy.push(step.to_owned());
        let length = copy.len();
        Self { memory: Rc::new(RefCell::new(copy)), length, capacity: (self.capacity * 2).max(length) }
    }

    /// The steps as they are now.
    pub(super) fn steps(&self) -> Vec<String> {
        self.memory.borrow().iter().take(self.length).cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    pub(super) fn starts_with(&self, names: impl Fn(&str) -> bool) -> bool {
        self.length > 0 && self.memory.borrow().first().is_some_and(|first| names(first))
    }
}
