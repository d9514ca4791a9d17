//! Evaluates a plan, and counts what it costs.

mod attributes;
mod calls;
mod folds;

use std::sync::Arc;

use serde_json::Value as Json;

use crate::decl::DeclType;
use crate::error::EvalError;
use crate::plan::{Attr, Bound, Call, Logic, Node, PlannedEntry, Root};
use crate::runtime_cost::Tracker;
use crate::value::{Map, Outcome, OwnedMap, Value, equal, read};

pub(crate) use calls::invoke;
use folds::Frame;

/// What variables stand for.
#[derive(Clone, Copy)]
pub(crate) struct Data<'d> {
    pub(crate) declared: &'d DeclType,
    pub(crate) current: &'d Json,
    pub(crate) old: OldSelf<'d>,
}

/// The previous value.
#[derive(Clone, Copy)]
pub(crate) enum OldSelf<'d> {
    /// There is none, and nothing stands for it.
    Missing,
    /// There is one.
    Given(&'d Json),
    /// There may be one, and it is an optional value.
    Optional(Option<&'d Json>),
}

pub(crate) struct Evaluator<'d> {
    data: Data<'d>,
    tracker: Tracker<'d>,
    frames: Vec<Frame<'d>>,
    /// The innermost comprehension, if one is under way.
    current: Option<usize>,
}

/// The value of a plan, and what it cost.
pub(crate) fn evaluate<'d>(plan: &'d Node, data: Data<'d>, limit: u64) -> (Outcome<'d>, u64) {
    let tracker = Tracker::new(limit);
    let mut evaluator = Evaluator { data, tracker, frames: Vec::new(), current: None };
    let outcome = evaluator.eval(plan);
    (outcome, evaluator.tracker.cost())
}

/// A result, or an error that something may absorb; the other errors end the evaluation.
fn unless_over(outcome: Outcome<'_>) -> Result<Outcome<'_>, EvalError> {
    match outcome {
        Err(error) if error.is_final() => Err(error),
        outcome => Ok(outcome),
    }
}

impl<'d> Evaluator<'d> {
    fn variable(&self, name: &str) -> Outcome<'d> {
        let Data { declared, current, old } = self.data;
        match (name, old) {
            ("self", _) => read(current, declared),
            ("oldSelf", OldSelf::Given(old)) => read(old, declared),
            ("oldSelf", OldSelf::Optional(old)) => {
                let value = old.map(|old| read(old, declared)).transpose()?;
                Ok(Value::Optional(value.map(Arc::new)))
            }
            _ => Err(EvalError::new(format!("no such attribute(s): {name}"))),
        }
    }

    /// Evaluates a step, and counts it.
    pub(crate) fn eval(&mut self, node: &'d Node) -> Outcome<'d> {
        match node {
            Node::Const(id, value) => {
                let value: Value<'d> = value.clone();
                self.tracker.push(&Ok(value.clone()), *id)?;
                Ok(value)
            }
            Node::Attr(attr) => self.attr(attr),
            Node::TestOnly(id, attr) => self.test_only(*id, attr),
            Node::Logic(logic) => self.logic(logic),
            Node::Equality { id, negated, args } => self.equality(*id, *negated, args),
            Node::Call(call) => self.call(call),
            Node::OptionalOr { id, or_value, lhs, rhs } => {
                let outcome = self.optional_or(*or_value, lhs, rhs);
                self.finish(outcome, *id)
            }
            Node::Membership { id, arg, set } => {
                let outcome =
                    self.eval(arg).map(|value| Value::Bool(set.contains(&crate::value::MapKey::of(&value))));
                self.finish(outcome, *id)
            }
            Node::List { id, elements, optionals } => {
                let outcome = unless_over(self.list(elements, optionals))?;
                self.tracker.construct_list(elements.iter().map(Node::id));
                self.finish(outcome, *id)
            }
            Node::Map { id, entries } => {
                let outcome = unless_over(self.map(entries))?;
                let ids = entries.iter().flat_map(|entry| [entry.key.id(), entry.value.id()]);
                self.tracker.construct_map(&ids.collect::<Vec<_>>());
                self.finish(outcome, *id)
            }
            Node::Fold(fold) => {
                let outcome = self.fold(fold);
                self.tracker.drop_from(fold.range.id());
                self.finish(outcome, fold.id)
            }
        }
    }

    /// Notes a step's value, unless the evaluation is over.
    fn finish(&mut self, outcome: Outcome<'d>, id: i64) -> Outcome<'d> {
        let outcome = unless_over(outcome)?;
        self.tracker.push(&outcome, id)?;
        outcome
    }

    /// Notes a step whose value nobody else may hold.
    fn finish_unseen(&mut self, outcome: Outcome<'d>, id: i64) -> Outcome<'d> {
        let outcome = unless_over(outcome)?;
        self.tracker.push(&Ok(Value::Null), id)?;
        outcome
    }

    fn attr(&mut self, attr: &'d Attr) -> Outcome<'d> {
        let outcome = unless_over(self.resolve(attr))?;
        self.tracker.attribute(attr);
        if takes(attr) {
            return self.finish_unseen(outcome, attr.id());
        }
        self.finish(outcome, attr.id())
    }

    fn test_only(&mut self, id: i64, attr: &'d Attr) -> Outcome<'d> {
        let outcome = match self.resolve(attr) {
            Ok(Value::Optional(value)) => Ok(Value::Bool(value.is_some())),
            other => other,
        };
        let outcome = unless_over(outcome)?;
        self.tracker.attribute(attr);
        self.tracker.presence_is_free();
        self.finish(outcome, id)
    }

    fn logic(&mut self, logic: &'d Logic) -> Outcome<'d> {
        let mut problem = None;
        let mut decided = false;
        for term in &logic.terms {
            match self.eval(term) {
                Ok(Value::Bool(value)) if value == logic.is_or => {
                    decided = true;
                    break;
                }
                Ok(Value::Bool(_)) => {}
                Ok(_) => problem = problem.or(Some(EvalError::no_such_overload())),
                Err(error) if error.is_final() => return Err(error),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        for term in &logic.terms {
            self.tracker.drop_from(term.id());
        }
        let outcome = match problem {
            Some(error) if !decided => Err(error),
            _ => Ok(Value::Bool(decided == logic.is_or)),
        };
        self.finish(outcome, logic.id)
    }

    fn equality(&mut self, id: i64, negated: bool, args: &'d [Box<Node>; 2]) -> Outcome<'d> {
        let [a, b] = args;
        let (lhs, rhs) = (unless_over(self.eval(a))?, unless_over(self.eval(b))?);
        let outcome = match (lhs, rhs) {
            (Err(error), _) | (_, Err(error)) => Err(error),
            // What cannot be compared is not equal, but neither is it said to be unequal without reason.
            (Ok(a), Ok(b)) if negated => Ok(Value::Bool(!equal(&a, &b).unwrap_or(false))),
            (Ok(a), Ok(b)) => equal(&a, &b).map(Value::Bool),
        };
        let (function, overload) = if negated { ("_!=_", "not_equals") } else { ("_==_", "equals") };
        self.tracker.call(function, overload, &[a.id(), b.id()], outcome.as_ref().ok())?;
        self.finish(outcome, id)
    }

    fn optional_or(&mut self, or_value: bool, lhs: &'d Node, rhs: &'d Node) -> Outcome<'d> {
        match self.eval(lhs)? {
            Value::Optional(Some(value)) if or_value => Ok(value.as_ref().clone()),
            Value::Optional(Some(value)) => Ok(Value::Optional(Some(value))),
            Value::Optional(None) => self.eval(rhs),
            _ => Err(EvalError::no_such_overload()),
        }
    }

    fn list(&mut self, elements: &'d [Node], optionals: &[usize]) -> Outcome<'d> {
        let mut values = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let value = self.eval(element)?;
            if !optionals.contains(&index) {
                values.push(value);
                continue;
            }
            match value {
                Value::Optional(Some(value)) => values.push(value.as_ref().clone()),
                Value::Optional(None) => {}
                other => {
                    return Err(EvalError::new(format!(
                        "cannot initialize optional list element from non-optional value {other}"
                    )));
                }
            }
        }
        Ok(Value::list(values))
    }

    fn map(&mut self, entries: &'d [PlannedEntry]) -> Outcome<'d> {
        let mut map = OwnedMap::default();
        for entry in entries {
            let key = self.eval(&entry.key)?;
            let value = self.eval(&entry.value)?;
            if !entry.optional {
                map.insert(key, value);
                continue;
            }
            match value {
                Value::Optional(Some(value)) => map.insert(key, value.as_ref().clone()),
                Value::Optional(None) => map.remove(&key),
                other => {
                    return Err(EvalError::new(format!(
                        "cannot initialize optional entry '{key}' from non-optional value {other}"
                    )));
                }
            }
        }
        Ok(Value::Map(Map::Owned(Arc::new(map))))
    }
}

/// Whether resolving the attribute may hand out what a macro collects.
fn takes(attr: &Attr) -> bool {
    match &attr.root {
        Root::Variable { take, .. } => *take,
        Root::Relative { operand, .. } => is_accumulating(operand),
        Root::Conditional { truthy, falsy, .. } => takes(truthy) || takes(falsy),
    }
}

fn is_accumulating(node: &Node) -> bool {
    matches!(node, Node::Call(Call { bound: Bound::Append | Bound::Insert, .. }))
}
