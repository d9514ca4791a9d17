//! Laws that hold for every object and every set.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::super::element::{Datum, Element};
use super::super::{codec, compare, extract, merge, remove};
use super::*;

type Path = Vec<Element<'static>>;

fn element() -> impl Strategy<Value = Element<'static>> {
    prop_oneof![
        "[abc]|a\"b".prop_map(|name| Element::Field(name.into())),
        (0..3i32).prop_map(|number| Element::Value(Datum::Float(number.into()))),
        "[ab<]".prop_map(|text| Element::Value(Datum::Text(text.into()))),
        (0..3i32, "[ab]").prop_map(|(port, name)| {
            Element::Key(
                [("name".into(), Datum::Text(name.into())), ("port".into(), Datum::Float(port.into()))]
                    .into(),
            )
        }),
        (0..3i64).prop_map(Element::Index),
    ]
}

fn paths() -> impl Strategy<Value = BTreeSet<Path>> {
    prop::collection::btree_set(prop::collection::vec(element(), 1..4), 0..12)
}

fn set_of(paths: &BTreeSet<Path>) -> Set<'static> {
    let mut set = Set::default();
    for path in paths {
        set.insert(path);
    }
    set
}

fn paths_of(set: &Set<'_>) -> BTreeSet<Vec<String>> {
    let mut all = BTreeSet::new();
    set.for_each(&mut |path| {
        all.insert(path.iter().map(ToString::to_string).collect());
    });
    all
}

fn shown(paths: impl IntoIterator<Item = Path>) -> BTreeSet<Vec<String>> {
    paths.into_iter().map(|path| path.iter().map(ToString::to_string).collect()).collect()
}

/// An object of the schema; letters are few, so that two of them have much in common.
fn of_schema() -> impl Strategy<Value = Object> {
    let text = || prop::sample::select(vec!["a", "b", "c"]);
    let ports = prop::collection::btree_map(1..4u8, prop::option::of(text()), 0..3).prop_map(|ports| {
        let items = ports.into_iter().map(|(port, value)| match value {
            Some(value) => json!({"port": port, "protocol": "TCP", "value": value}),
            None => json!({"port": port, "protocol": "UDP"}),
        });
        Value::Array(items.collect())
    });
    let set = prop::collection::btree_set(text(), 0..3).prop_map(|set| json!(set));
    let map = prop::collection::btree_map(text(), text(), 0..3).prop_map(|map| json!(map));
    let free = prop::collection::btree_map(
        text(),
        prop_oneof![Just(json!(1)), Just(json!({"x": [1]})), Just(json!({}))],
        0..3,
    )
    .prop_map(|map| json!(map));
    let member = |name: &'static str, value: BoxedStrategy<Value>| {
        prop::option::weighted(0.6, value).prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    };
    (
        member("text", text().prop_map(Value::from).boxed()),
        member("set", set.boxed()),
        member("map", map.clone().boxed()),
        member("ports", ports.boxed()),
        member("free", free.boxed()),
        member("list", Just(json!([1, 2])).boxed()),
        member(
            "atom",
            map.prop_map(|map| {
                let members = map.as_object().into_iter().flatten().filter(|(name, _)| *name != "c");
                Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect())
            })
            .boxed(),
        ),
    )
        .prop_map(|(a, b, c, d, e, f, g)| {
            let spec: Object = [a, b, c, d, e, f, g].into_iter().flatten().collect();
            object(json!({"spec": spec}))
        })
}

proptest! {
    #[test]
    fn a_set_is_what_was_put_in(paths in paths()) {
        let set = set_of(&paths);
        prop_assert_eq!(paths_of(&set), shown(paths.clone()));
        prop_assert!(paths.iter().all(|path| set.has(path)));
    }

    #[test]
    fn a_set_comes_back_as_it_was_written(paths in paths()) {
        let set = set_of(&paths);
        let written = text(&set);
        prop_assert_eq!(codec::decode(&written).unwrap(), set);
    }

    #[test]
    fn the_algebra_is_that_of_sets(a in paths(), b in paths()) {
        let (x, y) = (set_of(&a), set_of(&b));
        prop_assert_eq!(paths_of(&x.clone().union(y.clone())), shown(a.union(&b).cloned()));
        prop_assert_eq!(paths_of(&x.intersection(&y)), shown(a.intersection(&b).cloned()));
        let mut rest = x.clone();
        prop_assert_eq!(rest.subtract(&y), a.intersection(&b).next().is_some());
        prop_assert_eq!(paths_of(&rest), shown(a.difference(&b).cloned()));
        let mut rest = x.clone();
        rest.subtract_all_below(&y);
        let covered = |path: &Path| b.iter().any(|above| path.starts_with(above));
        prop_assert_eq!(paths_of(&rest), shown(a.iter().filter(|path| !covered(path)).cloned()));
        prop_assert_eq!(rest.is_empty(), a.iter().all(covered));
    }

    #[test]
    fn what_an_object_holds_comes_back_as_it_was_written(object in of_schema()) {
        let schema = schema();
        let set = extract::fields(&object, place(&schema));
        let written = text(&set);
        prop_assert_eq!(text(&codec::decode(&written).unwrap()), written);
    }

    /// Equal objects differ in nothing, others in something, and the way back is the way there, turned round.
    #[test]
    fn differences_are_symmetric(a in of_schema(), b in of_schema()) {
        let schema = schema();
        let there = compare::objects(&a, &b, place(&schema));
        let back = compare::objects(&b, &a, place(&schema));
        prop_assert_eq!(&there.added, &back.removed);
        prop_assert_eq!(&there.modified, &back.modified);
        let nothing = there.added.is_empty() && there.modified.is_empty() && there.removed.is_empty();
        prop_assert!(!nothing || sorted(&a) == sorted(&b), "{:?}", there);
        prop_assert!(nothing || sorted(&a) != sorted(&b), "{:?}", there);
    }

    #[test]
    fn a_merge_holds_what_was_laid_over_it(live in of_schema(), config in of_schema()) {
        let schema = schema();
        let merged = merge::objects(&live, &config, place(&schema));
        let missing = compare::objects(&merged, &config, place(&schema));
        prop_assert!(missing.added.is_empty() && missing.modified.is_empty(), "{:?}", missing);
        prop_assert_eq!(&merge::objects(&merged, &config, place(&schema)), &merged);
        prop_assert_eq!(&merge::objects(&live, &live, place(&schema)), &live);
    }

    #[test]
    fn what_is_removed_is_gone_and_nothing_else(object in of_schema(), other in of_schema()) {
        let schema = schema();
        let gone = extract::fields(&other, place(&schema));
        let rest = remove::objects(&object, &gone, place(&schema));
        let held = extract::fields(&rest, place(&schema));
        prop_assert!(remove::objects(&object, &Set::EMPTY, place(&schema)) == object);
        // Emptied maps are left as nulls, which count as held.
        let mut kept = extract::fields(&object, place(&schema));
        kept.subtract(&gone);
        let mut lost = kept;
        lost.subtract(&held);
        let below_gone = |path: &Vec<String>| paths_of(&gone).iter().any(|above| path.starts_with(above));
        prop_assert!(paths_of(&lost).iter().all(below_gone), "{:?} of {:?}", paths_of(&lost), object);
    }
}

/// The object with its sets in order: they have none that ownership could see.
fn sorted(object: &Object) -> Value {
    let mut value = Value::Object(object.clone());
    if let Some(set) = value.pointer_mut("/spec/set").and_then(Value::as_array_mut) {
        set.sort_by_key(ToString::to_string);
    }
    value
}
