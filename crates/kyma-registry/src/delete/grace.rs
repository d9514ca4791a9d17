//! Grace before the end: whoever runs what an object stands for gets time to end it, and then deletes the object for good
//! (`BeforeDelete`, k8s.io/apiserver/pkg/registry/rest/delete.go).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::object::{self, Object};
use crate::registry::time_text;

/// What a deletion means for an object whose kind gives grace.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Grace {
    /// Its time is over: it is deleted like any other.
    Over,
    /// It has begun to end, and has not been asked to hurry.
    Running,
    /// It is marked, and has this many seconds.
    Given(i64),
}

/// Marks an object. `asked` are the seconds that the deletion gives it, and `of_kind` what its kind makes of them.
pub(super) fn mark(
    object: &mut Object,
    asked: Option<i64>,
    of_kind: fn(&Object, Option<i64>) -> i64,
    now: Timestamp,
) -> Grace {
    let asked = asked.map(|seconds| if seconds < 0 { 1 } else { seconds });
    if object::is_deleting(object) {
        let given = seconds_of(object).unwrap_or_default();
        let given = if given < 0 { 1 } else { given };
        return match asked {
            _ if given == 0 => Grace::Over,
            Some(seconds) if seconds < given => shorten(object, (given, seconds), now),
            _ => Grace::Running,
        };
    }
    let seconds = of_kind(object, asked);
    stamp(object, now + SignedDuration::from_secs(seconds), seconds);
    let generation = object::generation(object);
    if generation > 0 {
        object::set_generation(object, generation + 1);
    }
    Grace::Given(seconds)
}

/// `metadata.deletionGracePeriodSeconds`.
pub(crate) fn seconds_of(object: &Object) -> Option<i64> {
    object::metadata(object)?.get("deletionGracePeriodSeconds")?.as_i64()
}

/// The end moves as far forward as the grace gets shorter, but not into the past.
fn shorten(object: &mut Object, (given, asked): (i64, i64), now: Timestamp) -> Grace {
    let end = object::meta_str(object, "deletionTimestamp").parse::<Timestamp>().unwrap_or(now);
    let sooner = end - SignedDuration::from_secs(given) + SignedDuration::from_secs(asked);
    let (end, seconds) = if sooner < now { (now, asked.min(1)) } else { (sooner, asked) };
    stamp(object, end, seconds);
    Grace::Given(seconds)
}

fn stamp(object: &mut Object, end: Timestamp, seconds: i64) {
    let metadata = object::metadata_mut(object);
    metadata.insert("deletionTimestamp".into(), Value::from(time_text(end)));
    metadata.insert("deletionGracePeriodSeconds".into(), seconds.into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_000;

    /// Marks an object that has begun to end so many seconds ago with so much grace, if it has; what becomes of it, and when
    /// it ends, counted from now.
    fn marked(before: Option<(i64, i64)>, asked: Option<i64>) -> (Grace, Option<i64>, Option<i64>) {
        let now = Timestamp::from_second(NOW).unwrap();
        let mut object = json!({"metadata": {"generation": 3}}).as_object().unwrap().clone();
        if let Some((ago, seconds)) = before {
            stamp(&mut object, now + SignedDuration::from_secs(seconds - ago), seconds);
        }
        let grace = mark(&mut object, asked, |_, asked| asked.unwrap_or(30), now);
        assert_eq!(object::generation(&object), if before.is_some() { 3 } else { 4 });
        let end = object::meta_str(&object, "deletionTimestamp").parse::<Timestamp>().ok();
        (grace, end.map(|end| end.as_second() - NOW), seconds_of(&object))
    }

    #[test]
    fn a_first_deletion_gives_what_is_asked_or_what_the_kind_has() {
        assert_eq!(marked(None, None), (Grace::Given(30), Some(30), Some(30)));
        assert_eq!(marked(None, Some(7)), (Grace::Given(7), Some(7), Some(7)));
        assert_eq!(marked(None, Some(0)), (Grace::Given(0), Some(0), Some(0)));
        assert_eq!(marked(None, Some(-5)), (Grace::Given(1), Some(1), Some(1)));
    }

    #[test]
    fn a_further_deletion_can_only_hurry() {
        assert_eq!(marked(Some((5, 30)), None), (Grace::Running, Some(25), Some(30)));
        assert_eq!(marked(Some((5, 30)), Some(30)), (Grace::Running, Some(25), Some(30)));
        assert_eq!(marked(Some((5, 30)), Some(10)), (Grace::Given(10), Some(5), Some(10)));
        assert_eq!(marked(Some((20, 30)), Some(10)), (Grace::Given(1), Some(0), Some(1)));
        assert_eq!(marked(Some((20, 30)), Some(0)), (Grace::Given(0), Some(0), Some(0)));
        assert_eq!(marked(Some((5, 0)), None), (Grace::Over, Some(-5), Some(0)));
    }
}
