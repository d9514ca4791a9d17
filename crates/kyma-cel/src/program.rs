//! An expression that was compiled, and its evaluation.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::ast::Expr;
use crate::checker::{self, Checked, Reference, Variables};
use crate::cost::{self, Estimate};
use crate::decl::DeclType;
use crate::error::{CompileError, EvalError};
use crate::eval::{self, Data, OldSelf};
use crate::parser;
use crate::plan::{self, Node};
use crate::source::{Issues, Source};
use crate::stack;
use crate::types::Type;
use crate::value::Value;

/// The most that a single evaluation may cost.
pub const PER_CALL_LIMIT: u64 = 1_000_000;

/// The most that all evaluations of one request may cost together.
pub const RUNTIME_COST_BUDGET: u64 = 10_000_000;

/// What an expression is about: the type of `self`, and whether `oldSelf` is an optional value.
#[derive(Debug, Clone)]
pub struct Env {
    declared: Arc<DeclType>,
    optional_old_self: bool,
}

impl Env {
    /// An environment for rules of a schema that declares that type.
    #[must_use]
    pub fn new(declared: DeclType) -> Self {
        Self { declared: Arc::new(declared.named("selfType")), optional_old_self: false }
    }

    /// The same for rules with `optionalOldSelf`.
    #[must_use]
    pub fn with_optional_old_self(mut self, optional: bool) -> Self {
        self.optional_old_self = optional;
        self
    }
}

/// A compiled expression.
#[derive(Debug)]
pub struct Program {
    declared: Arc<DeclType>,
    optional_old_self: bool,
    plan: Node,
    height: usize,
    result: Type,
    uses_old_self: bool,
    estimate: Estimate,
}

/// A value and what it cost, or why there is none and what that cost.
#[derive(Debug)]
pub struct Evaluation<'d> {
    /// The value.
    pub value: Result<Value<'d>, EvalError>,
    /// What the evaluation cost.
    pub cost: u64,
}

impl Program {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, in the words of cel-go.
    pub fn compile(text: &str, env: &Env) -> Result<Self, CompileError> {
        let (expr, source, issues) = parser::parse(text);
        if !issues.is_empty() {
            return Err(CompileError::Issues(issues.finish(&source)));
        }
        let height = expr.height();
        let work = || Self::check(expr, &source, height, env);
        let failed = || CompileError::Instantiation("there is no memory to check the expression".to_owned());
        stack::with_room(height, work).ok_or_else(failed)?
    }

    /// Checks a tree, estimates its cost and makes a plan of it.
    fn check(mut expr: Expr, source: &Source, height: usize, env: &Env) -> Result<Self, CompileError> {
        let mut issues = Issues::default();
        let own = env.declared.checked_type();
        let old = if env.optional_old_self { Type::optional(own.clone()) } else { own.clone() };
        let variables = Variables { named: vec![("self", own), ("oldSelf", old)], declared: &env.declared };
        let checked = checker::check(&mut expr, variables, source, &mut issues);
        if !issues.is_empty() {
            return Err(CompileError::Issues(issues.finish(source)));
        }
        let plan = plan::plan(&expr, &checked).map_err(CompileError::Instantiation)?;
        Ok(Self {
            declared: Arc::clone(&env.declared),
            optional_old_self: env.optional_old_self,
            plan,
            height,
            result: checked.type_of(&expr).clone(),
            uses_old_self: mentions_old_self(&expr, &checked),
            estimate: cost::estimate(&expr, &checked, &env.declared),
        })
    }

    /// The type of the value.
    #[must_use]
    pub const fn result_type(&self) -> &Type {
        &self.result
    }

    /// Whether the expression compares to the previous value.
    #[must_use]
    pub const fn uses_old_self(&self) -> bool {
        self.uses_old_self
    }

    /// What an evaluation costs at least and at most.
    #[must_use]
    pub const fn estimated_cost(&self) -> Estimate {
        self.estimate
    }

    /// Evaluates the expression for a value and the previous one, if there is one, and takes the cost from the budget.
    ///
    /// # Errors
    /// Why there is no value. Once the budget or the limit of a single call is exceeded, no further rule is to be
    /// evaluated.
    pub fn evaluate<'d>(
        &'d self,
        current: &'d Json,
        old: Option<&'d Json>,
        budget: &mut u64,
    ) -> Result<Value<'d>, EvalError> {
        let Evaluation { value, cost } = self.evaluate_within(current, old, PER_CALL_LIMIT);
        match budget.checked_sub(cost) {
            Some(rest) => *budget = rest,
            None => {
                *budget = 0;
                return Err(EvalError::BudgetExceeded);
            }
        }
        value
    }

    /// Evaluates the expression with a limit of one's own.
    pub fn evaluate_within<'d>(
        &'d self,
        current: &'d Json,
        old: Option<&'d Json>,
        limit: u64,
    ) -> Evaluation<'d> {
        let old = match (self.optional_old_self, old) {
            (true, old) => OldSelf::Optional(old),
            (false, Some(old)) => OldSelf::Given(old),
            (false, None) => OldSelf::Missing,
        };
        let data = Data { declared: &self.declared, current, old };
        let failed = || (Err(EvalError::new("there is no memory to evaluate the expression")), 0);
        let (value, cost) =
            stack::with_room(self.height, || eval::evaluate(&self.plan, data, limit)).unwrap_or_else(failed);
        Evaluation { value, cost }
    }
}

fn mentions_old_self(expr: &Expr, checked: &Checked) -> bool {
    let mut found = false;
    expr.walk(&mut |expr| {
        let reference = checked.references.get(&expr.id);
        found |= matches!(reference, Some(Reference::Variable(name)) if name == "oldSelf");
    });
    found
}
