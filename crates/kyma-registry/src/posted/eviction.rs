//! Eviction: a pod is deleted if nothing is lost by that, or its disruption budget allows one more disruption.

use serde_json::Value;

use super::{Given, budget};
use crate::builtin::{at, number, text};
use crate::delete::DeleteOptions;
use crate::object::{self, Object};
use crate::reason::Reason;
use crate::registry::{Registry, Request};
use crate::selector::object::Selected;
use crate::{ApiError, ListOptions, Subresource, UpdateOptions};

/// As whom the server counts down a budget.
const MANAGER: &str = "kube-apiserver";
/// How often an eviction is tried again on what is newer (`EvictionsRetry`).
const ATTEMPTS: usize = 20;

impl Registry {
    pub(super) async fn evict(
        &self,
        pods: &Request<'_>,
        given: &Given,
        mut options: DeleteOptions,
    ) -> Result<(), ApiError> {
        options.dry_run |= given.dry_run;
        let name = &given.name;
        if self.delete_idle(pods, name, &options).await? {
            return Ok(());
        }
        let pod = self.get_value(pods, name)?;
        let mut guarded = None;
        if let Some(budget) = self.budget_of(pods, &pod)? {
            let status = |field: &str| number(&budget, &["status", field]);
            let always = text(&budget, &["spec", "unhealthyPodEvictionPolicy"]) == "AlwaysAllow";
            let healthy =
                status("currentHealthy") >= status("desiredHealthy") && status("desiredHealthy") > 0;
            if !is_ready(&pod) && (always || healthy) {
                guarded = Some(budget);
            } else {
                self.count_down(pods, name, object::name(&budget), options.dry_run).await?;
            }
        }
        let own_version = options.preconditions.resource_version.is_some();
        if guarded.is_some() {
            options.preconditions.resource_version = Some(object::resource_version(&pod).to_owned());
        }
        match (self.delete(pods, name, &options).await, guarded) {
            (Ok(_), _) => Ok(()),
            (Err(error), Some(budget)) if error.reason() == Reason::Conflict && !own_version => {
                Err(budget::still_processed(object::name(&budget)))
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Deletes a pod whose end disrupts nothing: one that has not begun, has ended, or is going. Says whether it was one.
    async fn delete_idle(
        &self,
        pods: &Request<'_>,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<bool, ApiError> {
        let own_version = options.preconditions.resource_version.is_some();
        for attempt in 1.. {
            let pod = self.get_value(pods, name)?;
            let ended = matches!(text(&pod, &["status", "phase"]), "Succeeded" | "Failed");
            let over = ended || object::is_deleting(&pod);
            if !over && text(&pod, &["status", "phase"]) != "Pending" {
                return Ok(false);
            }
            let mut options = options.clone();
            if !over && !own_version {
                // It may have begun in between.
                options.preconditions.resource_version = Some(object::resource_version(&pod).to_owned());
            }
            match self.delete(pods, name, &options).await {
                Ok(_) => return Ok(true),
                Err(error) if error.reason() == Reason::Conflict && !own_version && attempt < ATTEMPTS => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }

    /// The disruption budget whose selector finds the pod.
    fn budget_of(&self, pods: &Request<'_>, pod: &Object) -> Result<Option<Object>, ApiError> {
        let resource = &self.served("policy", "v1", "poddisruptionbudgets")?;
        let budgets = Request { resource, namespace: pods.namespace };
        let mut found = Vec::new();
        for stored in self.list(&budgets, &ListOptions::default())?.objects {
            let budget = object::parse(&stored.json)?;
            let selector = Selected::read(at(&budget, &["spec", "selector"]));
            let labels = at(pod, &["metadata", "labels"]);
            if selector.is_some_and(|selector| !selector.is_everything() && selector.matches(labels)) {
                found.push(budget);
            }
        }
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => Err(ApiError::unexpected(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            )),
        }
    }

    /// Takes one disruption from what a budget allows (`checkAndDecrement`).
    async fn count_down(
        &self,
        pods: &Request<'_>,
        pod: &str,
        budget: &str,
        dry_run: bool,
    ) -> Result<(), ApiError> {
        let resource = &self.served("policy", "v1", "poddisruptionbudgets")?;
        let budgets = Request { resource, namespace: pods.namespace };
        for _ in 0..ATTEMPTS {
            let mut object = self.get_value(&budgets, budget)?;
            budget::check(&object)?;
            budget::disrupt(&mut object, pod, &self.now_text());
            if dry_run {
                return Ok(());
            }
            let options = UpdateOptions::by(MANAGER);
            match self.update(&budgets, budget, object.into(), Subresource::Status, &options).await {
                Ok(_) => return Ok(()),
                Err(error) if error.reason() == Reason::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        let text = format!("couldn't update PodDisruptionBudget {budget:?} due to conflicts");
        Err(ApiError::new(Reason::Timeout, format!("Timeout: {text}")).with_retry_after(budget::RETRY_AFTER))
    }
}

fn is_ready(pod: &Object) -> bool {
    let conditions = at(pod, &["status", "conditions"]).as_array();
    let ready = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
    conditions.is_some_and(|conditions| conditions.iter().any(ready))
}
