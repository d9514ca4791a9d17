//! Through the front door: a server, an operator and the command in one process, on virtual time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::{Request, Response};
use kube::Client;
use kube::api::{Api, PostParams};
use kube::client::Body;
use kyma_apiserver::User;
use kyma_controller::{Drain, FastRandom, Metrics, TokioClock, shutdown};
use kyma_inventory::helm_component::HelmComponentSpec;
use kyma_inventory::kyma::{Component, KymaSpec};
use kyma_inventory::{HelmComponent, Kyma, sample};
use kyma_testkit::{Cluster, START, until};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower::BoxError;

use super::display::Site;
use super::fixture::{everywhere, pb};
use super::{Display, Scope, Summary, Surroundings, follow, once};
use crate::args::StatusFormat;
use crate::commands::status::verdict;
use crate::exit::Failure;

struct Fixture {
    cluster: Cluster,
    clock: TokioClock,
    /// What was written, and when.
    written: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Fixture {
    async fn new() -> Self {
        Self::with(Cluster::with_inventory().await)
    }

    fn with(cluster: Cluster) -> Self {
        Self { cluster, clock: TokioClock::starting_at(START.parse().unwrap()), written: Arc::default() }
    }

    fn around<'a>(&'a self, client: &'a Client, scope: &'a Scope) -> Surroundings<'a> {
        Surroundings { client, scope, clock: &self.clock }
    }

    fn display(&self, format: StatusFormat, watch: bool, size: Option<(usize, usize)>) -> Display {
        let written = Arc::clone(&self.written);
        let write = move |text: &str| {
            written.lock().push((Instant::now(), text.to_owned()));
            Ok(())
        };
        Display::on(format, watch, move || Site { size, color: false }, write)
    }

    async fn once_as(
        &self,
        client: &Client,
        scope: &Scope,
        format: StatusFormat,
    ) -> Result<Summary, Failure> {
        once(self.around(client, scope), &mut self.display(format, false, Some((50, 80)))).await
    }

    async fn once(&self, scope: &Scope) -> Result<Summary, Failure> {
        self.once_as(&self.cluster.client, scope, StatusFormat::Table).await
    }

    /// All that was written since the last call.
    fn text(&self) -> String {
        self.pieces().into_iter().map(|(_, text)| text).collect()
    }

    fn pieces(&self) -> Vec<(Instant, String)> {
        std::mem::take(&mut self.written.lock())
    }

    /// Runs the operator until the answer is dropped.
    fn operate(&self) -> Drain {
        let (client, clock) = (self.cluster.client.clone(), Arc::new(self.clock));
        let (drain, stop) = shutdown::channel();
        tokio::spawn(async move {
            let random = Arc::new(FastRandom::seeded(1));
            let config = kyma_operator::Config::default();
            kyma_operator::run(&client, &config, clock, random, &Metrics::new(), stop).await.unwrap();
        });
        drain
    }

    async fn create(&self, kyma: &Kyma) {
        let api: Api<Kyma> = Api::namespaced(self.cluster.client.clone(), "pb");
        api.create(&PostParams::default(), kyma).await.unwrap();
    }

    /// A component that belongs to nobody.
    async fn by_hand(&self, name: &str) {
        let api: Api<HelmComponent> = Api::namespaced(self.cluster.client.clone(), "pb");
        let spec = HelmComponentSpec { component_name: name.into(), ..Default::default() };
        api.create(&PostParams::default(), &HelmComponent::new("pb", name, spec)).await.unwrap();
    }
}

fn kyma(name: &str, wants: &[&str]) -> Kyma {
    let component = |name: &&str| Component { name: (*name).into(), namespace: String::new() };
    Kyma::new("pb", name, KymaSpec { components: wants.iter().map(component).collect() })
}

fn said(result: Result<impl std::fmt::Debug, Failure>) -> String {
    format!("{:?}", result.unwrap_err())
}

#[tokio::test(start_paused = true)]
async fn a_fleet_is_followed_from_nothing_to_success() {
    let fixture = Fixture::new().await;
    let all = pb(&[]);
    verdict(&fixture.once(&all).await.unwrap()).unwrap();
    assert!(fixture.text().starts_with("No Kymas in the namespace pb."));

    fixture.create(&sample::kyma(1, "pb")).await;
    fixture.create(&sample::kyma(2, "pb")).await;
    sleep(Duration::from_secs(2)).await;
    fixture.once(&all).await.unwrap();
    let fresh = fixture.text();
    assert!(fresh.contains("Kymas       2: 2 new\nComponents  36: 36 missing\n"), "{fresh}");
    assert!(fresh.contains("service-catalog-addons  missing      67s\n"), "{fresh}");

    let _operator = fixture.operate();
    sleep(Duration::from_secs(30)).await;
    verdict(&fixture.once(&all).await.unwrap()).unwrap();
    insta::assert_snapshot!("halfway", fixture.text());

    sleep(Duration::from_secs(38)).await;
    verdict(&fixture.once(&all).await.unwrap()).unwrap();
    let done = fixture.text();
    assert!(done.contains("Kymas       2: 2 success\nComponents  36: 36 success\n"), "{done}");
    assert!(done.contains(" 100%\n") && !done.contains("Slowest"), "{done}");
}

#[tokio::test(start_paused = true)]
async fn a_kyma_in_error_is_shown_with_its_reason_and_event_and_fails_the_command() {
    let fixture = Fixture::new().await;
    fixture.by_hand("broken-istio").await;
    fixture.create(&kyma("broken", &["istio", "ory"])).await;
    fixture.create(&kyma("fine", &["ory"])).await;
    let _operator = fixture.operate();
    sleep(Duration::from_secs(60)).await;
    let summary = fixture.once(&pb(&[])).await.unwrap();
    insta::assert_snapshot!("conflict", fixture.text());
    assert!(said(verdict(&summary)).contains("1 of 2 Kymas is in error"));

    let client = &fixture.cluster.client;
    fixture.once_as(client, &pb(&[]), StatusFormat::Json).await.unwrap();
    let document: Value = serde_json::from_str(&fixture.text()).unwrap();
    assert_eq!(document["errors"][0]["reason"], "NameConflict");
    assert_eq!(document["errors"][0]["lastEvent"]["type"], "Warning");

    fixture.once_as(client, &pb(&[]), StatusFormat::Name).await.unwrap();
    assert_eq!(fixture.text(), "kyma.inventory.kyma-project.io/broken\n");

    // Who asks for the other one is told about that one alone.
    let summary = fixture.once(&pb(&["fine"])).await.unwrap();
    verdict(&summary).unwrap();
    assert!(fixture.text().contains("└─ ory  success"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_shown_is_said_in_one_line_with_the_way_out() {
    let empty = Fixture::with(Cluster::empty().await);
    let no_crds = said(empty.once(&pb(&[])).await);
    assert!(
        no_crds.contains("kymactl crds | kubectl apply -f -") && no_crds.contains("make install"),
        "{no_crds}"
    );
    let (_drain, stop) = shutdown::channel();
    let scope = pb(&[]);
    let mut display = empty.display(StatusFormat::Table, true, None);
    let watched = follow(empty.around(&empty.cluster.client, &scope), &mut display, &stop).await;
    assert_eq!(said(watched), no_crds, "a watch does not try for ever");

    let fixture = Fixture::new().await;
    let nobody = User::new("jane", []);
    let client = Client::new(fixture.cluster.server.client(nobody), "default");
    let refused = said(fixture.once_as(&client, &everywhere(), StatusFormat::Table).await);
    assert!(refused.contains("not allowed to list ") && refused.contains("in all namespaces"), "{refused}");

    fixture.create(&kyma("a", &[])).await;
    let lost = said(fixture.once(&pb(&["a", "b", "c"])).await);
    let text = r#"kymas.inventory.kyma-project.io \"b\", \"c\" not found in the namespace pb"#;
    assert!(lost.contains(text), "{lost}");
    let other = Scope { namespace: Some("default".into()), ..pb(&[]) };
    fixture.once(&other).await.unwrap();
    assert!(fixture.text().contains("kymactl status -A"), "there are some elsewhere");
}

/// A client that notes the lists which it asks for.
fn noting(cluster: &Cluster, saw: &Arc<Mutex<Vec<String>>>) -> Client {
    let (inner, saw) = (cluster.client.clone(), Arc::clone(saw));
    let service = tower::service_fn(move |request: Request<Body>| {
        saw.lock().push(request.uri().to_string());
        let inner = inner.clone();
        async move { Ok::<_, BoxError>(inner.send(request).await?) }
    });
    Client::new(service, "default")
}

#[tokio::test(start_paused = true)]
async fn a_large_fleet_is_read_in_pages() {
    let fixture = Fixture::new().await;
    for i in 0..1201 {
        fixture.by_hand(&format!("c{i}")).await;
    }
    let saw = Arc::default();
    let client = noting(&fixture.cluster, &saw);
    let summary = fixture.once_as(&client, &pb(&[]), StatusFormat::Table).await.unwrap();
    assert_eq!((summary.components.total, summary.kymas.total), (1201, 0));
    let saw = saw.lock();
    let pages: Vec<&String> = saw.iter().filter(|uri| uri.contains("/helmcomponents?")).collect();
    assert_eq!(pages.len(), 3, "{pages:?}");
    assert!(pages.iter().all(|uri| uri.contains("limit=500")), "{pages:?}");
    assert_eq!(pages.iter().filter(|uri| uri.contains("continue=")).count(), 2, "{pages:?}");
}

#[tokio::test(start_paused = true)]
async fn an_object_that_cannot_be_read_costs_only_itself() {
    let service = tower::service_fn(move |request: Request<Body>| async move {
        let good =
            json!({ "metadata": { "name": "good", "namespace": "pb", "uid": "u", "resourceVersion": "1" } });
        let bad =
            json!({ "metadata": { "name": "bad", "namespace": "pb" }, "spec": { "components": "none" } });
        let items = if request.uri().path().ends_with("/kymas") { json!([bad, good]) } else { json!([]) };
        let list = json!({ "kind": "List", "metadata": { "resourceVersion": "1" }, "items": items });
        Ok::<_, BoxError>(Response::new(Body::from(list.to_string().into_bytes())))
    });
    let fixture = Fixture::new().await;
    let client = Client::new(service, "default");
    let summary = fixture.once_as(&client, &pb(&[]), StatusFormat::Table).await.unwrap();
    assert_eq!(summary.kymas.total, 1);
}

/// Watches a fleet of one Kyma from before its operator starts until long after it is ready.
async fn watched(format: StatusFormat, size: Option<(usize, usize)>) -> Vec<(Instant, String)> {
    let fixture = Fixture::new().await;
    fixture.create(&kyma("k", &["istio", "ory"])).await;
    let (drain, stop) = shutdown::channel();
    let mut display = fixture.display(format, true, size);
    let scope = pb(&[]);
    let watch = follow(fixture.around(&fixture.cluster.client, &scope), &mut display, &stop);
    let life = async {
        sleep(Duration::from_secs(3)).await;
        let _operator = fixture.operate();
        sleep(Duration::from_secs(100)).await;
        drain.begin();
        // The operator goes on until the watch has ended.
        std::future::pending::<()>().await;
    };
    let summary = tokio::select! {
        biased;
        summary = watch => summary.unwrap(),
        () = life => unreachable!(),
    };
    assert_eq!(summary.kymas.of(super::kyma::State::Success), 1);
    fixture.pieces().into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

fn assert_paced(pieces: &[(Instant, String)]) {
    for pair in pieces.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= Duration::from_secs(1), "{pair:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pipe_gets_a_line_for_each_change() {
    let pieces = watched(StatusFormat::Table, None).await;
    assert_paced(&pieces);
    let lines: String = pieces.into_iter().map(|(_, text)| text).collect();
    // What two components do: missing, there, and the arrival of each; the Kyma's success comes with the last.
    insta::assert_snapshot!("lines", lines);
}

#[tokio::test(start_paused = true)]
async fn a_terminal_is_redrawn_in_place() {
    let mut pieces = watched(StatusFormat::Table, Some((8, 40))).await;
    // At the end: back to the other screen, with the last picture as it would be without a watch.
    let (_, last) = pieces.pop().unwrap();
    assert!(last.starts_with("Namespace   pb\n") && last.contains("1 success"), "{last:?}");
    assert_eq!(pieces.pop().unwrap().1, "\x1b[?25h\x1b[?1049l");
    assert_paced(&pieces);
    assert!((100..=104).contains(&pieces.len()), "ages go on: {}", pieces.len());
    for (n, (_, picture)) in pieces.iter().enumerate() {
        let start = if n == 0 { "\x1b[?1049h\x1b[?25l\x1b[H" } else { "\x1b[H" };
        assert!(picture.starts_with(&format!("{start}Namespace   pb\x1b[K\n")), "{picture:?}");
        let plain = console::strip_ansi_codes(picture).into_owned();
        assert!(plain.lines().all(|line| console::measure_text_width(line) <= 40), "{plain}");
        assert!(plain.lines().count() < 8, "more than the terminal holds: {plain}");
        assert!(plain.contains(" more lines\n") == plain.contains("Slowest"), "{plain}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_is_missed() {
    let fixture = Fixture::new().await;
    fixture.create(&kyma("k", &[])).await;
    let (inner, gone) = (fixture.cluster.client.clone(), Arc::new(AtomicBool::new(false)));
    let away = Arc::clone(&gone);
    let service = tower::service_fn(move |request: Request<Body>| {
        let (inner, gone) = (inner.clone(), gone.load(Ordering::Relaxed));
        async move {
            if gone { Err(BoxError::from("connection refused")) } else { Ok(inner.send(request).await?) }
        }
    });
    let client = Client::new(service, "default");
    let (drain, stop) = shutdown::channel();
    let mut display = fixture.display(StatusFormat::Table, true, Some((24, 80)));
    let scope = pb(&[]);
    let watch = follow(fixture.around(&client, &scope), &mut display, &stop);
    let last = || fixture.written.lock().last().map(|(_, text)| text.clone()).unwrap_or_default();
    let story = async {
        until("the fleet is shown", async || last().contains("1 new")).await;
        away.store(true, Ordering::Relaxed);
        until("it is missed", async || last().contains("no answer from the API server for 3s")).await;
        away.store(false, Ordering::Relaxed);
        until("it is back", async || !last().contains("no answer")).await;
        drain.begin();
    };
    let (watched, ()) = tokio::join!(watch, story);
    assert_eq!(watched.unwrap().kymas.total, 1);
}

#[tokio::test(start_paused = true)]
async fn a_program_gets_a_document_a_line() {
    let pieces = watched(StatusFormat::Json, Some((8, 40))).await;
    assert_paced(&pieces);
    let documents: Vec<Value> = pieces.iter().map(|(_, line)| serde_json::from_str(line).unwrap()).collect();
    assert!(pieces.iter().all(|(_, line)| line.ends_with('\n') && line.matches('\n').count() == 1));
    let states: Vec<&Value> = documents.iter().map(|document| &document["state"]).collect();
    assert_eq!((states[0], *states.last().unwrap()), (&json!("reconciling"), &json!("success")));
    assert!((5..60).contains(&documents.len()), "one for each change, none without: {}", documents.len());
}

#[tokio::test(start_paused = true)]
async fn a_watch_ends_with_its_reader() {
    let fixture = Fixture::new().await;
    fixture.create(&kyma("k", &["istio"])).await;
    let (_drain, stop) = shutdown::channel();
    let lines = Arc::new(Mutex::new(0));
    let count = Arc::clone(&lines);
    let write = move |_: &str| {
        *count.lock() += 1;
        if *count.lock() < 3 { Ok(()) } else { Err(io::Error::from(io::ErrorKind::BrokenPipe)) }
    };
    let mut display = Display::on(StatusFormat::Json, true, || Site { size: None, color: false }, write);
    let _operator = fixture.operate();
    let scope = everywhere();
    follow(fixture.around(&fixture.cluster.client, &scope), &mut display, &stop).await.unwrap();
    assert_eq!(*lines.lock(), 3);
}

#[tokio::test(start_paused = true)]
async fn deletions_and_new_kymas_are_seen() {
    let fixture = Fixture::new().await;
    fixture.create(&kyma("k", &[])).await;
    let (drain, stop) = shutdown::channel();
    let mut display = fixture.display(StatusFormat::Json, true, None);
    let scope = everywhere();
    let watch = follow(fixture.around(&fixture.cluster.client, &scope), &mut display, &stop);
    let total = || {
        let written = fixture.written.lock();
        let last = written.last().map(|(_, text)| serde_json::from_str::<Value>(text).unwrap());
        last.map(|document| document["kymas"]["total"].clone())
    };
    let story = async {
        until("the one is shown", async || total() == Some(json!(1))).await;
        fixture.create(&kyma("l", &[])).await;
        until("both are shown", async || total() == Some(json!(2))).await;
        let api: Api<Kyma> = Api::namespaced(fixture.cluster.client.clone(), "pb");
        api.delete("k", &Default::default()).await.unwrap();
        until("one is left", async || total() == Some(json!(1))).await;
        drain.begin();
    };
    let (watched, ()) = tokio::join!(watch, story);
    assert_eq!(watched.unwrap().kymas.total, 1);
}
