//! What a disruption budget says to an eviction (`checkAndDecrement`).

use serde_json::{Value, json};

use super::set_condition;
use crate::ApiError;
use crate::builtin::{at, number};
use crate::object::{self, Object};

/// How many evictions may be waiting for the controller of budgets.
const MOST_DISRUPTED: usize = 2000;
/// After how many seconds it may be better, where the server can guess.
pub(super) const RETRY_AFTER: u32 = 10;
/// The condition by which a budget says whether it allows a disruption.
const ALLOWED: &str = "DisruptionAllowed";
/// The reason of the cause of a refusal (`DisruptionBudgetCause`).
const DISRUPTION: &str = "DisruptionBudget";

/// Whether a budget allows one more disruption.
pub(super) fn check(budget: &Object) -> Result<(), ApiError> {
    let name = object::name(budget);
    let status = |field: &str| number(budget, &["status", field]);
    if status("observedGeneration") < object::generation(budget) {
        return Err(still_processed(name));
    }
    let forbidden = |detail: &str, why: &str| {
        let cause = format!("The disruption budget {name} does not allow evicting pods currently: {why}");
        let error = ApiError::forbidden("policy", "poddisruptionbudget", name, detail);
        Err(error.with_cause(DISRUPTION, cause, ""))
    };
    let allowed = status("disruptionsAllowed");
    if allowed < 0 {
        let detail = "pdb disruptions allowed is negative";
        return forbidden(detail, detail);
    }
    let waiting = at(budget, &["status", "disruptedPods"]).as_object().map_or(0, serde_json::Map::len);
    if waiting > MOST_DISRUPTED {
        return forbidden(
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
            "too many pending evictions not confirmed by PDB controller",
        );
    }
    if allowed == 0 { Err(too_many(why_none(budget), 0)) } else { Ok(()) }
}

/// Why a budget allows no disruption, as far as its controller has said.
fn why_none(budget: &Object) -> String {
    let name = object::name(budget);
    let (desired, current) =
        (number(budget, &["status", "desiredHealthy"]), number(budget, &["status", "currentHealthy"]));
    let conditions = at(budget, &["status", "conditions"]).as_array();
    let condition = conditions.and_then(|all| all.iter().find(|one| one["type"] == ALLOWED));
    let said = |member: &str| condition.and_then(|one| one[member].as_str()).unwrap_or_default();
    let (reason, message) = (said("reason"), said("message"));
    let refuses = said("status") == "False" && !message.is_empty();
    let stem = format!("The disruption budget {name} does not allow evicting pods currently");
    if refuses && reason == "SyncFailed" {
        format!("{stem} because it failed sync: {message}")
    } else if current <= desired {
        format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently")
    } else if refuses {
        format!("{stem} ({reason}): {message}")
    } else {
        stem
    }
}

/// 429 for what would go beyond what a budget allows, with why; it may be better after so many seconds, if they are not 0.
fn too_many(cause: String, retry_after: u32) -> ApiError {
    let text = "Cannot evict pod as it would violate the pod's disruption budget.";
    ApiError::too_many_requests(text, retry_after).with_cause(DISRUPTION, cause, "")
}

/// Notes a disruption in a budget that allows it. Its controller, if there is one, takes the pod out again when it is gone.
pub(super) fn disrupt(budget: &mut Object, pod: &str, now: &str) {
    let generation = number(budget, &["status", "observedGeneration"]);
    let allowed = number(budget, &["status", "disruptionsAllowed"]) - 1;
    let status = object::as_object_mut(budget.entry("status").or_insert(Value::Null));
    status.insert("disruptionsAllowed".into(), allowed.into());
    let disrupted = object::as_object_mut(status.entry("disruptedPods").or_insert(Value::Null));
    disrupted.insert(pod.into(), now.into());
    if allowed > 0 {
        return;
    }
    let condition = json!({
        "type": ALLOWED, "status": "False", "reason": "InsufficientPods", "message": "",
        "observedGeneration": generation, "lastTransitionTime": now,
    });
    set_condition(status, condition);
}

/// 429 for a budget whose controller has not seen all of it yet.
pub(super) fn still_processed(budget: &str) -> ApiError {
    let cause = format!("The disruption budget {budget} is still being processed by the server.");
    too_many(cause, RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(status: &Value) -> Object {
        let budget = json!({"metadata": {"name": "b", "generation": 2}, "status": status});
        budget.as_object().unwrap().clone()
    }

    fn refusal(status: &Value) -> Option<(u16, String)> {
        let error = check(&budget(status)).err()?;
        let causes = error.details().map(|details| details.causes.clone()).unwrap_or_default();
        Some((error.code(), causes[0].message.clone()))
    }

    #[test]
    fn a_budget_says_why_it_allows_nothing() {
        let condition =
            |reason: &str| json!([{"type": ALLOWED, "status": "False", "reason": reason, "message": "why"}]);
        let stem = "The disruption budget b";
        for (status, code, cause) in [
            (
                json!({"observedGeneration": 1, "disruptionsAllowed": 1}),
                429,
                "is still being processed by the server.",
            ),
            (
                json!({"observedGeneration": 2, "disruptionsAllowed": -1}),
                403,
                "does not allow evicting pods currently: pdb disruptions allowed is negative",
            ),
            (
                json!({"observedGeneration": 2, "desiredHealthy": 3, "currentHealthy": 2}),
                429,
                "needs 3 healthy pods and has 2 currently",
            ),
            (
                json!({"observedGeneration": 2, "currentHealthy": 2, "conditions": condition("X")}),
                429,
                "does not allow evicting pods currently (X): why",
            ),
            (
                json!({"observedGeneration": 2, "conditions": condition("SyncFailed")}),
                429,
                "does not allow evicting pods currently because it failed sync: why",
            ),
            (
                json!({"observedGeneration": 2, "currentHealthy": 1}),
                429,
                "does not allow evicting pods currently",
            ),
        ] {
            assert_eq!(refusal(&status), Some((code, format!("{stem} {cause}"))), "{status}");
        }
        assert_eq!(refusal(&json!({"observedGeneration": 2, "disruptionsAllowed": 1})), None);
    }

    #[test]
    fn the_last_disruption_that_is_allowed_says_so() {
        let mut object = budget(&json!({"observedGeneration": 2, "disruptionsAllowed": 2}));
        disrupt(&mut object, "one", "2026-01-01T00:00:00Z");
        assert_eq!(object["status"]["conditions"], Value::Null);
        disrupt(&mut object, "two", "2026-01-01T00:00:01Z");
        let status = &object["status"];
        assert_eq!(status["disruptionsAllowed"], 0);
        assert_eq!(
            status["disruptedPods"],
            json!({"one": "2026-01-01T00:00:00Z", "two": "2026-01-01T00:00:01Z"})
        );
        assert_eq!(status["conditions"][0]["reason"], "InsufficientPods");
    }
}
