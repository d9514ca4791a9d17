//! Macros over lists and maps: `all`, `exists`, `exists_one`, `map`, `filter` and those with two variables.

use super::{ACCUMULATOR, Factory, OLD_ACCUMULATOR, Refused};
use crate::ast::{Comprehension, Expr, Kind, Literal, operators};

/// One iteration variable or two, and what stands behind them.
struct Arguments {
    var: String,
    var2: Option<String>,
    rest: Vec<Expr>,
}

/// Takes the iteration variables; `refusal` is said of what is no name.
fn variables(mut args: Vec<Expr>, count: usize, refusal: &str) -> Result<Arguments, Refused> {
    let rest = args.split_off(count.min(args.len()));
    let mut names = Vec::with_capacity(count);
    for arg in &args {
        let name = arg.as_ident().ok_or_else(|| (arg.id, refusal.to_owned()))?;
        names.push((arg.id, name.to_owned()));
    }
    if let [(_, first), (id, second)] = names.as_slice()
        && first == second
    {
        return Err((*id, format!("duplicate variable name: {first}")));
    }
    for (id, name) in &names {
        if name == ACCUMULATOR || name == OLD_ACCUMULATOR {
            return Err((*id, "iteration variable overwrites accumulator variable".to_owned()));
        }
    }
    let mut names = names.into_iter().map(|(_, name)| name);
    let var = names.next().unwrap_or_default();
    Ok(Arguments { var, var2: names.next(), rest })
}

const SIMPLE: &str = "argument must be a simple name";

fn last(rest: &mut Vec<Expr>) -> Expr {
    rest.pop().unwrap_or(Expr { id: 0, kind: Kind::Unspecified })
}

/// The variables and the predicate of a quantifier, which has one variable or two.
fn quantifier(args: Vec<Expr>) -> Result<(Arguments, Expr), Refused> {
    let count = args.len().saturating_sub(1);
    let mut args = variables(args, count, SIMPLE)?;
    let predicate = last(&mut args.rest);
    Ok((args, predicate))
}

fn fold(range: Expr, args: Arguments, parts: [Expr; 4]) -> Comprehension {
    let [accu_init, condition, step, result] = parts;
    let Arguments { var, var2, .. } = args;
    Comprehension { range, var, var2, accu_var: ACCUMULATOR.to_owned(), accu_init, condition, step, result }
}

pub(super) fn all(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    let (args, predicate) = quantifier(args)?;
    let init = make.literal(Literal::Bool(true));
    let accu = make.accumulator();
    let condition = make.call(operators::NOT_STRICTLY_FALSE, vec![accu]);
    let accu = make.accumulator();
    let step = make.call(operators::LOGICAL_AND, vec![accu, predicate]);
    let result = make.accumulator();
    Ok(make.comprehension(fold(target, args, [init, condition, step, result])))
}

pub(super) fn exists(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    let (args, predicate) = quantifier(args)?;
    let init = make.literal(Literal::Bool(false));
    let accu = make.accumulator();
    let not = make.call(operators::LOGICAL_NOT, vec![accu]);
    let condition = make.call(operators::NOT_STRICTLY_FALSE, vec![not]);
    let accu = make.accumulator();
    let step = make.call(operators::LOGICAL_OR, vec![accu, predicate]);
    let result = make.accumulator();
    Ok(make.comprehension(fold(target, args, [init, condition, step, result])))
}

pub(super) fn exists_one(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    let (args, predicate) = quantifier(args)?;
    let init = make.literal(Literal::Int(0));
    let condition = make.literal(Literal::Bool(true));
    let (accu, one) = (make.accumulator(), make.literal(Literal::Int(1)));
    let sum = make.call(operators::ADD, vec![accu, one]);
    let accu = make.accumulator();
    let step = make.call(operators::CONDITIONAL, vec![predicate, sum, accu]);
    let (accu, one) = (make.accumulator(), make.literal(Literal::Int(1)));
    let result = make.call(operators::EQUALS, vec![accu, one]);
    Ok(make.comprehension(fold(target, args, [init, condition, step, result])))
}

/// `accu + [element]`, or with a predicate only where that holds.
fn append(make: &mut Factory<'_>, predicate: Option<Expr>, element: Expr) -> Expr {
    let accu = make.accumulator();
    let element = make.list(vec![element]);
    let sum = make.call(operators::ADD, vec![accu, element]);
    guarded(make, predicate, sum)
}

fn guarded(make: &mut Factory<'_>, predicate: Option<Expr>, step: Expr) -> Expr {
    let Some(predicate) = predicate else { return step };
    let accu = make.accumulator();
    make.call(operators::CONDITIONAL, vec![predicate, step, accu])
}

pub(super) fn map(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    let mut args = variables(args, 1, "argument is not an identifier")?;
    let element = last(&mut args.rest);
    let predicate = args.rest.pop();
    let init = make.list(Vec::new());
    let condition = make.literal(Literal::Bool(true));
    let step = append(make, predicate, element);
    let result = make.accumulator();
    Ok(make.comprehension(fold(target, args, [init, condition, step, result])))
}

pub(super) fn filter(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    let variable = args.first().cloned();
    let mut args = variables(args, 1, "argument is not an identifier")?;
    let predicate = last(&mut args.rest);
    let init = make.list(Vec::new());
    let condition = make.literal(Literal::Bool(true));
    let element = variable.unwrap_or(Expr { id: 0, kind: Kind::Unspecified });
    let step = append(make, Some(predicate), element);
    let result = make.accumulator();
    Ok(make.comprehension(fold(target, args, [init, condition, step, result])))
}

pub(super) fn transform_list(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    let mut args = variables(args, 2, SIMPLE)?;
    let element = last(&mut args.rest);
    let predicate = args.rest.pop();
    let step = append(make, predicate, element);
    let init = make.list(Vec::new());
    let condition = make.literal(Literal::Bool(true));
    let result = make.accumulator();
    Ok(make.comprehension(fold(target, args, [init, condition, step, result])))
}

/// Inserts into a map: a key and a value, or the entries of a map.
const MAP_INSERT: &str = "cel.@mapInsert";

fn transform(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>, with_key: bool) -> Result<Expr, Refused> {
    let mut args = variables(args, 2, SIMPLE)?;
    let value = last(&mut args.rest);
    let predicate = args.rest.pop();
    let accu = make.accumulator();
    let inserted = if with_key { vec![accu, make.ident(&args.var), value] } else { vec![accu, value] };
    let step = make.call(MAP_INSERT, inserted);
    let step = guarded(make, predicate, step);
    let init = Expr { id: make.id(), kind: Kind::Map(Vec::new()) };
    let condition = make.literal(Literal::Bool(true));
    let result = make.accumulator();
    Ok(make.comprehension(fold(target, args, [init, condition, step, result])))
}

pub(super) fn transform_map(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    transform(make, target, args, true)
}

pub(super) fn transform_map_entry(
    make: &mut Factory<'_>,
    target: Expr,
    args: Vec<Expr>,
) -> Result<Expr, Refused> {
    transform(make, target, args, false)
}
