//! What requests may cost: how many at a time, how large, how long.
//!
//! Connections have limits of their own (`serve::ConnectionLimits`); these here hold in-process too. Each bounds memory:
//! bodies under way by [`Limits::max_body_bytes_inflight`], answers by [`Limits::max_response_bytes_inflight`], watchers by
//! [`Limits::max_watches`] times the piece of a stream that waits for its reader (`verbs/watch.rs`).

mod answers;
mod duration;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use kyma_registry::ApiError;
use kyma_registry::authz::{MASTERS, User};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;
use tower::BoxError;

use crate::query::Query;

pub(crate) use answers::{Answers, Held};

/// A body of more than this is large: to take apart what it says takes longer than hundreds of other requests, and many
/// times its bytes.
const LARGE_BODY: usize = 64 * 1024;

/// Limits of requests. The names are those of kube-apiserver's flags where it has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests that read, at a time; beyond it 429. Watches and health checks do not count, and whoever is in
    /// `system:masters` always gets an answer. 0 for no limit.
    pub max_requests_inflight: usize,
    /// The same for requests that write.
    pub max_mutating_requests_inflight: usize,
    /// Watches at a time, whoever has opened them; beyond it 429. 0 for no limit.
    pub max_watches: usize,
    /// Bytes of one request's body; beyond it 413. 0 for no limit.
    pub max_body_bytes: usize,
    /// Bytes of all bodies of requests that are in flight; beyond it 429. 0 for no limit.
    pub max_body_bytes_inflight: usize,
    /// Bytes of all answers that clients have not taken yet; beyond it who reads waits up to 10 s, then 429. 0 for no
    /// limit. A larger single answer is given when there is no other.
    pub max_response_bytes_inflight: usize,
    /// How long a request may take, its body included; then 504. A shorter `timeout` of the query counts. Not for
    /// watches.
    pub request_timeout: Duration,
}

impl Default for Limits {
    /// kube-apiserver's values (k8s.io/apiserver/pkg/server/config.go): 400 and 200 requests, bodies of 3 MiB, 60 s.
    /// What it does not limit: 4,096 watches, 64 MiB of bodies, 256 MiB of answers.
    fn default() -> Self {
        Limits {
            max_requests_inflight: 400,
            max_mutating_requests_inflight: 200,
            max_watches: 4096,
            max_body_bytes: 3 << 20,
            max_body_bytes_inflight: 64 << 20,
            max_response_bytes_inflight: 256 << 20,
            request_timeout: Duration::from_secs(60),
        }
    }
}

/// What a request counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// It reads.
    ReadOnly,
    /// It writes.
    Mutating,
    /// It stays: a watch.
    LongRunning,
    /// It asks whether the server is well, which is of most use when there is too much to do.
    Health,
}

/// Something of which there is so much and no more.
#[derive(Debug)]
pub(crate) struct Gate {
    used: AtomicUsize,
    limit: usize,
}

impl Gate {
    /// A gate for `limit` at a time, 0 for any number.
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        Arc::new(Gate { used: AtomicUsize::new(0), limit })
    }

    /// How much is taken now.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes some, if there is so much left.
    pub(crate) fn enter(self: &Arc<Self>, many: usize) -> Option<Pass> {
        let more = |used: usize| used.checked_add(many).filter(|used| *used <= self.limit);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Pass { gate: Arc::clone(self), many })
    }

    /// Takes some, whether there is so much left or not.
    fn enter_anyway(self: &Arc<Self>, many: usize) -> Pass {
        self.used.fetch_add(many, Ordering::Relaxed);
        Pass { gate: Arc::clone(self), many }
    }
}

/// What was taken; it goes back when this is dropped.
#[derive(Debug)]
pub(crate) struct Pass {
    gate: Arc<Gate>,
    many: usize,
}

impl Pass {
    /// Takes more; says whether there was so much left.
    fn grow(&mut self, many: usize) -> bool {
        let Some(mut more) = self.gate.enter(many) else { return false };
        self.many += std::mem::take(&mut more.many);
        true
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.used.fetch_sub(self.many, Ordering::Relaxed);
    }
}

/// All gates of a server.
#[derive(Debug)]
pub(crate) struct Gates {
    limits: Limits,
    read_only: Arc<Gate>,
    mutating: Arc<Gate>,
    watches: Arc<Gate>,
    bodies: Arc<Gate>,
    /// Turns of large bodies.
    large: Semaphore,
    answers: Answers,
}

impl Gates {
    pub(crate) fn new(limits: Limits) -> Self {
        Gates {
            limits,
            read_only: Gate::new(limits.max_requests_inflight),
            mutating: Gate::new(limits.max_mutating_requests_inflight),
            watches: Gate::new(limits.max_watches),
            bodies: Gate::new(limits.max_body_bytes_inflight),
            large: Semaphore::new(large_at_a_time()),
            answers: Answers::new(limits.max_response_bytes_inflight),
        }
    }

    /// Lets a request in, or not (k8s.io/apiserver/pkg/server/filters/maxinflight.go).
    pub(crate) fn admit(&self, class: Class, user: Option<&User>) -> Option<Pass> {
        let gate = match class {
            Class::ReadOnly | Class::Health => &self.read_only,
            Class::Mutating => &self.mutating,
            // Nobody is so important that the memory of a process grows for them.
            Class::LongRunning => return self.watches.enter(1),
        };
        let master = || user.is_some_and(|user| user.groups.iter().any(|group| group == MASTERS));
        gate.enter(1).or_else(|| (class == Class::Health || master()).then(|| gate.enter_anyway(1)))
    }

    /// How many requests are being answered: reading ones, writing ones.
    pub(crate) fn in_flight(&self) -> (usize, usize) {
        (self.read_only.used(), self.mutating.used())
    }

    /// How many bytes of bodies are held.
    pub(crate) fn body_bytes(&self) -> usize {
        self.bodies.used()
    }

    /// The budget of answers.
    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// How long a request may take; `None` for as long as it likes.
    pub(crate) fn timeout(&self, class: Class, query: Option<&str>) -> Result<Option<Duration>, ApiError> {
        if class == Class::LongRunning {
            return Ok(None);
        }
        let most = self.limits.request_timeout;
        // Most queries have no such word, and are not taken apart.
        let Some(query) = query.filter(|query| query.contains("timeout")) else { return Ok(Some(most)) };
        let query = Query::parse(Some(query));
        let Some(text) = query.get("timeout") else { return Ok(Some(most)) };
        let asked = duration::parse(text).map_err(|error| {
            ApiError::bad_request(format!("invalid timeout specified in the request URL - {error}"))
        })?;
        Ok(Some(asked.filter(|asked| !asked.is_zero()).map_or(most, |asked| asked.min(most))))
    }

    /// Waits until a request with such a body may be looked at; `None` for one that is not large and need not wait.
    ///
    /// Half of the machine is enough for large bodies: so the other half serves who sends small ones, and what large
    /// ones become when they are taken apart, which no other limit counts, is in memory so often and no more.
    pub(crate) async fn turn(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        if bytes <= LARGE_BODY {
            return None;
        }
        // Nobody closes it.
        self.large.acquire().await.ok()
    }

    /// Reads all of a body. The bytes count against the limit of all as they come, and as long as the pass lives.
    pub(crate) async fn read<B>(&self, body: B) -> Result<(Bytes, Pass), Unread>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let most = if self.limits.max_body_bytes == 0 { usize::MAX } else { self.limits.max_body_bytes };
        let too_large = || Unread::Refused(ApiError::request_entity_too_large(&format!("limit is {most}")));
        let mut body = std::pin::pin!(body);
        // What is too long by its own account is not kept first.
        if body.size_hint().lower() > most as u64 {
            discard(body, most.saturating_mul(2)).await;
            return Err(too_large());
        }
        let mut pass = self.bodies.enter(0).ok_or(Unread::Overloaded)?;
        let mut first = Bytes::new();
        let mut all = BytesMut::new();
        let mut is_too_large = false;
        let mut pace = Pace::new(REST);
        while let Some(data) = piece(body.as_mut()).await.map_err(Unread::Refused)? {
            if first.len() + all.len() + data.len() > most {
                is_too_large = true;
                break;
            }
            if !pass.grow(data.len()) {
                return Err(Unread::Overloaded);
            }
            if !body.is_end_stream() {
                pace.read(data.len()).await;
            }
            // Nearly every body is one piece, which is not copied.
            if first.is_empty() && all.is_empty() {
                first = data;
                continue;
            }
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
        if is_too_large {
            drop((first, all, pass));
            discard(body, most).await;
            return Err(too_large());
        }
        Ok((if all.is_empty() { first } else { all.freeze() }, pass))
    }
}

/// The next piece of a body; `None` at its end. Trailers are an empty one.
async fn piece<B>(mut body: Pin<&mut B>) -> Result<Option<Bytes>, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    match body.frame().await {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(error)) => {
            Err(ApiError::bad_request(format!("the body could not be read: {}", error.into())))
        }
    }
}

/// Rests now and then: what one client sends in megabytes comes as fast as it can be decrypted, and whoever is served by the
/// same thread would wait for all of it.
struct Pace {
    bytes: usize,
    rest: Duration,
}

impl Pace {
    fn new(rest: Duration) -> Self {
        Self { bytes: 0, rest }
    }

    async fn read(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes > LARGE_BODY {
            self.bytes = 0;
            sleep(self.rest).await;
        }
    }
}

/// How many large bodies are looked at at a time.
fn large_at_a_time() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2))
}

/// How long nobody reads on, each time that so much of a body has come as makes a large one.
const REST: Duration = Duration::from_millis(1);
/// The same where it is read for nothing: there is no hurry to decrypt what nobody will look at.
const LONG_REST: Duration = Duration::from_millis(2);

/// Lets a client send so much for nothing, twice what it may: one that is still sending does not read its answer, and takes
/// a connection that is closed on it for a failure.
async fn discard<B>(mut body: Pin<&mut B>, most: usize)
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut left = most;
    let mut pace = Pace::new(LONG_REST);
    while let Ok(Some(data)) = piece(body.as_mut()).await {
        pace.read(data.len()).await;
        match left.checked_sub(data.len()) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}

/// Why a body was not read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It cannot be, or may not.
    Refused(ApiError),
    /// Too much is being read already.
    Overloaded,
}

#[cfg(test)]
mod tests;
