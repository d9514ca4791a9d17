//! Loops over what a client may send any number of let others have the core now and then.
//!
//! The system looks who is to have a core at its ticks, 1 to 10 ms apart, however nice a thread is to others: without this,
//! one object with a hundred thousand labels holds up everybody for as long.

use std::thread;

/// So many members take about a tenth of a millisecond. No object that people write by hand has as many.
const TURN: u32 = 1024;

/// Counts what one loop has done.
#[derive(Debug, Default)]
pub(crate) struct Turns(u32);

impl Turns {
    /// One more is done.
    pub(crate) fn done(&mut self) {
        self.0 += 1;
        if self.0 >= TURN {
            self.0 = 0;
            thread::yield_now();
        }
    }
}
