//! The server as a service: who asks, what it cost, and the answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use kyma_registry::authz::User;
use kyma_registry::{ApiError, Random as _, Registry};
use tokio::sync::watch;
use tokio::time::timeout;
use tower::{BoxError, Service};

use crate::aside::Aside;
use crate::asked::{Asked, Asker};
use crate::audit::AuditLog;
use crate::background::Background;
use crate::body::Body;
use crate::builder::Builder;
use crate::exchange::Exchange;
use crate::limits::{Answers, Class, Gates, Unread};
use crate::metrics::Metrics;
use crate::random::Seeded;
use crate::router::Route;
use crate::serve::ConnectionStats;
use crate::{impersonation, response, router};

/// An API server. Cheap to clone; it ends with its last clone.
#[derive(Clone)]
pub struct ApiServer(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) registry: Arc<Registry>,
    pub(crate) metrics: Metrics,
    pub(crate) gates: Arc<Gates>,
    pub(crate) audit: Option<Arc<AuditLog>>,
    /// Where the names of requests come from; not the registry's source, so that a log changes no UID.
    pub(crate) names: Seeded,
    pub(crate) connections: Arc<ConnectionStats>,
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) _background: Background,
}

impl Shared {
    /// A name for a request that brings none: a version 4 UUID.
    pub(crate) fn audit_id(&self) -> HeaderValue {
        let bits = (u128::from(self.names.next_u64()) << 64) | u128::from(self.names.next_u64());
        let id = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        let text = id.hyphenated().encode_lower(&mut text);
        // Digits and hyphens are always a header's value.
        HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
    }
}

impl std::fmt::Debug for ApiServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiServer").field("registry", &self.0.registry).finish_non_exhaustive()
    }
}

impl ApiServer {
    /// Settings of a new server.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(shared: Shared) -> Self {
        ApiServer(Arc::new(shared))
    }

    /// The server as this user sees it, for a client in the same process.
    pub fn client(&self, user: User) -> Client {
        Client { server: self.clone(), user: Some(Arc::new(user)) }
    }

    /// The server as somebody without credentials sees it.
    pub fn anonymous(&self) -> Client {
        Client { server: self.clone(), user: None }
    }

    /// What happened to connections, where the server is served over a network.
    pub fn connections(&self) -> &Arc<ConnectionStats> {
        &self.0.connections
    }

    /// Says that the server is about to end: `/readyz` fails, so that no more is sent here, and watches end. All else is
    /// answered as before, for as long as somebody serves it.
    pub fn drain(&self) {
        self.0.closing.send_replace(true);
    }

    /// Answers a request of `user`, `None` for somebody without credentials. An extension [`PeerAddress`] says from where
    /// it has come.
    ///
    /// [`PeerAddress`]: crate::PeerAddress
    pub async fn handle<B>(&self, request: Request<B>, user: Option<&User>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let asked = Asked::of(&parts);
        let acting = impersonation::acting(&asked, user);
        let asker = Asker { user, other: acting.as_ref().ok().and_then(Option::as_ref) };
        let route = match &acting {
            Ok(_) => router::route(&self.0, &asked, asker.acting()),
            Err(error) => Err(error.clone()),
        };
        let refused = route.as_ref().is_err_and(|error| matches!(error.code(), 401 | 403));
        let allowed = acting.is_ok().then_some(!refused);
        let mut exchange = Exchange::begin(&self.0, &asked, asker, route.as_ref().ok(), allowed);
        let reads = route.as_ref().is_ok_and(|route| route.class(&parts.method) == Class::ReadOnly);
        let answer = match route {
            Ok(route) => self.serve(&parts, route, body, asker.acting(), &mut exchange).await,
            Err(error) => Err(error),
        };
        let answers = self.0.gates.answers();
        let response = match answer {
            Ok(response) if reads => optional(answers, response),
            Ok(response) => required(answers, response),
            Err(error) => {
                exchange.failed(&error);
                required(answers, response::failure(&error, &parts.headers))
            }
        };
        exchange.answered(response, &asked, asker)
    }

    /// Answers a request whose credentials are not valid, on whatever path: 401.
    pub fn refuse<B>(&self, request: Request<B>) -> Response<Body> {
        let (parts, _) = request.into_parts();
        let (asked, asker) = (Asked::of(&parts), Asker { user: None, other: None });
        let error = ApiError::unauthorized();
        let mut exchange = Exchange::begin(&self.0, &asked, asker, None, None);
        exchange.failed(&error);
        let response = required(self.0.gates.answers(), response::failure(&error, &parts.headers));
        exchange.answered(response, &asked, asker)
    }

    /// Answers a request inside the server's limits.
    async fn serve<B>(
        &self,
        parts: &Parts,
        route: Route<'_>,
        body: B,
        user: Option<&User>,
        exchange: &mut Exchange,
    ) -> Result<Response<Body>, ApiError>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let class = route.class(&parts.method);
        let time = self.0.gates.timeout(class, parts.uri.query())?;
        let Some(pass) = self.0.gates.admit(class, user) else {
            return Ok(response::too_many_requests());
        };
        exchange.hold(pass);
        if class != Class::Health && !self.0.gates.answers().has_room() {
            return Ok(response::too_many_requests());
        }
        let Some(time) = time else { return self.work(parts, route, body, exchange).await };
        match timeout(time, self.work(parts, route, body, exchange)).await {
            Ok(answer) => answer,
            // A write that has come to the store goes its way.
            Err(_) => {
                exchange.terminated(StatusCode::GATEWAY_TIMEOUT);
                Err(ApiError::timeout("request did not complete within the allotted timeout", 0))
            }
        }
    }

    async fn work<B>(
        &self,
        parts: &Parts,
        route: Route<'_>,
        body: B,
        exchange: &mut Exchange,
    ) -> Result<Response<Body>, ApiError>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let mut bytes = Bytes::new();
        if route.has_body(&parts.method) {
            match self.0.gates.read(body).await {
                Ok((read, pass)) => {
                    exchange.hold(pass);
                    exchange.body(&parts.headers, &read);
                    bytes = read;
                }
                Err(Unread::Refused(error)) => return Err(error),
                Err(Unread::Overloaded) => return Ok(response::too_many_requests()),
            }
        }
        let turn = self.0.gates.turn(bytes.len()).await;
        let answer = router::answer(&self.0, parts, route, bytes, exchange);
        // Nearly all requests are small, and are not worth a change of threads.
        if turn.is_none() { answer.await } else { Aside::new(answer).await }
    }
}

/// An answer within the budget of all, or 429 where there is no room for it.
fn optional(answers: &Answers, mut response: Response<Body>) -> Response<Body> {
    let Some(bytes) = response.body().len() else { return response };
    let held = match response.body_mut().take_held() {
        Some(reserved) => answers.fitted(reserved, bytes),
        None => answers.take(bytes),
    };
    match held {
        Some(held) => response.map(|body| body.counted(held)),
        None => response::too_many_requests(),
    }
}

/// An answer that has to be given: to a write that was done, of a failure, or of how the server is.
fn required(answers: &Answers, response: Response<Body>) -> Response<Body> {
    match response.body().len() {
        Some(bytes) => response.map(|body| body.counted(answers.take_anyway(bytes))),
        None => response,
    }
}

/// The server seen by one user: what a client in the same process sends its requests to.
#[derive(Debug, Clone)]
pub struct Client {
    server: ApiServer,
    user: Option<Arc<User>>,
}

impl<B> Service<Request<B>> for Client
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Client { server, user } = self.clone();
        Box::pin(async move { Ok(server.handle(request, user.as_deref()).await) })
    }
}
