//! Whether one type fits another, and what type parameters stand for then.

use std::collections::HashMap;
use std::sync::Arc;

use crate::types::Type;

/// What is known of type parameters.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    known: HashMap<Arc<str>, Type>,
    /// What was known before, newest last: an attempt that fails leaves no trace.
    trail: Vec<(Arc<str>, Option<Type>)>,
}

impl Mapping {
    fn find(&self, of: &Type) -> Option<&Type> {
        match of {
            Type::Param(name) => self.known.get(name),
            _ => None,
        }
    }

    fn add(&mut self, param: &Type, stands_for: Type) {
        if let Type::Param(name) = param {
            let before = self.known.insert(Arc::clone(name), stands_for);
            self.trail.push((Arc::clone(name), before));
        }
    }

    /// Sets what a parameter of a signature stands for.
    pub(super) fn bind(&mut self, name: &Arc<str>, stands_for: Type) {
        self.add(&Type::Param(Arc::clone(name)), stands_for);
    }

    fn attempt(&mut self, fits: impl FnOnce(&mut Self) -> bool) -> bool {
        let before = self.trail.len();
        if fits(self) {
            return true;
        }
        while self.trail.len() > before {
            let Some((name, known)) = self.trail.pop() else { break };
            match known {
                Some(known) => self.known.insert(name, known),
                None => self.known.remove(&name),
            };
        }
        false
    }

    pub(super) fn is_assignable(&mut self, a: &Type, b: &Type) -> bool {
        self.attempt(|mapping| mapping.fits(a, b))
    }

    pub(super) fn are_assignable(&mut self, a: &[Type], b: &[Type]) -> bool {
        self.attempt(|mapping| mapping.all_fit(a.iter(), b.iter()))
    }

    fn all_fit<'a>(
        &mut self,
        a: impl ExactSizeIterator<Item = &'a Type>,
        b: impl ExactSizeIterator<Item = &'a Type>,
    ) -> bool {
        a.len() == b.len() && a.zip(b).all(|(a, b)| self.fits(a, b))
    }

    fn fits(&mut self, a: &Type, b: &Type) -> bool {
        if matches!(b, Type::Param(_)) {
            let (valid, known) = self.is_substitution(a, b);
            if valid || known {
                return valid;
            }
        }
        if matches!(a, Type::Param(_)) {
            return self.is_substitution(b, a).0;
        }
        let any = |of: &Type| of.is_dyn() || of.is_error();
        if any(a) || any(b) {
            return true;
        }
        match (a, b) {
            (Type::Null, other) | (other, Type::Null) => is_nullable(other),
            (Type::Type(_), Type::Type(_)) => true,
            (Type::List(a), Type::List(b)) => self.fits(a, b),
            (Type::Map(ak, av), Type::Map(bk, bv)) => self.fits(ak, bk) && self.fits(av, bv),
            (Type::Opaque(a, own), Type::Opaque(b, others)) => {
                a == b && self.all_fit(own.iter(), others.iter())
            }
            _ => a == b,
        }
    }

    /// Whether the parameter can stand for the type, and whether it stands for one already.
    fn is_substitution(&mut self, stands_for: &Type, param: &Type) -> (bool, bool) {
        if stands_for == param {
            return (true, true);
        }
        let Some(known) = self.find(param).cloned() else {
            let valid = self.is_free_of(param, stands_for);
            if valid {
                self.add(param, stands_for.clone());
            }
            return (valid, false);
        };
        if *stands_for == known {
            return (true, true);
        }
        if !self.fits(stands_for, &known) {
            return (false, true);
        }
        let general = most_general(stands_for, &known);
        if self.is_free_of(param, &general) {
            self.add(param, general);
        }
        (true, true)
    }

    /// Whether the parameter does not occur in the type.
    fn is_free_of(&self, param: &Type, within: &Type) -> bool {
        if param == within {
            return false;
        }
        if matches!(within, Type::Param(_)) {
            return self.find(within).is_none_or(|known| self.is_free_of(param, known));
        }
        within.params().into_iter().all(|inner| self.is_free_of(param, inner))
    }

    /// The type with what is known of its parameters; of the others nothing is known, or they become `dyn`.
    pub(super) fn substitute(&self, of: &Type, to_dyn: bool) -> Type {
        if let Some(known) = self.find(of) {
            return self.substitute(known, to_dyn);
        }
        match of {
            Type::Param(_) if to_dyn => Type::Dyn,
            Type::List(element) => Type::list(self.substitute(element, to_dyn)),
            Type::Map(key, value) => Type::map(self.substitute(key, to_dyn), self.substitute(value, to_dyn)),
            Type::Opaque(name, params) => {
                let params = params.iter().map(|param| self.substitute(param, to_dyn)).collect();
                Type::Opaque(Arc::clone(name), params)
            }
            Type::Type(Some(inner)) => Type::type_of(self.substitute(inner, to_dyn)),
            other => other.clone(),
        }
    }
}

fn is_nullable(of: &Type) -> bool {
    matches!(of, Type::Null | Type::Opaque(..) | Type::Object(_) | Type::Duration | Type::Timestamp)
}

/// The one of two types that fits each other which says less.
pub(super) fn most_general(a: &Type, b: &Type) -> Type {
    if is_equal_or_less_specific(a, b) { a.clone() } else { b.clone() }
}

fn is_equal_or_less_specific(a: &Type, b: &Type) -> bool {
    let open = |of: &Type| of.is_dyn() || matches!(of, Type::Param(_));
    if open(a) {
        return true;
    }
    if open(b) {
        return false;
    }
    match (a, b) {
        (Type::Opaque(an, own), Type::Opaque(bn, others)) => {
            an == bn
                && own.len() == others.len()
                && own.iter().zip(others.iter()).all(|(a, b)| is_equal_or_less_specific(a, b))
        }
        (Type::List(a), Type::List(b)) => is_equal_or_less_specific(a, b),
        (Type::Map(ak, av), Type::Map(bk, bv)) => {
            is_equal_or_less_specific(ak, bk) && is_equal_or_less_specific(av, bv)
        }
        (Type::Type(_), Type::Type(_)) => true,
        _ => a == b,
    }
}
