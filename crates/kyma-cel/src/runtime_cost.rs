//! Counts what an evaluation costs (`interpreter/runtimecost.go` of cel-go, `library/cost.go` of Kubernetes).
//!
//! Values wait on a stack until a call that has them as arguments is counted. Steps of a loop have the same identities
//! in every turn, so that what a turn leaves on the stack may be found by a later one: that is cel-go's behaviour, and
//! counts are equal only if it is kept.

mod calls;

use std::collections::HashMap;

use crate::ast::ExprId;
use crate::error::EvalError;
use crate::plan::{Attr, Root};
use crate::value::{Outcome, Value};

/// The cost of making a list and of making a map.
const LIST_COST: u64 = 10;
const MAP_COST: u64 = 30;

pub(crate) struct Tracker<'d> {
    cost: u64,
    limit: u64,
    /// Steps with their values; none is that of a step that failed.
    stack: Vec<(ExprId, Option<Value<'d>>)>,
    /// Where on the stack a step's values are, so that it need not be searched.
    places: HashMap<ExprId, Vec<usize>>,
}

impl<'d> Tracker<'d> {
    pub(crate) fn new(limit: u64) -> Self {
        Self { cost: 0, limit, stack: Vec::new(), places: HashMap::new() }
    }

    pub(crate) fn cost(&self) -> u64 {
        self.cost
    }

    /// Notes the value of a step.
    pub(crate) fn push(&mut self, outcome: &Outcome<'d>, id: ExprId) -> Result<(), EvalError> {
        self.places.entry(id).or_default().push(self.stack.len());
        self.stack.push((id, outcome.as_ref().ok().cloned()));
        if self.cost > self.limit { Err(EvalError::CallCostExceeded) } else { Ok(()) }
    }

    /// A qualifier was followed.
    pub(crate) fn step(&mut self) {
        self.cost = self.cost.wrapping_add(1);
    }

    /// A test for presence costs nothing itself.
    pub(crate) fn presence_is_free(&mut self) {
        self.cost = self.cost.wrapping_sub(1);
    }

    /// An attribute was resolved; a conditional costs what its parts do.
    pub(crate) fn attribute(&mut self, attr: &Attr) {
        match &attr.root {
            Root::Conditional { condition, truthy, falsy, .. } => {
                for id in [falsy.id(), truthy.id(), condition.id()] {
                    self.drop_from(id);
                }
            }
            _ => {
                self.drop_from(attr.id());
                self.step();
            }
        }
    }

    /// Forgets the last value of a step, and all since.
    pub(crate) fn drop_from(&mut self, id: ExprId) {
        if let Some(place) = self.last(id) {
            self.truncate(place);
        }
    }

    fn last(&self, id: ExprId) -> Option<usize> {
        self.places.get(&id).and_then(|places| places.last()).copied()
    }

    fn truncate(&mut self, place: usize) {
        while self.stack.len() > place {
            let Some((id, _)) = self.stack.pop() else { break };
            if let Some(places) = self.places.get_mut(&id) {
                places.pop();
            }
        }
    }

    /// Takes the values of arguments from the stack, the last one first; none if one is missing.
    fn take(&mut self, ids: &[ExprId]) -> Option<Vec<Option<Value<'d>>>> {
        let mut values = Vec::with_capacity(ids.len());
        for id in ids.iter().rev() {
            let place = self.last(*id)?;
            let value = self.stack.get(place).map(|(_, value)| value.clone())?;
            self.truncate(place);
            values.push(value);
        }
        values.reverse();
        Some(values)
    }

    pub(crate) fn construct_list(&mut self, ids: impl Iterator<Item = ExprId>) {
        self.take(&ids.collect::<Vec<_>>());
        self.cost = self.cost.saturating_add(LIST_COST);
    }

    pub(crate) fn construct_map(&mut self, ids: &[ExprId]) {
        self.take(ids);
        self.cost = self.cost.saturating_add(MAP_COST);
    }

    /// A function was called, or could not be.
    pub(crate) fn call(
        &mut self,
        function: &str,
        overload: &str,
        ids: &[ExprId],
        result: Option<&Value<'d>>,
    ) -> Result<(), EvalError> {
        let Some(args) = self.take(ids) else { return Ok(()) };
        if let Some((index, message)) = asserted(overload)
            && args.get(index).is_some_and(Option::is_none)
        {
            return Err(EvalError::Internal(format!("interface conversion: {message}")));
        }
        // An error has no size; neither has null.
        let args: Vec<_> = args.into_iter().map(|value| value.unwrap_or(Value::Null)).collect();
        self.cost = self.cost.saturating_add(calls::cost(function, overload, &args, result));
        Ok(())
    }
}

/// The argument that is taken for a list or a number without a look at it, and how cel-go panics if it is an error.
fn asserted(overload: &str) -> Option<(usize, &'static str)> {
    const NO_LIST: &str = "*types.Err is not traits.Lister: missing method Add";
    match overload {
        "list_distinct" => Some((0, NO_LIST)),
        "list_flatten_int" => Some((1, "ref.Val is *types.Err, not types.Int")),
        name if name.starts_with("list_") && name.ends_with("_sort") => Some((0, NO_LIST)),
        name if name.starts_with("list_") && name.ends_with("_sortByAssociatedKeys") => Some((1, NO_LIST)),
        _ => None,
    }
}
