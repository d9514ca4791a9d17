//! A watch as the wire has it: one JSON object a line, until the server ends the body.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use crate::check::{Failure, Outcome, cut};
use crate::client::{Call, chain};
use crate::fixture::text;

/// A server that has something to send does so at once; what takes longer than this is not coming.
const EVENT_LIMIT: Duration = Duration::from_secs(15);

/// One event.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) kind: String,
    pub(crate) object: Value,
}

impl Event {
    /// `ADDED name`, for comparing a sequence.
    pub(crate) fn brief(&self) -> String {
        format!("{} {}", self.kind, text(&self.object, "/metadata/name"))
    }
}

/// An open watch.
pub(crate) struct Watch {
    line: String,
    body: Body,
    buffer: BytesMut,
    ended: bool,
}

impl Watch {
    /// Sends the request, which has to be answered by 200.
    pub(crate) async fn open(call: Call) -> Outcome<Self> {
        let (line, response) = call.open().await?;
        let code = response.status().as_u16();
        let mut watch = Self { line, body: response.into_body(), buffer: BytesMut::new(), ended: false };
        if code == 200 {
            return Ok(watch);
        }
        while watch.more().await? {}
        let body = String::from_utf8_lossy(&watch.buffer).into_owned();
        Err(Failure::new(&watch.line, "code 200", format!("{code} {}", cut(&body))))
    }

    /// The next event, which has to come soon.
    pub(crate) async fn next(&mut self) -> Outcome<Event> {
        self.next_within(EVENT_LIMIT).await
    }

    /// The next event, which has to come within this time.
    pub(crate) async fn next_within(&mut self, limit: Duration) -> Outcome<Event> {
        match tokio::time::timeout(limit, self.event()).await {
            Ok(event) => event,
            Err(_) => Err(Failure::new(&self.line, format!("an event within {} s", limit.as_secs()), "none")),
        }
    }

    /// The next event, whenever it comes. When the future is dropped nothing is lost.
    pub(crate) async fn event(&mut self) -> Outcome<Event> {
        let event = self.take().await?;
        event.ok_or_else(|| Failure::new(&self.line, "an event", "the end of the watch"))
    }

    /// All events until the server ends the watch, which it must do cleanly within `limit`.
    pub(crate) async fn rest(&mut self, limit: Duration) -> Outcome<Vec<Event>> {
        let mut events = Vec::new();
        let all = async {
            while let Some(event) = self.take().await? {
                events.push(event);
            }
            Ok(())
        };
        match tokio::time::timeout(limit, all).await {
            Ok(outcome) => outcome.map(|()| events),
            Err(_) => {
                let expected = format!("the end of the watch within {} s", limit.as_secs());
                Err(Failure::new(&self.line, expected, "it is still open"))
            }
        }
    }

    async fn take(&mut self) -> Outcome<Option<Event>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line = self.buffer.split_to(end);
                self.buffer.advance(1);
                return self.parse(&line).map(Some);
            }
            if !self.more().await? {
                let last = self.buffer.split();
                return if last.is_empty() { Ok(None) } else { self.parse(&last).map(Some) };
            }
        }
    }

    /// Reads what comes next; false at the end.
    async fn more(&mut self) -> Outcome<bool> {
        if self.ended {
            return Ok(false);
        }
        let frame = self.body.frame().await.transpose();
        let frame = frame.map_err(|error| Failure::new(&self.line, "a clean end", chain(&error)))?;
        match frame {
            Some(frame) => self.buffer.extend(frame.into_data().ok()),
            None => self.ended = true,
        }
        Ok(!self.ended)
    }

    fn parse(&self, line: &[u8]) -> Outcome<Event> {
        let failed = |why: String| {
            let line = String::from_utf8_lossy(line);
            Failure::new(&self.line, "an event a line", format!("{why}: {}", cut(&line)))
        };
        let mut event: Value = serde_json::from_slice(line).map_err(|error| failed(error.to_string()))?;
        let Some(kind) = event["type"].as_str().map(str::to_owned) else {
            return Err(failed("no type".to_owned()));
        };
        Ok(Event { kind, object: event["object"].take() })
    }
}

/// The brief forms of events.
pub(crate) fn briefs(events: &[Event]) -> Vec<String> {
    events.iter().map(Event::brief).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::BytesMut;
    use kube::client::Body;

    use super::{Watch, briefs};

    fn watch(text: &str) -> Watch {
        Watch {
            line: "GET /x".into(),
            body: Body::from(text.as_bytes().to_vec()),
            buffer: BytesMut::new(),
            ended: false,
        }
    }

    #[tokio::test]
    async fn events_are_lines() {
        let text = "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n{\"type\":\"DELETED\",\"object\":{}}";
        let mut watch = watch(text);
        assert_eq!(watch.next().await.unwrap().brief(), "ADDED a");
        assert_eq!(briefs(&watch.rest(Duration::from_secs(1)).await.unwrap()), ["DELETED "]);
        assert!(watch.next().await.unwrap_err().to_string().contains("the end of the watch"));
    }

    #[tokio::test]
    async fn what_is_no_event_fails() {
        assert!(watch("nonsense\n").next().await.unwrap_err().to_string().contains("nonsense"));
        assert!(watch("{\"object\":{}}\n").next().await.unwrap_err().to_string().contains("no type"));
    }
}
