//! The type checker: resolves names and overloads, and finds what does not fit.
//!
//! It follows `checker/checker.go` of cel-go, messages included.

mod aggregates;
mod calls;
mod env;
mod format;
mod unify;
mod validators;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::ast::{Expr, ExprId, Kind, Literal, Select};
use crate::decl::DeclType;
use crate::source::{Issues, Source};
use crate::types::Type;

use env::Scopes;
use unify::Mapping;

/// What a name or a call means.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reference {
    /// A variable.
    Variable(String),
    /// A type, as a value.
    Type(Type),
    /// The overloads that a call may use; one, unless types are known only later.
    Overloads(Vec<&'static str>),
}

/// What the checker found out, by the identity of nodes.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub(crate) types: HashMap<ExprId, Type>,
    pub(crate) references: HashMap<ExprId, Reference>,
}

impl Checked {
    pub(crate) fn type_of(&self, expr: &Expr) -> &Type {
        self.types.get(&expr.id).unwrap_or(&Type::Dyn)
    }

    pub(crate) fn overloads(&self, id: ExprId) -> &[&'static str] {
        match self.references.get(&id) {
            Some(Reference::Overloads(overloads)) => overloads,
            _ => &[],
        }
    }
}

/// Variables of an expression.
pub(crate) struct Variables<'a> {
    pub(crate) named: Vec<(&'static str, Type)>,
    pub(crate) declared: &'a DeclType,
}

pub(crate) struct Checker<'a> {
    checked: Checked,
    mapping: Mapping,
    scopes: Scopes,
    objects: BTreeMap<Arc<str>, &'a DeclType>,
    source: &'a Source,
    issues: &'a mut Issues,
    free_vars: usize,
}

/// Checks a tree and rewrites it where a selection turns out to be a qualified name.
pub(crate) fn check(
    expr: &mut Expr,
    variables: Variables<'_>,
    source: &Source,
    issues: &mut Issues,
) -> Checked {
    let mut objects = BTreeMap::new();
    variables.declared.collect_objects(&mut objects);
    let scopes = Scopes::new(variables.named);
    let mut checker = Checker {
        checked: Checked::default(),
        mapping: Mapping::default(),
        scopes,
        objects,
        source,
        issues,
        free_vars: 0,
    };
    checker.check(expr);
    let Checker { mut checked, mapping, .. } = checker;
    for known in checked.types.values_mut() {
        *known = mapping.substitute(known, true);
    }
    if issues.is_empty() {
        validators::validate(expr, &checked, source, issues);
    }
    checked
}

impl Checker<'_> {
    fn check(&mut self, expr: &mut Expr) {
        let id = expr.id;
        match &mut expr.kind {
            Kind::Unspecified => {}
            Kind::Literal(literal) => {
                let known = literal_type(literal);
                self.set_type(id, known);
            }
            Kind::Ident(_) => self.check_ident(expr),
            Kind::Select(_) => self.check_select(expr),
            Kind::Call(_) => self.check_call(expr),
            Kind::List(list) => self.check_list(id, list),
            Kind::Map(entries) => self.check_map(id, entries),
            Kind::Struct(object) => self.check_struct(id, object),
            Kind::Comprehension(fold) => self.check_comprehension(id, fold),
        }
    }

    fn error(&mut self, id: ExprId, message: String) {
        self.issues.report(self.source.location_of(id), message);
    }

    fn undeclared(&mut self, id: ExprId, name: &str) {
        self.error(id, format!("undeclared reference to '{name}' (in container '')"));
    }

    fn mismatch(&mut self, id: ExprId, expected: &Type, found: &Type) {
        self.error(id, format!("expected type '{expected}' but found '{found}'"));
    }

    fn set_type(&mut self, id: ExprId, known: Type) {
        self.checked.types.entry(id).or_insert(known);
    }

    fn type_of(&self, expr: &Expr) -> Type {
        self.checked.types.get(&expr.id).cloned().unwrap_or(Type::Error)
    }

    fn new_type_var(&mut self) -> Type {
        let name = format!("_var{}", self.free_vars);
        self.free_vars += 1;
        Type::Param(name.into())
    }

    fn check_ident(&mut self, expr: &mut Expr) {
        let Kind::Ident(name) = &expr.kind else { return };
        let Some(found) = self.scopes.resolve(name) else {
            let name = name.clone();
            self.set_type(expr.id, Type::Error);
            self.undeclared(expr.id, &name);
            return;
        };
        self.set_type(expr.id, found.known);
        self.checked.references.insert(expr.id, found.reference);
        expr.kind = Kind::Ident(found.name);
    }

    fn check_select(&mut self, expr: &mut Expr) {
        if let Some(qualified) = expr.qualified_name()
            && let Some(found) = self.scopes.resolve_qualified(&qualified)
        {
            self.set_type(expr.id, found.known);
            self.checked.references.insert(expr.id, found.reference);
            expr.kind = Kind::Ident(found.name);
            return;
        }
        let Kind::Select(Select { operand, field, test_only }) = &mut expr.kind else { return };
        let result = self.check_select_field(expr.id, operand, field, false);
        let result = if *test_only { Type::Bool } else { result };
        let result = self.mapping.substitute(&result, false);
        self.set_type(expr.id, result);
    }

    /// The type of a field of an operand, which is checked with it.
    fn check_select_field(&mut self, id: ExprId, operand: &mut Expr, field: &str, optional: bool) -> Type {
        self.check(operand);
        let operand_type = self.mapping.substitute(&self.type_of(operand), false);
        let unwrapped = operand_type.unwrap_optional().cloned();
        let wrap = optional || unwrapped.is_some();
        let target = unwrapped.unwrap_or(operand_type);
        let result = match &target {
            Type::Map(_, value) => value.as_ref().clone(),
            Type::Object(name) => self.field_type(id, name, field).unwrap_or(Type::Error),
            Type::Param(_) => {
                self.mapping.is_assignable(&Type::Dyn, &target);
                Type::Dyn
            }
            other => {
                if !other.is_dyn() && !other.is_error() {
                    self.error(id, format!("type '{other}' does not support field selection"));
                }
                Type::Dyn
            }
        };
        if wrap { Type::optional(result) } else { result }
    }

    fn field_type(&mut self, id: ExprId, object: &str, field: &str) -> Option<Type> {
        let Some(decl) = self.objects.get(object) else {
            self.error(id, format!("unexpected failed resolution of '{object}'"));
            return None;
        };
        if let Some(field) = decl.field(field) {
            return Some(field.checked_type());
        }
        self.error(id, format!("undefined field '{field}'"));
        None
    }
}

fn literal_type(literal: &Literal) -> Type {
    match literal {
        Literal::Null => Type::Null,
        Literal::Bool(_) => Type::Bool,
        Literal::Int(_) => Type::Int,
        Literal::Uint(_) => Type::Uint,
        Literal::Double(_) => Type::Double,
        Literal::String(_) => Type::String,
        Literal::Bytes(_) => Type::Bytes,
    }
}
