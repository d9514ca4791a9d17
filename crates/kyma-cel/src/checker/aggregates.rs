//! Lists, maps, messages and comprehensions.

use super::Checker;
use super::unify::most_general;
use crate::ast::{Comprehension, Entry, Expr, ExprId, List, Struct};
use crate::types::Type;

impl Checker<'_> {
    pub(super) fn check_list(&mut self, id: ExprId, list: &mut List) {
        let mut known: Option<Type> = None;
        for (index, element) in list.elements.iter_mut().enumerate() {
            self.check(element);
            let mut element_type = self.type_of(element);
            if list.optionals.contains(&index) {
                element_type = self.unwrap(element, element_type);
            }
            known = Some(self.join(known, element_type));
        }
        let element = known.unwrap_or_else(|| self.new_type_var());
        self.set_type(id, Type::list(element));
    }

    pub(super) fn check_map(&mut self, id: ExprId, entries: &mut [Entry]) {
        let mut key_type: Option<Type> = None;
        let mut value_type: Option<Type> = None;
        for Entry { key, value, optional } in entries {
            self.check(key);
            let known = self.type_of(key);
            key_type = Some(self.join(key_type, known));
            self.check(value);
            let mut known = self.type_of(value);
            if *optional {
                known = self.unwrap(value, known);
            }
            value_type = Some(self.join(value_type, known));
        }
        let key = key_type.unwrap_or_else(|| self.new_type_var());
        let value = value_type.unwrap_or_else(|| self.new_type_var());
        self.set_type(id, Type::map(key, value));
    }

    /// What stands behind a question mark has to be optional.
    fn unwrap(&mut self, expr: &Expr, known: Type) -> Type {
        if let Some(inner) = known.unwrap_optional() {
            return inner.clone();
        }
        if !known.is_dyn() {
            self.mismatch(expr.id, &Type::optional(known.clone()), &known);
        }
        known
    }

    /// The common type of the elements so far and of one more.
    fn join(&mut self, before: Option<Type>, current: Type) -> Type {
        let Some(before) = before else { return current };
        if self.mapping.is_assignable(&before, &current) {
            return most_general(&before, &current);
        }
        // That elements have one type is checked later, and not in every list.
        Type::Dyn
    }

    /// No type of a schema can be constructed, and of the others none has fields.
    pub(super) fn check_struct(&mut self, id: ExprId, object: &mut Struct) {
        match self.scopes.resolve_type(&object.name) {
            Some(named) => self.error(id, format!("'{}' is not a message type", named.runtime_name())),
            None => {
                let name = object.name.clone();
                self.undeclared(id, &name);
                self.set_type(id, Type::Error);
                return;
            }
        }
        self.set_type(id, Type::Error);
        for field in &mut object.fields {
            self.check(&mut field.value);
        }
    }

    pub(super) fn check_comprehension(&mut self, id: ExprId, fold: &mut Comprehension) {
        self.check(&mut fold.range);
        self.check(&mut fold.accu_init);
        let range = self.mapping.substitute(&self.type_of(&fold.range), false);
        let accu = self.type_of(&fold.accu_init);
        let outer = self.scopes.depth();
        self.scopes.declare(&fold.accu_var, accu.clone());
        let (first, second) = self.iteration_types(&fold.range, &range, fold.var2.is_some());
        let loop_scope = self.scopes.depth();
        self.scopes.declare(&fold.var, first);
        if let Some(name) = &fold.var2 {
            self.scopes.declare(name, second);
        }
        self.check(&mut fold.condition);
        self.assert_type(&fold.condition, &Type::Bool);
        self.check(&mut fold.step);
        self.assert_type(&fold.step, &accu);
        self.scopes.leave(loop_scope);
        self.check(&mut fold.result);
        self.scopes.leave(outer);
        let result = self.mapping.substitute(&self.type_of(&fold.result), false);
        self.set_type(id, result);
    }

    /// The types of one or two iteration variables over a range.
    fn iteration_types(&mut self, expr: &Expr, range: &Type, two: bool) -> (Type, Type) {
        match range {
            Type::List(element) if two => (Type::Int, element.as_ref().clone()),
            Type::List(element) => (element.as_ref().clone(), Type::Dyn),
            Type::Map(key, value) => (key.as_ref().clone(), value.as_ref().clone()),
            Type::Dyn | Type::Error | Type::Param(_) => {
                self.mapping.is_assignable(&Type::Dyn, range);
                (Type::Dyn, Type::Dyn)
            }
            other => {
                self.error(
                    expr.id,
                    format!(
                        "expression of type '{other}' cannot be range of a comprehension \
                         (must be list, map, or dynamic)"
                    ),
                );
                (Type::Error, Type::Error)
            }
        }
    }

    fn assert_type(&mut self, expr: &Expr, expected: &Type) {
        let known = self.type_of(expr);
        if !self.mapping.is_assignable(expected, &known) {
            self.mismatch(expr.id, expected, &known);
        }
    }
}
