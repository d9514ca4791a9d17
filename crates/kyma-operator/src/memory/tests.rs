use std::time::Duration;

use jiff::Timestamp;
use kyma_controller::ObjectKey;
use kyma_inventory::HelmComponent;
use kyma_inventory::plan::RefusalCause;
use kyma_workqueue::LimiterOptions;
use serde_json::json;

use super::Memory;
use crate::records::{ComponentRecord, Pools};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn key() -> ObjectKey {
    ObjectKey::new("pb", "k")
}

fn memory() -> Memory {
    Memory::new(LimiterOptions::default())
}

fn refuse(memory: &mut Memory, component: &str, now: u64) {
    memory.refuse(&key(), 1, component, RefusalCause::Invalid, "no".into(), secs(now));
}

#[test]
fn refusals_back_off_each_for_itself() {
    let mut memory = memory();
    for (now, next) in [(0, 1), (1, 2), (3, 4), (7, 8)] {
        refuse(&mut memory, "Ä", now);
        assert_eq!(memory.next_retry(&key(), secs(now)), Some(secs(next)));
    }
    refuse(&mut memory, "Ö", 7);
    assert_eq!(memory.next_retry(&key(), secs(7)), Some(secs(1)));
    let due: Vec<_> =
        memory.refusals(&key(), secs(8)).iter().map(|r| (r.component.to_owned(), r.due)).collect();
    assert_eq!(due, [("Ä".to_owned(), false), ("Ö".to_owned(), true)]);
}

#[test]
fn what_is_kept_is_what_was_asked_for() {
    let mut memory = memory();
    refuse(&mut memory, "Ä", 0);
    refuse(&mut memory, "Ö", 0);
    memory.keep_refusals(&key(), |component| component == "Ö");
    assert_eq!(memory.refusals(&key(), secs(0)).len(), 1);
    memory.keep_refusals(&key(), |_| false);
    assert!(!memory.is_refused(&key()) && memory.kymas.is_empty());
    // The back-off went with it.
    refuse(&mut memory, "Ä", 0);
    assert_eq!(memory.next_retry(&key(), secs(0)), Some(secs(1)));
}

#[test]
fn a_new_spec_forgives_and_the_same_does_not() {
    let mut memory = memory();
    refuse(&mut memory, "Ä", 0);
    memory.observe_generation(&key(), 1);
    assert!(memory.is_refused(&key()));
    memory.observe_generation(&key(), 2);
    assert!(!memory.is_refused(&key()));
}

#[test]
fn the_window_opens_with_the_first_news_and_is_not_extended() {
    let mut memory = memory();
    assert_eq!(memory.news_waited(&key(), secs(5)), None);
    memory.note_news(&key(), 1, true, secs(5));
    memory.note_news(&key(), 1, true, secs(6));
    assert_eq!(memory.news_waited(&key(), secs(6)), Some(secs(1)));
    memory.note_news(&key(), 1, false, secs(6));
    assert_eq!(memory.news_waited(&key(), secs(7)), None);
    assert!(memory.kymas.is_empty());
}

#[test]
fn nothing_is_left_of_what_is_gone() {
    let mut memory = memory();
    refuse(&mut memory, "Ä", 0);
    memory.note_news(&key(), 1, true, secs(0));
    memory.stale_kymas.mark(&key(), 1, secs(0));
    memory.forget_kyma(&key());
    assert!(memory.kymas.is_empty() && !memory.stale_kymas.is_outdated(&key(), 1, secs(0)));
    assert_eq!(memory.limiter.num_requeues(&(key(), "Ä".into())), 0);
}

#[test]
fn the_first_look_is_remembered_where_the_object_has_no_usable_time() {
    let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
    let record = |revision: u64, time: Option<&str>| {
        let object: HelmComponent = serde_json::from_value(json!({
            "metadata": { "resourceVersion": revision.to_string() },
            "status": { "status": "started", "lastReconciliation": time },
        }))
        .unwrap();
        ComponentRecord::of(&object, &mut Pools::default())
    };
    let mut memory = memory();
    let (absent, ahead) = (record(1, None), record(2, Some("2100-01-01T00:00:00Z")));
    assert_eq!(memory.first_seen(&key(), &absent, at(0)), at(0));
    assert_eq!(memory.first_seen(&key(), &absent, at(5)), at(0));
    // Another state is another first look; and so is one by a clock that went back.
    assert_eq!(memory.first_seen(&key(), &ahead, at(6)), at(6));
    assert_eq!(memory.first_seen(&key(), &ahead, at(2)), at(2));
    assert_eq!(memory.first_seen(&key(), &record(3, Some("2020-01-01T00:00:00Z")), at(7)), at(7));
    assert!(memory.first_seen.is_empty());
}
