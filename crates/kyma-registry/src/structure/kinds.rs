//! The kinds of the table: what the real server serves, in the order of its discovery.

use std::sync::{LazyLock, OnceLock};

use super::{Struct, table};

/// A group and version with its kinds.
#[derive(Debug)]
pub(crate) struct Version {
    /// The group; "" for core.
    pub(crate) group: &'static str,
    /// The version.
    pub(crate) version: &'static str,
}

/// A kind in one version, as discovery shows it.
#[derive(Debug)]
pub struct Kind {
    /// The group; "" for core.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// Plural name.
    pub plural: &'static str,
    /// Singular name.
    pub singular: String,
    /// Kind.
    pub kind: &'static str,
    /// The structure's name in the table.
    table_name: &'static str,
    /// Whether its objects live in no namespace.
    pub cluster: bool,
    /// Short names.
    pub short: Vec<&'static str>,
    /// Categories.
    pub categories: Vec<&'static str>,
    /// Verbs, sorted.
    pub verbs: Vec<&'static str>,
    /// `storageVersionHash` of discovery; "" for what is not stored.
    pub hash: &'static str,
    /// Its subresources, sorted.
    pub parts: Vec<Part>,
    lines: Vec<&'static str>,
    columns: OnceLock<Vec<ColumnText>>,
}

/// A subresource.
#[derive(Debug)]
pub struct Part {
    /// Its name: `status`.
    pub name: &'static str,
    /// Verbs, sorted.
    pub verbs: Vec<&'static str>,
    /// The kind that it takes and gives: its group, version and name.
    pub kind: (&'static str, &'static str, &'static str),
    /// The structure of that kind; `None` for options, which have no body.
    pub structure: Option<&'static str>,
}

/// A column of a table, as clients see its definition.
#[derive(Debug)]
pub struct ColumnText {
    /// Header.
    pub name: String,
    /// `string`, `integer`, `boolean` or `date`.
    pub kind: &'static str,
    /// OpenAPI format, mostly "".
    pub format: &'static str,
    /// 0 is always shown, more only in wide output.
    pub priority: i32,
    /// What it shows; `None` for what the metadata's member of this name says.
    pub description: Option<String>,
}

const ALL_VERBS: &str = "create,delete,deletecollection,get,list,patch,update,watch";

static TABLE: LazyLock<(Vec<Version>, Vec<Kind>)> = LazyLock::new(|| {
    let (mut versions, mut kinds) = (Vec::new(), Vec::new());
    for line in table::TEXT.lines().take_while(|line| !line.starts_with("struct ")) {
        if let Some(name) = line.strip_prefix("version ") {
            let (group, version) = group_version(name);
            versions.push(Version { group, version });
        } else if let (Some(rest), Some(version)) = (line.strip_prefix("resource "), versions.last()) {
            kinds.extend(kind(version, rest));
        } else if let (Some(rest), Some(kind)) = (line.strip_prefix(" part "), kinds.last_mut()) {
            let part = part(kind, rest);
            kind.parts.extend(part);
        } else if let (Some(rest), Some(kind)) = (line.strip_prefix(" column "), kinds.last_mut()) {
            kind.lines.push(rest);
        }
    }
    (versions, kinds)
});

/// All kinds, in the order of discovery.
pub fn kinds() -> &'static [Kind] {
    &TABLE.1
}

/// All groups and versions, in the order of discovery.
pub(crate) fn versions() -> &'static [Version] {
    &TABLE.0
}

/// The structure of a kind, be it served under a name of its own or as a subresource.
pub fn find_kind(group: &str, version: &str, kind: &str) -> Option<&'static Struct> {
    let found = kinds().iter().find(|k| k.group == group && k.version == version && k.kind == kind);
    if let Some(found) = found {
        return found.structure();
    }
    let mut parts = kinds().iter().flat_map(|kind| &kind.parts);
    let part = parts.find(|part| part.kind == (group, version, kind) && part.structure.is_some());
    part.and_then(|part| Struct::find(part.structure?))
}

/// Whether Go knows a kind of this name in this version: one that is served, its list, or what requests and answers are.
pub(crate) fn is_registered(api_version: &str, kind: &str) -> bool {
    const OF_ALL: [&str; 7] = [
        "CreateOptions",
        "DeleteOptions",
        "GetOptions",
        "ListOptions",
        "PatchOptions",
        "UpdateOptions",
        "WatchEvent",
    ];
    const OF_THE_FIRST: [&str; 5] = ["APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "Status"];
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let served = versions().iter().any(|known| known.group == group && known.version == version);
    let found = |kind: &str| find_kind(group, version, kind).is_some();
    found(kind)
        || kind.strip_suffix("List").is_some_and(found)
        || served && OF_ALL.contains(&kind)
        || api_version == "v1" && OF_THE_FIRST.contains(&kind)
}

fn group_version(name: &'static str) -> (&'static str, &'static str) {
    let (group, version) = name.split_once('/').unwrap_or(("", name));
    (if group == "core" { "" } else { group }, version)
}

fn kind(version: &Version, line: &'static str) -> Option<Kind> {
    let mut words = line.split(' ');
    let (plural, table_name) = (words.next()?, words.next()?);
    let name = table_name.rsplit('.').next().unwrap_or(table_name);
    let mut kind = Kind {
        group: version.group,
        version: version.version,
        plural,
        singular: name.to_lowercase(),
        kind: name,
        table_name,
        cluster: false,
        short: Vec::new(),
        categories: Vec::new(),
        verbs: ALL_VERBS.split(',').collect(),
        hash: "",
        parts: Vec::new(),
        lines: Vec::new(),
        columns: OnceLock::new(),
    };
    for flag in words {
        match flag.split_once('=') {
            None => kind.cluster |= flag == "cluster",
            Some(("singular", name)) => name.clone_into(&mut kind.singular),
            Some(("short", names)) => kind.short = names.split(',').collect(),
            Some(("categories", names)) => kind.categories = names.split(',').collect(),
            Some(("verbs", verbs)) => kind.verbs = verbs.split(',').collect(),
            // A hash ends in an equals sign of its own.
            Some(("hash", _)) => kind.hash = flag.trim_start_matches("hash="),
            Some(_) => {}
        }
    }
    Some(kind)
}

fn part(kind: &Kind, line: &'static str) -> Option<Part> {
    let mut words = line.split(' ');
    let (name, verbs) = (words.next()?, words.next()?.split(',').collect());
    let (structure, of) = match (words.next(), words.next()) {
        (None, _) => (Some(kind.table_name), (kind.group, kind.version, kind.kind)),
        (Some(options), None) => (None, (kind.group, kind.version, options)),
        (Some(structure), Some(version)) => {
            let (group, version) = group_version(version);
            let name = structure.rsplit('.').next().unwrap_or(structure);
            (Some(structure), (group, version, name))
        }
    };
    Some(Part { name, verbs, kind: of, structure })
}

impl Kind {
    /// A kind that is served only as a part of others.
    pub(crate) fn of_parts(group: &'static str, version: &'static str, kind: &'static str) -> Self {
        let structure = find_kind(group, version, kind);
        Kind {
            group,
            version,
            plural: kind,
            singular: kind.to_lowercase(),
            kind,
            table_name: structure.map_or("", |structure| structure.table_name),
            cluster: false,
            short: Vec::new(),
            categories: Vec::new(),
            verbs: Vec::new(),
            hash: "",
            parts: Vec::new(),
            lines: Vec::new(),
            columns: OnceLock::new(),
        }
    }

    /// The structure behind it.
    pub fn structure(&self) -> Option<&'static Struct> {
        Struct::find(self.table_name)
    }

    /// The structure of a list of them.
    pub fn list_structure(&self) -> Option<&'static Struct> {
        let listed = self.verbs.contains(&"list");
        listed.then(|| Struct::find(&format!("{}List", self.table_name))).flatten()
    }

    /// The columns of tables.
    pub fn columns(&self) -> &[ColumnText] {
        self.columns.get_or_init(|| self.lines.iter().filter_map(|line| column(line)).collect())
    }

    /// The subresource of this name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }
}

fn column(line: &'static str) -> Option<ColumnText> {
    // The name is quoted, and may have blanks.
    let end = line.get(1..)?.find('"')? + 2;
    let (name, rest) = line.split_at(end);
    let mut words = rest.trim_start().splitn(4, ' ');
    let (kind, format, priority) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    Some(ColumnText {
        name: serde_json::from_str(name).ok()?,
        kind,
        format: if format == "-" { "" } else { format },
        priority,
        description: words.next().and_then(|text| serde_json::from_str(text).ok()),
    })
}
