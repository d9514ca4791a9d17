//! Work that calculates for long between its awaits, beside the threads that serve everybody else.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// A future whose thread is replaced while it is polled. It keeps its awaits, so that time-outs and limits hold as before.
///
/// A runtime with one thread has nobody to replace it: there it is polled like any other.
pub(crate) struct Aside<F>(Pin<Box<F>>);

impl<F: Future> Aside<F> {
    pub(crate) fn new(work: F) -> Self {
        Aside(Box::pin(work))
    }
}

impl<F: Future> Future for Aside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let work = self.0.as_mut();
        let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
        if matches!(flavor, Ok(RuntimeFlavor::MultiThread)) {
            block_in_place(|| work.poll(cx))
        } else {
            work.poll(cx)
        }
    }
}
