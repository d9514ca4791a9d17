//! A network with weather: what can go wrong between a client and an API server, decided by a seeded source of chance, so
//! that a run that fails can be run again.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use kube::client::Body;
use kyma_controller::Random;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;
use tower::{BoxError, Service};

/// What goes wrong, for as long as it lasts. Shares are in percent; by default nothing does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Nothing gets through, and what is on its way is cut.
    pub away: bool,
    /// Requests that the server refuses: 429 with `Retry-After`, 500 or 503.
    pub refused: u8,
    /// Writes that the server carries out, and whose answer is lost.
    pub lost: u8,
    /// Writes that are refused with 409, as if somebody had been faster.
    pub conflicts: u8,
    /// How much later requests arrive, at most.
    pub slow: Duration,
    /// Events behind which a watch is cut.
    pub cut: u8,
    /// Events that come twice.
    pub twice: u8,
    /// How much later events come, at most.
    pub late: Duration,
    /// Watches that are refused with 410.
    pub gone: u8,
    /// Lists that show what an earlier one of the same has shown.
    pub stale: u8,
}

/// A network, whose weather can change; clones share it.
#[derive(Clone)]
pub struct Network {
    weather: watch::Sender<Weather>,
    random: Arc<dyn Random>,
    /// The last first page of each list.
    lists: Arc<Mutex<HashMap<String, Bytes>>>,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("weather", &*self.weather.borrow()).finish_non_exhaustive()
    }
}

/// What comes out of a network.
pub type Answer = Response<UnsyncBoxBody<Bytes, BoxError>>;

/// The connection is gone.
fn reset() -> BoxError {
    "connection reset".into()
}

impl Network {
    /// A network in fair weather.
    pub fn new(random: Arc<dyn Random>) -> Self {
        Network { weather: watch::Sender::new(Weather::default()), random, lists: Arc::default() }
    }

    /// Changes the weather.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// The server behind the network, for a program that starts now: what it lists first is new, as lists without a
    /// resourceVersion are.
    pub fn before<S>(&self, server: S) -> Line<S> {
        Line { network: Network { lists: Arc::default(), ..self.clone() }, server }
    }

    fn now(&self) -> Weather {
        self.weather.borrow().clone()
    }

    /// Whether something happens that has so many chances in a hundred.
    fn happens(&self, percent: u8) -> bool {
        percent > 0 && self.random.next_u64() % 100 < u64::from(percent)
    }

    fn up_to(&self, most: Duration) -> Duration {
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(if micros == 0 { 0 } else { self.random.next_u64() % micros })
    }

    /// Waits until nothing gets through any more.
    async fn storm(mut weather: watch::Receiver<Weather>) {
        // Without a sender there is no more weather.
        if weather.wait_for(|weather| weather.away).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    async fn carry<S>(self, server: S, request: Request<Body>) -> Result<Answer, BoxError>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Send,
        S::Future: Send,
    {
        let weather = self.now();
        if weather.away {
            // As long as a connection takes to be refused.
            sleep(Duration::from_millis(1)).await;
            return Err("connection refused".into());
        }
        sleep(self.up_to(weather.slow)).await;
        let storm = Self::storm(self.weather.subscribe());
        tokio::select! {
            biased;
            answer = self.answer(server, request, &weather) => answer,
            () = storm => Err(reset()),
        }
    }

    async fn answer<S>(
        &self,
        mut server: S,
        request: Request<Body>,
        weather: &Weather,
    ) -> Result<Answer, BoxError>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Send,
        S::Future: Send,
    {
        let is_read = request.method() == Method::GET;
        let path = request.uri().to_string();
        let query = request.uri().query().unwrap_or_default().to_owned();
        if self.happens(weather.refused) {
            let refusals = [(429, "TooManyRequests"), (500, "InternalError"), (503, "ServiceUnavailable")];
            let (code, reason) = refusals[(self.random.next_u64() % 3) as usize];
            return Ok(refusal(code, reason));
        }
        if !is_read && request.method() != Method::POST && self.happens(weather.conflicts) {
            return Ok(refusal(409, "Conflict"));
        }
        let watches = is_read && query.contains("watch=true");
        if watches && self.happens(weather.gone) {
            return Ok(refusal(410, "Expired"));
        }
        let lists = is_read && !watches && query.contains("limit=") && !query.contains("continue=");
        if lists
            && self.happens(weather.stale)
            && let Some(page) = self.kept(&path, None)
        {
            return Ok(Response::new(whole(page)));
        }
        let response = server.call(request).await?;
        if !is_read && self.happens(weather.lost) {
            return Err(reset());
        }
        if watches && response.status().is_success() {
            return Ok(response.map(|body| self.watched(body)));
        }
        if !lists || !response.status().is_success() {
            return Ok(response.map(|body| body.map_err(BoxError::from).boxed_unsync()));
        }
        let (parts, body) = response.into_parts();
        let page = body.collect().await?.to_bytes();
        self.kept(&path, Some(page.clone()));
        Ok(Response::from_parts(parts, whole(page)))
    }

    /// The page of a list that was kept, and keeps another.
    fn kept(&self, path: &str, page: Option<Bytes>) -> Option<Bytes> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        match page {
            Some(page) => lists.insert(path.to_owned(), page),
            None => lists.get(path).cloned(),
        }
    }

    fn watched(&self, body: Body) -> UnsyncBoxBody<Bytes, BoxError> {
        let events = Events {
            network: self.clone(),
            weather: self.weather.subscribe(),
            body,
            rest: Vec::new(),
            ready: VecDeque::new(),
        };
        StreamBody::new(futures_util::stream::unfold(Some(events), Events::step)).boxed_unsync()
    }
}

fn whole(bytes: impl Into<Bytes>) -> UnsyncBoxBody<Bytes, BoxError> {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A `Status` as a server would send it.
fn refusal(code: u16, reason: &str) -> Answer {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": reason, "message": "bad weather",
    });
    let mut response = Response::new(whole(status.to_string()));
    *response.status_mut() = StatusCode::from_u16(code).expect("a status code");
    if code == 429 {
        let seconds = http::HeaderValue::from_static("1");
        response.headers_mut().insert(http::header::RETRY_AFTER, seconds);
    }
    response
}

/// The events of a watch on their way.
struct Events {
    network: Network,
    weather: watch::Receiver<Weather>,
    body: Body,
    /// The beginning of a line.
    rest: Vec<u8>,
    ready: VecDeque<Bytes>,
}

impl Events {
    /// The next event, as the weather lets it through; nothing behind an error.
    async fn step(this: Option<Self>) -> Option<(Result<Frame<Bytes>, BoxError>, Option<Self>)> {
        let mut this = this?;
        let storm = Network::storm(this.weather.clone());
        let next = tokio::select! {
            biased;
            () = storm => Err(reset()),
            next = this.next() => next,
        };
        match next {
            Ok(Some(event)) => Some((Ok(Frame::data(event)), Some(this))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, BoxError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                let weather = self.network.now();
                sleep(self.network.up_to(weather.late)).await;
                if self.network.happens(weather.twice) {
                    self.ready.push_front(event.clone());
                }
                if self.network.happens(weather.cut) {
                    return Err(reset());
                }
                return Ok(Some(event));
            }
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let Ok(data) = frame?.into_data() else { continue };
            self.rest.extend_from_slice(&data);
            while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                self.ready.push_back(line.into());
            }
        }
    }
}

/// A server behind a network.
#[derive(Clone, Debug)]
pub struct Line<S> {
    network: Network,
    server: S,
}

impl<S> Service<Request<Body>> for Line<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.network.clone().carry(self.server.clone(), request))
    }
}
