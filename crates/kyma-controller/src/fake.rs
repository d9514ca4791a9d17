//! For tests: an API server that says what it was told to say, as a service in the same process.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kube::client::Body;
use kyma_workqueue::Turn;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::client::{ClientOptions, over_service};
use crate::metrics::Metrics;

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Saw {
    /// Seconds since the server's start.
    pub(crate) at: f64,
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) body: Value,
    pub(crate) turn: Option<Turn>,
}

impl Saw {
    pub(crate) fn is_watch(&self) -> bool {
        self.uri.contains("watch=true")
    }
}

/// What the server says.
pub(crate) enum Reply {
    Json(u16, Value),
    /// The same, later.
    After(Duration, Value),
    /// One line per event, until the sender is dropped.
    Stream(mpsc::Receiver<Value>),
}

/// The server. What it has not been told to say is 404, and a watch without events.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    saw: Arc<Mutex<Vec<Saw>>>,
    lists: Arc<Mutex<VecDeque<Reply>>>,
    watches: Arc<Mutex<VecDeque<Reply>>>,
    others: Arc<Mutex<VecDeque<Reply>>>,
}

impl Fake {
    pub(crate) fn client(&self, metrics: &Metrics) -> kube::Client {
        let start = Instant::now();
        let fake = self.clone();
        let service = service_fn(move |request: Request<Body>| {
            let (fake, at) = (fake.clone(), start.elapsed().as_secs_f64());
            async move { Ok::<_, Infallible>(fake.answer(request, at).await) }
        });
        over_service(service, "default", &ClientOptions::unlimited(), metrics)
    }

    /// The next answer to a GET that is no watch.
    pub(crate) fn list(&self, reply: Reply) {
        self.lists.lock().push_back(reply);
    }

    /// The next answer to a watch; the sender gives it events.
    pub(crate) fn watch(&self) -> mpsc::Sender<Value> {
        let (sender, receiver) = mpsc::channel(16);
        self.watches.lock().push_back(Reply::Stream(receiver));
        sender
    }

    /// The next answer to a watch is a refusal.
    pub(crate) fn refuse_watch(&self, reply: Reply) {
        self.watches.lock().push_back(reply);
    }

    /// The next answer to a write.
    pub(crate) fn write(&self, reply: Reply) {
        self.others.lock().push_back(reply);
    }

    pub(crate) fn saw(&self) -> Vec<Saw> {
        self.saw.lock().clone()
    }

    async fn answer(self, request: Request<Body>, at: f64) -> Response<AnyBody> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let saw = Saw {
            at,
            method: parts.method,
            uri: parts.uri.to_string(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
            turn: parts.extensions.get().copied(),
        };
        let replies = match (&saw.method, saw.is_watch()) {
            (_, true) => &self.watches,
            (&Method::GET, false) => &self.lists,
            _ => &self.others,
        };
        let reply = replies.lock().pop_front();
        let silent = saw.is_watch();
        self.saw.lock().push(saw);
        match reply {
            Some(Reply::Json(status, value)) => json_response(status, &value),
            Some(Reply::After(delay, value)) => {
                sleep(delay).await;
                json_response(200, &value)
            }
            Some(Reply::Stream(events)) => stream_response(Some(events)),
            None if silent => stream_response(None),
            None => json_response(404, &failure(404, "NotFound")),
        }
    }
}

type AnyBody = UnsyncBoxBody<Bytes, Infallible>;

fn json_response(status: u16, value: &Value) -> Response<AnyBody> {
    let body = Full::new(Bytes::from(value.to_string())).boxed_unsync();
    Response::builder().status(status).body(body).unwrap()
}

/// Without a receiver it has no events and no end.
fn stream_response(events: Option<mpsc::Receiver<Value>>) -> Response<AnyBody> {
    let frames = stream::unfold(events, |events| async {
        let Some(mut events) = events else { std::future::pending().await };
        let event = events.recv().await?;
        // The type comes first, as servers write it; a `Value` would sort it behind the object.
        let line = format!("{{\"type\":{},\"object\":{}}}\n", event["type"], event["object"]);
        let frame = http_body::Frame::data(Bytes::from(line));
        Some((Ok(frame), Some(events)))
    });
    Response::new(StreamBody::new(frames).boxed_unsync())
}

/// A `Status` of failure.
pub(crate) fn failure(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": format!("the server says {reason}"),
        "reason": reason, "code": code})
}

/// A list of config maps.
pub(crate) fn list(items: &[Value], revision: u64, more: Option<&str>) -> Value {
    json!({"kind": "ConfigMapList", "apiVersion": "v1", "items": items,
        "metadata": {"resourceVersion": revision.to_string(), "continue": more}})
}

/// A config map in namespace pb.
pub(crate) fn config_map(name: &str, revision: u64) -> Value {
    json!({"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "b"},
        "metadata": {"namespace": "pb", "name": name, "uid": format!("uid of {name}"), "resourceVersion": revision.to_string()}})
}

/// A watch event.
pub(crate) fn event(kind: &str, object: &Value) -> Value {
    json!({"type": kind, "object": object})
}
