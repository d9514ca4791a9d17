//! What the API server costs as a library: in this process, without a network.

mod memory;
mod table;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use kyma_apiserver::{ApiServer, Body, Limits, User};
use kyma_store::{Options, Store, TokioClock};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::check;
use crate::args::LibraryArgs;
use crate::console;
use crate::environment::Environment;
use crate::error::{Error, within};
use crate::process::own_cpu;
use crate::report;
use table::{Definitions, Events, Starts};

/// How long one step may take: far more than it should.
const LIMIT: Duration = Duration::from_secs(300);
const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const GROUP: &str = "bench.kyma-project.io";

/// Measures, prints, and fails when a server did not do what it was asked.
pub(crate) async fn run(args: &LibraryArgs) -> Result<(), Error> {
    let environment = Environment::read(Path::new("."));
    let servers = args.common.pick(args.servers, 1000, 50);
    let kinds = args.common.pick(args.kinds, 100, 10);
    let objects = args.common.pick(args.objects, 50_000, 5000);
    let watchers = args.common.pick(args.watchers, 10_000, 500);
    let (mut starts, mut definitions, mut stored, mut events) = (vec![], vec![], vec![], vec![]);
    let runs = args.common.runs();
    for run in 1..=runs {
        console::note(&format!("run {run} of {runs}"));
        // Memory first: what the others leave behind is not to be counted.
        stored.push(within(LIMIT, "storing", memory::run(objects)).await?);
        starts.push(within(LIMIT, "starting", start(servers)).await?);
        definitions.push(within(LIMIT, "defining", define(kinds)).await?);
        events.push(within(LIMIT, "watching", watch(watchers, args.events)).await?);
        for line in [last(&stored), last(&starts), last(&definitions), last(&events)] {
            console::note(&format!("  {line}"));
        }
    }
    let table = table::figures(&starts, &definitions, &stored, &events);
    report::publish("The API server as a library", &environment, &[table], args.out.out.as_deref())?;
    check(&table::problems(&events))
}

fn last(figures: &[impl std::fmt::Display]) -> String {
    figures.last().map(ToString::to_string).unwrap_or_default()
}

/// Starts many servers, all of which stay.
async fn start(servers: usize) -> Result<Starts, Error> {
    let (mut kept, mut times) = (Vec::with_capacity(servers), Vec::with_capacity(servers));
    for _ in 0..servers {
        let began = Instant::now();
        let server =
            ApiServer::builder().start().await.map_err(|error| Error::StartServer(Box::new(error)))?;
        times.push(began.elapsed());
        kept.push(server);
    }
    for server in &kept {
        ask(server, Method::GET, CONFIG_MAPS, None, 200).await?;
    }
    times.sort_unstable();
    Ok(Starts { times })
}

/// Defines kinds, one after the other, and waits for each until it is served.
async fn define(kinds: usize) -> Result<Definitions, Error> {
    let server = ApiServer::builder().start().await.map_err(|error| Error::StartServer(Box::new(error)))?;
    let mut times = Vec::with_capacity(kinds);
    for number in 0..kinds {
        ask(&server, Method::POST, DEFINITIONS, Some(&definition(number)), 201).await?;
        let began = Instant::now();
        let path = format!("/apis/{GROUP}/v1/namespaces/default/thing{number}s");
        while send(&server, Method::GET, &path, None).await?.status() != 200 {
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(Definitions { times })
}

fn definition(number: usize) -> Value {
    let plural = format!("thing{number}s");
    let schema = json!({"type": "object", "properties": {"spec": {
        "type": "object", "required": ["size"],
        "properties": {"size": {"type": "integer", "minimum": 0}},
        "x-kubernetes-validations": [{"rule": "self.size <= 10", "message": "too large"}],
    }}});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {
            "group": GROUP, "scope": "Namespaced",
            "names": {"plural": plural, "kind": format!("Thing{number}")},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}

/// Has many watch one resource, and creates some objects.
async fn watch(watchers: usize, events: usize) -> Result<Events, Error> {
    let limits = Limits { max_watches: 0, ..Limits::default() };
    let started = ApiServer::builder().limits(limits).start().await;
    let server = started.map_err(|error| Error::StartServer(Box::new(error)))?;
    let mut readers = JoinSet::new();
    for _ in 0..watchers {
        let answer = send(&server, Method::GET, &format!("{CONFIG_MAPS}?watch=1"), None).await?;
        readers.spawn(lines(answer.into_body(), events));
    }
    let (cpu, began) = (own_cpu(), Instant::now());
    for number in 0..events {
        ask(&server, Method::POST, CONFIG_MAPS, Some(&memory::config_map(number)), 201).await?;
    }
    let mut seen = 0;
    while let Some(read) = readers.join_next().await {
        seen += read.map_err(Error::Worker)?;
    }
    let (cpu, elapsed) = (own_cpu().saturating_sub(cpu), began.elapsed());
    Ok(Events { watchers, events, seen, cpu, elapsed })
}

/// Reads until so many events have come, each of which is a line; how many there were.
async fn lines(mut body: Body, wanted: usize) -> usize {
    let mut seen = 0;
    while seen < wanted {
        let Some(Ok(frame)) = body.frame().await else { break };
        let Some(data) = frame.data_ref() else { continue };
        seen += data.iter().filter(|byte| **byte == b'\n').count();
    }
    seen
}

/// A request by an admin, which must be answered with this code.
async fn ask(
    server: &ApiServer,
    method: Method,
    path: &str,
    body: Option<&Value>,
    code: u16,
) -> Result<(), Error> {
    let answer = send(server, method.clone(), path, body).await?;
    let status = answer.status();
    let text = answer.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    if status.as_u16() == code {
        return Ok(());
    }
    let answer = String::from_utf8_lossy(&text).into_owned();
    Err(Error::Unwanted { method, path: path.to_owned(), status, answer })
}

async fn send(
    server: &ApiServer,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Response<Body>, Error> {
    let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.body(Full::new(bytes));
    let request = request.map_err(|source| Error::MakeRequest { path: path.to_owned(), source })?;
    Ok(server.handle(request, Some(&User::admin())).await)
}

/// A server on a store of one's own.
async fn server_on(options: Options) -> Result<(ApiServer, Store), Error> {
    let clock = TokioClock::starting_at(jiff::Timestamp::now());
    let store = Store::in_memory(options, Arc::new(clock));
    let started = ApiServer::builder().clock(Arc::new(clock)).store(store.clone()).start().await;
    Ok((started.map_err(|error| Error::StartServer(Box::new(error)))?, store))
}
