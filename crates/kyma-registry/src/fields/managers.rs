//! The list of managers as it is stored (`managedfields/internal/managedfields.go`).

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::codec::{self, Order};
use super::set::Set;
use crate::names;
use crate::reason::Path;

/// What one manager owns by one way of writing.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) id: Identity<'a>,
    /// Group and version of the kind in which the paths are.
    pub(crate) version: Cow<'a, str>,
    /// When it last took something, as RFC 3339 in whole seconds of UTC; so times compare as texts.
    pub(crate) time: Option<Cow<'a, str>>,
    pub(crate) set: Set<'a>,
    /// The set as it is written, where that is known and still so.
    raw: Option<&'a str>,
}

/// Who an entry belongs to: two entries of a list differ in this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(crate) manager: Cow<'a, str>,
    pub(crate) applied: bool,
    /// "" for whoever applies: a manager applies in one version at a time.
    version: Cow<'a, str>,
    pub(crate) subresource: Cow<'a, str>,
}

impl<'a> Identity<'a> {
    pub(crate) fn new(
        manager: impl Into<Cow<'a, str>>,
        applied: bool,
        version: impl Into<Cow<'a, str>>,
        subresource: impl Into<Cow<'a, str>>,
    ) -> Self {
        let version = if applied { Cow::Borrowed("") } else { version.into() };
        Self { manager: manager.into(), applied, version, subresource: subresource.into() }
    }

    fn operation(&self) -> &'static str {
        if self.applied { "Apply" } else { "Update" }
    }

    /// The text by which upstream tells managers apart; by it they are sorted at times.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("{");
        for (name, value) in [
            ("manager", &*self.manager),
            ("operation", self.operation()),
            ("apiVersion", &*self.version),
            ("subresource", &*self.subresource),
        ] {
            if !value.is_empty() {
                let separator = if text.len() > 1 { "," } else { "" };
                text.push_str(&format!("{separator}\"{name}\":{}", Value::from(value)));
            }
        }
        text.push('}');
        text
    }
}

impl<'a> Entry<'a> {
    pub(crate) fn new(id: Identity<'a>, version: impl Into<Cow<'a, str>>, set: Set<'a>) -> Self {
        Self { id, version: version.into(), time: None, set, raw: None }
    }

    /// Whether no validation lets it pass; only a client can have made it.
    pub(crate) fn is_faulty(&self) -> bool {
        const SUBRESOURCE_BYTES_MAX: usize = 256;
        self.id.subresource.len() > SUBRESOURCE_BYTES_MAX
            || !names::validate_field_manager(&self.id.manager, &Path::root()).is_empty()
    }

    /// To be said when the set was changed.
    pub(crate) fn touched(&mut self) {
        self.raw = None;
    }

    /// Takes paths out.
    pub(crate) fn subtract(&mut self, other: &Set<'_>) {
        if self.set.subtract(other) {
            self.touched();
        }
    }

    /// Adds paths.
    pub(crate) fn add(&mut self, other: Set<'a>) {
        self.set = std::mem::take(&mut self.set).union(other);
        self.touched();
    }

    fn write(&self, order: Order, out: &mut String) {
        let member = |name: &str, value: &str, out: &mut String| {
            if !value.is_empty() {
                let separator = if out.ends_with('{') { "" } else { "," };
                for part in [separator, "\"", name, "\":"] {
                    out.push_str(part);
                }
                codec::write_text(value, out);
            }
        };
        out.push('{');
        member("apiVersion", &self.version, out);
        member("fieldsType", FIELDS_V1, out);
        out.push_str(",\"fieldsV1\":");
        match self.raw {
            Some(raw) => out.push_str(raw),
            None => codec::encode(&self.set, order, out),
        }
        member("manager", &self.id.manager, out);
        member("operation", self.id.operation(), out);
        member("subresource", &self.id.subresource, out);
        member("time", self.time.as_deref().unwrap_or_default(), out);
        out.push('}');
    }

    fn order(&self, other: &Self) -> Ordering {
        let key =
            |entry: &'_ Self| (entry.id.operation(), entry.time.as_deref().unwrap_or_default().to_owned());
        key(self)
            .cmp(&key(other))
            .then_with(|| self.id.manager.cmp(&other.id.manager))
            .then_with(|| self.version.cmp(&other.version))
            .then_with(|| self.id.subresource.cmp(&other.id.subresource))
    }
}

/// The only way in which sets are written.
const FIELDS_V1: &str = "FieldsV1";

/// One entry of the list in JSON.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(borrow, default)]
    manager: Cow<'a, str>,
    #[serde(borrow, default)]
    operation: Cow<'a, str>,
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    fields_type: Cow<'a, str>,
    #[serde(borrow, default, rename = "fieldsV1")]
    fields: Option<&'a RawValue>,
    #[serde(borrow, default)]
    subresource: Cow<'a, str>,
}

/// Whether a text of a list is one that this server wrote: its sets need not be written again then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Stored,
    Client,
}

/// Reads a list; "" is an empty one. Of entries with one identity the last counts.
///
/// Gives `None` for what is no valid list.
pub(crate) fn decode(text: &str, origin: Origin) -> Option<Vec<Entry<'_>>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let wires: Vec<Wire<'_>> = serde_json::from_str(text).ok()?;
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(wires.len() + 1);
    for wire in wires {
        let applied = match &*wire.operation {
            "Apply" => true,
            "Update" => false,
            _ => return None,
        };
        if wire.api_version.is_empty() || wire.fields_type != FIELDS_V1 {
            return None;
        }
        let raw = wire.fields.map_or("{}", RawValue::get);
        let entry = Entry {
            id: Identity::new(wire.manager, applied, wire.api_version.clone(), wire.subresource),
            version: wire.api_version,
            time: wire.time,
            set: codec::decode(raw).ok()?,
            raw: (origin == Origin::Stored).then_some(raw),
        };
        match entries.iter_mut().find(|other| other.id == entry.id) {
            Some(other) => *other = entry,
            None => entries.push(entry),
        }
    }
    Some(entries)
}

/// Writes a list, the applied entries first, then by time; "" for an empty one.
pub(crate) fn encode(mut entries: Vec<Entry<'_>>, order: Order) -> String {
    if entries.is_empty() {
        return String::new();
    }
    entries.sort_by(Entry::order);
    let mut out = String::with_capacity(256 * entries.len());
    for (position, entry) in entries.iter().enumerate() {
        out.push(if position == 0 { '[' } else { ',' });
        entry.write(order, &mut out);
    }
    out.push(']');
    out
}

/// Whether a client's list asks that all be forgotten: it is empty, or its one entry is.
pub(crate) fn is_reset(given: &Value) -> bool {
    match given.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => one.as_object().is_some_and(serde_json::Map::is_empty),
        _ => false,
    }
}

/// Whether two lists differ in nothing but times. Such a change alone is none
/// (`apiserver/pkg/endpoints/handlers/fieldmanager/equality.go`).
pub(crate) fn same_but_times(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let read = |text| serde_json::from_str::<Vec<Wire<'_>>>(text).ok();
    let (Some(a), Some(b)) = (read_list(a, read), read_list(b, read)) else { return false };
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| {
            a.manager == b.manager
                && a.operation == b.operation
                && a.api_version == b.api_version
                && a.subresource == b.subresource
                && a.fields.map(RawValue::get) == b.fields.map(RawValue::get)
        })
}

fn read_list<'a>(text: &'a str, read: impl Fn(&'a str) -> Option<Vec<Wire<'a>>>) -> Option<Vec<Wire<'a>>> {
    if text.is_empty() { Some(Vec::new()) } else { read(text) }
}
