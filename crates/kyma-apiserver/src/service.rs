//! The server as a service: who asks, what it cost, and the answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use kyma_registry::Registry;
use kyma_registry::authz::User;
use tokio::sync::watch;
use tower::{BoxError, Service};

use crate::background::Background;
use crate::body::Body;
use crate::builder::Builder;
use crate::metrics::Metrics;
use crate::{decode, response, router};

/// An API server. Cheap to clone; it ends with its last clone.
#[derive(Clone)]
pub struct ApiServer(Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) registry: Arc<Registry>,
    pub(crate) metrics: Metrics,
    pub(crate) closing: watch::Sender<bool>,
    pub(crate) _background: Background,
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

    /// Ends all watches, as a server does that is about to stop. New ones end at once.
    pub fn close_watches(&self) {
        self.0.closing.send_replace(true);
    }

    /// Answers a request of `user`, `None` for somebody without credentials.
    pub async fn handle<B>(&self, request: Request<B>, user: Option<&User>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let route = router::route(&self.0, &parts, user);
        let measured = self.0.metrics.begin(&parts, route.as_ref().ok());
        let answer = match route {
            Ok(route) => match route.body(&parts.method, decode::read(body)).await {
                Ok(body) => router::answer(&self.0, &parts, route, body).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let response = answer.unwrap_or_else(|error| response::failure(&error, &parts.headers));
        measured.end(&response);
        response
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
