//! Go's structures, as far as they are about ownership: the seam to [`crate::structure`].

use super::{Atom, Fields, Keys, List, ListKind, Map, Place, Scalar};
use crate::fields::element::Datum;
use crate::structure::{ListType, Member, Struct, Type};

/// A place in a built-in kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    /// A structure.
    Struct(&'static Struct),
    /// What a member holds; its tags say more than its type.
    Member(&'static Member),
    /// An item of a list, or a value of a map.
    Inner(&'static Type),
}

/// The members of a structure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Members(&'static Struct);

/// The metadata of an object of any kind.
pub(crate) fn metadata() -> Place<'static> {
    Struct::find("meta/v1.ObjectMeta").map_or(Place::Deduced, object)
}

/// An object of a built-in kind.
pub(crate) fn object(structure: &'static Struct) -> Place<'static> {
    Place::Builtin(Part::Struct(structure))
}

impl Members {
    pub(crate) fn get(self, name: &str) -> Option<Place<'static>> {
        self.0.member(name).map(|member| Place::Builtin(Part::Member(member)))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.members().is_empty()
    }
}

impl Part {
    pub(crate) fn atom(self) -> Atom<'static> {
        match self {
            Self::Struct(inner) => structure(inner, None),
            Self::Member(member) => of_type(&member.kind, Some(member)),
            Self::Inner(kind) => of_type(kind, None),
        }
    }

    /// What OpenAPI shows as the default of a member: that of its tag, or the zero value that is always written.
    pub(crate) fn key_default(self, name: &str) -> Option<Datum<'static>> {
        let structure = match self {
            Self::Struct(structure) => structure,
            Self::Member(member) => member.kind.structure()?,
            Self::Inner(kind) => kind.structure()?,
        };
        let member = structure.member(name)?;
        match (member.default, &member.kind) {
            (Some(default), _) => serde_json::from_str(default).ok().map(Datum::decoded),
            (None, Type::Text(_)) if member.kept => Some(Datum::Text("".into())),
            (None, Type::Integer(_)) if member.kept => Some(Datum::Integer(0)),
            _ => None,
        }
    }
}

fn structure(inner: &'static Struct, atomic: Option<bool>) -> Atom<'static> {
    let members = Members(inner);
    let map = Map {
        atomic: atomic.unwrap_or(inner.atomic()),
        fields: Fields::Builtin(members),
        // What has no members may have any: to OpenAPI it is a free-form object.
        rest: members.is_empty().then_some(Place::Deduced),
    };
    Atom { map: Some(map), ..Atom::default() }
}

fn of_type(kind: &'static Type, member: Option<&'static Member>) -> Atom<'static> {
    let scalar = |scalar| Atom { scalar: Some(scalar), ..Atom::default() };
    let atomic = member.and_then(|member| member.atomic);
    match kind.pointee() {
        Type::Text(_) | Type::Bytes => scalar(Scalar::Text),
        Type::Integer(_) | Type::Float => scalar(Scalar::Numeric),
        Type::Bool => scalar(Scalar::Boolean),
        Type::Time | Type::MicroTime | Type::Quantity | Type::IntOrString => scalar(Scalar::Untyped),
        Type::Raw(crate::structure::Raw::Extension) => Place::Untyped.atom(),
        Type::Raw(_) => Place::Deduced.atom(),
        Type::Struct(inner) => structure(inner, atomic),
        Type::List { items, .. } => {
            let item = Place::Builtin(Part::Inner(items));
            Atom {
                list: Some(List { kind: member.map_or(ListKind::Atomic, list_kind), item }),
                ..Atom::default()
            }
        }
        Type::Map { values, .. } => {
            let rest = Some(Place::Builtin(Part::Inner(values)));
            let map = Map { atomic: atomic == Some(true), fields: Fields::None, rest };
            Atom { map: Some(map), ..Atom::default() }
        }
        // A pointer to a pointer, which Go's API types do not have.
        Type::Pointer(_) => Place::Deduced.atom(),
    }
}

/// A list's own tag decides; where it has none, the strategy of a strategic merge patch does.
fn list_kind(member: &'static Member) -> ListKind<'static> {
    match (&member.list, &member.merge_key) {
        (Some(ListType::Atomic), _) => ListKind::Atomic,
        (Some(ListType::Set), _) => ListKind::Set,
        (Some(ListType::Map(keys)), _) => ListKind::Map(Keys::Builtin(keys)),
        (None, Some("")) => ListKind::Set,
        (None, Some(key)) => ListKind::Map(Keys::Builtin(std::slice::from_ref(key))),
        (None, None) => ListKind::Atomic,
    }
}
