//! Room for recursion.
//!
//! Expressions nest up to 250 levels deep, and macros make several levels of one. That fits on no stack of a usual
//! size, so that what works on a deep tree runs on one of its own. Almost no expression is deep.

use std::thread;

/// Trees of this height fit on any stack.
const SHALLOW: usize = 64;

/// Enough for the highest tree, also without optimization. Memory that is not used is not taken.
const STACK_BYTES: usize = 64 << 20;

/// Does the work where there is room for a tree of that height; None if there is no memory for that.
pub(crate) fn with_room<T: Send>(height: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    if height <= SHALLOW {
        return Some(work());
    }
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work).ok()?;
        worker.join().ok()
    })
}
