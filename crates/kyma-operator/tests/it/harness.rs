//! A server, an operator, and between them a tap that notes every write and can make requests fail.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::Event;
use kube::api::{Api, ListParams, Patch, PatchParams, PostParams};
use kube::client::Body;
use kube::{Client, ResourceExt};
use kyma_controller::drive::RunError;
use kyma_controller::election::Timings;
use kyma_controller::{
    ClientOptions, Clock, Drain, FastRandom, Fence, Metrics, Ownership, SharderOptions, TokioClock, client,
    shutdown,
};
use kyma_inventory::kyma::{Component, KymaSpec};
use kyma_inventory::{HelmComponent, Kyma};
use kyma_operator::{Config, Replicas};
use kyma_testkit::Cluster;
use kyma_testkit::network::Network;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tower::BoxError;

pub(crate) const NAMESPACE: &str = "pb";
/// What replicas that share the fleet have in common.
pub(crate) const GROUP: &str = "the-group";

/// The stages of a component, in their order.
pub(crate) const LIFE: [&str; 5] = ["pending", "started", "failing", "retrying", "success"];

/// A request of the operator's that was to change something, and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Write {
    /// The replica that sent it; empty where there is one operator.
    pub(crate) by: String,
    /// Since the fixture was made.
    pub(crate) at: Duration,
    pub(crate) method: Method,
    /// Plural name of the kind.
    pub(crate) kind: String,
    /// The object's name; empty for a create.
    pub(crate) name: String,
    pub(crate) body: Value,
    pub(crate) code: u16,
}

impl Write {
    pub(crate) fn succeeded(&self) -> bool {
        self.code < 300
    }

    /// The stage that this write gives a component.
    pub(crate) fn stage(&self) -> Option<&str> {
        if self.kind != "helmcomponents" {
            return None;
        }
        let status = match self.method {
            Method::PUT => &self.body["status"],
            Method::PATCH => &self.body.as_array()?.iter().find(|op| op["path"] == "/status")?["value"],
            _ => return None,
        };
        status["status"].as_str()
    }
}

/// What the tap does to a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server never sees it, and answers with this code.
    Refuse(u16),
    /// The same, after a while.
    RefuseLate(u16, Duration),
    /// The server carries it out, and its answer is lost.
    LoseAnswer,
    /// The server sees it so much later.
    Late(Duration),
    /// Nothing.
    Pass,
}

type Faults = Box<dyn FnMut(usize, &Write) -> Fault + Send>;

pub(crate) struct Fixture {
    pub(crate) cluster: Cluster,
    clock: TokioClock,
    start: Instant,
    writes: Arc<Mutex<Vec<Write>>>,
    faults: Arc<Mutex<Faults>>,
    /// Writes begun so far.
    begun: Arc<AtomicUsize>,
}

/// An operator that runs.
pub(crate) struct Running {
    drain: Drain,
    task: JoinHandle<Result<(), RunError>>,
}

impl Running {
    /// Ends it as a crash would.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
        drop(self.drain);
    }

    /// Ends it as a signal would.
    pub(crate) async fn stop(self) {
        self.drain.begin();
        self.task.await.unwrap().unwrap();
    }

    /// Ends it as a crash would after so long, unless it ends by itself before.
    pub(crate) async fn for_at_most(mut self, life: Duration) {
        if timeout(life, &mut self.task).await.is_err() {
            self.kill().await;
        }
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(self) -> Result<(), RunError> {
        self.task.await.unwrap()
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let cluster = Cluster::with_inventory().await;
        Self {
            cluster,
            clock: TokioClock::starting_at(kyma_testkit::START.parse().unwrap()),
            start: Instant::now(),
            writes: Arc::default(),
            faults: Arc::new(Mutex::new(Box::new(|_, _| Fault::Pass))),
            begun: Arc::default(),
        }
    }

    pub(crate) fn run(&self) -> Running {
        self.run_with(Config::default())
    }

    pub(crate) fn run_with(&self, config: Config) -> Running {
        self.run_replica("", config)
    }

    /// Runs an operator whose writes are noted with its name.
    pub(crate) fn run_replica(&self, name: &str, config: Config) -> Running {
        let metrics = Metrics::new();
        let client = client::over_service(self.tap(name), "default", &client_options(&config), &metrics);
        start(client, metrics, Arc::new(self.clock), config)
    }

    /// Runs an operator whose requests go through a network before they come to the tap.
    pub(crate) fn run_behind(&self, network: &Network, clock: Arc<dyn Clock>, config: Config) -> Running {
        let metrics = Metrics::new();
        let line = network.before(self.tap(""));
        let client = client::over_service(line, "default", &client_options(&config), &metrics);
        start(client, metrics, clock, config)
    }

    /// The time of the server, and of operators that have no other.
    pub(crate) fn clock(&self) -> TokioClock {
        self.clock
    }

    /// How many writes have come to the tap.
    pub(crate) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed) as u64
    }

    /// Decides what happens to each write from now on; the number counts all writes so far.
    pub(crate) fn fail(&self, faults: impl FnMut(usize, &Write) -> Fault + Send + 'static) {
        *self.faults.lock() = Box::new(faults);
    }

    fn tap(
        &self,
        name: &str,
    ) -> impl tower::Service<
        Request<Body>,
        Response = Response<Body>,
        Error = BoxError,
        Future = impl Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    > + Clone
    + Send
    + 'static {
        let (inner, start) = (self.cluster.client.clone(), self.start);
        let (writes, faults, begun) =
            (Arc::clone(&self.writes), Arc::clone(&self.faults), Arc::clone(&self.begun));
        let name: Arc<str> = name.into();
        tower::service_fn(move |request: Request<Body>| {
            let (inner, writes, faults) = (inner.clone(), Arc::clone(&writes), Arc::clone(&faults));
            let (begun, name) = (Arc::clone(&begun), Arc::clone(&name));
            async move { tap(inner, request, (start, &name), &writes, &faults, &begun).await }
        })
    }

    /// The operator's writes to the three kinds so far.
    pub(crate) fn writes(&self) -> Vec<Write> {
        let all = self.writes.lock();
        let aside = ["events", "leases"];
        all.iter().filter(|write| !aside.contains(&write.kind.as_str())).cloned().collect()
    }

    pub(crate) fn forget_writes(&self) {
        self.writes.lock().clear();
    }

    /// The stages that were written for each component, with their times.
    pub(crate) fn stages(&self) -> BTreeMap<String, Vec<(Duration, String)>> {
        let mut stages: BTreeMap<String, Vec<(Duration, String)>> = BTreeMap::new();
        for write in self.writes().iter().filter(|write| write.succeeded()) {
            if let Some(stage) = write.stage() {
                stages.entry(write.name.clone()).or_default().push((write.at, stage.to_owned()));
            }
        }
        stages
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Sleeps until so many seconds after the fixture was made.
    pub(crate) async fn at(&self, seconds: f64) {
        sleep_until(self.start + Duration::from_secs_f64(seconds)).await;
    }

    pub(crate) fn client(&self) -> Client {
        self.cluster.client.clone()
    }

    pub(crate) fn kymas(&self) -> Api<Kyma> {
        Api::namespaced(self.client(), NAMESPACE)
    }

    pub(crate) fn components(&self) -> Api<HelmComponent> {
        Api::namespaced(self.client(), NAMESPACE)
    }

    pub(crate) async fn create(&self, kyma: &Kyma) -> Kyma {
        self.kymas().create(&PostParams::default(), kyma).await.unwrap()
    }

    pub(crate) async fn kyma(&self, name: &str) -> Kyma {
        self.kymas().get(name).await.unwrap()
    }

    /// Replaces a Kyma's components.
    pub(crate) async fn respecify(&self, name: &str, components: &[Component]) {
        let patch = json!({ "spec": { "components": components } });
        self.kymas().patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
    }

    /// The names of all components, each with its stage.
    pub(crate) async fn states(&self) -> BTreeMap<String, String> {
        let all = self.components().list(&ListParams::default()).await.unwrap();
        let state = |component: &HelmComponent| component.status.clone().unwrap_or_default().status;
        all.iter().map(|component| (component.name_any(), state(component))).collect()
    }

    /// The Events about an object, as type, reason and message.
    pub(crate) async fn events(&self, about: &str) -> Vec<(String, String, String)> {
        let api: Api<Event> = Api::namespaced(self.client(), NAMESPACE);
        let all = api.list(&ListParams::default()).await.unwrap();
        let about = all.into_iter().filter(|event| event.involved_object.name.as_deref() == Some(about));
        about
            .map(|event| {
                let text = |text: Option<String>| text.unwrap_or_default();
                (text(event.type_), text(event.reason), text(event.message))
            })
            .collect()
    }

    /// Waits until a Kyma says "success" for its present spec.
    pub(crate) async fn success(&self, name: &str) {
        // Looked at less often than the testkit would: some tests let many hours of life pass by.
        let waited = Instant::now();
        while !self.is_success(name).await {
            assert!(
                waited.elapsed() < Duration::from_secs(3600),
                "{name} is no success: {:?}",
                self.states().await
            );
            sleep(Duration::from_millis(200)).await;
        }
    }

    async fn is_success(&self, name: &str) -> bool {
        let kyma = self.kyma(name).await;
        let status = kyma.status.unwrap_or_default();
        status.status == "success" && status.observed_generation == kyma.metadata.generation
    }
}

/// Without a limit, and with the fence of who shares or waits.
fn client_options(config: &Config) -> ClientOptions {
    ClientOptions { fence: config.replicas.fence().cloned(), ..ClientOptions::unlimited() }
}

/// What makes a replica one of those that share the fleet.
pub(crate) fn sharing(id: &str, ownership: Ownership) -> Replicas {
    Replicas::Share(SharderOptions {
        namespace: NAMESPACE.to_owned(),
        group: GROUP,
        id: id.to_owned(),
        timings: Timings::default(),
        fence: Fence::closed(),
        ownership,
    })
}

fn start(client: Client, metrics: Metrics, clock: Arc<dyn Clock>, config: Config) -> Running {
    let random = Arc::new(FastRandom::seeded(1));
    let (drain, shutdown) = shutdown::channel();
    let task =
        tokio::spawn(
            async move { kyma_operator::run(&client, &config, clock, random, &metrics, shutdown).await },
        );
    Running { drain, task }
}

async fn tap(
    inner: Client,
    request: Request<Body>,
    (start, name): (Instant, &str),
    writes: &Mutex<Vec<Write>>,
    faults: &Mutex<Faults>,
    begun: &AtomicUsize,
) -> Result<Response<Body>, BoxError> {
    if request.method() == Method::GET {
        return Ok(inner.send(request).await?);
    }
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let mut write = note(&parts, &bytes, start.elapsed());
    write.by = name.to_owned();
    let fault = (*faults.lock())(begun.fetch_add(1, Ordering::Relaxed), &write);
    let answer = match fault {
        Fault::Refuse(code) => refusal(code),
        Fault::RefuseLate(code, delay) => {
            sleep(delay).await;
            refusal(code)
        }
        Fault::LoseAnswer | Fault::Pass | Fault::Late(_) => {
            if let Fault::Late(delay) = fault {
                sleep(delay).await;
                write.at = start.elapsed();
            }
            inner.send(Request::from_parts(parts, Body::from(bytes.to_vec()))).await?
        }
    };
    write.code = answer.status().as_u16();
    writes.lock().push(write);
    if fault == Fault::LoseAnswer { Err("connection reset".into()) } else { Ok(answer) }
}

fn note(parts: &http::request::Parts, body: &Bytes, at: Duration) -> Write {
    // …/namespaces/NAMESPACE/KIND[/NAME[/status]]
    let mut path = parts.uri.path().split('/').skip_while(|part| *part != "namespaces").skip(2);
    Write {
        by: String::new(),
        at,
        method: parts.method.clone(),
        kind: path.next().unwrap_or_default().to_owned(),
        name: path.next().unwrap_or_default().to_owned(),
        body: serde_json::from_slice(body).unwrap_or_default(),
        code: 0,
    }
}

fn refusal(code: u16) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": "InternalError", "message": "made to fail",
    });
    let mut response = Response::new(Body::from(status.to_string().into_bytes()));
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

pub(crate) fn component(name: &str) -> Component {
    Component { name: name.into(), namespace: String::new() }
}

pub(crate) fn components(names: &[&str]) -> Vec<Component> {
    names.iter().map(|name| component(name)).collect()
}

pub(crate) fn kyma(name: &str, names: &[&str]) -> Kyma {
    Kyma::new(NAMESPACE, name, KymaSpec { components: components(names) })
}

/// Lets everything that is due now happen.
pub(crate) async fn settle() {
    sleep(Duration::from_millis(100)).await;
}
