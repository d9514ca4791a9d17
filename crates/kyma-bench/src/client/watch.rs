//! A watch on a connection of its own.

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::connection::{Answer, Call, Connection};
use super::endpoint::Endpoint;
use super::lines::Lines;
use crate::error::Error;

/// How long a server shall keep a watch open, in seconds.
const TIMEOUT_SECONDS: u32 = 3600;

/// An event, as far as everybody looks at it.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    /// ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    /// The object, or a Status.
    #[serde(borrow)]
    pub(crate) object: &'a RawValue,
}

/// An open watch.
#[derive(Debug)]
pub(crate) struct Watch {
    path: String,
    body: Incoming,
    lines: Lines,
    /// The connection lives as long.
    _connection: Connection,
}

impl Watch {
    /// Watches a collection for what follows `resource_version`. A refusal is [`Error::Refused`].
    pub(crate) async fn open(
        endpoint: &Endpoint,
        collection: &str,
        resource_version: &str,
    ) -> Result<Self, Error> {
        let query = format!("watch=true&resourceVersion={resource_version}&timeoutSeconds={TIMEOUT_SECONDS}");
        let call = Call::get(format!("{collection}?{query}"));
        let mut connection = endpoint.connect().await?;
        let response = connection.open(&call).await?;
        let status = response.status();
        let mut body = response.into_body();
        if !status.is_success() {
            let read = (&mut body).collect().await;
            let read = read.map_err(|source| Error::ReadAnswer { path: collection.to_owned(), source })?;
            Answer { status, body: read.to_bytes() }.accepted(&call)?;
        }
        Ok(Watch { path: collection.to_owned(), body, lines: Lines::default(), _connection: connection })
    }

    /// Waits for the next event's line; `None` when the server has ended the watch.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let line = self.lines.pop().map_err(|_| self.failed("a line is too long to be an event"))?;
            if line.is_some() {
                return Ok(line);
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.lines.push(data);
                    }
                }
                Some(Err(source)) => return Err(Error::ReadAnswer { path: self.path.clone(), source }),
            }
        }
    }

    /// Reads a line; ERROR is one.
    pub(crate) fn event<'a>(&self, line: &'a [u8]) -> Result<Event<'a>, Error> {
        let event = serde_json::from_slice::<Event<'a>>(line);
        let event = event.map_err(|source| Error::ParseAnswer { path: self.path.clone(), source })?;
        if event.kind == "ERROR" {
            return Err(self.failed(event.object.get()));
        }
        Ok(event)
    }

    fn failed(&self, message: &str) -> Error {
        Error::Watch { path: self.path.clone(), message: message.to_owned() }
    }
}
