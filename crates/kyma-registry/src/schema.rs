//! Structural schemas of CustomResourceDefinitions (apiextensions v1): checked and compiled once, then used to prune,
//! default and validate objects.
//!
//! A write walks an object four times, in this order: [`Schema::prune`] takes out what the schema does not know,
//! [`Schema::default`] fills in defaults, the caller applies the rules of its verb, and one of the `validate` functions
//! judges the result. Messages, their order as far as it is defined, and the quirks that clients can see are those of
//! apiextensions-apiserver 1.37 and kube-openapi. Where all else is in order, the CEL rules are run.

mod defaults;
mod embedded;
mod formats;
mod item;
mod keywords;
mod lists;
mod mail;
mod node;
mod number;
mod outcome;
mod props;
mod prune;
mod ratchet;
mod rules;
mod structural;
mod times;
mod uri;
mod validate;

use serde_json::{Map, Value};

use crate::fields::schema::custom as ownership;
use crate::reason::{FieldError, FieldErrorKind, Path, Trail};
use item::Item;
use node::Node;
use outcome::Outcome;
use ratchet::Before;
use rules::{Correlation, Ruled, Run};

type Object = Map<String, Value>;

/// A compiled schema. Cheap to share, never changes.
#[derive(Debug)]
pub struct Schema {
    root: Node,
    ownership: ownership::Node,
    rules: Option<Ruled>,
}

/// What a judgment found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is wrong.
    pub errors: Vec<FieldError>,
    /// What rules find wrong with values that have not changed: it is let pass.
    pub warnings: Vec<String>,
}

impl Schema {
    /// Checks an `openAPIV3Schema` and compiles it.
    ///
    /// # Errors
    /// As [`Schema::compile_at`], with paths from the schema's root on.
    pub fn compile(raw: &Value) -> Result<Self, Vec<FieldError>> {
        Self::compile_at(raw, &Path::root())
    }

    /// Checks an `openAPIV3Schema` that stands at `path` of a definition, and compiles it.
    ///
    /// # Errors
    /// Everything that keeps the schema from being structural or that a CRD may not use. (The real server's path is
    /// `spec.validation.openAPIV3Schema` where all versions have the same schema.)
    pub fn compile_at(raw: &Value, path: &Path) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let props = props::decode(raw, path, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        if props.nullable {
            errors
                .push(FieldError::forbidden(&path.child("nullable"), "nullable cannot be true at the root"));
        }
        let root = Node::build(&props);
        let structure = node::build_problem(&props);
        if structure.is_none() {
            let problems = structural::check(&props, path);
            // Defaults are judged by the schema itself, which must make sense for that.
            errors.extend(if problems.is_empty() { defaults::check(&root, path) } else { problems });
        }
        errors.extend(keywords::check(&props, path));
        if errors.is_empty() && structure.is_none() {
            errors.extend(rules::costs(&props, path));
        }
        if let (true, Some(problem)) = (errors.is_empty(), structure) {
            errors.push(FieldError::invalid(path, "", problem));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Self { root, ownership: ownership::Node::compile(raw), rules: Ruled::build(&props) })
    }

    /// What the schema says of who may own what.
    pub(crate) fn ownership(&self) -> &ownership::Node {
        &self.ownership
    }

    /// Takes out of an object what the schema does not know.
    ///
    /// The paths of unknown fields, such as `spec.items[0].x`, are added to `unknown`, sorted. `apiVersion`, `kind` and
    /// `metadata` of the object are left alone; metadata of embedded resources is brought into its canonical form.
    ///
    /// # Errors
    /// The type metadata or the metadata of an embedded resource are of wrong types: the real server cannot decode
    /// such an object, and answers 400.
    pub fn prune(&self, object: &mut Object, unknown: &mut Vec<String>) -> Result<(), FieldError> {
        let start = unknown.len();
        prune::unknown_fields(object, &self.root, unknown);
        unknown.get_mut(start..).unwrap_or_default().sort_unstable();
        if self.root.below.embedded { embedded::coerce(object, &self.root, unknown) } else { Ok(()) }
    }

    /// Takes null members out of an object that may not be null and have no default.
    pub fn drop_nulls(&self, object: &mut Object) {
        prune::nulls(object, &self.root);
    }

    /// Fills in defaults where a member is absent, or null although it may not be.
    pub fn default(&self, object: &mut Object) {
        prune::apply_defaults(object, &self.root);
    }

    /// Judges a new object (without the parts that all kinds share, such as metadata). `errors` are those that were found
    /// before: they stand first, and some of them keep rules from being run.
    pub fn validate(&self, object: &Object, mut errors: Vec<FieldError>) -> Findings {
        errors.extend(judge(&self.root, Item::Object(object), None, &Path::root()));
        self.check_embedded(object, &mut errors);
        self.check_lists(object, None, &mut errors);
        self.run_rules(object, None, errors)
    }

    /// Judges a changed object. Where a part is as it was, what is wrong with it is no news and is let pass (ratcheting,
    /// KEP-4008).
    pub fn validate_update(&self, object: &Object, old: &Object, mut errors: Vec<FieldError>) -> Findings {
        let before = Before { node: &self.root, old: Item::Object(old) };
        errors.extend(judge(&self.root, Item::Object(object), Some(before), &Path::root()));
        self.check_embedded(object, &mut errors);
        self.check_lists(object, Some(old), &mut errors);
        self.run_rules(object, Some(old), errors)
    }

    /// Judges what is judged of an object even where it is of another kind or version, and so its types are not.
    pub(crate) fn validate_untyped(
        &self,
        object: &Object,
        old: Option<&Object>,
        mut errors: Vec<FieldError>,
    ) -> Findings {
        self.check_embedded(object, &mut errors);
        self.check_lists(object, old, &mut errors);
        self.run_rules(object, old, errors)
    }

    /// Judges an object whose status was changed: of the schema only what stands under `status` counts, and all rules.
    pub fn validate_status_update(
        &self,
        object: &Object,
        old: &Object,
        mut errors: Vec<FieldError>,
    ) -> Findings {
        if let (Some(node), Some(status)) = (self.root.property("status"), object.get("status")) {
            let before = old.get("status").map(|old| Before { node, old: old.into() });
            errors.extend(judge(node, status.into(), before, &Path::new("status")));
        }
        self.check_lists(object, Some(old), &mut errors);
        self.run_rules(object, Some(old), errors)
    }

    /// Runs the rules, unless what was found already keeps them from making sense.
    fn run_rules(&self, object: &Object, old: Option<&Object>, mut errors: Vec<FieldError>) -> Findings {
        use FieldErrorKind::{NotSupported, Required, TooLong, TooMany, TypeInvalid};
        let Some(rules) = &self.rules else { return Findings { errors, warnings: Vec::new() } };
        let blocks = |error: &FieldError| {
            matches!(error.kind, NotSupported | Required | TooLong | TooMany | TypeInvalid)
        };
        if errors.iter().any(blocks) {
            let detail = "some validation rules were not checked because the object was invalid; correct the existing errors to \
                          complete validation";
            errors.push(FieldError::invalid(&Path::root(), Value::Null, detail));
            return Findings { errors, warnings: Vec::new() };
        }
        let value = Value::Object(object.clone());
        let before = old.map(|old| Value::Object(old.clone()));
        let correlation = old.map_or_else(Correlation::default, |old| {
            Correlation::of(Before { node: &self.root, old: Item::Object(old) })
        });
        let Run { errors: found, warnings, .. } = Run::over(rules, &value, before.as_ref(), correlation);
        errors.extend(found);
        Findings { errors, warnings }
    }

    fn check_embedded(&self, object: &Object, errors: &mut Vec<FieldError>) {
        if self.root.below.embedded {
            embedded::check(object, &self.root, errors);
        }
    }

    /// Doubles in sets and maps; those of an object that had some before are let pass.
    fn check_lists(&self, object: &Object, old: Option<&Object>, errors: &mut Vec<FieldError>) {
        if !self.root.below.lists {
            return;
        }
        let found = lists::duplicates(object, &self.root);
        if !found.is_empty() && old.is_none_or(|old| lists::duplicates(old, &self.root).is_empty()) {
            errors.extend(found);
        }
    }
}

/// What is wrong with a value. Where nothing is, which is the rule, nobody looks at what stood there before.
fn judge(node: &Node, item: Item<'_>, before: Option<Before<'_>>, base: &Path) -> Vec<FieldError> {
    let run = |before| {
        let mut outcome = Outcome::default();
        node.validate(item, &Trail::ROOT, before, &mut outcome);
        outcome
    };
    let mut outcome = run(None);
    if before.is_some() && !outcome.is_valid() {
        outcome = run(before);
    }
    outcome.into_errors(base)
}

#[cfg(test)]
mod tests;
