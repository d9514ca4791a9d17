//! Response bodies: whole, or the stream of a watch.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::Stream;
use http_body::{Frame, SizeHint};

use crate::aside;
use crate::limits::Held;

/// A response's body.
pub struct Body(pub(crate) Kind);

/// What a body is made of.
pub(crate) enum Kind {
    /// All of it, until it is taken, and what it takes of the budget.
    Whole(Option<Bytes>, Option<Held>),
    /// What a watch sends, piece by piece.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

/// The bytes of an answer, wherever they have gone: the last one who drops them gives back the budget.
struct Counted {
    bytes: Bytes,
    held: Option<Held>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        if aside::is_for(self.bytes.len()) {
            // The budget is given back once the memory is.
            aside::discard((std::mem::take(&mut self.bytes), self.held.take()));
        }
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Body {
    /// A body that is there at once.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Body(Kind::Whole(Some(bytes.into()), None))
    }

    /// A body that comes piece by piece.
    pub(crate) fn stream(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Body(Kind::Stream(Box::pin(pieces)))
    }

    /// The same body, counted.
    #[must_use]
    pub(crate) fn counted(self, held: Held) -> Self {
        match self.0 {
            Kind::Whole(bytes, _) => Body(Kind::Whole(bytes, Some(held))),
            stream @ Kind::Stream(_) => Body(stream),
        }
    }

    /// What it takes of the budget.
    pub(crate) fn take_held(&mut self) -> Option<Held> {
        match &mut self.0 {
            Kind::Whole(_, held) => held.take(),
            Kind::Stream(_) => None,
        }
    }

    /// How many bytes it has, where that is known.
    pub(crate) fn len(&self) -> Option<usize> {
        match &self.0 {
            Kind::Whole(bytes, _) => Some(bytes.as_ref().map_or(0, Bytes::len)),
            Kind::Stream(_) => None,
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("len", &self.len()).finish()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.get_mut().0 {
            Kind::Whole(bytes, held) => Poll::Ready(bytes.take().map(|bytes| {
                let bytes = match held.take() {
                    held @ Some(_) => Bytes::from_owner(Counted { bytes, held }),
                    None => bytes,
                };
                Ok(Frame::data(bytes))
            })),
            Kind::Stream(stream) => {
                stream.as_mut().poll_next(cx).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Kind::Whole(None, _))
    }

    fn size_hint(&self) -> SizeHint {
        self.len().map_or_else(SizeHint::default, |len| SizeHint::with_exact(len as u64))
    }
}
