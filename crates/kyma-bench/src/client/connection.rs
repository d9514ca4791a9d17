//! One connection, one request at a time.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::rt::{Read, Write};
use serde::Deserialize;
use serde_json::Value;

use crate::error::Error;

/// A request that can be sent again.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    media_type: &'static str,
    body: Bytes,
}

impl Call {
    /// Reads.
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Call::empty(Method::GET, path.into())
    }

    /// Deletes.
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Call::empty(Method::DELETE, path.into())
    }

    /// Creates.
    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Self {
        Call { body: body.to_string().into(), ..Call::empty(Method::POST, path.into()) }
    }

    /// Replaces.
    pub(crate) fn put(path: impl Into<String>, body: &Value) -> Self {
        Call { body: body.to_string().into(), ..Call::empty(Method::PUT, path.into()) }
    }

    /// Changes, by a merge patch (RFC 7386).
    pub(crate) fn merge_patch(path: impl Into<String>, body: &Value) -> Self {
        let media_type = "application/merge-patch+json";
        Call { media_type, body: body.to_string().into(), ..Call::empty(Method::PATCH, path.into()) }
    }

    fn empty(method: Method, path: String) -> Self {
        Call { method, path, media_type: "application/json", body: Bytes::new() }
    }

    fn request(&self, authority: &str) -> Result<Request<Full<Bytes>>, Error> {
        let request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(HOST, authority)
            .header(ACCEPT, "application/json");
        let request =
            if self.body.is_empty() { request } else { request.header(CONTENT_TYPE, self.media_type) };
        request
            .body(Full::new(self.body.clone()))
            .map_err(|source| Error::MakeRequest { path: self.path.clone(), source })
    }
}

/// What a request was answered, whatever it is.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The code.
    pub(crate) status: StatusCode,
    /// All of the body.
    pub(crate) body: Bytes,
}

impl Answer {
    /// The answer, unless it is a refusal of `call`.
    pub(crate) fn accepted(self, call: &Call) -> Result<Self, Error> {
        if self.status.is_success() {
            return Ok(self);
        }
        let (method, path) = (call.method.clone(), call.path.clone());
        Err(Error::Refused { method, path, status: self.status, message: self.message() })
    }

    /// What the server says about a refusal.
    pub(crate) fn message(&self) -> String {
        #[derive(Deserialize)]
        struct Status {
            message: String,
        }
        match serde_json::from_slice::<Status>(&self.body) {
            Ok(status) => status.message,
            Err(_) => String::from_utf8_lossy(&self.body).trim().chars().take(200).collect(),
        }
    }

    /// The body's JSON.
    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self, path: &str) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|source| Error::ParseAnswer { path: path.to_owned(), source })
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    authority: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Connection {
    /// Starts HTTP on a stream.
    pub(super) async fn start(
        authority: &str,
        io: impl Read + Write + Unpin + Send + 'static,
    ) -> Result<Self, Error> {
        let started = http1::handshake(io).await;
        let (sender, driver) =
            started.map_err(|source| Error::Handshake { authority: authority.to_owned(), source })?;
        // It ends with the sender and the last body; what goes wrong shows there.
        tokio::spawn(driver);
        Ok(Connection { authority: authority.to_owned(), sender })
    }

    /// Sends a request and reads all of its answer.
    pub(crate) async fn send(&mut self, call: &Call) -> Result<Answer, Error> {
        let response = self.open(call).await?;
        let status = response.status();
        let body = response.into_body().collect().await;
        let body = body.map_err(|source| Error::ReadAnswer { path: call.path.clone(), source })?;
        Ok(Answer { status, body: body.to_bytes() })
    }

    /// Sends a request that must be accepted.
    pub(crate) async fn accepted(&mut self, call: &Call) -> Result<Answer, Error> {
        self.send(call).await?.accepted(call)
    }

    /// Sends a request and returns its answer while it still comes.
    pub(super) async fn open(&mut self, call: &Call) -> Result<Response<Incoming>, Error> {
        let request = call.request(&self.authority)?;
        let failed = |source| Error::Send { method: call.method.clone(), path: call.path.clone(), source };
        self.sender.ready().await.map_err(failed)?;
        self.sender.send_request(request).await.map_err(failed)
    }
}
