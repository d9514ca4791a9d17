//! Macros that bind a variable: `optMap`, `optFlatMap` and `sortBy`.

use super::{Factory, Refused, comprehensions};
use crate::ast::{Comprehension, Expr, Kind, Literal, operators};

/// The iteration variable of a comprehension that iterates over nothing.
const UNUSED: &str = "#unused";

/// `result` with the variable bound to `value`.
fn bind(make: &mut Factory<'_>, variable: String, value: Expr, accu: Expr, result: Expr) -> Expr {
    let range = make.list(Vec::new());
    let condition = make.literal(Literal::Bool(false));
    make.comprehension(Comprehension {
        range,
        var: UNUSED.to_owned(),
        var2: None,
        accu_var: variable,
        accu_init: value,
        condition,
        step: accu,
        result,
    })
}

fn opt(make: &mut Factory<'_>, target: Expr, mut args: Vec<Expr>, flat: bool) -> Result<Expr, Refused> {
    let name = if flat { "optFlatMap" } else { "optMap" };
    let result = args.pop().unwrap_or(Expr { id: 0, kind: Kind::Unspecified });
    let variable = args.pop().unwrap_or(Expr { id: 0, kind: Kind::Unspecified });
    let Some(name) = variable.as_ident().map(str::to_owned) else {
        return Err((variable.id, format!("{name}() variable name must be a simple identifier")));
    };
    let copied = make.copy(&target);
    let present = make.member_call("hasValue", target, Vec::new());
    let value = make.member_call("value", copied, Vec::new());
    let accu = make.ident(&name);
    let mut bound = bind(make, name, value, accu, result);
    if !flat {
        bound = make.call("optional.of", vec![bound]);
    }
    let none = make.call("optional.none", Vec::new());
    Ok(make.call(operators::CONDITIONAL, vec![present, bound, none]))
}

pub(super) fn opt_map(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    opt(make, target, args, false)
}

pub(super) fn opt_flat_map(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    opt(make, target, args, true)
}

/// The name under which the list is bound that `sortBy` reads twice.
const SORT_INPUT: &str = "@__sortBy_input__";

pub(super) fn sort_by(make: &mut Factory<'_>, target: Expr, args: Vec<Expr>) -> Result<Expr, Refused> {
    let sortable = matches!(
        target.kind,
        Kind::List(_) | Kind::Select(_) | Kind::Ident(_) | Kind::Comprehension(_) | Kind::Call(_)
    );
    if !sortable {
        let message =
            "sortBy can only be applied to a list, identifier, comprehension, call or select expression";
        return Err((target.id, message.to_owned()));
    }
    let input = make.ident(SORT_INPUT);
    let ranged = make.copy(&input);
    let keys = comprehensions::map(make, ranged, args)?;
    let list = make.copy(&input);
    let sorted = make.member_call("@sortByAssociatedKeys", list, vec![keys]);
    Ok(bind(make, SORT_INPUT.to_owned(), target, input, sorted))
}
