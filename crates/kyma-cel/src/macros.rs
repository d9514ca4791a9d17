//! Macros: calls that become comprehensions and other expressions while they are read.

mod comprehensions;
mod optional;

use crate::ast::{Call, Comprehension, Entry, Expr, ExprId, FieldInit, Kind, List, Literal, Select, Struct};
use crate::parser::Parser;

/// The variable in which a comprehension collects; no text can name it.
pub(crate) const ACCUMULATOR: &str = "@result";

/// What that variable was called in earlier versions; as an iteration variable it is refused still.
const OLD_ACCUMULATOR: &str = "__result__";

/// Why the arguments of a macro do not fit: the node and the message.
type Refused = (ExprId, String);

/// Makes the nodes of an expansion, which all stand where the macro's call does.
pub(crate) struct Factory<'a> {
    parser: &'a mut Parser,
    call: ExprId,
}

/// Expands `function(args)`, or gives the arguments back if that is no macro.
pub(crate) fn expand_global(
    parser: &mut Parser,
    id: ExprId,
    function: &str,
    mut args: Vec<Expr>,
) -> Result<Expr, Vec<Expr>> {
    if function != "has" || args.len() != 1 {
        return Err(args);
    }
    let Some(arg) = args.pop() else { return Err(args) };
    let mut factory = Factory { parser, call: id };
    let expanded = match arg.kind {
        Kind::Select(select) => {
            let id = factory.id();
            Ok(Expr { id, kind: Kind::Select(Select { test_only: true, ..select }) })
        }
        _ => Err((arg.id, "invalid argument to has() macro".to_owned())),
    };
    Ok(finish(parser, id, expanded))
}

/// Expands `target.function(args)`, or gives both back if that is no macro.
pub(crate) fn expand_member(
    parser: &mut Parser,
    id: ExprId,
    function: &str,
    target: Expr,
    args: Vec<Expr>,
) -> Result<Expr, (Expr, Vec<Expr>)> {
    let mut factory = Factory { parser, call: id };
    let make = match (function, args.len()) {
        ("all", 2 | 3) => comprehensions::all,
        ("exists", 2 | 3) => comprehensions::exists,
        ("exists_one", 2 | 3) | ("existsOne", 3) => comprehensions::exists_one,
        ("map", 2 | 3) => comprehensions::map,
        ("filter", 2) => comprehensions::filter,
        ("transformList", 3 | 4) => comprehensions::transform_list,
        ("transformMap", 3 | 4) => comprehensions::transform_map,
        ("transformMapEntry", 3 | 4) => comprehensions::transform_map_entry,
        ("optMap", 2) => optional::opt_map,
        ("optFlatMap", 2) => optional::opt_flat_map,
        ("sortBy", 2) => optional::sort_by,
        _ => return Err((target, args)),
    };
    let expanded = make(&mut factory, target, args);
    Ok(finish(parser, id, expanded))
}

fn finish(parser: &mut Parser, call: ExprId, expanded: Result<Expr, Refused>) -> Expr {
    match expanded {
        Ok(expr) => {
            parser.delete_id(call);
            expr
        }
        Err((id, message)) => {
            let location = parser.source.location_of(id);
            parser.issues.report(location, message);
            parser.delete_id(call);
            Expr { id, kind: Kind::Unspecified }
        }
    }
}

impl Factory<'_> {
    fn id(&mut self) -> ExprId {
        self.parser.id_like(self.call)
    }

    fn literal(&mut self, literal: Literal) -> Expr {
        Expr { id: self.id(), kind: Kind::Literal(literal) }
    }

    fn ident(&mut self, name: &str) -> Expr {
        Expr { id: self.id(), kind: Kind::Ident(name.to_owned()) }
    }

    fn accumulator(&mut self) -> Expr {
        self.ident(ACCUMULATOR)
    }

    fn list(&mut self, elements: Vec<Expr>) -> Expr {
        Expr { id: self.id(), kind: Kind::List(List { elements, optionals: Vec::new() }) }
    }

    fn call(&mut self, function: &str, args: Vec<Expr>) -> Expr {
        let call = Call { function: function.to_owned(), target: None, args };
        Expr { id: self.id(), kind: Kind::Call(call) }
    }

    fn member_call(&mut self, function: &str, target: Expr, args: Vec<Expr>) -> Expr {
        let call = Call { function: function.to_owned(), target: Some(Box::new(target)), args };
        Expr { id: self.id(), kind: Kind::Call(call) }
    }

    fn comprehension(&mut self, fold: Comprehension) -> Expr {
        Expr { id: self.id(), kind: Kind::Comprehension(Box::new(fold)) }
    }

    /// The same expression once more, with identities of its own.
    fn copy(&mut self, expr: &Expr) -> Expr {
        let id = self.parser.id_like(expr.id);
        let kind = match &expr.kind {
            Kind::Unspecified => Kind::Unspecified,
            Kind::Literal(literal) => Kind::Literal(literal.clone()),
            Kind::Ident(name) => Kind::Ident(name.clone()),
            Kind::Select(select) => {
                let operand = Box::new(self.copy(&select.operand));
                Kind::Select(Select { operand, field: select.field.clone(), test_only: select.test_only })
            }
            Kind::Call(call) => {
                let args = self.copy_all(&call.args);
                let target = call.target.as_ref().map(|target| Box::new(self.copy(target)));
                Kind::Call(Call { function: call.function.clone(), target, args })
            }
            Kind::List(list) => {
                let elements = self.copy_all(&list.elements);
                Kind::List(List { elements, optionals: list.optionals.clone() })
            }
            Kind::Map(entries) => {
                let copied = entries.iter().map(|entry| {
                    self.id();
                    let (key, value) = (self.copy(&entry.key), self.copy(&entry.value));
                    Entry { key, value, optional: entry.optional }
                });
                Kind::Map(copied.collect())
            }
            Kind::Struct(object) => {
                let fields = object.fields.iter().map(|field| {
                    self.id();
                    let value = self.copy(&field.value);
                    FieldInit { name: field.name.clone(), value, optional: field.optional }
                });
                let fields = fields.collect();
                Kind::Struct(Struct { name: object.name.clone(), fields })
            }
            Kind::Comprehension(fold) => Kind::Comprehension(Box::new(Comprehension {
                range: self.copy(&fold.range),
                accu_init: self.copy(&fold.accu_init),
                condition: self.copy(&fold.condition),
                step: self.copy(&fold.step),
                result: self.copy(&fold.result),
                var: fold.var.clone(),
                var2: fold.var2.clone(),
                accu_var: fold.accu_var.clone(),
            })),
        };
        Expr { id, kind }
    }

    fn copy_all(&mut self, list: &[Expr]) -> Vec<Expr> {
        list.iter().map(|expr| self.copy(expr)).collect()
    }
}
