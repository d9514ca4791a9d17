//! Comprehensions: a loop over a list or a map, with variables of its own.

use super::Evaluator;
use crate::error::EvalError;
use crate::plan::{Fold, Node};
use crate::value::{Outcome, Value};

/// Variables of a comprehension that is under way.
pub(super) struct Frame<'d> {
    fold: &'d Fold,
    parent: Option<usize>,
    /// What is collected, from when it is first read on.
    accu: Option<Outcome<'d>>,
    first: Outcome<'d>,
    second: Outcome<'d>,
    /// The loop is over: its variables are gone.
    finished: bool,
}

impl<'d> Evaluator<'d> {
    /// The value of a variable, the innermost one of its name; with `take` it is not needed any more.
    pub(super) fn lookup(&mut self, name: &str, take: bool) -> Outcome<'d> {
        let mut at = self.current;
        while let Some(index) = at {
            let Some(frame) = self.frames.get_mut(index) else { break };
            if name == frame.fold.accu_var {
                return self.accumulated(index, take);
            }
            if !frame.finished {
                if name == frame.fold.var {
                    return frame.first.clone();
                }
                if frame.fold.var2.as_deref() == Some(name) {
                    return frame.second.clone();
                }
            }
            at = frame.parent;
        }
        self.variable(name)
    }

    fn accumulated(&mut self, index: usize, take: bool) -> Outcome<'d> {
        let Some(frame) = self.frames.get_mut(index) else { return Err(EvalError::no_such_overload()) };
        if frame.accu.is_none() {
            let (init, parent): (&'d Node, _) = (&frame.fold.accu, frame.parent);
            let inner = std::mem::replace(&mut self.current, parent);
            let value = self.eval(init);
            self.current = inner;
            if value.as_ref().is_err_and(EvalError::is_final) {
                return value;
            }
            if let Some(frame) = self.frames.get_mut(index) {
                frame.accu = Some(value);
            }
        }
        let Some(frame) = self.frames.get_mut(index) else { return Err(EvalError::no_such_overload()) };
        let value = if take { frame.accu.replace(Ok(Value::Null)) } else { frame.accu.clone() };
        value.unwrap_or(Ok(Value::Null))
    }

    pub(super) fn fold(&mut self, fold: &'d Fold) -> Outcome<'d> {
        let outer = self.current;
        let index = self.frames.len();
        // The range does not see the loop's own variables: nothing names them there.
        let range = self.eval(&fold.range)?;
        self.frames.push(Frame {
            fold,
            parent: outer,
            accu: None,
            first: Ok(Value::Null),
            second: Ok(Value::Null),
            finished: false,
        });
        self.current = Some(index);
        let outcome = self.iterate(fold, &range, index).and_then(|()| {
            if let Some(frame) = self.frames.get_mut(index) {
                frame.finished = true;
            }
            self.eval(&fold.result)
        });
        self.frames.truncate(index);
        self.current = outer;
        outcome
    }

    fn iterate(&mut self, fold: &'d Fold, range: &Value<'d>, index: usize) -> Result<(), EvalError> {
        let two = fold.var2.is_some();
        match range {
            Value::List(list) => {
                for place in 0..list.len() {
                    let Some(element) = list.get(place) else { break };
                    let key = Ok(Value::Int(i64::try_from(place).unwrap_or(i64::MAX)));
                    let (first, second) = if two { (key, element) } else { (element, Ok(Value::Null)) };
                    if !self.turn(fold, index, first, second)? {
                        break;
                    }
                }
                Ok(())
            }
            Value::Map(map) => {
                for key in map.keys() {
                    let second = if two {
                        map.find(&key).map(|value| value.unwrap_or(Value::Null))
                    } else {
                        Ok(Value::Null)
                    };
                    if !self.turn(fold, index, Ok(key), second)? {
                        break;
                    }
                }
                Ok(())
            }
            other if two => {
                Err(EvalError::new(format!("unsupported comprehension range type: {}", other.go_type())))
            }
            other => Err(EvalError::new(format!("got '{}', expected iterable type", other.go_type()))),
        }
    }

    /// One turn of the loop; false if it was the last one.
    fn turn(
        &mut self,
        fold: &'d Fold,
        index: usize,
        first: Outcome<'d>,
        second: Outcome<'d>,
    ) -> Result<bool, EvalError> {
        if let Some(frame) = self.frames.get_mut(index) {
            frame.first = first;
            frame.second = second;
        }
        match self.eval(&fold.condition) {
            Ok(Value::Bool(false)) => return Ok(false),
            Err(error) if error.is_final() => return Err(error),
            _ => {}
        }
        let value = self.eval(&fold.step);
        if let Err(error) = &value
            && error.is_final()
        {
            return Err(error.clone());
        }
        if let Some(frame) = self.frames.get_mut(index) {
            frame.accu = Some(value);
        }
        Ok(true)
    }
}
