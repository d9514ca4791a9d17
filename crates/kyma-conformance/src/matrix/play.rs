//! Plays one cell on a server: what is there before, the request, and what is there after.

use std::time::Duration;

use serde_json::{Value, json};

use super::cell::{Cell, Condition, Verb};
use super::request::{Before, Request, request};
use crate::check::Outcome;
use crate::client::{Answer, Call, Http, MERGE, query};
use crate::normal::Symbols;
use crate::poll::eventually;

/// Holds an object that is being deleted.
const FINALIZER: &str = "example.com/hold";

/// How long a server's cache may take to have an object.
const CACHE: Duration = Duration::from_secs(10);

/// The text of a cell: the request's line, the answer, and the object after it.
///
/// # Errors
/// When what has to be there before cannot be made, or there is no answer.
pub(crate) async fn play(cell: &Cell, http: &Http, namespace: &str, name: &str) -> Outcome<String> {
    let mut before = Before { namespace: namespace.to_owned(), name: name.to_owned(), ..Before::default() };
    let item = format!("{}/{name}", cell.subject.collection(namespace));
    let prepared = prepare(cell, http, &item, &mut before).await;
    let played = match prepared {
        Ok(()) => ask(cell, http, &item, &before).await,
        Err(failure) => Err(failure),
    };
    tidy(cell, http, &item).await;
    played
}

/// Brings about what the condition says.
async fn prepare(cell: &Cell, http: &Http, item: &str, before: &mut Before) -> Outcome {
    if !cell.begins_with_object() {
        return Ok(());
    }
    let mut object = cell.subject.named(&before.name);
    if cell.condition == Condition::Deleting {
        object["metadata"]["finalizers"] = json!([FINALIZER]);
    }
    let collection = cell.subject.collection(&before.namespace);
    let created = http.post(&query(&collection, &[("fieldManager", "setup")]), &object).await?.created()?;
    before.earlier_version = crate::fixture::version(&created).to_owned();
    match cell.condition {
        Condition::Stale => {
            let patch = json!({"metadata": {"labels": {"moved": "on"}}});
            http.patch(&query(item, &[("fieldManager", "setup")]), MERGE, &patch).await?.ok()?;
        }
        Condition::Deleting => {
            http.delete(item).await?;
        }
        _ => {}
    }
    if cell.verb == Verb::Get {
        cached(http, item).await?;
    }
    before.object = http.get(item).await?.ok()?;
    if !cell.part.is_empty() {
        before.part = http.get(&format!("{item}/{}", cell.part)).await?.value();
    }
    Ok(())
}

/// Waits until reads of any version see the object: they come from a cache that may lag behind the store.
async fn cached(http: &Http, item: &str) -> Outcome {
    let any = query(item, &[("resourceVersion", "0")]);
    let caught_up = || async {
        let answer = http.get(&any).await?;
        Ok(if answer.code() == 404 { Err("404".to_owned()) } else { Ok(()) })
    };
    eventually(&format!("GET {any}"), CACHE, caught_up).await
}

async fn ask(cell: &Cell, http: &Http, item: &str, before: &Before) -> Outcome<String> {
    let mut symbols = Symbols::default();
    symbols.give(&before.name, "NAME");
    if !before.namespace.is_empty() {
        symbols.give(&before.namespace, "NS");
    }
    // What was there before has the first symbols.
    symbols.value(&json!({"resourceVersion": before.earlier_version}));
    let stored = symbols.value(&before.object);
    let request = request(cell, before);
    let line = symbols.text(&shown(&request));
    let answer = call(http, request).await?;
    let said = if cell.verb == Verb::Watch { events(&mut symbols, &answer) } else { symbols.answer(&answer) };
    let mut text = format!("{line}\n{said}\n");
    if cell.settles() && !matches!(cell.verb, Verb::Get | Verb::List | Verb::Watch) {
        let after = symbols.answer(&http.get(item).await?);
        text.push_str("= ");
        text.push_str(match after.strip_prefix("200 ") {
            Some(body) if body == stored => "as before",
            Some(body) if said.split_once(' ').is_some_and(|(_, said)| said == body) => "as answered",
            _ if after.starts_with("404 ") => "absent",
            _ => &after,
        });
        text.push('\n');
    }
    Ok(text)
}

fn call(http: &Http, request: Request) -> Call {
    let parameters: Vec<(&str, &str)> =
        request.query.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let mut call = http.call(request.method, &query(&request.path, &parameters));
    for (name, value) in &request.headers {
        if let Ok(name) = http::HeaderName::from_bytes(name.as_bytes()) {
            call = call.header(name, value);
        }
    }
    match request.body {
        Some((media_type, text)) => call.body(media_type, text),
        None => call,
    }
}

fn shown(request: &Request) -> String {
    let mut line = format!("{} {}", request.method, request.path);
    for (at, (key, value)) in request.query.iter().enumerate() {
        let start = if at == 0 { '?' } else { '&' };
        line.push_str(&format!("{start}{key}={value}"));
    }
    line
}

/// A watch's events, a line each.
fn events(symbols: &mut Symbols, answer: &Answer) -> String {
    if answer.code() != 200 {
        return symbols.answer(answer);
    }
    let mut text = answer.code().to_string();
    for line in answer.text().lines() {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|_| line.into());
        text.push('\n');
        text.push_str(&symbols.value(&value));
    }
    text
}

/// Takes away what is left. What cannot be taken away ends with the server.
async fn tidy(cell: &Cell, http: &Http, item: &str) {
    let release = json!({"metadata": {"finalizers": null}});
    if cell.condition == Condition::Deleting {
        let _ = http.patch(item, MERGE, &release).await;
    }
    let _ = http.delete(&query(item, &[("propagationPolicy", "Background")])).await;
    if matches!(cell.condition, Condition::Foreground | Condition::Orphan) {
        let _ = http.patch(item, MERGE, &release).await;
    }
}
