//! Calls: which overloads of a function fit the arguments.

use super::unify::Mapping;
use super::{Checker, Reference};
use crate::ast::{Call, Expr, ExprId, Kind, Literal, operators};
use crate::functions::{self, Function, Overload};
use crate::types::{self, Type};

impl Checker<'_> {
    pub(super) fn check_call(&mut self, expr: &mut Expr) {
        let id = expr.id;
        let Kind::Call(call) = &mut expr.kind else { return };
        if call.function == operators::OPT_SELECT {
            self.check_opt_select(id, call);
            return;
        }
        for arg in &mut call.args {
            self.check(arg);
        }
        let Some(target) = &mut call.target else {
            let Some(function) = functions::find(&call.function) else {
                let name = call.function.clone();
                self.undeclared(id, &name);
                self.set_type(id, Type::Error);
                return;
            };
            function.name.clone_into(&mut call.function);
            self.resolve_overload(id, function, None, &call.args);
            return;
        };
        // `a.b(c)` may call a function that is named `a.b`.
        let qualified = target.qualified_name().map(|prefix| format!("{prefix}.{}", call.function));
        if let Some(function) = qualified.and_then(|name| functions::find(&name)) {
            function.name.clone_into(&mut call.function);
            call.target = None;
            self.resolve_overload(id, function, None, &call.args);
            return;
        }
        self.check(target);
        match functions::find(&call.function) {
            Some(function) => {
                let target_type = self.type_of(target);
                self.resolve_overload(id, function, Some(target_type), &call.args);
            }
            None => {
                self.set_type(id, Type::Error);
                let name = call.function.clone();
                self.undeclared(id, &name);
            }
        }
    }

    fn check_opt_select(&mut self, id: ExprId, call: &mut Call) {
        let [operand, field] = call.args.as_mut_slice() else { return };
        let Some(Literal::String(name)) = field.as_literal().cloned() else { return };
        let result = self.check_select_field(id, operand, &name, true);
        let result = self.mapping.substitute(&result, false);
        self.set_type(id, result);
        self.checked.references.insert(id, Reference::Overloads(vec!["select_optional_field"]));
    }

    fn resolve_overload(&mut self, id: ExprId, function: &Function, target: Option<Type>, args: &[Expr]) {
        let is_member = target.is_some();
        let mut arg_types: Vec<Type> = target.into_iter().collect();
        arg_types.extend(args.iter().map(|arg| self.type_of(arg)));
        let mut result: Option<Type> = None;
        let mut fitting = Vec::new();
        for overload in &function.overloads {
            if overload.is_member != is_member {
                continue;
            }
            if function.name == operators::LOGICAL_AND || function.name == operators::LOGICAL_OR {
                self.check_logical(id, overload, &arg_types, args);
                return;
            }
            let (candidates, overload_result) = self.instantiate(overload);
            if !self.mapping.are_assignable(&arg_types, &candidates) {
                continue;
            }
            fitting.push(overload.id);
            let known = self.mapping.substitute(&overload_result, false);
            result = Some(match result {
                None => known,
                Some(before) if before.is_dyn() || before == known => before,
                Some(_) => Type::Dyn,
            });
        }
        let Some(result) = result else {
            let shown: Vec<Type> = arg_types.iter().map(|arg| self.mapping.substitute(arg, true)).collect();
            let signature = types::render_signature(&shown, is_member);
            self.error(
                id,
                format!("found no matching overload for '{}' applied to '{signature}'", function.name),
            );
            self.set_type(id, Type::Error);
            return;
        };
        self.set_type(id, result);
        self.checked.references.insert(id, Reference::Overloads(fitting));
    }

    fn check_logical(&mut self, id: ExprId, overload: &Overload, arg_types: &[Type], args: &[Expr]) {
        let mut fits = true;
        for (known, arg) in arg_types.iter().zip(args) {
            if !self.mapping.is_assignable(known, &Type::Bool) {
                self.mismatch(arg.id, &Type::Bool, known);
                fits = false;
            }
        }
        if fits {
            self.set_type(id, Type::Bool);
            self.checked.references.insert(id, Reference::Overloads(vec![overload.id]));
        } else {
            self.set_type(id, Type::Error);
        }
    }

    /// The types of an overload's arguments and of its result, with new names for its type parameters.
    fn instantiate(&mut self, overload: &Overload) -> (Vec<Type>, Type) {
        if !overload.is_generic {
            return (overload.args.clone(), overload.result.clone());
        }
        let mut names = Vec::new();
        for of in overload.args.iter().chain([&overload.result]) {
            collect_params(of, &mut names);
        }
        let mut fresh = Mapping::default();
        for name in &names {
            let var = self.new_type_var();
            fresh.bind(name, var);
        }
        let args = overload.args.iter().map(|arg| fresh.substitute(arg, false)).collect();
        (args, fresh.substitute(&overload.result, false))
    }
}

fn collect_params(of: &Type, names: &mut Vec<std::sync::Arc<str>>) {
    if let Type::Param(name) = of
        && !names.contains(name)
    {
        names.push(std::sync::Arc::clone(name));
    }
    of.params().into_iter().for_each(|param| collect_params(param, names));
}
