//! Work that takes long between its awaits: beside the threads that serve everybody else, and behind them.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread::{self, ScopedJoinHandle};

use parking_lot::Mutex;
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// By how much such work is nicer to others: enough for the system to let whoever has something short to do go first at once, instead of
/// at the end of a time slice, which is longer than all that most requests take.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Larger answers are worth a thread that steps back: a millisecond's work and more.
const LARGE_ANSWER: usize = 512 * 1024;

/// The thread's name, as `ps` and debuggers show it; Linux takes up to 15 bytes.
const NAME: &str = "apiserver-aside";

/// A future that is polled on a thread of its own, while the runtime's thread is replaced. It keeps its awaits, so that
/// time-outs and limits hold as before.
///
/// A runtime with one thread has nobody to replace it: there it is polled like any other.
pub(crate) struct Aside<F>(Pin<Box<F>>);

impl<F: Future<Output: Send> + Send> Aside<F> {
    pub(crate) fn new(work: F) -> Self {
        Aside(Box::pin(work))
    }
}

impl<F: Future<Output: Send> + Send> Future for Aside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let work = self.0.as_mut();
        match runtime() {
            Some(runtime) => block_in_place(|| poll_behind(work, cx, &runtime)),
            None => work.poll(cx),
        }
    }
}

/// Whether making or dropping an answer of so many bytes is for a thread of its own, where there can be one.
pub(crate) fn is_for(bytes: usize) -> bool {
    bytes > LARGE_ANSWER && runtime().is_some()
}

/// The runtime, if it has more threads than one.
fn runtime() -> Option<Handle> {
    Handle::try_current().ok().filter(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread)
}

/// Polls on a thread that others go before. A thread cannot take back how nice it is, so it is a new one each time, which costs
/// little beside work that is worth it. Where the system gives no thread, this one does it.
fn poll_behind<F>(work: Pin<&mut F>, cx: &mut Context<'_>, runtime: &Handle) -> Poll<F::Output>
where
    F: Future<Output: Send> + Send,
{
    let (waker, work) = (cx.waker(), Mutex::new(work));
    let poll = || work.lock().as_mut().poll(&mut Context::from_waker(waker));
    let polled = thread::scope(|scope| {
        let behind = || {
            step_back();
            let _entered = runtime.enter();
            poll()
        };
        let spawned = thread::Builder::new().name(NAME.to_owned()).spawn_scoped(scope, behind);
        spawned.map(ScopedJoinHandle::join)
    });
    match polled {
        Ok(Ok(polled)) => polled,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_no_thread) => poll(),
    }
}

/// Drops what takes long to drop: to give back megabytes costs the system as much as many requests cost the server.
/// Where the system gives no thread, it is dropped at once.
pub(crate) fn discard<T: Send + 'static>(value: T) {
    // A builder that fails drops what it was given.
    let _ = thread::Builder::new().name(NAME.to_owned()).spawn(move || {
        step_back();
        drop(value);
    });
}

/// Lets whoever waits for this thread's core go first. A thread that steps back keeps its core for the rest of its time slice
/// nevertheless: the system looks again at its next tick, which may be 4 ms away.
pub(crate) fn give_way() {
    thread::yield_now();
}

/// Lets others go first. Where the system does not allow it, work goes on as fast as everybody's.
fn step_back() {
    // Elsewhere this would be the whole process.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICE);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    async fn work() -> thread::ThreadId {
        sleep(Duration::from_millis(1)).await;
        thread::current().id()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn it_runs_on_a_thread_of_its_own() {
        #[cfg(target_os = "linux")]
        let nice = rustix::process::getpriority_process(None).unwrap();
        let here = thread::current().id();
        let other = tokio::spawn(async { Aside::new(work()).await });
        assert_ne!(other.await.unwrap(), here);
        #[cfg(target_os = "linux")]
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), nice, "others are as they were");
    }

    #[tokio::test(start_paused = true)]
    async fn a_runtime_with_one_thread_polls_it_itself() {
        assert_eq!(Aside::new(work()).await, thread::current().id());
    }

    #[test]
    fn what_takes_long_to_drop_is_dropped_elsewhere() {
        struct Large(std::sync::mpsc::Sender<thread::ThreadId>);
        impl Drop for Large {
            fn drop(&mut self) {
                self.0.send(thread::current().id()).unwrap();
            }
        }
        let (dropped, by) = std::sync::mpsc::channel();
        discard(Large(dropped));
        assert_ne!(by.recv().unwrap(), thread::current().id());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_is_the_caller_s() {
        let ended = tokio::spawn(async { Aside::new(async { panic!("planted") }).await }).await;
        assert!(ended.unwrap_err().is_panic());
    }
}
