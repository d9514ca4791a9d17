//! Calls: operators with a form of their own, and implementations of the others.

use super::{Attr, Bound, Call, Logic, Node, Planned, Planner, Root, TraitOf, constants};
use crate::ast::{self, Expr, operators};
use crate::checker::Reference;
use crate::eval;
use crate::functions;
use crate::library::{self, Binding};
use crate::pattern;
use crate::value::Value;

/// Conversions, which of a constant are computed at once.
const CONVERSIONS: [&str; 10] =
    ["bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"];

impl Planner<'_> {
    pub(super) fn call(&mut self, expr: &Expr, call: &ast::Call) -> Planned {
        let id = expr.id;
        let mut args = Vec::with_capacity(call.args.len() + 1);
        for arg in call.target.iter().map(|target| &**target).chain(&call.args) {
            args.push(self.plan(arg)?);
        }
        let function =
            functions::find(&call.function).ok_or_else(|| format!("no such overload: {}", call.function))?;
        let overload = match self.checked.references.get(&id) {
            Some(Reference::Overloads(overloads)) if overloads.len() == 1 => overloads.first().copied(),
            _ => None,
        };
        match (function.name, args.len()) {
            (operators::CONDITIONAL, 3) => {
                let mut args = args.into_iter();
                if let (Some(condition), Some(truthy), Some(falsy)) = (args.next(), args.next(), args.next())
                {
                    return Ok(Self::conditional(id, condition, truthy, falsy));
                }
                return Err("no such overload: _?_:_".to_owned());
            }
            (name, 2) => {
                if let Some(binary) = two(&mut args) {
                    match special(id, name, overload, binary) {
                        Special::Planned(node) => return node,
                        Special::Ordinary(a, b) => args.extend([a, b]),
                    }
                }
            }
            _ => {}
        }
        let bound = bind(function, overload, &args)?;
        let call = Call { id, function: function.name, overload: overload.unwrap_or_default(), args, bound };
        if CONVERSIONS.contains(&call.function)
            && let [Node::Const(_, arg)] = call.args.as_slice()
        {
            let value = eval::invoke(&call, vec![arg.clone()]).map_err(|error| error.to_string())?;
            return Ok(Node::Const(id, value));
        }
        Ok(Node::Call(call))
    }
}

fn two(args: &mut Vec<Node>) -> Option<(Node, Node)> {
    let second = args.pop()?;
    Some((args.pop()?, second))
}

enum Special {
    Planned(Planned),
    Ordinary(Node, Node),
}

/// Operators that are no calls, or not always.
fn special(id: i64, function: &str, overload: Option<&str>, (a, b): (Node, Node)) -> Special {
    Special::Planned(match function {
        operators::LOGICAL_AND | operators::LOGICAL_OR => {
            let terms = [Box::new(a), Box::new(b)];
            Ok(Node::Logic(Logic { id, is_or: function == operators::LOGICAL_OR, terms }))
        }
        operators::EQUALS | operators::NOT_EQUALS => {
            let args = [Box::new(a), Box::new(b)];
            Ok(Node::Equality { id, negated: function == operators::NOT_EQUALS, args })
        }
        operators::INDEX => Planner::index(id, a, b, false),
        operators::OPT_INDEX | operators::OPT_SELECT => Planner::index(id, a, b, true),
        "or" | "orValue" => {
            let or_value = function == "orValue";
            Ok(Node::OptionalOr { id, or_value, lhs: Box::new(a), rhs: Box::new(b) })
        }
        "@in" if overload == Some("in_list") => match constants::membership(id, a, &b) {
            Ok(node) => Ok(node),
            Err(a) => return Special::Ordinary(a, b),
        },
        _ => return Special::Ordinary(a, b),
    })
}

fn is_taken(node: Option<&Node>) -> bool {
    matches!(node, Some(Node::Attr(Attr { root: Root::Variable { take: true, .. }, .. })))
}

/// What a call runs.
fn bind(
    function: &'static functions::Function,
    overload: Option<&'static str>,
    args: &[Node],
) -> Result<Bound, String> {
    match function.name {
        operators::NOT_STRICTLY_FALSE => return Ok(Bound::NotStrictlyFalse),
        operators::ADD if is_taken(args.first()) => return Ok(Bound::Append),
        "cel.@mapInsert" if is_taken(args.first()) => return Ok(Bound::Insert),
        "matches" | "find" | "findAll" => {
            if let Some(Node::Const(_, Value::String(text))) = args.get(1) {
                let regex = pattern::compile(text)?;
                return Ok(match function.name {
                    "matches" => Bound::Matches(regex),
                    "find" => Bound::Find(regex),
                    _ => Bound::FindAll(regex),
                });
            }
        }
        _ => {}
    }
    match library::binding(function.name) {
        Binding::Singleton(implementation, needed) => Ok(Bound::Singleton(implementation, TraitOf(needed))),
        Binding::PerOverload => {
            let known = overload.or(match function.overloads.as_slice() {
                [only] => Some(only.id),
                _ => None,
            });
            let Some(known) = known else { return Ok(Bound::Dispatch(function)) };
            let declared = function.overloads.iter().find(|overload| overload.id == known);
            let guard = declared.filter(|_| !library::is_unguarded(function.name));
            Ok(match library::implementation(known) {
                Some(implementation) => {
                    Bound::Guarded(implementation, guard.map(|overload| overload.args.as_slice()))
                }
                None => Bound::Unbound,
            })
        }
    }
}
