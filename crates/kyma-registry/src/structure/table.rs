//! The table of structures: found by name, and parsed when they are first asked for.

use std::sync::LazyLock;

use super::{Embedded, ListType, Member, Parsed, Raw, Struct, Type};

/// Written by `cargo xtask kinds`; its head says how it is read.
pub(super) const TEXT: &str = include_str!("kinds.txt");

/// The structures, sorted by name as the table is, and what stands before them.
struct Index {
    structs: Vec<Struct>,
    /// Package, and what the names of its types begin with in OpenAPI.
    packages: Vec<(&'static str, &'static str)>,
    /// Type, and its values as a list of quoted texts.
    enums: Vec<(&'static str, &'static str)>,
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let at = TEXT.find("\nstruct ").unwrap_or(TEXT.len());
    let (head, structs) = TEXT.split_at(at);
    let entries = |word: &str| {
        let lines = head.lines().filter_map(|line| line.strip_prefix(word)?.trim_start().split_once(' '));
        lines.collect()
    };
    let structs = structs.split("\nstruct ").skip(1).map(|text| {
        let line = text.lines().next().unwrap_or_default();
        let table_name = line.split(' ').next().unwrap_or_default();
        Struct { table_name, text, parsed: std::sync::OnceLock::new() }
    });
    Index { structs: structs.collect(), packages: entries("package "), enums: entries("enum ") }
});

/// The structure of this name.
pub(super) fn find(name: &str) -> Option<&'static Struct> {
    let structs = &INDEX.structs;
    let place = structs.binary_search_by(|structure| structure.table_name.cmp(name)).ok()?;
    structs.get(place)
}

/// The values that a type of texts can have, where the table lists them.
pub fn enumeration(name: &str) -> Option<Vec<String>> {
    let found = INDEX.enums.iter().find(|(other, _)| *other == name);
    // A blank separates the texts, and some have blanks of their own.
    found
        .and_then(|(_, values)| serde_json::from_str(&format!("[{}]", values.replace("\" \"", "\",\""))).ok())
}

/// The name of a type in OpenAPI.
pub(super) fn model_name(name: &str) -> String {
    let (package, name) = name.split_once('.').unwrap_or(("", name));
    let prefix =
        INDEX.packages.iter().find(|(other, _)| *other == package).map_or(package, |(_, prefix)| prefix);
    format!("{prefix}.{name}")
}

/// Reads a structure's lines.
pub(super) fn parse(text: &'static str) -> Parsed {
    let mut lines = text.lines();
    let atomic = lines.next().is_some_and(|head| head.ends_with(" map=atomic"));
    let mut parsed = Parsed { atomic, ..Parsed::default() };
    for line in lines.map_while(|line| line.strip_prefix(' ')) {
        match line.strip_prefix("> ") {
            Some(inner) => embed(&mut parsed, inner),
            None => parsed.members.extend(member(line)),
        }
    }
    parsed
}

fn embed(parsed: &mut Parsed, line: &'static str) {
    let (name, number) = line.split_once(' ').unwrap_or((line, "0"));
    let Some(structure) = find(name) else { return };
    for member in structure.members() {
        parsed.members.push(Member {
            number: None,
            kind: member.kind.clone(),
            list: member.list.clone(),
            ..*member
        });
    }
    parsed.embedded.push(Embedded { structure, number: number.parse().unwrap_or_default() });
}

fn member(line: &'static str) -> Option<Member> {
    // A default may have blanks in it, and stands last.
    let (line, fill) = cut(line, " fill=");
    let (line, default) = cut(line, " default=");
    let mut words = line.split(' ');
    let (name, kind, number) = (words.next()?, words.next()?, words.next()?);
    let mut member = Member {
        name,
        kind: kind_of(kind),
        number: number.parse().ok(),
        kept: false,
        required: false,
        patch: "",
        merge_key: None,
        list: None,
        atomic: None,
        default,
        fill,
    };
    let mut key = "";
    for flag in words {
        match flag.split_once('=') {
            None => match flag {
                "keep" => member.kept = true,
                "required" => member.required = true,
                _ => {}
            },
            Some(("patch", strategy)) => member.patch = strategy,
            Some(("key", name)) => key = name,
            Some(("list", list)) => member.list = list_type(list),
            Some(("map", map)) => member.atomic = Some(map == "atomic"),
            Some(_) => {}
        }
    }
    if member.patch.split(',').any(|strategy| strategy == "merge") {
        member.merge_key = Some(key);
    }
    Some(member)
}

fn cut(line: &'static str, mark: &str) -> (&'static str, Option<&'static str>) {
    match line.split_once(mark) {
        Some((line, rest)) => (line, Some(rest)),
        None => (line, None),
    }
}

fn list_type(text: &'static str) -> Option<ListType> {
    match text.split_once(':') {
        Some(("map", keys)) => Some(ListType::Map(keys.split(',').collect())),
        _ if text == "set" => Some(ListType::Set),
        _ if text == "atomic" => Some(ListType::Atomic),
        _ => None,
    }
}

/// Reads a type. What the table may not hold is taken for any JSON; a test reads all of it.
fn kind_of(text: &'static str) -> Type {
    if let Some(inner) = text.strip_prefix('*') {
        return Type::Pointer(Box::new(kind_of(inner)));
    }
    if let Some(name) = text.strip_prefix('@') {
        return find(name).map_or(Type::Raw(Raw::Json), Type::Struct);
    }
    let (boxed, list) = match text.strip_prefix("box") {
        Some(list) => (true, list),
        None => (false, text),
    };
    if let Some((name, items)) = list.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return Type::List { name: name.strip_prefix(':'), boxed, items: Box::new(kind_of(items)) };
    }
    if let Some((name, rest)) = text.strip_prefix("map").and_then(|rest| rest.split_once('['))
        && let Some((key, values)) = rest.split_once(']')
    {
        let key = key.strip_prefix("string:").unwrap_or(key);
        return Type::Map { name: name.strip_prefix(':'), key, values: Box::new(kind_of(values)) };
    }
    let (plain, name) = text.split_once(':').unwrap_or((text, text));
    match plain {
        "string" => Type::Text(name),
        "int32" | "int64" => Type::Integer(name),
        "float64" => Type::Float,
        "bool" => Type::Bool,
        "time" => Type::Time,
        "microtime" => Type::MicroTime,
        "bytes" => Type::Bytes,
        "quantity" => Type::Quantity,
        "intstr" => Type::IntOrString,
        "extension" => Type::Raw(Raw::Extension),
        "fields" => Type::Raw(Raw::Fields),
        "schemaorbool" => Type::Raw(Raw::SchemaOrBool),
        "schemaorarray" => Type::Raw(Raw::SchemaOrArray),
        "schemaorstrings" => Type::Raw(Raw::SchemaOrTexts),
        _ => Type::Raw(Raw::Json),
    }
}
