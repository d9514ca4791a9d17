use std::time::Duration;

use jiff::Timestamp;

use super::*;
use crate::conditions::{Condition, READY, reason};
use crate::kyma::KymaStatus;
use crate::kyma::{RECONCILING, SUCCESS};
use crate::names::child_name;
use crate::sample;

mod world;

const LIMITS: Limits = Limits { creates: 4, status_interval: Duration::from_secs(1) };

fn component(name: &str) -> Component {
    Component { name: name.into(), namespace: String::new() }
}

fn components(names: &[&str]) -> Vec<Component> {
    names.iter().map(|name| component(name)).collect()
}

fn facts<'a>(components: &'a [Component], children: Vec<Child<'a>>) -> Facts<'a> {
    Facts {
        name: "k",
        generation: 1,
        deleting: false,
        components,
        status: StatusFacts::default(),
        children,
        refusals: Vec::new(),
    }
}

fn child<'a>(name: &'a str, owner: Owner, word: &str) -> Child<'a> {
    let component_name = name.split_once('-').map_or("", |(_, component)| component);
    Child { name, owner, component_name, namespace: "", stage: Stage::parse(word), deleting: false }
}

fn reconciling<'a>(waiting_for: &[&'a str]) -> StatusFacts<'a> {
    StatusFacts {
        state: RECONCILING,
        waiting_for: waiting_for.to_vec(),
        observed_generation: Some(1),
        ready: Some(ReadyFacts {
            status: "False",
            reason: reason::RECONCILING,
            message: "",
            last_transition_time: "2024-01-01T00:00:00Z",
        }),
    }
}

fn written(plan: &Plan) -> &DesiredStatus {
    match &plan.status {
        StatusPlan::Write(desired) => desired,
        other => panic!("no write: {other:?}"),
    }
}

#[test]
fn a_new_kyma_gets_its_first_status_and_four_creates_longest_first() {
    let components = sample::components();
    let plan = plan(&facts(&components, Vec::new()), &LIMITS, None);
    let in_order: Vec<&str> = sample::COMPONENTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(written(&plan).waiting_for, in_order);
    assert_eq!((written(&plan).state(), written(&plan).ready.reason), (RECONCILING, reason::RECONCILING));
    let names: Vec<&str> = plan.creates.iter().map(|create| create.name.as_str()).collect();
    let longest =
        ["k-service-catalog-addons", "k-application-connector", "k-cluster-essentials", "k-istio-resources"];
    assert_eq!(names, longest);
    assert_eq!((plan.creates_left, plan.remaining), (14, 67));
    assert_eq!(plan.creates[1].component.namespace, "kyma-integration");
}

#[test]
fn a_kyma_without_components_is_a_success() {
    let plan = plan(&facts(&[], Vec::new()), &LIMITS, None);
    assert_eq!((written(&plan).state(), plan.remaining, plan.creates.len()), (SUCCESS, 0, 0));
}

#[test]
fn a_changed_namespace_is_patched_and_a_dropped_component_deleted() {
    let components = [Component { name: "a".into(), namespace: "there".into() }];
    let plan = plan(
        &facts(&components, vec![child("k-a", Owner::This, "success"), child("k-b", Owner::This, "started")]),
        &LIMITS,
        None,
    );
    assert_eq!(plan.patches, [Patch { name: "k-a".into(), namespace: "there".into() }]);
    assert_eq!(plan.deletes, [Delete { name: "k-b".into(), cause: DeleteCause::NotWanted }]);
}

#[test]
fn a_renamed_component_is_a_delete_and_a_create() {
    let components = components(&["new"]);
    let plan = plan(&facts(&components, vec![child("k-old", Owner::This, "success")]), &LIMITS, None);
    assert_eq!(plan.deletes[0].name, "k-old");
    assert_eq!(plan.creates[0].name, "k-new");
}

#[test]
fn what_belongs_to_somebody_else_is_a_conflict_and_stays() {
    let components = components(&["b-c", "d"]);
    let mut facts = facts(&components, vec![child("k-b-c", Owner::Other, "success")]);
    facts.status = reconciling(&["b-c", "d"]);
    let plan = plan(&facts, &LIMITS, None);
    assert_eq!(plan.problems[0].kind, ProblemKind::NameConflict);
    // A reason that turns into an error is written at once.
    assert_eq!(written(&plan).ready.reason, reason::NAME_CONFLICT);
    assert!(written(&plan).ready.message.contains("k-b-c"));
    assert_eq!(written(&plan).waiting_for, ["b-c", "d"]);
    assert!(plan.deletes.is_empty() && plan.patches.is_empty());
    assert_eq!(plan.creates.len(), 1);
}

#[test]
fn children_of_a_predecessor_are_deleted_and_awaited() {
    let components = components(&["a"]);
    let children = vec![child("k-a", Owner::Predecessor, "success"), child("k-x", Owner::Predecessor, "")];
    let plan = plan(&facts(&components, children.clone()), &LIMITS, None);
    assert!(plan.deletes.iter().all(|delete| delete.cause == DeleteCause::OfPredecessor));
    assert_eq!((plan.deletes.len(), plan.creates.len(), plan.problems.len()), (2, 0, 0));
    let gone: Vec<_> = children.iter().map(|child| Child { deleting: true, ..*child }).collect();
    let plan = super::plan(&facts(&components, gone), &LIMITS, None);
    assert_eq!((plan.deletes.len(), plan.creates.len()), (0, 0));
    assert_eq!(written(&plan).waiting_for, ["a"]);
}

#[test]
fn a_kyma_being_deleted_gets_nothing_more() {
    let components = components(&["a", "b"]);
    let mut facts =
        facts(&components, vec![child("k-a", Owner::This, "started"), child("k-z", Owner::This, "")]);
    facts.deleting = true;
    let plan = plan(&facts, &LIMITS, None);
    assert_eq!((plan.creates.len(), plan.creates_left, plan.patches.len()), (0, 0, 0));
    assert_eq!(plan.status, StatusPlan::Same);
    assert_eq!(plan.deletes.len(), 1);
}

#[test]
fn of_one_name_the_first_entry_counts() {
    let mut components = components(&["a", "a"]);
    components[1].namespace = "elsewhere".into();
    let plan = plan(&facts(&components, vec![child("k-a", Owner::This, "success")]), &LIMITS, None);
    assert!(plan.patches.is_empty());
    let desired = written(&plan);
    assert_eq!((desired.state(), desired.ready.reason), (SUCCESS, reason::DUPLICATE_COMPONENT));
}

#[test]
fn a_refused_component_waits_for_its_time_and_harms_nobody() {
    let components = components(&["Ä", "a"]);
    let mut facts = facts(&components, Vec::new());
    let refusal = Refusal { component: "Ä", cause: RefusalCause::Invalid, message: "bad name", due: false };
    facts.refusals = vec![refusal];
    let waiting = plan(&facts, &LIMITS, None);
    let names: Vec<&str> = waiting.creates.iter().map(|create| create.name.as_str()).collect();
    assert_eq!(names, ["k-a"]);
    assert_eq!(written(&waiting).ready.message, "bad name");
    assert_eq!(written(&waiting).waiting_for, ["Ä", "a"]);
    assert_eq!(waiting.remaining, 4);
    facts.refusals = vec![Refusal { due: true, ..refusal }];
    assert_eq!(plan(&facts, &LIMITS, None).creates.len(), 2);
}

#[test]
fn the_gravest_problem_gives_the_reason() {
    let components = components(&["a", "b", "b", "c"]);
    let mut facts = facts(&components, vec![child("k-c", Owner::Other, "")]);
    facts.refusals =
        vec![Refusal { component: "a", cause: RefusalCause::Invalid, message: "bad name", due: false }];
    let plan = plan(&facts, &LIMITS, None);
    let kinds: Vec<_> = plan.problems.iter().map(|problem| problem.kind).collect();
    let expected =
        [ProblemKind::NameConflict, ProblemKind::InvalidComponent, ProblemKind::DuplicateComponent];
    assert_eq!(kinds, expected);
    assert!(written(&plan).ready.message.ends_with("(and 2 more problems)"));
}

#[test]
fn progress_waits_for_the_window_and_success_does_not() {
    let components = components(&["a", "b"]);
    let children = |last| vec![child("k-a", Owner::This, "success"), child("k-b", Owner::This, last)];
    let mut facts = facts(&components, children("started"));
    facts.status = reconciling(&["a", "b"]);
    let status = |facts: &Facts<'_>, waited: Option<u64>| {
        plan(facts, &LIMITS, waited.map(Duration::from_millis)).status
    };
    assert_eq!(status(&facts, None), StatusPlan::Later(Duration::from_secs(1)));
    assert_eq!(status(&facts, Some(400)), StatusPlan::Later(Duration::from_millis(600)));
    assert!(matches!(status(&facts, Some(1000)), StatusPlan::Write(desired) if desired.waiting_for == ["b"]));
    facts.children = children("success");
    assert!(matches!(status(&facts, None), StatusPlan::Write(desired) if desired.state() == SUCCESS));
}

#[test]
fn a_new_spec_is_written_at_once_even_if_nothing_else_changes() {
    let components = components(&["a"]);
    let mut facts = facts(&components, vec![child("k-a", Owner::This, "")]);
    facts.status = reconciling(&["a"]);
    assert_eq!(plan(&facts, &LIMITS, None).status, StatusPlan::Same);
    facts.generation = 2;
    assert_eq!(written(&plan(&facts, &LIMITS, None)).waiting_for, ["a"]);
}

#[test]
fn objects_of_the_proof_of_concept_are_left_alone_until_there_are_news() {
    let components = components(&["a"]);
    let mut facts = facts(&components, vec![child("k-a", Owner::This, "success")]);
    facts.status = StatusFacts { state: SUCCESS, ..Default::default() };
    facts.generation = 7;
    assert!(plan(&facts, &LIMITS, None).is_empty());
    facts.children = vec![child("k-a", Owner::This, "pending")];
    let later = plan(&facts, &LIMITS, Some(Duration::from_secs(1)));
    let status = written(&later).to_status(&facts.status, &[], 7, Timestamp::UNIX_EPOCH);
    assert_eq!((status.observed_generation, status.conditions.len()), (Some(7), 1));
}

#[test]
fn the_status_keeps_the_conditions_of_others_and_the_transition_time() {
    let components = components(&["a", "b"]);
    let facts = facts(&components, vec![child("k-a", Owner::This, "success")]);
    let old = reconciling(&["a", "b"]);
    let plan = plan(&facts, &LIMITS, None);
    let foreign = [Condition { kind: "Audited".into(), status: "True".into(), ..Default::default() }];
    let status = written(&plan).to_status(&old, &foreign, 3, Timestamp::UNIX_EPOCH);
    assert_eq!(status.conditions[0], foreign[0]);
    assert_eq!((status.conditions[1].kind.as_str(), status.observed_generation), (READY, Some(3)));
    assert_eq!(status.conditions[1].last_transition_time, "2024-01-01T00:00:00Z");
}
