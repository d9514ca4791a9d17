//! The managers of an object as those of its Scale, and back (`managedfields/scalehandler.go`).

use super::codec::Order;
use super::element::Element;
use super::managers::{self, Entry, Identity, Origin};
use super::set::Set;
use crate::scale::{self, Steps};

/// Where an object has its replicas, as seen in each version: `None` for a version that cannot be scaled.
pub(crate) struct Mapping<'a> {
    /// The version that the request names, and all that are known.
    pub(crate) version: &'a str,
    pub(crate) paths: Vec<(String, Option<&'a Steps>)>,
}

impl Mapping<'_> {
    fn find(&self, version: &str) -> Option<Option<Vec<Element<'static>>>> {
        let (_, path) = self.paths.iter().find(|(known, _)| known == version)?;
        Some(path.map(elements))
    }
}

fn elements(path: &Steps) -> Vec<Element<'static>> {
    path.iter().map(|step| Element::Field(step.to_string().into())).collect()
}

fn of_scale() -> Vec<Element<'static>> {
    ["spec", "replicas"].into_iter().map(|step| Element::Field(step.into())).collect()
}

fn only(path: &[Element<'static>]) -> Set<'static> {
    let mut set = Set::default();
    set.insert(path);
    set
}

/// The list of managers of a Scale: who owns the replicas of the object.
pub(crate) fn of_subresource(parent: &str, mapping: &Mapping<'_>) -> String {
    let entries = managers::decode(parent, Origin::Stored).unwrap_or_default();
    let owners = entries.into_iter().filter_map(|entry| {
        let path = mapping.find(&entry.version)??;
        entry.set.has(&path).then(|| {
            let id = Identity::new(entry.id.manager, entry.id.applied, scale::VERSION, entry.id.subresource);
            let mut owner = Entry::new(id, scale::VERSION, only(&of_scale()));
            owner.time = entry.time;
            owner
        })
    });
    managers::encode(owners.collect(), Order::Elements)
}

/// The list of managers of the object after a write of its Scale, whose list is now `of_scale`.
pub(crate) fn of_parent(parent: &str, of_subresource: &str, mapping: &Mapping<'_>, order: Order) -> String {
    let mut scale = managers::decode(of_subresource, Origin::Client).unwrap_or_default();
    let mut entries = Vec::new();
    let parents = managers::decode(parent, Origin::Stored).unwrap_or_default();
    let times: Vec<_> = parents.iter().map(|entry| (entry.id.clone(), entry.time.clone())).collect();
    for mut entry in parents {
        // An entry of a version that nobody knows is dropped.
        let Some(path) = mapping.find(&entry.version) else { continue };
        if let Some(path) = path.filter(|path| entry.set.has(path)) {
            match scale.iter().position(|other| other.id == entry.id) {
                Some(kept) => drop(scale.swap_remove(kept)),
                // To upstream's eye it is another manager's now, if only for the version.
                None => entry.subtract(&only(&path)),
            }
        }
        if !entry.set.is_empty() {
            entries.push(entry);
        }
    }
    let own = mapping.find(mapping.version).flatten().unwrap_or_else(of_scale);
    for owner in scale.into_iter().filter(|owner| owner.set.has(&of_scale())) {
        let time = times.iter().find(|(id, _)| *id == owner.id).and_then(|(_, time)| time.clone());
        let mut entry = Entry::new(owner.id, mapping.version.to_owned(), only(&own));
        entry.time = time;
        entries.push(entry);
    }
    managers::encode(entries, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = r#"[{"apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{},"f:replicas":{}}},"manager":"a","operation":"Update","time":"2026-01-01T00:00:00Z"}]"#;

    fn mapping(path: &Steps) -> Mapping<'_> {
        Mapping { version: "apps/v1", paths: vec![("apps/v1".to_owned(), Some(path))] }
    }

    #[test]
    fn the_owner_of_the_replicas_owns_those_of_the_scale() {
        let path: Steps = Box::new(["spec".into(), "replicas".into()]);
        let seen = of_subresource(PARENT, &mapping(&path));
        assert_eq!(
            seen,
            r#"[{"apiVersion":"autoscaling/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}},"manager":"a","operation":"Update","time":"2026-01-01T00:00:00Z"}]"#
        );
    }

    #[test]
    fn what_the_scale_says_goes_back_into_entries_of_their_own() {
        let path: Steps = Box::new(["spec".into(), "replicas".into()]);
        let scale = r#"[{"apiVersion":"autoscaling/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}},"manager":"b","operation":"Update","subresource":"scale","time":"2026-01-02T00:00:00Z"}]"#;
        let after = of_parent(PARENT, scale, &mapping(&path), Order::Elements);
        // As upstream has it, the new entry has no time.
        assert_eq!(
            after,
            r#"[{"apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:replicas":{}}},"manager":"b","operation":"Update","subresource":"scale"},{"apiVersion":"apps/v1","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:paused":{}}},"manager":"a","operation":"Update","time":"2026-01-01T00:00:00Z"}]"#
        );
    }
}
