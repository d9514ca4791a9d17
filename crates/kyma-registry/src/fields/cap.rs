//! The number of managers is bounded, but for those that apply (`managedfields/internal/capmanagers.go`).

use super::managers::{Entry, Identity};

/// Of writes that are no applies so many managers are told apart; then the oldest become one.
const UPDATERS_MAX: usize = 10;
/// What they become.
const ANCIENT: &str = "ancient-changes";

/// Brings the oldest updaters of a version together until there are few enough (`capmanagers.go`).
pub(crate) fn updaters(entries: &mut Vec<Entry<'_>>) {
    let updaters = || entries.iter().filter(|entry| !entry.id.applied);
    let mut count = updaters().count();
    if count <= UPDATERS_MAX {
        return;
    }
    let mut order: Vec<(String, String)> = updaters()
        .map(|entry| (entry.time.as_deref().unwrap_or_default().to_owned(), entry.id.text()))
        .collect();
    order.sort();
    // The first of each version stays until there is a second to join.
    let mut firsts: Vec<(String, String)> = Vec::new();
    for (_, text) in order {
        if count <= UPDATERS_MAX {
            return;
        }
        let Some(index) = entries.iter().position(|entry| entry.id.text() == text) else { continue };
        let version = entries[index].version.clone().into_owned();
        match firsts.iter().find(|(known, _)| *known == version).map(|(_, first)| first.clone()) {
            None => firsts.push((version, text)),
            Some(first) => {
                join(entries, &first, index, version);
                count -= 1;
            }
        }
    }
}

/// Joins the entry at `index` with the one for ancient changes, which the first of the version becomes if there is none.
fn join(entries: &mut Vec<Entry<'_>>, first: &str, index: usize, version: String) {
    let bucket = Identity::new(ANCIENT, false, version, "");
    let entry = entries.remove(index);
    if !entries.iter().any(|entry| entry.id == bucket)
        && let Some(first) = entries.iter_mut().find(|entry| entry.id.text() == first)
    {
        first.id = bucket.clone();
    }
    if let Some(ancient) = entries.iter_mut().find(|entry| entry.id == bucket) {
        ancient.add(entry.set);
        // The later of the two.
        ancient.time = entry.time;
    }
}
