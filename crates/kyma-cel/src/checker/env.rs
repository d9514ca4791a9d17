//! Names in scope: variables of macros, variables of the expression, types.

use super::Reference;
use crate::types::Type;

/// What a name stands for.
pub(super) struct Found {
    /// As the tree has it from now on; a dot in front keeps a variable apart from one of a macro.
    pub(super) name: String,
    pub(super) known: Type,
    pub(super) reference: Reference,
}

/// Variables, the innermost ones last.
pub(super) struct Scopes {
    globals: Vec<(&'static str, Type)>,
    locals: Vec<(String, Type)>,
}

impl Scopes {
    pub(super) fn new(globals: Vec<(&'static str, Type)>) -> Self {
        Self { globals, locals: Vec::new() }
    }

    /// How many variables of macros there are, for `leave`.
    pub(super) fn depth(&self) -> usize {
        self.locals.len()
    }

    pub(super) fn declare(&mut self, name: &str, known: Type) {
        self.locals.push((name.to_owned(), known));
    }

    /// Forgets variables declared since.
    pub(super) fn leave(&mut self, depth: usize) {
        self.locals.truncate(depth);
    }

    fn local(&self, name: &str) -> Option<&Type> {
        self.locals.iter().rev().find(|(local, _)| local == name).map(|(_, known)| known)
    }

    fn global(&self, name: &str, shadowed: bool) -> Option<Found> {
        let shown = if shadowed { format!(".{name}") } else { name.to_owned() };
        if let Some((_, known)) = self.globals.iter().find(|(global, _)| *global == name) {
            let reference = Reference::Variable(shown.clone());
            return Some(Found { name: shown, known: known.clone(), reference });
        }
        if let Some(named) = type_without_value(name) {
            let reference = Reference::Variable(shown.clone());
            return Some(Found { name: shown, known: Type::type_of(named), reference });
        }
        let named = type_named(name)?;
        let known = Type::type_of(named.clone());
        Some(Found { name: shown, known, reference: Reference::Type(named) })
    }

    /// What a simple name stands for; one with a dot in front is no variable of a macro.
    pub(super) fn resolve(&self, name: &str) -> Option<Found> {
        let bare = name.strip_prefix('.').unwrap_or(name);
        let local = self.local(bare);
        if let Some(known) = local.filter(|_| bare.len() == name.len()) {
            let reference = Reference::Variable(name.to_owned());
            return Some(Found { name: name.to_owned(), known: known.clone(), reference });
        }
        self.global(bare, local.is_some())
    }

    /// What a name with dots in it stands for, as a whole.
    pub(super) fn resolve_qualified(&self, name: &str) -> Option<Found> {
        let bare = name.strip_prefix('.').unwrap_or(name);
        let first = bare.split('.').next().unwrap_or_default();
        let local = self.local(first).is_some();
        if local && bare.len() == name.len() {
            return None;
        }
        self.global(bare, local)
    }
}

impl Scopes {
    /// The type of that name.
    pub(super) fn resolve_type(&self, name: &str) -> Option<Type> {
        type_named(name.strip_prefix('.').unwrap_or(name))
    }
}

/// Kubernetes' own names of types: the checker knows them, but there is no value for them when the expression runs.
fn type_without_value(name: &str) -> Option<Type> {
    match name {
        "duration" => Some(Type::Duration),
        "timestamp" => Some(Type::Timestamp),
        _ => None,
    }
}

/// The type an identifier names.
fn type_named(name: &str) -> Option<Type> {
    let list = || Type::list(Type::Param("A".into()));
    Some(match name {
        "bool" => Type::Bool,
        "bytes" => Type::Bytes,
        "double" => Type::Double,
        "int" => Type::Int,
        "list" => list(),
        "map" => Type::map(Type::Param("A".into()), Type::Param("B".into())),
        "null_type" => Type::Null,
        "string" => Type::String,
        "type" => Type::Type(None),
        "uint" => Type::Uint,
        "google.protobuf.Duration" => Type::Duration,
        "google.protobuf.Timestamp" => Type::Timestamp,
        "net.IP" | "net.CIDR" => Type::Opaque(name.into(), [].into()),
        "optional_type" => Type::optional(Type::Dyn),
        _ => return None,
    })
}
