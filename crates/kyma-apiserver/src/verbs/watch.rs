//! GET of a kind with `watch`: the answer is a stream of events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};
use jiff::Timestamp;
use kyma_registry::{ApiError, Change, Registry, Resource, Stream};
use kyma_store::{Object as Stored, Revision};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Call;
use crate::body::Body;
use crate::encode::table::{Include, table};
use crate::encode::{Accept, Format, Shape, json as encode, metadata};
use crate::metrics::WatchMeter;

/// How often a watcher that wants bookmarks gets one, and how long before the time-out it gets the last
/// (k8s.io/apiserver/pkg/storage/cacher/cache_watcher.go).
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);
/// A watch without a time-out of its own lasts at least so long, and at most twice that (`--min-request-timeout`).
const MIN_TIMEOUT: Duration = Duration::from_secs(1800);

/// A piece of the stream is sent when it has so many bytes, or when there is nothing more to send. A watcher that does not
/// read holds one piece and the position of what follows, whatever happens meanwhile.
const PIECE_BYTES: usize = 32 * 1024;
/// What a line has around its object.
const LINE_BYTES: usize = 64;

/// Opens a watch. A version that is out of the window is an event of the stream, as in the real server.
pub(crate) fn watch(
    call: &Call<'_>,
    registry: &Arc<Registry>,
    closing: watch::Receiver<bool>,
    meter: WatchMeter,
) -> Result<Response<Body>, ApiError> {
    let accept = call.accept_streamed()?;
    if accept.format == Format::Yaml {
        return Err(ApiError::not_acceptable(&["application/json"]));
    }
    let include = Include::from_query(call.query.get("includeObject"))?;
    let (options, timeout) = call.query.watch(&call.request(), call.name)?;
    let timeout = timeout.unwrap_or_else(|| MIN_TIMEOUT + jitter(registry.random()));
    let encoder = Encoder { resource: Arc::clone(call.resource), accept, include, columns_sent: false };
    let body = match registry.watch(&call.request(), options) {
        Ok(stream) => {
            let feed = Feed {
                stream,
                encoder,
                registry: Arc::clone(registry),
                closing,
                deadline: Instant::now() + timeout,
                bookmarks: call.query.flag("allowWatchBookmarks"),
                bookmarked: Instant::now(),
                meter,
                pending: VecDeque::new(),
                ended: false,
            };
            Body::stream(stream::unfold(feed, Feed::next))
        }
        Err(error) if error.code() == 410 => Body::whole(Encoder::error(&error)),
        Err(error) => return Err(error),
    };
    let mut response = Response::new(body);
    let content_type = match accept.shape {
        Shape::Object => "application/json;stream=watch",
        Shape::Table => "application/json;as=Table;g=meta.k8s.io;v=v1;stream=watch",
        Shape::Metadata => "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1;stream=watch",
    };
    // Clients of the default shape expect the plain type.
    let content_type = if accept.shape == Shape::Object { "application/json" } else { content_type };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Ok(response)
}

fn jitter(bits: u64) -> Duration {
    Duration::from_millis(bits % (MIN_TIMEOUT.as_secs() * 1000))
}

/// A watch that is being sent.
struct Feed {
    stream: Stream,
    encoder: Encoder,
    registry: Arc<Registry>,
    closing: watch::Receiver<bool>,
    deadline: Instant,
    bookmarks: bool,
    /// When the last bookmark was sent, or the watch began.
    bookmarked: Instant,
    meter: WatchMeter,
    /// What was taken from the log and is not sent yet: at most what the registry gives at a time.
    pending: VecDeque<Change>,
    ended: bool,
}

enum Turn {
    Changes(Result<Vec<Change>, ApiError>),
    Bookmark,
    End,
}

impl Feed {
    /// The next piece of the body.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            if self.ended {
                return None;
            }
            if self.pending.is_empty() {
                match self.wait().await {
                    Turn::Changes(Ok(changes)) if changes.is_empty() => return None,
                    Turn::Changes(Ok(changes)) => self.pending = changes.into(),
                    Turn::Changes(Err(error)) => {
                        self.ended = true;
                        return Some((Encoder::error(&error), self));
                    }
                    Turn::Bookmark => {
                        self.bookmarked = Instant::now();
                        let revision = self.stream.progress();
                        self.pending.push_back(Change::Bookmark(revision, false));
                    }
                    Turn::End => return None,
                }
            }
            let piece = self.piece();
            if !piece.is_empty() {
                return Some((piece, self));
            }
        }
    }

    /// A minute after the last one, or shortly before the end if that comes first.
    fn next_bookmark(&self) -> Option<Instant> {
        let last = self.deadline.checked_sub(BOOKMARK_BEFORE_END).filter(|last| *last > self.bookmarked);
        let regular = self.bookmarked + BOOKMARK_PERIOD;
        let next = last.map_or(regular, |last| regular.min(last));
        (self.bookmarks && next < self.deadline).then_some(next)
    }

    async fn wait(&mut self) -> Turn {
        let next_bookmark = self.next_bookmark();
        let tick = async {
            match next_bookmark {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = self.closing.wait_for(|closing| *closing) => Turn::End,
            changes = self.stream.next() => Turn::Changes(changes),
            () = sleep_until(self.deadline) => Turn::End,
            () = tick => Turn::Bookmark,
        }
    }

    /// How many bytes the next piece has, about: one that grew while it is written would keep up to twice its bytes.
    fn piece_size(&self) -> usize {
        if self.encoder.accept.shape != Shape::Object {
            return 0;
        }
        let mut size = 0;
        for change in &self.pending {
            if size >= PIECE_BYTES {
                break;
            }
            size += LINE_BYTES;
            if let Change::Added(stored) | Change::Modified(stored) | Change::Deleted(stored) = change {
                size += stored.json.len();
            }
        }
        size
    }

    /// As much of what is pending as fits into a piece.
    fn piece(&mut self) -> Bytes {
        let mut out = Vec::with_capacity(self.piece_size());
        let now = self.registry.now();
        while out.len() < PIECE_BYTES {
            let Some(change) = self.pending.pop_front() else { break };
            if matches!(change, Change::Bookmark(..)) && !self.bookmarks {
                continue;
            }
            let before = out.len();
            // An object that cannot be written ends the watch: to leave it out would be to lose an event.
            if let Err(error) = self.encoder.change(&mut out, &change, now) {
                out.truncate(before);
                out.extend_from_slice(&Encoder::error(&error));
                self.ended = true;
                break;
            }
            let initial = self.stream.is_initial() && matches!(change, Change::Added(_));
            self.meter.sent(out.len() - before, initial);
        }
        out.into()
    }
}

/// Turns changes into lines.
struct Encoder {
    resource: Arc<Resource>,
    accept: Accept,
    include: Include,
    columns_sent: bool,
}

impl Encoder {
    fn change(&mut self, out: &mut Vec<u8>, change: &Change, now: Timestamp) -> Result<(), ApiError> {
        match change {
            Change::Added(stored) => self.object(out, "ADDED", stored, now),
            Change::Modified(stored) => self.object(out, "MODIFIED", stored, now),
            Change::Deleted(stored) => self.object(out, "DELETED", stored, now),
            Change::Bookmark(revision, ends_initial) => self.bookmark(out, *revision, *ends_initial),
        }
    }

    fn object(
        &mut self,
        out: &mut Vec<u8>,
        kind: &str,
        stored: &Stored,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        match self.accept.shape {
            Shape::Object => encode::event(out, kind, &encode::object(&self.resource, stored)?),
            Shape::Metadata => encode::event(out, kind, &encode::to_vec(&metadata::object(stored)?)?),
            Shape::Table => {
                let version = json!({"resourceVersion": stored.revision.to_string()});
                let columns = !std::mem::replace(&mut self.columns_sent, true);
                let table = table(&self.resource, &[stored], &version, self.include, columns, now)?;
                encode::event(out, kind, &encode::to_vec(&table)?);
            }
        }
        Ok(())
    }

    fn bookmark(
        &mut self,
        out: &mut Vec<u8>,
        revision: Revision,
        ends_initial: bool,
    ) -> Result<(), ApiError> {
        let mut value = encode::bookmark(&self.resource, revision, ends_initial);
        match self.accept.shape {
            Shape::Object => {}
            Shape::Metadata => {
                value["kind"] = "PartialObjectMetadata".into();
                value["apiVersion"] = "meta.k8s.io/v1".into();
            }
            Shape::Table => {
                let row = json!({"cells": [], "object": value});
                let version = json!({"resourceVersion": revision.to_string()});
                value = json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": version,
                    "columnDefinitions": null, "rows": [row]});
            }
        }
        encode::event(out, "BOOKMARK", &encode::to_vec(&value)?);
        Ok(())
    }

    fn error(error: &ApiError) -> Bytes {
        let mut out = Vec::new();
        let status = serde_json::to_vec(error).unwrap_or_else(|_| b"{}".to_vec());
        encode::event(&mut out, "ERROR", &status);
        out.into()
    }
}
