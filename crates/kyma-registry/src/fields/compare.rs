//! What differs between two objects of one schema (`typed/compare.go`).

use std::collections::BTreeMap;

use serde_json::{Map as Members, Value};

use super::element::Element;
use super::list;
use super::schema::{Atom, List, ListKind, Map, Place};
use super::set::Set;
use crate::turns::Turns;

/// The paths that a change touches, each in one of the three sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference<'a> {
    pub(crate) added: Set<'a>,
    pub(crate) modified: Set<'a>,
    pub(crate) removed: Set<'a>,
}

/// In which of the sets the path of the compared value itself is.
#[derive(Clone, Copy, Debug, Default)]
struct Own {
    added: bool,
    modified: bool,
    removed: bool,
}

/// Compares two objects.
pub(crate) fn objects<'a>(
    old: &'a Members<String, Value>,
    new: &'a Members<String, Value>,
    place: Place<'a>,
) -> Difference<'a> {
    let mut out = Difference::default();
    if let Some(map) = place.atom().map {
        members(Some(old), Some(new), &map, &mut out);
    }
    out
}

impl<'a> Difference<'a> {
    /// Forgets what is below the paths of a set.
    pub(crate) fn without(mut self, ignored: &Set<'_>) -> Self {
        if !ignored.is_empty() {
            self.added.subtract_all_below(ignored);
            self.modified.subtract_all_below(ignored);
            self.removed.subtract_all_below(ignored);
        }
        self
    }

    fn push(&mut self, element: &Element<'a>, own: Own, below: Difference<'a>) {
        let put = |set: &mut Set<'a>, member, below: Set<'a>| {
            if member || !below.is_empty() {
                set.push(element.clone(), member, below);
            }
        };
        put(&mut self.added, own.added, below.added);
        put(&mut self.modified, own.modified, below.modified);
        put(&mut self.removed, own.removed, below.removed);
    }

    fn sort(&mut self) {
        self.added.sort();
        self.modified.sort();
        self.removed.sort();
    }
}

/// The branches of an atom as bits, in the order in which one of several is chosen.
pub(super) const MAP: u8 = 1;
pub(super) const SCALAR: u8 = 2;
const LIST: u8 = 4;

/// Which branches a value leaves open.
pub(super) fn branches(atom: &Atom<'_>, value: Option<&Value>) -> u8 {
    let bit = |there: bool, bit| if there { bit } else { 0 };
    let all =
        bit(atom.map.is_some(), MAP) | bit(atom.scalar.is_some(), SCALAR) | bit(atom.list.is_some(), LIST);
    let own = match value {
        None | Some(Value::Null) => return all,
        Some(Value::Object(_)) => MAP,
        Some(Value::Array(_)) => LIST,
        Some(_) => SCALAR,
    };
    if all & own != 0 { own } else { all }
}

/// Compares two values, of which at most one is absent; what is below them goes into `out`.
fn values<'a>(
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    place: Place<'a>,
    out: &mut Difference<'a>,
) -> Own {
    let atom = place.atom();
    let (was, is) = (branches(&atom, old), branches(&atom, new));
    let mut own = Own::default();
    let leaf = match (old, new) {
        (_, None) => branch(&atom, was, old, new, &mut own, out),
        (None, _) => branch(&atom, is, old, new, &mut own, out),
        _ if was == is => branch(&atom, is, old, new, &mut own, out),
        _ => {
            branch(&atom, was, old, new, &mut own, out);
            let leaf = branch(&atom, is, old, new, &mut own, out);
            out.sort();
            leaf
        }
    };
    if !leaf {
        own.added |= old.is_none();
        own.removed |= new.is_none();
    }
    own
}

/// Compares two values by one branch of their place; says whether they are a leaf there.
fn branch<'a>(
    atom: &Atom<'a>,
    branches: u8,
    old: Option<&'a Value>,
    new: Option<&'a Value>,
    own: &mut Own,
    out: &mut Difference<'a>,
) -> bool {
    let is_leaf = if branches & MAP != 0 {
        let map = atom.map.as_ref();
        let (old, new) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
        let empty = |members: Option<&Members<String, Value>>| members.is_none_or(Members::is_empty);
        match map {
            Some(map) if map.atomic || empty(old) && empty(new) => true,
            Some(map) => {
                members(old, new, map, out);
                false
            }
            None => true,
        }
    } else if branches & SCALAR != 0 {
        true
    } else {
        let (old, new) = (old.and_then(Value::as_array), new.and_then(Value::as_array));
        let empty = |items: Option<&Vec<Value>>| items.is_none_or(Vec::is_empty);
        match &atom.list {
            Some(list) if matches!(list.kind, ListKind::Atomic) || empty(old) && empty(new) => true,
            Some(list) => {
                items(old, new, list, out);
                false
            }
            None => true,
        }
    };
    if is_leaf {
        match (old, new) {
            (None, _) => own.added = true,
            (_, None) => own.removed = true,
            (Some(old), Some(new)) => own.modified |= !same(old, new),
        }
    }
    is_leaf
}

fn members<'a>(
    old: Option<&'a Members<String, Value>>,
    new: Option<&'a Members<String, Value>>,
    map: &Map<'a>,
    out: &mut Difference<'a>,
) {
    let mut olds = old.into_iter().flatten().peekable();
    let mut news = new.into_iter().flatten().peekable();
    let mut turns = Turns::default();
    // Both are sorted by name.
    loop {
        let (name, old, new) = match (olds.peek(), news.peek()) {
            (None, None) => return,
            (Some((name, _)), None) => (*name, true, false),
            (None, Some((name, _))) => (*name, false, true),
            (Some((a, _)), Some((b, _))) => (*a.min(b), a <= b, b <= a),
        };
        let old = if old { olds.next().map(|(_, value)| value) } else { None };
        let new = if new { news.next().map(|(_, value)| value) } else { None };
        // What is not declared can only be left over from an older schema.
        let Some(place) = map.child(name) else { continue };
        let mut below = Difference::default();
        let own = values(old, new, place, &mut below);
        out.push(&Element::Field(name.into()), own, below);
        turns.done();
    }
}

/// Compares items of the same key. Where an item is there twice, all of its kind count as one leaf.
fn items<'a>(
    old: Option<&'a Vec<Value>>,
    new: Option<&'a Vec<Value>>,
    list: &List<'a>,
    out: &mut Difference<'a>,
) {
    let mut all: BTreeMap<Element<'a>, (Vec<&'a Value>, Vec<&'a Value>)> = BTreeMap::new();
    for item in old.into_iter().flatten() {
        if let Ok(element) = list::element(list, item) {
            all.entry(element).or_default().0.push(item);
        }
    }
    for item in new.into_iter().flatten() {
        if let Ok(element) = list::element(list, item) {
            all.entry(element).or_default().1.push(item);
        }
    }
    for (element, (olds, news)) in all {
        let mut below = Difference::default();
        let (old, new) = (olds.first().copied(), news.first().copied());
        let own = match (olds.len() > 1, news.len() > 1) {
            (false, false) => values(old, new, list.item, &mut below),
            (true, true) => {
                let equal = olds.len() == news.len() && olds.iter().zip(&news).all(|(a, b)| same(a, b));
                Own { modified: !equal, ..Own::default() }
            }
            (true, false) => {
                let own =
                    if new.is_some() { values(None, new, list.item, &mut below) } else { Own::default() };
                Own { removed: true, ..own }
            }
            (false, true) => {
                let own =
                    if old.is_some() { values(old, None, list.item, &mut below) } else { Own::default() };
                Own { added: true, ..own }
            }
        };
        out.push(&element, own, below);
    }
}

/// Equality as upstream has it: 1 and 1.0 are the same.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => a == b,
            _ => a.as_f64() == b.as_f64(),
        },
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => same_members(a, b),
        (a, b) => a == b,
    }
}

/// [`same`] for objects.
pub(super) fn same_members(a: &Members<String, Value>, b: &Members<String, Value>) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|((a, old), (b, new))| a == b && same(old, new))
}
