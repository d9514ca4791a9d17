//! The abstract syntax tree, after macro expansion.

use std::sync::Arc;

/// Identifies a node of one tree; types, references and positions are kept by it.
pub(crate) type ExprId = i64;

/// A node of the tree.
#[derive(Debug, Clone)]
pub(crate) struct Expr {
    pub(crate) id: ExprId,
    pub(crate) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// What is left where the text was wrong; a tree with one is never checked.
    Unspecified,
    Literal(Literal),
    Ident(String),
    Select(Select),
    Call(Call),
    List(List),
    Map(Vec<Entry>),
    Struct(Struct),
    Comprehension(Box<Comprehension>),
}

/// A literal value of the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Arc<str>),
    Bytes(Arc<[u8]>),
}

/// `operand.field`, or with `test_only` what `has(operand.field)` asks.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) operand: Box<Expr>,
    pub(crate) field: String,
    pub(crate) test_only: bool,
}

/// `function(args)` or `target.function(args)`; operators are calls, too.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) function: String,
    pub(crate) target: Option<Box<Expr>>,
    pub(crate) args: Vec<Expr>,
}

/// `[a, ?b]`.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    pub(crate) elements: Vec<Expr>,
    /// Which elements stand behind a question mark, in ascending order.
    pub(crate) optionals: Vec<usize>,
}

/// `key: value` or `?key: value`.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: Expr,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// `Name{field: value}`.
#[derive(Debug, Clone)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) fields: Vec<FieldInit>,
}

/// `field: value` or `?field: value`.
#[derive(Debug, Clone)]
pub(crate) struct FieldInit {
    pub(crate) name: String,
    pub(crate) value: Expr,
    pub(crate) optional: bool,
}

/// A fold over a list or a map: what every macro but `has` becomes.
#[derive(Debug, Clone)]
pub(crate) struct Comprehension {
    pub(crate) range: Expr,
    pub(crate) var: String,
    pub(crate) var2: Option<String>,
    pub(crate) accu_var: String,
    pub(crate) accu_init: Expr,
    pub(crate) condition: Expr,
    pub(crate) step: Expr,
    pub(crate) result: Expr,
}

impl Expr {
    /// The name, if the node is an identifier.
    pub(crate) fn as_ident(&self) -> Option<&str> {
        match &self.kind {
            Kind::Ident(name) => Some(name),
            _ => None,
        }
    }

    /// The value, if the node is a literal.
    pub(crate) fn as_literal(&self) -> Option<&Literal> {
        match &self.kind {
            Kind::Literal(literal) => Some(literal),
            _ => None,
        }
    }

    /// `a.b.c`, if the node is nothing but identifiers and selections.
    pub(crate) fn qualified_name(&self) -> Option<String> {
        match &self.kind {
            Kind::Ident(name) => Some(name.clone()),
            Kind::Select(select) if !select.test_only => {
                Some(format!("{}.{}", select.operand.qualified_name()?, select.field))
            }
            _ => None,
        }
    }

    /// How many levels the tree has.
    pub(crate) fn height(&self) -> usize {
        let below = |parts: &mut dyn Iterator<Item = &Expr>| parts.map(Expr::height).max().unwrap_or(0);
        1 + match &self.kind {
            Kind::Unspecified | Kind::Literal(_) | Kind::Ident(_) => 0,
            Kind::Select(select) => select.operand.height(),
            Kind::Call(call) => below(&mut call.target.iter().map(|target| &**target).chain(&call.args)),
            Kind::List(list) => below(&mut list.elements.iter()),
            Kind::Map(entries) => below(&mut entries.iter().flat_map(|entry| [&entry.key, &entry.value])),
            Kind::Struct(object) => below(&mut object.fields.iter().map(|field| &field.value)),
            Kind::Comprehension(fold) => {
                let parts = [&fold.range, &fold.accu_init, &fold.condition, &fold.step, &fold.result];
                below(&mut parts.into_iter())
            }
        }
    }

    /// Calls `visit` with the node and every one below it, parents first.
    pub(crate) fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        visit(self);
        match &self.kind {
            Kind::Unspecified | Kind::Literal(_) | Kind::Ident(_) => {}
            Kind::Select(select) => select.operand.walk(visit),
            Kind::Call(call) => {
                call.target.iter().for_each(|target| target.walk(visit));
                call.args.iter().for_each(|arg| arg.walk(visit));
            }
            Kind::List(list) => list.elements.iter().for_each(|element| element.walk(visit)),
            Kind::Map(entries) => entries.iter().for_each(|entry| {
                entry.key.walk(visit);
                entry.value.walk(visit);
            }),
            Kind::Struct(object) => object.fields.iter().for_each(|field| field.value.walk(visit)),
            Kind::Comprehension(fold) => {
                let parts = [&fold.range, &fold.accu_init, &fold.condition, &fold.step, &fold.result];
                parts.into_iter().for_each(|part| part.walk(visit));
            }
        }
    }
}

/// Names under which operators are called.
pub(crate) mod operators {
    pub(crate) const CONDITIONAL: &str = "_?_:_";
    pub(crate) const LOGICAL_AND: &str = "_&&_";
    pub(crate) const LOGICAL_OR: &str = "_||_";
    pub(crate) const LOGICAL_NOT: &str = "!_";
    pub(crate) const EQUALS: &str = "_==_";
    pub(crate) const NOT_EQUALS: &str = "_!=_";
    pub(crate) const ADD: &str = "_+_";
    pub(crate) const NEGATE: &str = "-_";
    pub(crate) const INDEX: &str = "_[_]";
    pub(crate) const OPT_INDEX: &str = "_[?_]";
    pub(crate) const OPT_SELECT: &str = "_?._";
    pub(crate) const NOT_STRICTLY_FALSE: &str = "@not_strictly_false";
}
