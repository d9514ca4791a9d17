//! Checks a literal format string against the types of its literal arguments.

use super::Checked;
use crate::ast::{Expr, ExprId, Kind, List};
use crate::library::format::{self, Clause};
use crate::types::Type;

/// What is wrong, and with which argument, if it is one.
type Problem = (Option<ExprId>, String);

pub(super) fn check(text: &str, args: &List, checked: &Checked) -> Result<(), Problem> {
    let mut requested = 0;
    let size = args.elements.len();
    let mut wrong = None;
    let outcome = format::interpolate(text, size, false, &mut |index, clause| {
        requested += 1;
        let Some(arg) = args.elements.get(index) else { return Ok(String::new()) };
        match check_clause(arg, clause, checked) {
            Ok(()) => Ok(String::new()),
            Err((id, message)) => {
                wrong = Some(id);
                Err(message)
            }
        }
    });
    if let Err(message) = outcome {
        return Err((wrong, message));
    }
    if size > requested {
        let message =
            format!("too many arguments supplied to string.format (expected {requested}, got {size})");
        return Err((None, message));
    }
    Ok(())
}

fn check_clause(arg: &Expr, clause: Clause, checked: &Checked) -> Result<(), (ExprId, String)> {
    let wrong = match clause {
        Clause::String => wrong_string(arg, checked),
        Clause::Decimal | Clause::Octal => {
            wrong_type(arg, checked, |known| matches!(known, Type::Int | Type::Uint))
        }
        Clause::Fixed(_) | Clause::Scientific(_) => {
            wrong_type(arg, checked, |known| matches!(known, Type::Double | Type::String))
        }
        Clause::Binary => {
            wrong_type(arg, checked, |known| matches!(known, Type::Int | Type::Uint | Type::Bool))
        }
        Clause::Hex(_) => wrong_type(arg, checked, |known| {
            matches!(known, Type::Int | Type::Uint | Type::String | Type::Bytes)
        }),
    };
    let Some(wrong) = wrong else { return Ok(()) };
    let name = checked.type_of(wrong).runtime_name();
    Err((wrong.id, clause.refuse(name)))
}

fn wrong_type<'a>(arg: &'a Expr, checked: &Checked, fits: impl Fn(&Type) -> bool) -> Option<&'a Expr> {
    let known = checked.type_of(arg);
    (!known.is_dyn() && !fits(known)).then_some(arg)
}

/// The first of an argument and of what its literal contains that cannot be written as a string.
fn wrong_string<'a>(arg: &'a Expr, checked: &Checked) -> Option<&'a Expr> {
    let wrong = wrong_type(arg, checked, |known| {
        !matches!(known, Type::Object(_) | Type::Opaque(..) | Type::Param(_) | Type::Error)
    });
    wrong.or_else(|| match &arg.kind {
        Kind::List(list) => list.elements.iter().find_map(|element| wrong_string(element, checked)),
        Kind::Map(entries) => entries.iter().find_map(|entry| {
            wrong_string(&entry.key, checked).or_else(|| wrong_string(&entry.value, checked))
        }),
        _ => None,
    })
}
