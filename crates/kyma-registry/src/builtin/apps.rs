//! What keeps pods running: Deployment, ReplicaSet, StatefulSet, DaemonSet, ControllerRevision and ReplicationController
//! (k8s.io/kubernetes/pkg/registry/{apps,core/replicationcontroller}).

mod validate;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::cells::{NONE, containers, field, labels, selector, selector_or_none};
use super::pod::default_template;
use super::strategy::{COUNTED, PLAIN, Strategy, not_supported};
use super::{age, at, fill, inner, items, number, text};
use crate::names::NameRule;
use crate::object::{self, Object};
use crate::update::Subresource;

const TEMPLATE_CONTAINERS: [&str; 4] = ["spec", "template", "spec", "containers"];

pub(super) const DEPLOYMENT: Strategy = Strategy {
    validate: validate::deployment,
    default: |deployment| {
        roll(deployment, "strategy", json!({"maxUnavailable": "25%", "maxSurge": "25%"}));
        default_of_template(deployment);
    },
    prepare_update: update_deployment,
    cells: |deployment, now| {
        let [names, images] = containers(items(deployment, &TEMPLATE_CONTAINERS));
        vec![
            object::name(deployment).into(),
            ready_of(deployment).into(),
            number(deployment, &["status", "updatedReplicas"]).into(),
            number(deployment, &["status", "availableReplicas"]).into(),
            age(deployment, now),
            names,
            images,
            selector(at(deployment, &["spec", "selector"])).into(),
        ]
    },
    ..COUNTED
};

pub(super) const REPLICA_SET: Strategy = Strategy {
    validate: validate::replica_set,
    default: default_of_template,
    cells: |set, now| replicas(set, now, selector_or_none(at(set, &["spec", "selector"]))),
    ..COUNTED
};

pub(super) const REPLICATION_CONTROLLER: Strategy = Strategy {
    validate: validate::replication_controller,
    selectable: &["status.replicas"],
    field: |controller, path| {
        (path == "status.replicas").then(|| number(controller, &["status", "replicas"]).to_string())
    },
    unsupported_field: not_supported,
    default: |controller| {
        take_labels(controller);
        default_of_template(controller);
    },
    cells: |controller, now| replicas(controller, now, labels(at(controller, &["spec", "selector"]))),
    ..COUNTED
};

pub(super) const STATEFUL_SET: Strategy = Strategy {
    validate: validate::stateful_set,
    name_rule: NameRule::Label,
    default: |set| {
        let Some(spec) = inner(set, "spec") else { return };
        // Only where the type was not given either; that is filled by now, so what is missing is filled in all cases but
        // one that no validation lets pass.
        if let Some(strategy) = inner(spec, "updateStrategy")
            && text(strategy, &["type"]) == "RollingUpdate"
        {
            strategy.entry("rollingUpdate").or_insert_with(|| json!({"partition": 0, "maxUnavailable": 1}));
        }
        let claims = spec.get_mut("volumeClaimTemplates").and_then(Value::as_array_mut);
        for claim in claims.into_iter().flatten().filter_map(Value::as_object_mut) {
            fill(claim, "apiVersion", "v1");
            fill(claim, "kind", "PersistentVolumeClaim");
        }
        default_of_template(set);
    },
    cells: |set, now| {
        let [names, images] = containers(items(set, &TEMPLATE_CONTAINERS));
        vec![object::name(set).into(), ready_of(set).into(), age(set, now), names, images]
    },
    ..COUNTED
};

pub(super) const DAEMON_SET: Strategy = Strategy {
    validate: validate::daemon_set,
    default: |set| {
        roll(set, "updateStrategy", json!({"maxUnavailable": 1, "maxSurge": 0}));
        default_of_template(set);
    },
    prepare_create: |set| set_template_generation(set, template_generation(set).max(1)),
    prepare_update: update_daemon_set,
    cells: daemon_set_cells,
    ..COUNTED
};

pub(super) const REVISION: Strategy = Strategy {
    validate: |revision, existing, _| validate::revision(revision, existing),
    cells: |revision, now| {
        let owners = at(revision, &["metadata", "ownerReferences"]).as_array();
        let controller =
            owners.into_iter().flatten().find(|owner| owner.get("controller") == Some(&Value::Bool(true)));
        let controller = controller.map_or_else(
            || NONE.to_owned(),
            |owner| {
                let (kind, name) = (field(owner, "kind").to_lowercase(), field(owner, "name"));
                match field(owner, "apiVersion").split_once('/') {
                    Some((group, _)) => format!("{kind}.{group}/{name}"),
                    None => format!("{kind}/{name}"),
                }
            },
        );
        vec![
            object::name(revision).into(),
            controller.into(),
            number(revision, &["revision"]).into(),
            age(revision, now),
        ]
    },
    ..PLAIN
};

/// What a rolling update goes by, where that is how updates are done.
fn roll(object: &mut Object, strategy: &str, by: Value) {
    let Some(strategy) = inner(object, "spec").and_then(|spec| inner(spec, strategy)) else { return };
    if text(strategy, &["type"]) == "RollingUpdate" {
        strategy.entry("rollingUpdate").or_insert(by);
    }
}

fn default_of_template(object: &mut Object) {
    if let Some(template) = inner(object, "spec").and_then(|spec| inner(spec, "template")) {
        default_template(template);
    }
}

/// Labels and a selector that are not given are those of the template.
fn take_labels(controller: &mut Object) {
    let Some(template) = at(controller, &["spec", "template", "metadata", "labels"]).as_object().cloned()
    else {
        return;
    };
    let missing = |slot: &Value| slot.as_object().is_none_or(Map::is_empty);
    if let Some(spec) = inner(controller, "spec") {
        let selector = spec.entry("selector").or_insert(Value::Null);
        if missing(selector) {
            *selector = Value::Object(template.clone());
        }
    }
    let labels = object::metadata_mut(controller).entry("labels").or_insert(Value::Null);
    if missing(labels) {
        *labels = Value::Object(template);
    }
}

/// A deployment also counts changes of its annotations, which reach its replica sets.
fn update_deployment(deployment: &mut Object, existing: &Object, subresource: Subresource) {
    let annotations = |object: &Object| at(object, &["metadata", "annotations"]).clone();
    match subresource {
        Subresource::Main if annotations(deployment) != annotations(existing) => {
            object::set_generation(deployment, object::generation(existing) + 1);
        }
        Subresource::Status => {
            let labels = at(existing, &["metadata", "labels"]).clone();
            object::metadata_mut(deployment).insert("labels".into(), labels);
        }
        _ => {}
    }
}

/// Which template a daemon set is at. Once it was a member of the specification, and is kept where old clients look.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn template_generation(set: &Object) -> i64 {
    text(set, &["metadata", "annotations", TEMPLATE_GENERATION]).parse().unwrap_or_default()
}

fn set_template_generation(set: &mut Object, generation: i64) {
    let annotations = object::metadata_mut(set).entry("annotations").or_insert(Value::Null);
    object::as_object_mut(annotations).insert(TEMPLATE_GENERATION.into(), generation.to_string().into());
}

fn update_daemon_set(set: &mut Object, existing: &Object, subresource: Subresource) {
    if subresource == Subresource::Main {
        let same = at(set, &["spec", "template"]) == at(existing, &["spec", "template"]);
        let before = template_generation(existing);
        set_template_generation(set, if same { before } else { before + 1 });
    }
}

fn ready_of(object: &Object) -> String {
    let (ready, wanted) =
        (number(object, &["status", "readyReplicas"]), number(object, &["spec", "replicas"]));
    format!("{ready}/{wanted}")
}

fn replicas(object: &Object, now: Timestamp, selector: String) -> Vec<Value> {
    let [names, images] = containers(items(object, &TEMPLATE_CONTAINERS));
    vec![
        object::name(object).into(),
        number(object, &["spec", "replicas"]).into(),
        number(object, &["status", "replicas"]).into(),
        number(object, &["status", "readyReplicas"]).into(),
        age(object, now),
        names,
        images,
        selector.into(),
    ]
}

fn daemon_set_cells(set: &Object, now: Timestamp) -> Vec<Value> {
    const COUNTS: [&str; 5] = [
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    ];
    let mut cells = vec![Value::from(object::name(set))];
    cells.extend(COUNTS.map(|count| Value::from(number(set, &["status", count]))));
    cells.push(labels(at(set, &["spec", "template", "spec", "nodeSelector"])).into());
    cells.push(age(set, now));
    cells.extend(containers(items(set, &TEMPLATE_CONTAINERS)));
    cells.push(selector_or_none(at(set, &["spec", "selector"])).into());
    cells
}
