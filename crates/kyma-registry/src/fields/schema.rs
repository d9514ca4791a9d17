//! What a kind's structure says of ownership: of each place whether it is a scalar, a list or a map, and whether a
//! list or a map is owned whole or part by part (`structured-merge-diff/schema`, and how
//! `kube-openapi/pkg/schemaconv` makes one of an OpenAPI schema).
//!
//! This is the only thing that the walks see of a structure. [`custom`] makes places of the schemas of
//! CustomResourceDefinitions, [`builtin`] of Go's structures.

pub(crate) mod builtin;
pub(crate) mod custom;

use super::element::Datum;

/// A place in a kind's structure.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place<'s> {
    /// Nothing is known of it, and it has one owner whatever it is.
    Untyped,
    /// Nothing is known of it; maps are owned key by key, lists whole.
    Deduced,
    /// In a custom kind.
    Custom(&'s custom::Node),
    /// In a built-in kind.
    Builtin(builtin::Part),
}

/// What may stand at a place: mostly one of the three.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Atom<'s> {
    pub(crate) scalar: Option<Scalar>,
    pub(crate) list: Option<List<'s>>,
    pub(crate) map: Option<Map<'s>>,
}

/// A type of scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scalar {
    Numeric,
    Text,
    Boolean,
    /// Any of them.
    Untyped,
}

/// A list, and what its items are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'s> {
    pub(crate) kind: ListKind<'s>,
    pub(crate) item: Place<'s>,
}

/// Whether a list is owned whole, or how its items are told apart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ListKind<'s> {
    Atomic,
    /// Each value is an item of its own.
    Set,
    /// By the values of these members.
    Map(Keys<'s>),
}

/// Names of the members that tell items apart.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keys<'s> {
    Custom(&'s [String]),
    Builtin(&'static [&'static str]),
}

impl<'s> Keys<'s> {
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Custom(names) => names.len(),
            Self::Builtin(names) => names.len(),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'s str> {
        (0..self.len()).filter_map(move |index| match self {
            Self::Custom(names) => names.get(index).map(String::as_str),
            Self::Builtin(names) => names.get(index).copied(),
        })
    }
}

/// A map or a structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map<'s> {
    /// Whether it has one owner.
    pub(crate) atomic: bool,
    pub(crate) fields: Fields<'s>,
    /// What stands under names that are not declared; `None` where there may be no such.
    pub(crate) rest: Option<Place<'s>>,
}

/// The declared members of a map.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fields<'s> {
    None,
    Custom(&'s custom::Properties),
    Builtin(builtin::Members),
}

impl<'s> Map<'s> {
    /// The place of a declared member.
    pub(crate) fn field(&self, name: &str) -> Option<Place<'s>> {
        match self.fields {
            Fields::None => None,
            Fields::Custom(properties) => properties.get(name),
            Fields::Builtin(members) => members.get(name),
        }
    }

    /// The place of a member, declared or not.
    pub(crate) fn child(&self, name: &str) -> Option<Place<'s>> {
        self.field(name).or(self.rest)
    }

    /// Whether nothing is known of its members (`isUntypedDeducedMap`): such maps are not reconciled.
    pub(crate) fn is_deduced(&self) -> bool {
        let free = match self.rest {
            Some(Place::Deduced) => true,
            Some(Place::Custom(node)) => node.is_any_scalar(),
            Some(Place::Untyped | Place::Builtin(_)) | None => false,
        };
        free && match self.fields {
            Fields::None => true,
            Fields::Custom(properties) => properties.is_empty(),
            Fields::Builtin(members) => members.is_empty(),
        }
    }
}

impl<'s> Place<'s> {
    /// What may stand here.
    pub(crate) fn atom(self) -> Atom<'s> {
        let open = |rest, atomic| Atom {
            scalar: Some(Scalar::Untyped),
            list: Some(List { kind: ListKind::Atomic, item: Place::Untyped }),
            map: Some(Map { atomic, fields: Fields::None, rest: Some(rest) }),
        };
        match self {
            Self::Untyped => open(Place::Untyped, true),
            Self::Deduced => open(Place::Deduced, false),
            Self::Custom(node) => node.atom(),
            Self::Builtin(part) => part.atom(),
        }
    }

    /// The default of a member by which items of a list are told apart, where there is one.
    pub(crate) fn key_default(self, name: &str) -> Option<Datum<'s>> {
        match self {
            Self::Untyped | Self::Deduced => None,
            Self::Custom(node) => node.default_of(name).map(Datum::of),
            Self::Builtin(part) => part.key_default(name),
        }
    }
}
