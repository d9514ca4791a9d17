//! HorizontalPodAutoscaler, stored as version 2 has it
//! (k8s.io/kubernetes/pkg/{registry/autoscaling/horizontalpodautoscaler,apis/autoscaling/v1/conversion.go}).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::cells::{NONE, UNSET, field, shown};
use super::strategy::{COUNTED, Strategy};
use super::{age, at, fill, inner, items, number, text};
use crate::object::{self, Object};

pub(super) const STRATEGY: Strategy =
    Strategy { default, cells, convert_to_stored, convert_from_stored, ..COUNTED };

/// Rules that are given are completed; those that are not, the table knows.
fn default(autoscaler: &mut Object) {
    let Some(behavior) = inner(autoscaler, "spec").and_then(|spec| inner(spec, "behavior")) else { return };
    let up = json!([{"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]);
    let down = json!([{"type": "Percent", "value": 100, "periodSeconds": 15}]);
    for (name, policies) in [("scaleUp", up), ("scaleDown", down)] {
        let Some(rules) = inner(behavior, name) else { continue };
        if name == "scaleUp" {
            fill(rules, "stabilizationWindowSeconds", 0);
        }
        fill(rules, "policies", policies);
    }
}

/// Whether a metric is the use of the processor, which is all that version 1 has a member for.
fn is_processor(metric: &Value) -> bool {
    field(metric, "type") == "Resource" && metric.pointer("/resource/name") == Some(&json!("cpu"))
}

fn convert_to_stored(autoscaler: &mut Object) {
    if let Some(spec) = inner(autoscaler, "spec")
        && let Some(target) = spec.remove("targetCPUUtilizationPercentage")
    {
        let target = json!({"type": "Utilization", "averageUtilization": target});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "target": target}});
        spec.insert("metrics".into(), json!([metric]));
    }
    if let Some(status) = inner(autoscaler, "status")
        && let Some(current) = status.remove("currentCPUUtilizationPercentage")
    {
        let current = json!({"averageUtilization": current, "averageValue": "0"});
        let metric = json!({"type": "Resource", "resource": {"name": "cpu", "current": current}});
        status.insert("currentMetrics".into(), json!([metric]));
    }
}

fn convert_from_stored(autoscaler: &mut Object) {
    if let Some(spec) = inner(autoscaler, "spec") {
        let metrics = spec.remove("metrics").unwrap_or_default();
        let processor = metrics.as_array().into_iter().flatten().find(|metric| is_processor(metric));
        if let Some(target) =
            processor.and_then(|metric| metric.pointer("/resource/target/averageUtilization"))
        {
            spec.insert("targetCPUUtilizationPercentage".into(), target.clone());
        }
        spec.remove("behavior");
    }
    if let Some(status) = inner(autoscaler, "status") {
        let metrics = status.remove("currentMetrics").unwrap_or_default();
        let processor = metrics.as_array().into_iter().flatten().find(|metric| is_processor(metric));
        if let Some(current) =
            processor.and_then(|metric| metric.pointer("/resource/current/averageUtilization"))
        {
            status.insert("currentCPUUtilizationPercentage".into(), current.clone());
        }
        status.remove("conditions");
    }
}

fn cells(autoscaler: &Object, now: Timestamp) -> Vec<Value> {
    let target = |name: &str| text(autoscaler, &["spec", "scaleTargetRef", name]);
    let least = match at(autoscaler, &["spec", "minReplicas"]) {
        Value::Null => UNSET.to_owned(),
        least => least.to_string(),
    };
    vec![
        object::name(autoscaler).into(),
        format!("{}/{}", target("kind"), target("name")).into(),
        metrics(autoscaler).into(),
        least.into(),
        number(autoscaler, &["spec", "maxReplicas"]).into(),
        number(autoscaler, &["status", "currentReplicas"]).into(),
        age(autoscaler, now),
    ]
}

/// The first two metrics, each as what is and what should be (`formatHPAMetrics`).
fn metrics(autoscaler: &Object) -> String {
    const MOST: usize = 2;
    let wanted = items(autoscaler, &["spec", "metrics"]);
    let current = items(autoscaler, &["status", "currentMetrics"]);
    let all: Vec<String> =
        wanted.iter().enumerate().map(|(position, metric)| one(metric, current.get(position))).collect();
    let shown = all.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match all.len() {
        0 => NONE.to_owned(),
        count if count > MOST => format!("{shown} + {} more...", count - MOST),
        _ => shown,
    }
}

fn one(metric: &Value, current: Option<&Value>) -> String {
    let (member, named) = match field(metric, "type") {
        "External" => ("external", false),
        "Pods" => ("pods", false),
        "Object" => ("object", false),
        "Resource" => ("resource", true),
        "ContainerResource" => ("containerResource", true),
        _ => return "<unknown type>".to_owned(),
    };
    let is =
        |name: &str| current.and_then(|c| c.get(member)).and_then(|c| c.pointer(&format!("/current/{name}")));
    let want = |name: &str| metric.get(member).and_then(|m| m.pointer(&format!("/target/{name}")));
    let of = |value: Option<&Value>| value.map_or_else(|| "<unknown>".to_owned(), shown);
    let text = match (want("averageValue"), named) {
        (Some(average), true) => format!("{}/{}", of(is("averageValue")), shown(average)),
        (Some(average), false) if member == "pods" => {
            format!("{}/{}", of(is("averageValue")), shown(average))
        }
        (Some(average), false) => format!("{}/{} (avg)", of(is("averageValue")), shown(average)),
        (None, true) => {
            let percent = |value: Option<&Value>, none: &str| {
                value.map_or_else(|| none.to_owned(), |v| format!("{v}%"))
            };
            let target = percent(want("averageUtilization"), "<auto>");
            format!("{}/{target}", percent(is("averageUtilization"), "<unknown>"))
        }
        (None, false) => format!("{}/{}", of(is("value")), want("value").map(shown).unwrap_or_default()),
    };
    match metric.get(member).map(|metric| field(metric, "name")) {
        Some(name) if named => format!("{name}: {text}"),
        _ => text,
    }
}
