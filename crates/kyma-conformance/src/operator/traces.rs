//! Traces: each reconcile is a span, and each of its requests a child of it.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::collector::{Collector, Received};
use super::{Operator, Scene, folder};
use crate::check::{Failure, Outcome, holds, same};

pub(super) async fn play(scene: &Scene<'_>) -> Outcome {
    scene.create_namespace().await?;
    let played = trace(scene).await;
    scene.tidy().await;
    judge(&played?, &scene.name)
}

/// What a collector gets of an operator that creates one component.
async fn trace(scene: &Scene<'_>) -> Outcome<Vec<Received>> {
    let collector = Collector::open().await;
    let collector = collector.map_err(|error| Failure::new("a collector", "one", error.to_string()))?;
    let folder = folder()?;
    let log = folder.path().join("operator.log");
    let flags = ["--otlp-endpoint", &collector.address()];
    let mut operator = Operator::start(scene.server, scene.kymactl, log, &flags, &[])?;
    operator.serves().await?;
    scene.create_kyma().await?;
    // What it has not sent yet, it sends at its end.
    operator.end().await?;
    Ok(collector.received())
}

fn judge(received: &[Received], name: &str) -> Outcome {
    let lines: Vec<&str> = received.iter().map(|request| request.line.as_str()).collect();
    holds("all goes to the path of traces", lines.iter().all(|line| *line == "POST /v1/traces"), &lines)?;
    let exports: Vec<_> = received.iter().filter_map(|request| request.export.as_ref()).collect();
    same("exports that can be read", &exports.len(), &received.len())?;
    let of_resources = exports.iter().flat_map(|export| &export.resource_spans);
    let services = of_resources.clone().filter_map(|spans| spans.resource.as_ref());
    let mut services: Vec<String> = services.map(|of| text(&of.attributes, "service.name")).collect();
    services.dedup();
    same("service.name", &services, &["kyma-operator"])?;
    let spans: Vec<&Span> = of_resources.flat_map(|of| &of.scope_spans).flat_map(|of| &of.spans).collect();
    let names: Vec<String> =
        spans.iter().map(|span| format!("{} {}", span.name, text(&span.attributes, "key"))).collect();
    let create = spans.iter().find(|span| {
        span.name == "POST"
            && text(&span.attributes, "url.path").ends_with(&format!("/{name}/helmcomponents"))
    });
    let create = create.ok_or_else(|| Failure::new("a span of the create", "one", names.join(", ")))?;
    same("the kind of a request", &create.kind, &(SpanKind::Client as i32))?;
    same("http.request.method", &text(&create.attributes, "http.request.method"), "POST")?;
    let code = number(&create.attributes, "http.response.status_code");
    same("http.response.status_code", &code, &Some(201))?;
    let parent = spans.iter().find(|span| span.span_id == create.parent_span_id);
    let parent =
        parent.ok_or_else(|| Failure::new("the parent of the create", "a span", names.join(", ")))?;
    same("its trace is the parent's", &parent.trace_id, &create.trace_id)?;
    same("the parent", parent.name.as_str(), "reconcile")?;
    same("its controller", &text(&parent.attributes, "controller"), "kyma")?;
    same("its key", &text(&parent.attributes, "key"), &format!("{name}/one"))?;
    same("its class", &text(&parent.attributes, "class"), "user")?;
    let waited = number(&parent.attributes, "waited_ms");
    holds("it says how long it waited, as a number", waited.is_some(), &names)?;
    holds("it says how it ended", !text(&parent.attributes, "outcome").is_empty(), &names)
}

/// An attribute as text; empty where it is not there.
fn text(attributes: &[KeyValue], key: &str) -> String {
    let attribute = attributes.iter().find(|attribute| attribute.key == key);
    match attribute.and_then(|attribute| attribute.value.as_ref()) {
        Some(AnyValue { value: Some(Any::StringValue(text)) }) => text.clone(),
        _ => String::new(),
    }
}

/// An attribute as a whole number, where it is one.
fn number(attributes: &[KeyValue], key: &str) -> Option<i64> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value {
        Some(Any::IntValue(number)) => Some(number),
        _ => None,
    }
}
