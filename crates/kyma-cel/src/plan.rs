//! The plan of an evaluation: the checked tree with everything looked up that does not depend on data.
//!
//! Its nodes are those of cel-go's interpreter, since the cost of an evaluation is counted by them: a chain of
//! selections is one attribute with qualifiers, and a list of constants is a constant.

mod attributes;
mod calls;
mod constants;

pub(crate) use attributes::check_key;

use std::collections::HashSet;
use std::sync::Arc;

use regex::Regex;

use crate::ast::{Comprehension, Expr, ExprId, Kind, List, Literal};
use crate::checker::{Checked, Reference};
use crate::functions::Function;
use crate::library::{Implementation, Trait};
use crate::macros::ACCUMULATOR;
use crate::types::Type;
use crate::value::{MapKey, Text, Value};

/// A step of an evaluation.
#[derive(Debug)]
pub(crate) enum Node {
    Const(ExprId, Value<'static>),
    Attr(Attr),
    /// `has(attr)`, whose last qualifier only asks.
    TestOnly(ExprId, Attr),
    Logic(Logic),
    Equality {
        id: ExprId,
        negated: bool,
        args: [Box<Node>; 2],
    },
    Call(Call),
    /// `lhs.or(rhs)` or `lhs.orValue(rhs)`.
    OptionalOr {
        id: ExprId,
        or_value: bool,
        lhs: Box<Node>,
        rhs: Box<Node>,
    },
    /// `arg in [constants]`.
    Membership {
        id: ExprId,
        arg: Box<Node>,
        set: HashSet<MapKey>,
    },
    List {
        id: ExprId,
        elements: Vec<Node>,
        optionals: Vec<usize>,
    },
    Map {
        id: ExprId,
        entries: Vec<PlannedEntry>,
    },
    Fold(Box<Fold>),
}

/// `a && b` or `a || b`.
#[derive(Debug)]
pub(crate) struct Logic {
    pub(crate) id: ExprId,
    pub(crate) is_or: bool,
    pub(crate) terms: [Box<Node>; 2],
}

#[derive(Debug)]
pub(crate) struct PlannedEntry {
    pub(crate) key: Node,
    pub(crate) value: Node,
    pub(crate) optional: bool,
}

/// Where a value is found: a beginning, and the way from there.
#[derive(Debug)]
pub(crate) struct Attr {
    pub(crate) root: Root,
    pub(crate) qualifiers: Vec<Arc<Qualifier>>,
}

#[derive(Debug)]
pub(crate) enum Root {
    /// A variable; with `take` nobody needs its value afterwards, with `global` none of a macro is meant.
    Variable { id: ExprId, name: String, global: bool, take: bool },
    /// The value of any other step.
    Relative { id: ExprId, operand: Box<Node> },
    /// One of two, each with qualifiers of its own.
    Conditional { id: ExprId, condition: Box<Node>, truthy: Box<Attr>, falsy: Box<Attr> },
}

#[derive(Debug)]
pub(crate) enum Qualifier {
    /// A field or a constant index.
    Constant { id: ExprId, key: Value<'static>, optional: bool, test_only: bool },
    /// The value of an attribute.
    Attr { id: ExprId, attr: Attr, optional: bool },
    /// The value of any other step.
    Relative { attr: Attr, optional: bool },
}

/// A call of a function.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: ExprId,
    pub(crate) function: &'static str,
    /// Empty if it is known only by the arguments' values.
    pub(crate) overload: &'static str,
    pub(crate) args: Vec<Node>,
    pub(crate) bound: Bound,
}

/// What a call runs.
#[derive(Debug)]
pub(crate) enum Bound {
    /// Arguments of whatever types, if the first one has the trait.
    Singleton(Implementation, TraitOf),
    /// Arguments of these types, if they are checked at all.
    Guarded(Implementation, Option<&'static [Type]>),
    /// The overload that fits.
    Dispatch(&'static Function),
    /// A pattern that is constant.
    Matches(Regex),
    Find(Regex),
    FindAll(Regex),
    /// Adds to what a macro collects.
    Append,
    Insert,
    /// False only if the argument is.
    NotStrictlyFalse,
    /// Nothing is.
    Unbound,
}

/// The trait that an argument has to have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TraitOf(pub(crate) Trait);

/// A comprehension.
#[derive(Debug)]
pub(crate) struct Fold {
    pub(crate) id: ExprId,
    pub(crate) accu_var: String,
    pub(crate) var: String,
    pub(crate) var2: Option<String>,
    pub(crate) range: Node,
    pub(crate) accu: Node,
    pub(crate) condition: Node,
    pub(crate) step: Node,
    pub(crate) result: Node,
}

impl Attr {
    /// The identity of the last qualifier, or of the beginning.
    pub(crate) fn id(&self) -> ExprId {
        if let Some(last) = self.qualifiers.last() {
            return last.id();
        }
        match &self.root {
            Root::Variable { id, .. } | Root::Relative { id, .. } => *id,
            Root::Conditional { id, truthy, falsy, .. } => {
                let (truthy, falsy) = (truthy.id(), falsy.id());
                if truthy == falsy { truthy } else { *id }
            }
        }
    }
}

impl Qualifier {
    pub(crate) fn id(&self) -> ExprId {
        match self {
            Self::Constant { id, .. } | Self::Attr { id, .. } => *id,
            Self::Relative { attr, .. } => attr.id(),
        }
    }

    pub(crate) fn is_optional(&self) -> bool {
        match self {
            Self::Constant { optional, .. }
            | Self::Attr { optional, .. }
            | Self::Relative { optional, .. } => *optional,
        }
    }
}

impl Node {
    pub(crate) fn id(&self) -> ExprId {
        match self {
            Self::Const(id, _)
            | Self::TestOnly(id, _)
            | Self::Equality { id, .. }
            | Self::OptionalOr { id, .. }
            | Self::Membership { id, .. }
            | Self::List { id, .. }
            | Self::Map { id, .. } => *id,
            Self::Attr(attr) => attr.id(),
            Self::Logic(logic) => logic.id,
            Self::Call(call) => call.id,
            Self::Fold(fold) => fold.id,
        }
    }
}

/// Why no plan can be made.
type Refused = String;

type Planned = Result<Node, Refused>;

struct Planner<'a> {
    checked: &'a Checked,
    /// Whether the variable in which a macro collects is read for the last time.
    take: bool,
}

/// Makes the plan of a checked tree.
pub(crate) fn plan(expr: &Expr, checked: &Checked) -> Result<Node, String> {
    Planner { checked, take: false }.plan(expr)
}

impl Planner<'_> {
    fn plan(&mut self, expr: &Expr) -> Planned {
        match &expr.kind {
            Kind::Unspecified => Err("unsupported expr".to_owned()),
            Kind::Literal(literal) => Ok(Node::Const(expr.id, literal_value(literal))),
            Kind::Ident(name) => self.ident(expr.id, name),
            Kind::Select(select) => self.select(expr.id, select),
            Kind::Call(call) => self.call(expr, call),
            Kind::List(list) => self.list(expr.id, list),
            Kind::Map(entries) => {
                let mut planned = Vec::with_capacity(entries.len());
                for entry in entries {
                    let key = self.plan(&entry.key)?;
                    let value = self.plan(&entry.value)?;
                    planned.push(PlannedEntry { key, value, optional: entry.optional });
                }
                Ok(constants::fold_map(expr.id, planned))
            }
            Kind::Struct(object) => Err(format!("unknown type: {}", object.name)),
            Kind::Comprehension(fold) => self.fold(expr.id, fold),
        }
    }

    fn ident(&mut self, id: ExprId, name: &str) -> Planned {
        match self.checked.references.get(&id) {
            Some(Reference::Type(named)) => {
                let name = Arc::from(named.runtime_name());
                return Ok(Node::Const(id, Value::Type(name)));
            }
            // A variable that holds a type is taken for the name of one.
            Some(Reference::Variable(name)) if matches!(self.checked.types.get(&id), Some(Type::Type(_))) => {
                return Err(format!("reference to undefined type: {name}"));
            }
            _ => {}
        }
        let global = name.starts_with('.');
        let name = name.trim_start_matches('.').to_owned();
        let take = self.take && name == ACCUMULATOR;
        Ok(Node::Attr(Attr { root: Root::Variable { id, name, global, take }, qualifiers: Vec::new() }))
    }

    fn list(&mut self, id: ExprId, list: &List) -> Planned {
        let elements = list.elements.iter().map(|element| self.plan(element)).collect::<Result<_, _>>()?;
        Ok(constants::fold_list(id, elements, list.optionals.clone()))
    }

    fn fold(&mut self, id: ExprId, fold: &Comprehension) -> Planned {
        let outer = std::mem::replace(&mut self.take, false);
        let accu = self.plan(&fold.accu_init)?;
        let range = self.plan(&fold.range)?;
        let condition = self.plan(&fold.condition)?;
        self.take = fold.accu_var == ACCUMULATOR && is_empty_aggregate(&fold.accu_init);
        let step = self.plan(&fold.step)?;
        self.take = false;
        let result = self.plan(&fold.result)?;
        self.take = outer;
        let Comprehension { accu_var, var, var2, .. } = fold;
        let (accu_var, var, var2) = (accu_var.clone(), var.clone(), var2.clone());
        Ok(Node::Fold(Box::new(Fold { id, accu_var, var, var2, range, accu, condition, step, result })))
    }
}

fn is_empty_aggregate(expr: &Expr) -> bool {
    match &expr.kind {
        Kind::List(list) => list.elements.is_empty(),
        Kind::Map(entries) => entries.is_empty(),
        _ => false,
    }
}

fn literal_value(literal: &Literal) -> Value<'static> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(value) => Value::Bool(*value),
        Literal::Int(value) => Value::Int(*value),
        Literal::Uint(value) => Value::Uint(*value),
        Literal::Double(value) => Value::Double(*value),
        Literal::String(text) => Value::String(Text::Shared(Arc::clone(text))),
        Literal::Bytes(bytes) => Value::Bytes(Arc::clone(bytes)),
    }
}
