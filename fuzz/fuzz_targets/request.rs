//! A request as HTTP/1.1 writes it, `METHOD PATH?QUERY`, headers, an empty line and a body, to a server in this
//! process. It must be answered, and no answer may be a failure of the server's.

#![no_main]

use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use kyma_apiserver::{ApiServer, User};
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;
use tower::Service as _;

/// After so many requests a new server begins, so that what earlier ones left behind stays small.
const REQUESTS_PER_SERVER: u32 = 2000;
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

struct Target {
    runtime: Runtime,
    server: ApiServer,
    requests: u32,
}

impl Target {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");
        let server = runtime.block_on(ApiServer::builder().start()).expect("a server in memory starts");
        Self { runtime, server, requests: 0 }
    }
}

thread_local! {
    static TARGET: RefCell<Option<Target>> = const { RefCell::new(None) };
}

fuzz_target!(|data: &[u8]| {
    let Some(request) = parse(data) else { return };
    TARGET.with_borrow_mut(|slot| {
        if slot.as_ref().is_some_and(|target| target.requests >= REQUESTS_PER_SERVER) {
            *slot = None;
        }
        let target = slot.get_or_insert_with(Target::new);
        target.requests += 1;
        let client = target.server.client(User::admin());
        target.runtime.block_on(answered(client, request));
    });
});

async fn answered(mut client: kyma_apiserver::Client, request: Request<Full<Bytes>>) {
    let uri = request.uri().to_string();
    let exchange = async {
        let (head, body) = client.call(request).await.unwrap_or_else(|never| match never {}).into_parts();
        let streams = uri.contains("watch") && head.status.is_success();
        let bytes = if streams { Bytes::new() } else { body.collect().await.expect("a whole body").to_bytes() };
        (head.status, bytes)
    };
    let (status, bytes) = tokio::time::timeout(ANSWER_LIMIT, exchange).await.expect("an answer in time");
    let text = String::from_utf8_lossy(&bytes);
    // What the real server does not translate into a Status of its own comes from it as 500 without a reason, too.
    let known = text.contains("ResourceVersionTooLarge") || !text.contains("\"reason\":");
    assert!(known || !status.is_server_error(), "{status} {text}");
}

fn parse(data: &[u8]) -> Option<Request<Full<Bytes>>> {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let (method, uri) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(uri);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    let body = body.get(2..).unwrap_or_default();
    request.body(Full::new(Bytes::copy_from_slice(body))).ok()
}
