//! A thin HTTPS client: status codes, headers and bodies as they are on the wire.

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use serde_json::Value;

use crate::check::{Failure, Outcome, cut};

mod answer;

pub(crate) use answer::{Answer, Cause};

/// JSON merge patch, RFC 7396.
pub(crate) const MERGE: &str = "application/merge-patch+json";
/// JSON patch, RFC 6902.
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
/// The patch type of Kubernetes that custom resources do not know.
pub(crate) const STRATEGIC: &str = "application/strategic-merge-patch+json";
/// Kubernetes' envelope of protobuf.
pub(crate) const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";
/// A list or an object as kubectl prints it.
/// The metadata of one object, without the rest.
pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
pub(crate) const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// No answer of either server takes longer, except watches.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Why no client could be made from a kubeconfig.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The file is missing or is not a kubeconfig.
    #[error("failed to read the kubeconfig {path}")]
    ReadKubeconfig {
        /// Where it should be.
        path: String,
        /// Why not.
        #[source]
        source: Box<KubeconfigError>,
    },
    /// Its certificates or keys cannot be used.
    #[error("failed to make a client from the kubeconfig {path}")]
    MakeClient {
        /// Where it is.
        path: String,
        /// Why not.
        #[source]
        source: Box<kube::Error>,
    },
}

/// One server, as one user.
#[derive(Clone)]
pub(crate) struct Http {
    client: kube::Client,
}

impl Http {
    /// The user of a kubeconfig. Nothing is retried: a case wants to see what the server says the first time.
    pub(crate) async fn from_kubeconfig(path: &Path) -> Result<Self, ClientError> {
        Self::connect(path, true).await
    }

    /// The same server for somebody without any credentials.
    pub(crate) async fn anonymous(path: &Path) -> Result<Self, ClientError> {
        Self::connect(path, false).await
    }

    async fn connect(path: &Path, credentials: bool) -> Result<Self, ClientError> {
        let shown = || path.display().to_string();
        let read = |source| ClientError::ReadKubeconfig { path: shown(), source: Box::new(source) };
        let kubeconfig = Kubeconfig::read_from(path).map_err(read)?;
        let options = KubeConfigOptions::default();
        let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(read)?;
        config.default_retry = false;
        if !credentials {
            config.auth_info = kube::config::AuthInfo::default();
        }
        let client = kube::Client::try_from(config)
            .map_err(|source| ClientError::MakeClient { path: shown(), source: Box::new(source) })?;
        Ok(Self { client })
    }

    /// Nobody in particular, at an address of loopback without TLS.
    pub(crate) fn plain(address: &str) -> Outcome<Self> {
        Self::at(&format!("http://{address}"))
    }

    /// The same with TLS, whoever has signed the certificate.
    pub(crate) fn unverified(address: &str) -> Outcome<Self> {
        Self::at(&format!("https://{address}"))
    }

    fn at(url: &str) -> Outcome<Self> {
        let failed = |error: &dyn std::error::Error| Failure::new("a client", url, chain(error));
        let mut config =
            kube::Config::new(url.parse().map_err(|error: http::uri::InvalidUri| failed(&error))?);
        config.default_retry = false;
        config.accept_invalid_certs = true;
        let client = kube::Client::try_from(config).map_err(|error| failed(&error))?;
        Ok(Self { client })
    }

    /// A client of nothing, for tests that never send.
    #[cfg(test)]
    pub(crate) fn nowhere() -> Self {
        let config = kube::Config::new(http::Uri::from_static("http://127.0.0.1:9"));
        Self { client: kube::Client::try_from(config).unwrap() }
    }

    /// kube-rs itself, for the cases that are about it.
    pub(crate) fn kube(&self) -> kube::Client {
        self.client.clone()
    }

    /// A request without a body.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call {
            client: self.client.clone(),
            method,
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        self.call(Method::POST, path).json(body)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PUT, path).json(body)
    }

    /// A patch of one of the media types above.
    pub(crate) fn patch(&self, path: &str, media_type: &str, body: &Value) -> Call {
        self.call(Method::PATCH, path).body(media_type, body.to_string())
    }
}

/// A request in the making; awaiting it sends it.
pub(crate) struct Call {
    client: kube::Client,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    /// A JSON body with its content type.
    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Any body of any content type.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(header::CONTENT_TYPE, content_type)
    }

    /// A body without a content type.
    pub(crate) fn bare(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn accept(self, media_types: &str) -> Self {
        self.header(header::ACCEPT, media_types)
    }

    /// A header; a value that HTTP does not allow is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The request as a failure names it.
    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Sends it and hands over the answer's head and the body that is still to come.
    pub(crate) async fn open(self) -> Outcome<(String, http::Response<Body>)> {
        let line = self.line();
        let failed = |error: String| Failure::new(&line, "an answer", error);
        let mut request = Request::builder().method(self.method).uri(&self.path);
        if let Some(headers) = request.headers_mut() {
            *headers = self.headers;
        }
        let request = request.body(Body::from(self.body)).map_err(|error| failed(error.to_string()))?;
        let response = self.client.send(request).await.map_err(|error| failed(chain(&error)))?;
        Ok((line, response))
    }

    async fn send(self) -> Outcome<Answer> {
        let line = self.line();
        let late = |_| Failure::new(&line, format!("an answer within {} s", ANSWER_LIMIT.as_secs()), "none");
        tokio::time::timeout(ANSWER_LIMIT, self.exchange()).await.map_err(late)?
    }

    async fn exchange(self) -> Outcome<Answer> {
        let (line, response) = self.open().await?;
        let (head, body) = response.into_parts();
        let body =
            body.collect().await.map_err(|error| Failure::new(&line, "a whole body", chain(&error)))?;
        Ok(Answer::new(line, head.status.as_u16(), head.headers, body.to_bytes()))
    }
}

impl IntoFuture for Call {
    type Output = Outcome<Answer>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// An error with its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // kube-rs repeats the source in the text of some errors.
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    cut(&text)
}

/// The path of a kind's objects; `root` is `/api/v1` or `/apis/<group>/<version>`.
pub(crate) fn collection(root: &str, plural: &str, namespace: Option<&str>) -> String {
    match namespace {
        Some(namespace) => format!("{root}/namespaces/{namespace}/{plural}"),
        None => format!("{root}/{plural}"),
    }
}

/// `path?a=b&c=d`, with the values escaped.
pub(crate) fn query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    for (index, (name, value)) in parameters.iter().enumerate() {
        text.push(if index == 0 { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => text.push(char::from(byte)),
                _ => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::query;

    #[test]
    fn a_query_is_escaped() {
        assert_eq!(query("/x", &[]), "/x");
        assert_eq!(
            query("/x", &[("a", "b in (c, d)"), ("e", "\u{e4}=1")]),
            "/x?a=b%20in%20%28c%2C%20d%29&e=%C3%A4%3D1"
        );
    }
}
