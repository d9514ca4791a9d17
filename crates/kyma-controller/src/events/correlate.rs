//! What becomes of a note; pure. After client-go's `tools/record/events_cache.go`.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::ObjectMeta;
use kyma_workqueue::limiter::Bucket;

use super::recent::Recent;
use super::{EventType, Note};
use crate::clock::Random;

/// Objects and series that are remembered (client-go's `maxLruCacheEntries`).
const REMEMBERED: usize = 4096;
/// Events about one object that may come at once, and how many a second thereafter: one in five minutes.
const SPAM_BURST: u32 = 25;
const SPAM_PER_SECOND: f64 = 1.0 / 300.0;
/// A series ends when its event did not happen for so long.
const SERIES: Duration = Duration::from_secs(600);
/// The longest message; what the newer events.k8s.io API allows.
const LONGEST_MESSAGE: usize = 1024;
/// The longest name of an object (RFC 1123 subdomain).
const LONGEST_NAME: usize = 253;

/// What is to be done about a note.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A new object.
    Create(Event),
    /// The object with this name has a new count, time and message.
    Count(Event),
    /// Nothing: there are too many about this object.
    Spam,
}

/// What is remembered of earlier notes.
#[derive(Debug)]
pub(super) struct Correlator {
    component: &'static str,
    /// The epoch of the buckets.
    start: Timestamp,
    spam: Recent<(Subject, EventType), Bucket>,
    series: Recent<(Subject, EventType, &'static str, String), Series>,
}

/// The object that an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Subject {
    kind: Option<String>,
    api_version: Option<String>,
    namespace: Option<String>,
    name: Option<String>,
    uid: Option<String>,
}

impl Subject {
    fn of(about: &ObjectReference) -> Self {
        Self {
            kind: about.kind.clone(),
            api_version: about.api_version.clone(),
            namespace: about.namespace.clone(),
            name: about.name.clone(),
            uid: about.uid.clone(),
        }
    }
}

/// Equal notes in a row.
#[derive(Debug, Default)]
struct Series {
    /// The name of the event's object; empty before the first note.
    name: String,
    count: i32,
    first: Timestamp,
    last: Timestamp,
}

impl Correlator {
    pub(super) fn new(component: &'static str, start: Timestamp) -> Self {
        Self { component, start, spam: Recent::new(REMEMBERED), series: Recent::new(REMEMBERED) }
    }

    pub(super) fn judge(&mut self, note: Note, now: Timestamp, random: &dyn Random) -> Verdict {
        let Note { about, kind, reason, mut message, at } = note;
        message.truncate(message.floor_char_boundary(LONGEST_MESSAGE));
        let subject = Subject::of(&about);
        let series = self
            .series
            .get_or_insert_with(&(subject.clone(), kind, reason, message.clone()), Series::default);
        let age = Duration::try_from(at.duration_since(series.last)).unwrap_or_default();
        let repeated = series.count > 0 && age <= SERIES;
        if !repeated {
            *series = Series { name: event_name(&about, at, random), count: 0, first: at, last: at };
        }
        // Counted also when it turns out to be spam: the next one that is written has the right number.
        series.count = series.count.saturating_add(1);
        series.last = series.last.max(at);
        let event = event(self.component, about, kind, reason, message, series);

        let elapsed = Duration::try_from(now.duration_since(self.start)).unwrap_or_default();
        let bucket =
            self.spam.get_or_insert_with(&(subject, kind), || Bucket::new(SPAM_PER_SECOND, SPAM_BURST));
        match (bucket.try_take(elapsed), repeated) {
            (false, _) => Verdict::Spam,
            (true, true) => Verdict::Count(event),
            (true, false) => Verdict::Create(event),
        }
    }
}

fn event(
    component: &'static str,
    about: ObjectReference,
    kind: EventType,
    reason: &'static str,
    message: String,
    series: &Series,
) -> Event {
    Event {
        metadata: ObjectMeta {
            name: Some(series.name.clone()),
            // Events about cluster-scoped objects live here.
            namespace: Some(about.namespace.clone().unwrap_or_else(|| "default".to_owned())),
            ..ObjectMeta::default()
        },
        involved_object: about,
        type_: Some(kind.as_str().to_owned()),
        reason: Some(reason.to_owned()),
        message: Some(message),
        count: Some(series.count),
        first_timestamp: Some(Time(series.first)),
        last_timestamp: Some(Time(series.last)),
        source: Some(EventSource { component: Some(component.to_owned()), host: None }),
        reporting_component: Some(component.to_owned()),
        reporting_instance: Some(String::new()),
        ..Event::default()
    }
}

/// The object's name and, in hexadecimal, the time in nanoseconds as in client-go, but with chance in its lower
/// 20 bits (about a millisecond): two events of one moment must not collide.
fn event_name(about: &ObjectReference, at: Timestamp, random: &dyn Random) -> String {
    const CHANCE: u64 = (1 << 20) - 1;
    let nanos = u64::try_from(at.as_nanosecond()).unwrap_or_default();
    let suffix = format!(".{:x}", (nanos & !CHANCE) | (random.next_u64() & CHANCE));
    let name = about.name.as_deref().unwrap_or_default();
    let kept = name.floor_char_boundary(LONGEST_NAME - suffix.len());
    format!("{}{suffix}", name[..kept].trim_end_matches(['.', '-']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FastRandom;

    fn note(name: &str, message: &str, at: Timestamp) -> Note {
        let about = ObjectReference {
            kind: Some("Kyma".into()),
            namespace: Some("pb".into()),
            name: Some(name.into()),
            ..ObjectReference::default()
        };
        Note { about, kind: EventType::Warning, reason: "NameConflict", message: message.into(), at }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_650_000_000 + secs).unwrap()
    }

    /// `C` or `P` with the count, or `-`.
    fn judge(correlator: &mut Correlator, name: &str, message: &str, secs: i64) -> String {
        let random = FastRandom::seeded(1);
        match correlator.judge(note(name, message, at(secs)), at(secs), &random) {
            Verdict::Create(event) => format!("C{}", event.count.unwrap()),
            Verdict::Count(event) => format!("P{}", event.count.unwrap()),
            Verdict::Spam => "-".to_owned(),
        }
    }

    #[test]
    fn equal_events_are_counted_until_ten_minutes_of_silence() {
        let mut correlator = Correlator::new("test", at(0));
        let mut judge = |message, secs| judge(&mut correlator, "a", message, secs);
        assert_eq!(judge("x", 0), "C1");
        assert_eq!(judge("x", 600), "P2");
        assert_eq!(judge("y", 601), "C1");
        assert_eq!(judge("x", 1200), "P3");
        assert_eq!(judge("x", 1801), "C1");
    }

    #[test]
    fn an_object_in_the_news_too_often_is_left_out_but_still_counted() {
        let mut correlator = Correlator::new("test", at(0));
        for n in 1..=25 {
            let expected = if n == 1 { "C1".to_owned() } else { format!("P{n}") };
            assert_eq!(judge(&mut correlator, "a", "x", 0), expected);
        }
        assert_eq!(judge(&mut correlator, "a", "x", 1), "-");
        assert_eq!(judge(&mut correlator, "b", "x", 1), "C1", "others are not concerned");
        assert_eq!(judge(&mut correlator, "a", "x", 300), "P27", "one more in five minutes");
        assert_eq!(judge(&mut correlator, "a", "x", 301), "-");
    }

    #[test]
    fn an_event_says_who_what_and_when() {
        let mut correlator = Correlator::new("kyma-operator", at(0));
        let random = FastRandom::seeded(1);
        correlator.judge(note("a", "x", at(0)), at(0), &random);
        let Verdict::Count(event) = correlator.judge(note("a", "x", at(5)), at(5), &random) else {
            panic!("the second is counted")
        };
        let mut json = serde_json::to_value(event).unwrap();
        let name = json["metadata"]["name"].take();
        assert!(name.as_str().unwrap().starts_with("a.16e5fa4207"), "{name}");
        assert_eq!(
            json,
            serde_json::json!({
                "apiVersion": "v1", "kind": "Event",
                "metadata": {"name": null, "namespace": "pb"},
                "involvedObject": {"kind": "Kyma", "namespace": "pb", "name": "a"},
                "type": "Warning", "reason": "NameConflict", "message": "x", "count": 2,
                "firstTimestamp": "2022-04-15T05:20:00Z", "lastTimestamp": "2022-04-15T05:20:05Z",
                "source": {"component": "kyma-operator"},
                "reportingComponent": "kyma-operator", "reportingInstance": "",
            })
        );
    }

    #[test]
    fn names_of_one_moment_differ_and_fit() {
        let random = FastRandom::seeded(1);
        let about = |name: &str| ObjectReference { name: Some(name.into()), ..ObjectReference::default() };
        let first = event_name(&about("a"), at(0), &random);
        assert_ne!(first, event_name(&about("a"), at(0), &random));
        let long = event_name(&about(&format!("{}-.b", "a".repeat(234))), at(0), &random);
        assert!(long.len() <= LONGEST_NAME && long.starts_with("aaa") && !long.contains("-."), "{long}");
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let mut correlator = Correlator::new("test", at(0));
        let verdict = correlator.judge(note("a", &"ä".repeat(600), at(0)), at(0), &FastRandom::seeded(1));
        let Verdict::Create(event) = verdict else { panic!("the first is created") };
        assert_eq!(event.message.unwrap(), "ä".repeat(512));
    }
}
