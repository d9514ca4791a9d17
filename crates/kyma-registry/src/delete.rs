//! Delete: the decisions of `Store.Delete` (k8s.io/apiserver/pkg/registry/generic/registry/store.go). An object with
//! finalizers is marked, one without goes at once; whoever takes the last finalizer ends it (update.rs).

mod grace;

use std::sync::Arc;

use kyma_store::{Change, CommitError, Expect, Key, Object as Stored, Revision, Write};
use serde_json::{Value, json};

use crate::create::create_error;
use crate::list::ListOptions;
use crate::object::{self, Live, Object};
use crate::registry::{Registry, Request};
use crate::{ApiError, Resource};

/// The finalizer by which the garbage collector takes the dependents first.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer by which the garbage collector lets the dependents go free first.
pub const ORPHAN: &str = "orphan";

/// What becomes of the objects that name the deleted one as their owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// They stay, and lose the reference.
    Orphan,
    /// They go afterwards.
    Background,
    /// They go first.
    Foreground,
}

/// What the object must be for the deletion to happen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// Its UID.
    pub uid: Option<String>,
    /// Its resourceVersion.
    pub resource_version: Option<String>,
}

/// `metav1.DeleteOptions`, from the body and the query.
#[derive(Debug, Clone, Default)]
pub struct DeleteOptions {
    /// Do everything but delete.
    pub dry_run: bool,
    /// What the object must be.
    pub preconditions: Preconditions,
    /// What becomes of dependents; the kind's default where `None`.
    pub propagation: Option<Propagation>,
    /// Grace in seconds, for kinds that give any; what the object says where `None`.
    pub grace_period_seconds: Option<i64>,
}

/// What a deletion gave.
#[derive(Debug, Clone)]
pub enum Deleted {
    /// It is gone; its last state.
    Gone(Arc<Stored>),
    /// It is marked and waits for its finalizers; its state now.
    Marked(Arc<Stored>),
}

impl Deleted {
    /// The object's last or current state.
    pub fn object(&self) -> &Arc<Stored> {
        match self {
            Deleted::Gone(object) | Deleted::Marked(object) => object,
        }
    }
}

use grace::Grace;
pub(crate) use grace::seconds_of as grace_seconds;

/// How a deletion goes on.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// It has begun before, and nothing changes.
    Pending,
    /// The object is marked, and waits.
    Wait,
    /// The object is marked, for all to see, and goes then.
    MarkAndGo,
    /// The object goes in the state in which it is stored.
    Go,
}

/// How often a deletion without preconditions is tried again on the newer object.
const ATTEMPTS: usize = 5;

impl Registry {
    /// Deletes an object, or marks it where finalizers hold it.
    ///
    /// # Errors
    /// 404 where it is absent, 409 where a precondition does not hold.
    pub async fn delete(
        &self,
        request: &Request<'_>,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted, ApiError> {
        for _ in 0..ATTEMPTS {
            let stored = self.get(request, name)?;
            if request.resource.builtin().is_some_and(|kind| kind.immortal.contains(&name)) {
                let plural = &request.resource.names.plural;
                return Err(ApiError::forbidden("", plural, name, "this namespace may not be deleted"));
            }
            check_preconditions(request, name, &stored, &options.preconditions)?;
            let Live { object: mut last, managed } = Live::parse(&stored.json)?;
            let before = last.clone();
            let step = self.step(request.resource, &mut last, options);
            if step == Step::Pending || (step == Step::Wait && last == before) {
                return Ok(Deleted::Marked(stored));
            }
            if step == Step::Go {
                last = before;
            }
            if options.dry_run {
                let object = self.imagined(request, &mut last, managed, Some(&stored))?;
                return Ok(if step == Step::Wait { Deleted::Marked(object) } else { Deleted::Gone(object) });
            }
            let place = (&stored.key, stored.revision);
            match self.end(request.resource, place, (&mut last, managed), &step).await? {
                Ok(deleted) => return Ok(deleted),
                Err(CommitError::Stale(_)) => {}
                Err(error) => return Err(create_error(request.resource, name, &error)),
            }
        }
        Err(request.conflict(name, crate::reason::OPTIMISTIC_LOCK))
    }

    /// Commits a step of a deletion.
    ///
    /// # Errors
    /// An internal error where the object cannot be written as JSON; inside, why the store did not take it.
    async fn end(
        &self,
        resource: &Resource,
        (key, revision): (&Key, Revision),
        (last, managed): (&mut Object, &str),
        step: &Step,
    ) -> Result<Result<Deleted, CommitError>, ApiError> {
        let write = |revision, change| Write { key: key.clone(), expect: Expect::At(revision), change };
        let mut revision = revision;
        if matches!(step, Step::Wait | Step::MarkAndGo) {
            let change = Change::Put(object::draft(last, managed, resource)?);
            match self.store.commit(write(revision, change)).await {
                Ok(object) if *step == Step::Wait => return Ok(Ok(Deleted::Marked(object))),
                Ok(object) => revision = object.revision,
                Err(error) => return Ok(Err(error)),
            }
        }
        let change = Change::Delete(object::draft(last, managed, resource)?);
        Ok(self.store.commit(write(revision, change)).await.map(Deleted::Gone))
    }

    /// Deletes all objects that a list finds, one after the other, each as a deletion of its own. The answer has them as
    /// they were listed.
    ///
    /// # Errors
    /// The list's, or the first deletion's but for objects that are already gone.
    pub async fn delete_collection(
        &self,
        request: &Request<'_>,
        list: &ListOptions,
        options: &DeleteOptions,
    ) -> Result<Vec<Arc<Stored>>, ApiError> {
        let found = self.list(request, list)?;
        for object in &found.objects {
            let one = Request { resource: request.resource, namespace: Some(&object.key.namespace) };
            match self.delete(&one, &object.key.name, options).await {
                Ok(_) => {}
                Err(error) if error.code() == 404 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found.objects)
    }

    /// Prepares an object's last state and says how its deletion goes on.
    fn step(&self, resource: &Resource, last: &mut Object, options: &DeleteOptions) -> Step {
        let now = self.now_text();
        if let Some(builtin) = resource.builtin() {
            if (builtin.mark_deleting)(last, &now, options) || !(builtin.may_go)(last) {
                stamp(last, &now);
                return Step::Wait;
            }
            if let Some(of_kind) = builtin.grace {
                match grace::mark(last, options.grace_period_seconds, of_kind, self.now()) {
                    Grace::Running => return Step::Pending,
                    Grace::Given(seconds) => {
                        let held = finalizers_for(last, options);
                        let waits = seconds > 0 || !held.is_empty();
                        object::set_finalizers(last, held);
                        return if waits { Step::Wait } else { Step::MarkAndGo };
                    }
                    Grace::Over => {}
                }
            }
        }
        let held = finalizers_for(last, options);
        let waits = !held.is_empty();
        object::set_finalizers(last, held);
        if waits {
            if !object::is_deleting(last) && object::generation(last) > 0 {
                let next = object::generation(last) + 1;
                object::set_generation(last, next);
            }
            stamp(last, &now);
            object::metadata_mut(last).insert("deletionGracePeriodSeconds".into(), json!(0));
        }
        if waits { Step::Wait } else { Step::Go }
    }
}

fn stamp(last: &mut Object, now: &str) {
    if !object::is_deleting(last) {
        object::metadata_mut(last).insert("deletionTimestamp".into(), Value::from(now));
    }
}

/// The finalizers after a deletion was asked for: the collector's two follow the policy, then what is there already.
pub(crate) fn finalizers_for(object: &Object, options: &DeleteOptions) -> Vec<String> {
    let present = object::finalizers(object);
    let wanted = match options.propagation {
        Some(Propagation::Orphan) => Some(ORPHAN),
        Some(Propagation::Foreground) => Some(FOREGROUND),
        Some(Propagation::Background) => None,
        None => present.iter().copied().find(|f| *f == ORPHAN || *f == FOREGROUND),
    };
    let others = present.iter().filter(|f| **f != ORPHAN && **f != FOREGROUND);
    others.copied().chain(wanted).map(str::to_owned).collect()
}

fn check_preconditions(
    request: &Request<'_>,
    name: &str,
    stored: &Stored,
    preconditions: &Preconditions,
) -> Result<(), ApiError> {
    let own = request.resource.builtin().is_some_and(|builtin| builtin.own_preconditions);
    // The real server names the kind here, where it otherwise names the resource.
    let named = if own { &request.resource.names.plural } else { &request.resource.names.kind };
    let conflict = |detail: String| Err(ApiError::conflict(&request.resource.group, named, name, &detail));
    if let Some(uid) = preconditions.uid.as_deref().filter(|uid| **uid != *stored.index.uid) {
        if own {
            let actual = &stored.index.uid;
            return conflict(format!(
                "Precondition failed: UID in precondition: {uid}, UID in object meta: {actual}"
            ));
        }
        return conflict(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            stored.index.uid
        ));
    }
    let current = stored.revision.to_string();
    if let Some(version) = preconditions.resource_version.as_deref().filter(|version| **version != *current) {
        if own {
            return conflict(format!(
                "Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {current}"
            ));
        }
        return conflict(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({current}). The object might have been modified"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(finalizers: &[&str], propagation: Option<Propagation>) -> Vec<String> {
        let object = json!({"metadata": {"finalizers": finalizers}});
        let options = DeleteOptions { propagation, ..DeleteOptions::default() };
        finalizers_for(object.as_object().unwrap(), &options)
    }

    #[test]
    fn the_policy_decides_over_the_collectors_finalizers_and_leaves_others() {
        assert_eq!(held(&[], None), [""; 0]);
        assert_eq!(held(&["x"], None), ["x"]);
        assert_eq!(held(&["x", ORPHAN], Some(Propagation::Background)), ["x"]);
        assert_eq!(held(&["x"], Some(Propagation::Orphan)), ["x", ORPHAN]);
        assert_eq!(held(&[ORPHAN], Some(Propagation::Foreground)), [FOREGROUND]);
        assert_eq!(held(&[FOREGROUND], None), [FOREGROUND]);
    }
}
