//! Watch: bookmarks, initial events, time-outs, and versions that are too old or yet to come.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::context::{Context, leases};
use crate::fixture::{lease, version};
use crate::watch::{Event, Watch, briefs};

cases! {
    "watch/ends-cleanly-at-its-time-out" => ends_cleanly_at_its_time_out,
    "watch/bookmarks" within 60 => bookmarks,
    "watch/no-bookmarks-unless-asked-for" => no_bookmarks_unless_asked_for,
    "watch/bookmark-after-the-initial-state" => bookmark_after_the_initial_state,
    "watch/send-initial-events" => send_initial_events,
    "watch/send-initial-events-of-nothing" => send_initial_events_of_nothing,
    "watch/send-initial-events-misused" => send_initial_events_misused,
    "watch/too-old" => too_old,
    "watch/future-resource-version" => future_resource_version,
    "watch/impossible-resource-version" => impossible_resource_version,
    "watch/resource-version-match" => resource_version_match,
}

/// More than any `timeoutSeconds` in this file.
const END: Duration = Duration::from_secs(25);

/// All events of a watch with these parameters.
async fn watch(cx: &Context, path: &str, parameters: &str) -> Outcome<Vec<Event>> {
    Watch::open(cx.get(&format!("{path}?watch=true&{parameters}"))).await?.rest(END).await
}

/// Without the bookmarks that may come just before the end.
fn without_further_bookmarks(mut events: Vec<Event>) -> Vec<Event> {
    let first = events.iter().position(|event| event.kind == "BOOKMARK").unwrap_or(events.len());
    let mut index = 0;
    events.retain(|event| {
        index += 1;
        event.kind != "BOOKMARK" || index == first + 1
    });
    events
}

fn ends_initial_events(event: &Event) -> bool {
    event.object["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
}

async fn ends_cleanly_at_its_time_out(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let started = Instant::now();
    let events = watch(cx, &path, "timeoutSeconds=2").await?;
    let took = started.elapsed();
    same("events", &briefs(&events), &["ADDED a"])?;
    holds("it took two seconds", (1500..4000).contains(&took.as_millis()), &took.as_secs_f64())
}

/// The real server sends one about every minute, and one before the time-out if that is some seconds away. Which
/// second that is depends on its timers, so longer and longer watches are tried.
async fn bookmarks(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let mut seen = Vec::new();
    for seconds in [6, 8, 12, 15] {
        let parameters =
            format!("timeoutSeconds={seconds}&allowWatchBookmarks=true&resourceVersion={}", version(&made));
        seen = watch(cx, &path, &parameters).await?;
        if !seen.is_empty() {
            break;
        }
    }
    let Some(event) = seen.first() else {
        return holds("a bookmark comes", false, &"none");
    };
    same("type", &event.kind, &"BOOKMARK")?;
    let number = |object: &Value| version(object).parse::<u64>().ok();
    holds("its version is not older than the start", number(&event.object) >= number(&made), &event.object)?;
    same("kind", &event.object["kind"], &"Lease")?;
    same("apiVersion", &event.object["apiVersion"], &"coordination.k8s.io/v1")?;
    same("only a version", &event.object["metadata"], &json!({"resourceVersion": version(&event.object)}))?;
    // From there a watch goes on without missing anything.
    cx.post(&path, &lease("b")).await?.created()?;
    let parameters = format!("timeoutSeconds=2&resourceVersion={}", version(&event.object));
    same("from there", &briefs(&watch(cx, &path, &parameters).await?), &["ADDED b"])
}

async fn no_bookmarks_unless_asked_for(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    same("events", &briefs(&watch(cx, &path, "timeoutSeconds=6").await?), &["ADDED a"])
}

/// Whoever allows bookmarks and names no version is told where the initial state ends.
async fn bookmark_after_the_initial_state(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let events = watch(cx, &path, "timeoutSeconds=2&allowWatchBookmarks=true").await?;
    let events = without_further_bookmarks(events);
    same("events", &briefs(&events), &["ADDED a", "BOOKMARK "])?;
    holds("it is marked", ends_initial_events(&events[1]), &events[1].object)?;
    let number = |object: &Value| version(object).parse::<u64>().ok();
    holds("its version", number(&events[1].object) >= number(&made), &events[1].object)
}

async fn send_initial_events(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let first = cx.post(&path, &lease("b")).await?.created()?;
    cx.post(&path, &lease("a")).await?.created()?;
    let at = format!("&resourceVersion={}", version(&first));
    for more in ["", "&resourceVersion=0", &at] {
        let parameters = format!(
            "timeoutSeconds=2&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan{more}"
        );
        let events = without_further_bookmarks(watch(cx, &path, &parameters).await?);
        same("events", &briefs(&events), &["ADDED a", "ADDED b", "BOOKMARK "])?;
        holds("the bookmark is marked", ends_initial_events(&events[2]), &events[2].object)?;
    }
    let parameters = "timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let events = watch(cx, &path, parameters).await?;
    same("without bookmarks", &briefs(&events), &["ADDED a", "ADDED b"])?;
    let parameters = "timeoutSeconds=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    same("false: only what is new", &briefs(&watch(cx, &path, parameters).await?), &[""; 0])
}

async fn send_initial_events_of_nothing(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let parameters =
        "timeoutSeconds=2&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let events = without_further_bookmarks(watch(cx, &widgets.path(), parameters).await?);
    same("events", &briefs(&events), &["BOOKMARK "])?;
    holds("it is marked", ends_initial_events(&events[0]), &events[0].object)?;
    same("kind", &events[0].object["kind"], &"Widget")
}

async fn send_initial_events_misused(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let required = (
        "FieldValueForbidden",
        "resourceVersionMatch",
        "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    );
    let only = (
        "FieldValueNotSupported",
        "resourceVersionMatch",
        "Unsupported value: \"Exact\": supported values: \"NotOlderThan\"",
    );
    let no_list =
        ("FieldValueForbidden", "sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list");
    cx.get(&format!("{path}?watch=true&sendInitialEvents=true")).await?.invalid(&[required])?;
    let exact = format!("{path}?watch=true&sendInitialEvents=true&resourceVersionMatch=Exact");
    cx.get(&exact).await?.invalid(&[required, only])?;
    cx.get(&format!("{path}?sendInitialEvents=true")).await?.invalid(&[no_list])
}

/// The history of a new kind begins with the kind. The answer is 200, and the news is the only event.
async fn too_old(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    let events = watch(cx, &widgets.path(), "resourceVersion=1&timeoutSeconds=5").await?;
    same("events", &briefs(&events), &["ERROR "])?;
    let status = &events[0].object;
    for (key, expected) in [
        ("kind", json!("Status")),
        ("apiVersion", json!("v1")),
        ("status", json!("Failure")),
        ("reason", json!("Expired")),
        ("code", json!(410)),
    ] {
        same(key, &status[key], &expected)?;
    }
    let message = status["message"].as_str().unwrap_or("");
    holds("message", message.starts_with("too old resource version: 1 ("), status)
}

/// It may come yet.
async fn future_resource_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let events = watch(cx, &path, "resourceVersion=9000000000000&timeoutSeconds=2").await?;
    same("events", &briefs(&events), &[""; 0])
}

async fn impossible_resource_version(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let message =
        "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax";
    let impossible = format!("{path}?watch=true&resourceVersion=abc&timeoutSeconds=2");
    cx.get(&impossible).await?.refused(&json!({"message": message, "code": 500}))?;
    cx.get(&format!("{path}?watch=true&timeoutSeconds=abc")).await?.refused(&json!({
        "message": "strconv.ParseInt: parsing \"abc\": invalid syntax", "reason": "BadRequest", "code": 400,
    }))
}

async fn resource_version_match(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let answer =
        cx.get(&format!("{path}?watch=true&resourceVersion=1&resourceVersionMatch=NotOlderThan")).await?;
    answer.invalid(&[(
        "FieldValueForbidden",
        "resourceVersionMatch",
        "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    )])
}
