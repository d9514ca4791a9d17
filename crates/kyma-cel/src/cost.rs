//! Estimates what an expression costs at least and at most (`checker/cost.go` of cel-go).
//!
//! Sizes of data come from the declared type: a path from a variable to where a value stands in it.

mod calls;
mod estimate;
mod functions;
mod path;

use std::collections::HashMap;

use crate::ast::{Comprehension, Entry, Expr, ExprId, Kind, List, Literal, Select};
use crate::checker::Checked;
use crate::decl::{DeclKind, DeclType};
use crate::types::Type;

pub use estimate::Estimate;
pub(crate) use estimate::{REGEX, TRAVERSAL, scale};
use path::Path;

/// Overloads that cost as much as the shorter of two texts is long.
pub(crate) const COMPARISONS: [&str; 10] = [
    "less_string",
    "greater_string",
    "less_equals_string",
    "greater_equals_string",
    "less_bytes",
    "greater_bytes",
    "less_equals_bytes",
    "greater_equals_bytes",
    "equals",
    "not_equals",
];

/// What is known of the elements of a list or the entries of a map.
#[derive(Debug, Clone, Copy)]
struct EntrySize {
    is_list: bool,
    key: Estimate,
    value: Estimate,
}

impl EntrySize {
    fn union(self, other: Self) -> Self {
        Self { is_list: self.is_list, key: self.key.union(other.key), value: self.value.union(other.value) }
    }
}

/// What is known of a variable of a macro.
#[derive(Debug, Clone)]
struct Local {
    name: String,
    path: Path,
    size: Option<Estimate>,
    entry: Option<EntrySize>,
}

struct Coster<'a> {
    checked: &'a Checked,
    declared: &'a DeclType,
    paths: HashMap<ExprId, Path>,
    sizes: HashMap<ExprId, Estimate>,
    entries: HashMap<ExprId, EntrySize>,
    locals: Vec<Local>,
}

/// Estimates the cost of a checked tree.
pub(crate) fn estimate(expr: &Expr, checked: &Checked, declared: &DeclType) -> Estimate {
    let mut coster = Coster {
        checked,
        declared,
        paths: HashMap::new(),
        sizes: HashMap::new(),
        entries: HashMap::new(),
        locals: Vec::new(),
    };
    coster.cost(expr)
}

/// Names of the variables in which macros collect; there are no data behind them.
fn is_accumulator(name: &str) -> bool {
    name == crate::macros::ACCUMULATOR || name == "__result__"
}

impl Coster<'_> {
    fn cost(&mut self, expr: &Expr) -> Estimate {
        match &expr.kind {
            Kind::Unspecified => Estimate::ZERO,
            Kind::Literal(_) => Estimate::ZERO,
            Kind::Ident(name) => {
                let path = match self.local(name) {
                    Some(local) => local.path.clone(),
                    None => Path::variable(name),
                };
                self.paths.insert(expr.id, path);
                Estimate::fixed(1)
            }
            Kind::Select(select) => self.select(expr.id, select),
            Kind::Call(call) => self.call(expr, call),
            Kind::List(list) => self.list(expr.id, list),
            Kind::Map(entries) => self.map(expr.id, entries),
            Kind::Struct(object) => {
                let parts = object.fields.iter().map(|field| self.cost(&field.value));
                parts.fold(Estimate::fixed(40), Estimate::plus)
            }
            Kind::Comprehension(fold) => {
                if is_bind(fold) {
                    self.bind(expr.id, fold)
                } else {
                    self.fold(expr.id, fold)
                }
            }
        }
    }

    fn local(&self, name: &str) -> Option<&Local> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    fn type_of(&self, expr: &Expr) -> &Type {
        self.checked.type_of(expr)
    }

    fn path(&self, expr: &Expr) -> Path {
        if let Kind::Ident(name) = &expr.kind
            && let Some(local) = self.local(name)
        {
            return local.path.clone();
        }
        self.paths.get(&expr.id).cloned().unwrap_or_default()
    }

    fn subpath(&self, expr: &Expr, step: &str) -> Path {
        self.path(expr).then(step)
    }

    fn select(&mut self, id: ExprId, select: &Select) -> Estimate {
        // A test for presence costs nothing itself.
        let operand = self.cost(&select.operand);
        if select.test_only {
            return operand;
        }
        let path = self.subpath(&select.operand, &select.field);
        self.paths.insert(id, path);
        match self.type_of(&select.operand) {
            Type::Map(..) | Type::Object(_) | Type::Param(_) => operand.plus(Estimate::fixed(1)),
            _ => operand,
        }
    }

    fn list(&mut self, id: ExprId, list: &List) -> Estimate {
        let mut cost = Estimate::ZERO;
        let mut value = Estimate::nothing(list.elements.is_empty());
        for element in &list.elements {
            cost = cost.plus(self.cost(element));
            value = value.union(self.size_or_unknown(element));
        }
        self.entries.insert(id, EntrySize { is_list: true, key: Estimate::fixed(1), value });
        cost.plus(Estimate::fixed(10))
    }

    fn map(&mut self, id: ExprId, entries: &[Entry]) -> Estimate {
        let mut cost = Estimate::ZERO;
        let mut key = Estimate::nothing(entries.is_empty());
        let mut value = key;
        for entry in entries {
            cost = cost.plus(self.cost(&entry.key)).plus(self.cost(&entry.value));
            key = key.union(self.size_or_unknown(&entry.key));
            value = value.union(self.size_or_unknown(&entry.value));
        }
        self.entries.insert(id, EntrySize { is_list: false, key, value });
        cost.plus(Estimate::fixed(30))
    }

    fn fold(&mut self, id: ExprId, fold: &Comprehension) -> Estimate {
        let mut sum = self.cost(&fold.range).plus(self.cost(&fold.accu_init));
        self.push_bound(&fold.accu_var, &fold.accu_init);
        let pushed = self.push_iteration(fold);
        let condition = self.cost(&fold.condition);
        let step = self.cost(&fold.step);
        self.locals.truncate(self.locals.len() - pushed);
        sum = sum.plus(self.cost(&fold.result));
        self.locals.pop();
        let count = self.size_or_unknown(&fold.range);
        sum = sum.plus(count.times(step.plus(condition)));
        match &fold.accu_init.kind {
            Kind::Literal(_) => {
                let size = self.size(&fold.accu_init);
                self.set_size(id, size);
            }
            Kind::List(_) | Kind::Map(_) => {
                self.set_size(id, Some(count));
                let entry = self.entry(&fold.step);
                self.set_entry(id, entry);
            }
            _ => {}
        }
        sum
    }

    fn bind(&mut self, id: ExprId, fold: &Comprehension) -> Estimate {
        let mut sum = self.cost(&fold.range).plus(self.cost(&fold.accu_init));
        self.push_bound(&fold.accu_var, &fold.accu_init);
        sum = sum.plus(self.cost(&fold.result));
        self.locals.pop();
        self.copy_sizes(id, &fold.result);
        sum
    }

    fn push_bound(&mut self, name: &str, expr: &Expr) {
        let (path, entry) = (self.path(expr), self.entry(expr));
        let size = self.size(expr);
        self.locals.push(Local { name: name.to_owned(), path, size, entry });
    }

    /// Declares the iteration variables, and returns how many there are.
    fn push_iteration(&mut self, fold: &Comprehension) -> usize {
        let range = &fold.range;
        let entry = self.entry(range);
        let is_list = match entry {
            Some(entry) => entry.is_list,
            None => matches!(self.type_of(range), Type::List(_)),
        };
        let key = entry.map(|entry| entry.key);
        let value = entry.map(|entry| entry.value);
        let values = if is_list { "@items" } else { "@values" };
        let start = self.path(range);
        if let Some(second) = &fold.var2 {
            let keys = if is_list { "@indices" } else { "@keys" };
            self.push_local(&fold.var, start.then(keys), key);
            self.push_local(second, start.then(values), value);
            return 2;
        }
        if is_list {
            self.push_local(&fold.var, start.then("@items"), value);
        } else {
            self.push_local(&fold.var, start.then("@keys"), key);
        }
        1
    }

    fn push_local(&mut self, name: &str, path: Path, size: Option<Estimate>) {
        self.locals.push(Local { name: name.to_owned(), path, size, entry: None });
    }

    fn set_size(&mut self, id: ExprId, size: Option<Estimate>) {
        if let Some(size) = size {
            self.sizes.insert(id, size);
        }
    }

    fn set_entry(&mut self, id: ExprId, entry: Option<EntrySize>) {
        if let Some(entry) = entry {
            self.entries.insert(id, entry);
        }
    }

    fn copy_sizes(&mut self, to: ExprId, from: &Expr) {
        let size = self.size(from);
        self.set_size(to, size);
        let entry = self.entry(from);
        self.set_entry(to, entry);
    }

    fn size_or_unknown(&mut self, expr: &Expr) -> Estimate {
        self.size(expr).unwrap_or(Estimate::UNKNOWN)
    }

    fn size(&mut self, expr: &Expr) -> Option<Estimate> {
        if let Some(size) = self.sizes.get(&expr.id) {
            return Some(*size);
        }
        if let Some(size) = literal_size(expr) {
            return Some(size);
        }
        if let Some(size) = self.declared_size(&self.path(expr).steps()) {
            self.sizes.insert(expr.id, size);
            return Some(size);
        }
        if self.type_of(expr).is_scalar() {
            return Some(Estimate::fixed(1));
        }
        match &expr.kind {
            Kind::Ident(name) => self.local(name).and_then(|local| local.size),
            _ => None,
        }
    }

    fn entry(&self, expr: &Expr) -> Option<EntrySize> {
        let known = self.entries.get(&expr.id).copied();
        known.or_else(|| match &expr.kind {
            Kind::Ident(name) => self.local(name).and_then(|local| local.entry),
            _ => None,
        })
    }

    /// The size that the declared type gives to what is at the end of a path.
    fn declared_size(&self, path: &[String]) -> Option<Estimate> {
        let (_, steps) = path.split_first()?;
        let mut at = self.declared;
        for step in steps {
            at = match (step.as_str(), &at.kind) {
                ("@items" | "@values", DeclKind::List(inner, _) | DeclKind::Map(inner)) => inner,
                // Keys of maps have no bound of their own, which the estimate takes for none being there.
                ("@keys", DeclKind::Map(_)) => {
                    return (path.last() == Some(step)).then_some(Estimate::ZERO);
                }
                (name, DeclKind::Object(object)) => {
                    let mut fields = object.fields.values();
                    &fields.find(|field| field.identifier.as_deref() == Some(name))?.decl
                }
                _ => return None,
            };
        }
        Some(Estimate { min: 0, max: u64::try_from(at.max_elements).unwrap_or_default() })
    }
}

fn is_bind(fold: &Comprehension) -> bool {
    let nothing = matches!(&fold.range.kind, Kind::List(list) if list.elements.is_empty());
    let never = matches!(fold.condition.as_literal(), Some(Literal::Bool(false)));
    nothing && never && fold.accu_var != "__result__"
}

/// The size that the text itself tells.
fn literal_size(expr: &Expr) -> Option<Estimate> {
    let size = match &expr.kind {
        Kind::Literal(Literal::String(text)) => text.chars().count(),
        Kind::Literal(Literal::Bytes(bytes)) => bytes.len(),
        Kind::Literal(_) => 1,
        Kind::List(list) => list.elements.len(),
        Kind::Map(entries) => entries.len(),
        _ => return None,
    };
    Some(Estimate::fixed(u64::try_from(size).unwrap_or(u64::MAX)))
}
