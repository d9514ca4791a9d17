//! Calls functions.

use super::{Evaluator, unless_over};
use crate::error::EvalError;
use crate::functions::Function;
use crate::library;
use crate::plan::{Bound, Call, Node};
use crate::types::Type;
use crate::value::{Outcome, Value};

impl<'d> Evaluator<'d> {
    pub(super) fn call(&mut self, call: &'d Call) -> Outcome<'d> {
        let outcome = unless_over(self.run(call))?;
        let ids: Vec<i64> = call.args.iter().map(Node::id).collect();
        self.tracker.call(call.function, call.overload, &ids, outcome.as_ref().ok())?;
        match call.bound {
            Bound::Append | Bound::Insert => self.finish_unseen(outcome, call.id),
            _ => self.finish(outcome, call.id),
        }
    }

    fn run(&mut self, call: &'d Call) -> Outcome<'d> {
        if let (Bound::NotStrictlyFalse, [arg]) = (&call.bound, call.args.as_slice()) {
            return match self.eval(arg) {
                Ok(Value::Bool(value)) => Ok(Value::Bool(value)),
                Err(error) if error.is_final() => Err(error),
                _ => Ok(Value::Bool(true)),
            };
        }
        // Of two arguments both are evaluated; of more, or where the overload is unknown, none behind an error.
        let lazily = call.args.len() > 2
            || matches!(
                call.bound,
                Bound::Dispatch(_) | Bound::Matches(_) | Bound::Find(_) | Bound::FindAll(_)
            );
        let mut args = Vec::with_capacity(call.args.len());
        let mut problem = None;
        for arg in &call.args {
            match self.eval(arg) {
                Ok(value) => args.push(value),
                Err(error) if error.is_final() || lazily => return Err(error),
                Err(error) => problem = problem.or(Some(error)),
            }
        }
        match problem {
            Some(error) => Err(error),
            None => invoke(call, args),
        }
    }
}

/// Runs what a call is bound to.
pub(crate) fn invoke<'d>(call: &Call, args: Vec<Value<'d>>) -> Outcome<'d> {
    let text = |index: usize| args.get(index).and_then(Value::as_str).ok_or_else(EvalError::no_such_overload);
    match &call.bound {
        Bound::Singleton(implementation, needed) => match args.first() {
            Some(first) if needed.0.has(first) => implementation(&args),
            first => {
                let receives =
                    matches!(first, Some(Value::String(_) | Value::Duration(_) | Value::Timestamp(_)));
                Err(if receives {
                    EvalError::no_such_overload()
                } else {
                    EvalError::new(format!("no such overload: {}", call.function))
                })
            }
        },
        Bound::Guarded(implementation, guard) => {
            if guard.is_some_and(|guard| !fit(guard, &args)) {
                return Err(mismatch(call.function, &args));
            }
            implementation(&args)
        }
        Bound::Dispatch(function) => dispatch(function, &args),
        Bound::Matches(regex) => Ok(Value::Bool(regex.is_match(text(0)?))),
        Bound::Find(regex) => Ok(Value::text(regex.find(text(0)?).map_or("", |found| found.as_str()))),
        Bound::FindAll(regex) => {
            let limit = match args.get(2) {
                Some(Value::Int(limit)) => usize::try_from(*limit).unwrap_or(usize::MAX),
                None => usize::MAX,
                Some(_) => return Err(EvalError::no_such_overload()),
            };
            let found = regex.find_iter(text(0)?).take(limit);
            Ok(Value::list(found.map(|found| Value::text(found.as_str())).collect()))
        }
        Bound::Append => append(args),
        Bound::Insert => insert(call.function, args),
        Bound::NotStrictlyFalse => Ok(args.into_iter().next().unwrap_or(Value::Bool(true))),
        Bound::Unbound => Err(EvalError::new(format!("no such overload: {}", call.function))),
    }
}

/// Adds to the list that a macro collects in.
fn append<'d>(args: Vec<Value<'d>>) -> Outcome<'d> {
    let mut args = args.into_iter();
    match (args.next(), args.next()) {
        (Some(Value::List(list)), Some(Value::List(added))) => list.append(&added).map(Value::List),
        _ => Err(EvalError::no_such_overload()),
    }
}

/// Adds to the map that a macro collects in.
fn insert<'d>(function: &str, args: Vec<Value<'d>>) -> Outcome<'d> {
    let refused = mismatch(function, &args);
    let mut args = args.into_iter();
    match (args.next(), args.next(), args.next()) {
        (Some(Value::Map(map)), Some(key), Some(value)) => map.insert(key, value).map(Value::Map),
        (Some(Value::Map(mut map)), Some(Value::Map(update)), None) => {
            for key in update.keys() {
                let value = update.find(&key)?.unwrap_or(Value::Null);
                map = map.insert(key, value)?;
            }
            Ok(Value::Map(map))
        }
        _ => Err(refused),
    }
}

fn dispatch<'d>(function: &Function, args: &[Value<'d>]) -> Outcome<'d> {
    let guarded = !library::is_unguarded(function.name);
    for overload in &function.overloads {
        if overload.args.len() == args.len()
            && (!guarded || fit(&overload.args, args))
            && let Some(implementation) = library::implementation(overload.id)
        {
            return implementation(args);
        }
    }
    Err(mismatch(function.name, args))
}

fn mismatch(function: &str, args: &[Value<'_>]) -> EvalError {
    let names: Vec<&str> = args.iter().map(Value::type_name).collect();
    EvalError::new(format!("no such overload: {function}({})", names.join(", ")))
}

fn fit(types: &[Type], args: &[Value<'_>]) -> bool {
    types.len() == args.len() && types.iter().zip(args).all(|(wanted, arg)| fits(wanted, arg))
}

/// Whether a value has a type; of lists and maps the first element tells.
fn fits(wanted: &Type, value: &Value<'_>) -> bool {
    match wanted {
        Type::Dyn | Type::Param(_) => true,
        _ if wanted.runtime_name() != value.type_name() => false,
        Type::List(element) => match value {
            Value::List(list) => {
                list.get(0).is_none_or(|first| first.is_ok_and(|first| fits(element, &first)))
            }
            _ => false,
        },
        Type::Map(key_type, value_type) => {
            let Value::Map(map) = value else { return false };
            let Some(key) = map.keys().into_iter().next() else { return true };
            let first = map.find(&key).ok().flatten();
            fits(key_type, &key) && first.is_some_and(|first| fits(value_type, &first))
        }
        _ => true,
    }
}
