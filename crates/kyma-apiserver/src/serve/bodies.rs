//! Bodies on a connection: requests that must arrive in time, answers that are noted while they go out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::BoxError;

use super::activity::Activity;
use super::stats::ConnectionStats;

/// A body that did not arrive in time.
#[derive(Debug, thiserror::Error)]
#[error("it was not sent within {} seconds", limit.as_secs_f64())]
struct TooSlow {
    limit: Duration,
}

/// A request's body, which must be whole within a time. The time is for all of it: a client that sends a byte now and
/// then gets no more.
pub(super) struct InTime<B> {
    inner: B,
    limit: Duration,
    deadline: Instant,
    /// Made when the first piece is not there at once, which is rare.
    timer: Option<Pin<Box<Sleep>>>,
    stats: Arc<ConnectionStats>,
}

impl<B> InTime<B> {
    pub(super) fn new(inner: B, limit: Duration, stats: &Arc<ConnectionStats>) -> Self {
        InTime { inner, limit, deadline: Instant::now() + limit, timer: None, stats: Arc::clone(stats) }
    }
}

impl<B> Body for InTime<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.inner).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(this.deadline)));
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        this.stats.body_timeouts.add();
        Poll::Ready(Some(Err(TooSlow { limit: this.limit }.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A request that is in progress: from its head to the last piece of its answer.
pub(super) struct Running {
    activity: Arc<Mutex<Activity>>,
    stream: u64,
}

impl Running {
    pub(super) fn begin(activity: &Arc<Mutex<Activity>>) -> Self {
        let stream = activity.lock().begin();
        Running { activity: Arc::clone(activity), stream }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.activity.lock().end(self.stream, Instant::now());
    }
}

/// An answer's body that keeps its request in progress. Of a stream it notes whether HTTP asks for more: as long as it
/// does not, the client takes nothing.
pub(super) struct Answer<B> {
    inner: B,
    running: Running,
    handed: bool,
}

impl<B> Answer<B> {
    pub(super) fn new(inner: B, running: Running) -> Self {
        Answer { inner, running, handed: false }
    }
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answer<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.handed) {
            this.running.activity.lock().asked(this.running.stream);
        }
        let frame = Pin::new(&mut this.inner).poll_frame(cx);
        if matches!(frame, Poll::Ready(Some(Ok(_)))) && !this.inner.is_end_stream() {
            this.handed = true;
            this.running.activity.lock().handed(this.running.stream, Instant::now());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
