//! The functions an expression can call: a table of overloads, in the order in which the checker tries them.
//!
//! Implementations are found by the overload's name in `library`, costs in `cost` and `runtime_cost`.

mod extensions;
mod kubernetes;
mod operators;
mod standard;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use crate::types::Type;

/// An overload as the tables write it: types by their names, arguments between semicolons.
pub(crate) struct Signature {
    function: &'static str,
    overload: &'static str,
    is_member: bool,
    args: &'static str,
    result: &'static str,
}

const fn global(
    function: &'static str,
    overload: &'static str,
    args: &'static str,
    result: &'static str,
) -> Signature {
    Signature { function, overload, is_member: false, args, result }
}

const fn member(
    function: &'static str,
    overload: &'static str,
    args: &'static str,
    result: &'static str,
) -> Signature {
    Signature { function, overload, is_member: true, args, result }
}

/// One of the ways to call a function.
#[derive(Debug)]
pub(crate) struct Overload {
    pub(crate) id: &'static str,
    pub(crate) is_member: bool,
    /// Of a member function the target is the first one.
    pub(crate) args: Vec<Type>,
    pub(crate) result: Type,
    /// Whether types in it depend on how it is called.
    pub(crate) is_generic: bool,
}

/// A function by its name.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) overloads: Vec<Overload>,
}

static FUNCTIONS: LazyLock<HashMap<&'static str, Function>> = LazyLock::new(|| {
    let tables =
        [operators::SIGNATURES, standard::SIGNATURES, extensions::SIGNATURES, kubernetes::SIGNATURES];
    let mut functions: HashMap<&'static str, Function> = HashMap::new();
    for signature in tables.into_iter().flatten() {
        let name = signature.function;
        let function = functions.entry(name).or_insert_with(|| Function { name, overloads: Vec::new() });
        function.overloads.push(overload(signature));
    }
    functions
});

/// The function of that name; a leading dot does not count.
pub(crate) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.get(name.strip_prefix('.').unwrap_or(name))
}

fn overload(signature: &Signature) -> Overload {
    let args: Vec<Type> =
        signature.args.split("; ").filter(|arg| !arg.is_empty()).map(|arg| parse(arg).0).collect();
    let result = parse(signature.result).0;
    let is_generic = args.iter().chain([&result]).any(mentions_param);
    Overload { id: signature.overload, is_member: signature.is_member, args, result, is_generic }
}

fn mentions_param(of: &Type) -> bool {
    matches!(of, Type::Param(_)) || of.params().into_iter().any(mentions_param)
}

/// Reads a type, and returns what is behind it.
fn parse(text: &str) -> (Type, &str) {
    let end = text.find(['(', ')', ',']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let mut params = Vec::new();
    while let Some(inner) = rest.strip_prefix(if params.is_empty() { "(" } else { ", " }) {
        let (param, behind) = parse(inner);
        params.push(param);
        rest = behind;
    }
    if !params.is_empty() {
        rest = rest.strip_prefix(')').unwrap_or(rest);
    }
    (build(name, params), rest)
}

fn build(name: &str, params: Vec<Type>) -> Type {
    let mut given = params.clone().into_iter();
    let mut next = || given.next().unwrap_or(Type::Dyn);
    match name {
        "dyn" => Type::Dyn,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "uint" => Type::Uint,
        "double" => Type::Double,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "duration" => Type::Duration,
        "timestamp" => Type::Timestamp,
        "list" => Type::list(next()),
        "map" => {
            let key = next();
            Type::map(key, next())
        }
        "type" => Type::type_of(next()),
        name if name.len() == 1 => Type::Param(name.into()),
        name if name.starts_with("kubernetes.") => Type::Object(name.into()),
        name => Type::Opaque(name.into(), Arc::from(params)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_read_as_they_are_written() {
        let table =
            ["int", "list(A)", "map(A, list(B))", "optional_type(map(K, V))", "net.IP", "kubernetes.URL"];
        for text in table {
            assert_eq!(parse(text).0.to_string(), text);
        }
        let function = find("_[_]").unwrap();
        assert_eq!(function.overloads.len(), 4);
        assert_eq!(function.overloads[1].args.len(), 2);
    }
}
