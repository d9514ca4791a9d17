//! Bodies on a connection: requests that must arrive in time, answers that are noted while they go out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::BoxError;

use super::activity::Activity;
use super::stats::ConnectionStats;

/// How much of an answer is handed to HTTP at a time.
const PIECE: usize = 16 * 1024;

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

/// A request that is in progress: from its head until the last piece of its answer has gone.
#[derive(Debug)]
pub(super) struct Running {
    activity: Arc<Mutex<Activity>>,
    stream: u64,
}

impl Running {
    pub(super) fn begin(activity: &Arc<Mutex<Activity>>) -> Arc<Self> {
        let stream = activity.lock().begin();
        Arc::new(Running { activity: Arc::clone(activity), stream })
    }

    /// Hands a piece to HTTP, and notes when that lets go of it: then it has gone to the client, or will never go.
    fn hand(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.activity.lock().handed(self.stream, Instant::now());
        Bytes::from_owner(Piece { bytes, running: Arc::clone(self) })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.activity.lock().end(self.stream, Instant::now());
    }
}

/// A piece of an answer on its way.
struct Piece {
    bytes: Bytes,
    running: Arc<Running>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.running.activity.lock().taken(self.running.stream, Instant::now());
    }
}

/// An answer's body, in pieces that are no larger than a frame of HTTP/2: a client that takes a megabyte in a minute is
/// slow, and must not look like one that takes nothing.
pub(super) struct Answer<B> {
    inner: B,
    rest: Bytes,
    running: Arc<Running>,
}

impl<B> Answer<B> {
    pub(super) fn new(inner: B, running: Arc<Running>) -> Self {
        Answer { inner, rest: Bytes::new(), running }
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
        if this.rest.is_empty() {
            match ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                end => return Poll::Ready(end),
            }
        }
        let piece = this.rest.split_to(this.rest.len().min(PIECE));
        Poll::Ready(Some(Ok(Frame::data(this.running.hand(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.inner.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}
