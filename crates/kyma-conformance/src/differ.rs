//! The differential fuzzer: the same random requests to the embedded and to the real server, whose answers have to be
//! the same but for what differs by nature.
//!
//! A stream is a sequence of requests in a namespace of its own, made from a seed. It works in rounds: after a thousand
//! requests everything that is there is compared, and the next round begins in a fresh namespace. A difference is
//! printed with its request and both answers, and what the request was about is deleted on both servers, so that one
//! difference doesn't cause the next. Those that are as they should be are explained in `differ.yaml`.

mod config;
mod generate;
mod kinds;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;
use serde_json::json;
use tokio::time::Instant;

use crate::args::DifferArgs;
use crate::check::{Failure, Outcome, cut};
use crate::client::{Answer, Call, Http, MERGE, query};
use crate::context::NAMESPACES;
use crate::fixture;
use crate::matrix;
use crate::normal::Symbols;
use crate::output::{Output, Totals, Verdict};
use crate::runner::report;
use crate::server::Server;
use crate::suite::{RunError, interrupted};
use config::Config;
use generate::{Generator, NAMES, NAMESPACE, Request, STREAM, name};
use kinds::KINDS;

/// So many requests, then all objects are compared.
const ROUND: u64 = 1000;
/// Further distinct differences say little.
const SHOWN_MAX: usize = 200;

/// Sends random requests to both servers.
///
/// # Errors
/// When no servers could be started, or the file of weights is no good; a difference is no error but counted.
pub async fn run(args: &DifferArgs, output: &mut Output) -> Result<Totals, RunError> {
    let text = std::fs::read_to_string(&args.config);
    let problem = |why: String| RunError::ReadDiffer { file: args.config.clone(), why };
    let text = text.map_err(|error| problem(error.to_string()))?;
    let config: Config = serde_saphyr::from_str(&text).map_err(|error| problem(error.to_string()))?;
    let unusable = |error| RunError::GetServer(Box::new(error));
    let real = Server::real_without_manager(&args.controlplane).await.map_err(unusable)?;
    let embedded = Server::embedded_alone(args.kymactl.as_deref()).await;
    let mut totals = Totals::default();
    let done = match embedded {
        Err(error) => Err(unusable(error)),
        Ok(embedded) => {
            let done = tokio::select! {
                biased;
                () = interrupted() => Err(RunError::Interrupt),
                done = compare(&config, args, [&real, &embedded], output) => Ok(done),
            };
            if let Err(why) = embedded.stop().await {
                output.line(&why);
                totals.failed += 1;
            }
            done
        }
    };
    if let Err(why) = real.stop().await {
        output.line(&why);
        totals.failed += 1;
    }
    totals.add(done?);
    output.totals(totals);
    Ok(totals)
}

async fn compare(config: &Config, args: &DifferArgs, servers: [&Server; 2], output: &mut Output) -> Totals {
    let started = Instant::now();
    let mut totals = Totals::default();
    for server in servers {
        if let Err(failure) = matrix::install(server).await {
            report(
                output,
                &mut totals,
                ("differ/surroundings", server.label),
                started.elapsed(),
                &Verdict::Failed(failure),
            );
            return totals;
        }
    }
    let seeds = if args.seeds.is_empty() { &config.seeds } else { &args.seeds };
    let each = args.requests.div_ceil(seeds.len().max(1) as u64);
    let deadline = args.seconds.map(|seconds| started + Duration::from_secs(seconds));
    let streams = seeds.iter().map(|seed| {
        let stream = Stream {
            config,
            seed: *seed,
            sides: servers.map(|server| server.http.clone()),
            found: Found::default(),
        };
        stream.run(each, deadline)
    });
    let mut found = Found::default();
    for stream in join_all(streams).await {
        found.merge(stream);
    }
    let Found { requests, equal, explained, differences } = found;
    for (at, hits) in &explained {
        if let Some(explained) = config.explained.get(*at) {
            output.line(&format!("{hits} explained: {}", explained.reason));
        }
    }
    let distinct = differences.len();
    for (signature, difference) in differences.into_iter().take(SHOWN_MAX) {
        let name = format!("differ/{} times {signature}", difference.hits);
        let Difference { request, real, embedded, .. } = difference;
        let verdict = Verdict::Failed(Failure::new(cut(&request), cut(&real), cut(&embedded)));
        report(output, &mut totals, (&name, "both"), Duration::ZERO, &verdict);
    }
    totals.failed = distinct;
    totals.passed = usize::try_from(equal).unwrap_or(usize::MAX);
    let seconds = started.elapsed().as_secs_f64();
    output.line(&format!(
        "{requests} requests in {seconds:.0} s, seeds {seeds:?}; {distinct} distinct differences"
    ));
    totals
}

/// What a run came to.
#[derive(Default)]
struct Found {
    requests: u64,
    equal: u64,
    /// Hits by the position of the explanation.
    explained: BTreeMap<usize, u64>,
    /// By what they have in common.
    differences: BTreeMap<String, Difference>,
}

struct Difference {
    hits: u64,
    request: String,
    real: String,
    embedded: String,
}

impl Found {
    fn merge(&mut self, other: Self) {
        self.requests += other.requests;
        self.equal += other.equal;
        for (at, hits) in other.explained {
            *self.explained.entry(at).or_default() += hits;
        }
        for (signature, difference) in other.differences {
            match self.differences.get_mut(&signature) {
                Some(known) => known.hits += difference.hits,
                None => drop(self.differences.insert(signature, difference)),
            }
        }
    }

    /// Counts a pair of answers; says whether they are the same.
    fn take(&mut self, config: &Config, what: &str, line: String, real: String, embedded: String) -> bool {
        self.requests += 1;
        if real == embedded {
            self.equal += 1;
            return true;
        }
        if let Some(at) = config.explains(&line, &real, &embedded) {
            *self.explained.entry(at).or_default() += 1;
            return false;
        }
        let signature = format!("{what}: {} / {}", skeleton(&real), skeleton(&embedded));
        let difference = self.differences.entry(signature).or_insert(Difference {
            hits: 0,
            request: line,
            real,
            embedded,
        });
        difference.hits += 1;
        false
    }
}

/// The code, and of a refusal the first words.
fn skeleton(answer: &str) -> String {
    const WORDS: usize = 60;
    let code = answer.get(..3).unwrap_or(answer);
    match answer.split_once("\"message\":\"") {
        Some((_, message)) => {
            let words: String =
                message.chars().filter(|letter| !letter.is_ascii_digit()).take(WORDS).collect();
            format!("{code} {words}")
        }
        None => code.to_owned(),
    }
}

/// A sequence of requests from one seed.
struct Stream<'a> {
    config: &'a Config,
    seed: u64,
    /// The real and the embedded server.
    sides: [Http; 2],
    found: Found,
}

impl Stream<'_> {
    async fn run(mut self, requests: u64, deadline: Option<Instant>) -> Found {
        let mut generator = Generator::new(self.seed, self.config);
        let mut left = requests;
        let mut round = 0;
        while left > 0 && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            generator.forget();
            let count = left.min(ROUND);
            if let Err(failure) = self.round(&mut generator, round, count, deadline).await {
                let (line, real) = (format!("seed {} round {round}", self.seed), failure.to_string());
                self.found.take(self.config, "a server does not answer", line, real, String::new());
                break;
            }
            left -= count;
            round += 1;
        }
        self.found
    }

    async fn round(
        &mut self,
        generator: &mut Generator<'_>,
        round: u64,
        count: u64,
        deadline: Option<Instant>,
    ) -> Outcome {
        let namespace = format!("dx-{}-{round}", self.seed);
        let mut symbols = [Symbols::default(), Symbols::default()];
        for (side, symbols) in self.sides.iter().zip(&mut symbols) {
            symbols.give(&namespace, NAMESPACE);
            symbols.give(&format!("dy-{}-{round}", self.seed), STREAM);
            side.post(NAMESPACES, &fixture::namespace(&namespace)).await?.created()?;
        }
        for _ in 0..count {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
            let request = generator.request();
            let [real, embedded] = self.ask(&request, &mut symbols).await?;
            let code = real.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            let body = real.get(4..).unwrap_or_default().lines().next().unwrap_or_default();
            generator.learn(&request, code, body);
            let what = format!("{} {}", request.method, KINDS[request.kind].plural);
            if !self.found.take(self.config, &what, request.line(), real, embedded) {
                self.level(&request, &symbols).await;
                let [real, embedded] = &mut symbols;
                real.level(embedded);
                generator.forget_one(&request);
            }
        }
        self.compare_all(&mut symbols).await
    }

    async fn ask(&self, request: &Request, symbols: &mut [Symbols; 2]) -> Outcome<[String; 2]> {
        let [real, embedded] = &self.sides;
        let calls = [call(real, request, &symbols[0]), call(embedded, request, &symbols[1])];
        let [one, other] = calls.map(IntoFuture::into_future);
        let (one, other) = tokio::join!(one, other);
        let (one, other) = (one?, other?);
        let shared = !KINDS[request.kind].namespaced;
        let shown = |symbols: &mut Symbols, answer: &Answer| {
            let mut body = answer.value();
            if shared {
                // The streams run beside each other, and see each other's objects there.
                symbols.retain_own(&mut body, STREAM);
            }
            symbols.answer_of(answer, body)
        };
        Ok([shown(&mut symbols[0], &one), shown(&mut symbols[1], &other)])
    }

    /// Deletes what a request was about on both servers.
    async fn level(&self, request: &Request, symbols: &[Symbols; 2]) {
        let kind = &KINDS[request.kind];
        let path = format!("{}/{}", kind.collection(NAMESPACE), name(kind, request.name));
        for (side, symbols) in self.sides.iter().zip(symbols) {
            remove(side, &symbols.concrete(&path)).await;
        }
    }

    /// Everything that is there has to be the same; then what is in no namespace of the stream goes.
    async fn compare_all(&mut self, symbols: &mut [Symbols; 2]) -> Outcome {
        for (at, kind) in KINDS.iter().enumerate() {
            let collection = kind.collection(NAMESPACE);
            let items = (0..NAMES).map(|number| format!("{collection}/{}", name(kind, number)));
            let paths: Vec<String> = if kind.namespaced { vec![collection.clone()] } else { items.collect() };
            for path in paths {
                let request = Request {
                    method: "GET",
                    path,
                    query: Vec::new(),
                    accept: None,
                    body: None,
                    kind: at,
                    name: 0,
                };
                let [real, embedded] = self.ask(&request, symbols).await?;
                let what = format!("all {}", kind.plural);
                self.found.take(self.config, &what, request.line(), real, embedded);
                if !kind.namespaced {
                    for (side, symbols) in self.sides.iter().zip(symbols.iter()) {
                        remove(side, &symbols.concrete(&request.path)).await;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Deletes an object whatever holds it.
async fn remove(side: &Http, path: &str) {
    let _ = side.delete(path).await;
    let _ = side.patch(path, MERGE, &json!({"metadata": {"finalizers": null}})).await;
    if let Some(name) = path.strip_prefix("/api/v1/namespaces/").filter(|rest| !rest.contains('/')) {
        // Without a controller nobody else does this.
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let call = side.call(Method::PUT, &format!("{path}/finalize"));
        let _ = call.body("application/json", body.to_string()).await;
    }
}

/// A request with a server's own names, versions and UIDs.
fn call(side: &Http, request: &Request, symbols: &Symbols) -> Call {
    let parameters: Vec<(&str, String)> =
        request.query.iter().map(|(key, value)| (*key, symbols.concrete(value))).collect();
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let method = Method::from_bytes(request.method.as_bytes()).unwrap_or(Method::GET);
    let mut call = side.call(method, &query(&symbols.concrete(&request.path), &parameters));
    if let Some(accept) = request.accept {
        call = call.accept(accept);
    }
    match &request.body {
        Some((media_type, body)) => call.body(media_type, symbols.concrete(body)),
        None => call,
    }
}

#[cfg(test)]
mod tests {
    use super::config::Config;
    use super::{Found, skeleton};

    fn config() -> Config {
        serde_saphyr::from_str(
            "{seeds: [], weights: {}, broken-percent: 0,
              explained: [{request: '^PUT ', real: '^409', embedded: '^422', reason: r}]}",
        )
        .unwrap()
    }

    #[test]
    fn answers_are_counted_by_what_they_have_in_common() {
        let (config, mut found) = (config(), Found::default());
        let mut take = |line: &str, real: &str, embedded: &str| {
            found.take(&config, "PUT x", line.into(), real.into(), embedded.into())
        };
        assert!(take("PUT /x", "200 {}", "200 {}"));
        assert!(!take("PUT /x", "409 {}", "422 {}"));
        assert!(!take("PUT /x", "404 {\"message\":\"no 1\"}", "200 {}"));
        assert!(!take("PUT /x", "404 {\"message\":\"no 2\"}", "200 {}"));
        assert_eq!((found.requests, found.equal, found.explained[&0]), (4, 1, 1));
        let hits: Vec<u64> = found.differences.values().map(|difference| difference.hits).collect();
        assert_eq!(hits, [2]);
    }

    #[test]
    fn a_skeleton_has_no_numbers() {
        assert_eq!(skeleton("404 {\"message\":\"n1 is absent\"}"), "404 n is absent\"}");
        assert_eq!(skeleton("200 {}"), "200");
        assert_eq!(skeleton(""), "");
    }
}
