//! Content negotiation (k8s.io/apiserver/pkg/endpoints/handlers/negotiation).

use http::HeaderMap;
use http::header::ACCEPT;
use kyma_registry::ApiError;

/// The bytes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

/// Into what the answer is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The objects themselves.
    Object,
    /// `meta.k8s.io` Table.
    Table,
    /// `meta.k8s.io` PartialObjectMetadata, or its list.
    Metadata,
}

/// What the client takes, the server's choice among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accept {
    pub(crate) format: Format,
    pub(crate) shape: Shape,
}

/// What the real server can write.
pub(crate) const MEDIA_TYPES: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

/// What it can write of many objects.
pub(crate) const STREAMED_MEDIA_TYPES: [&str; 5] = [
    MEDIA_TYPES[0],
    MEDIA_TYPES[1],
    MEDIA_TYPES[2],
    "application/json;stream=watch",
    "application/vnd.kubernetes.protobuf;stream=watch",
];

impl Accept {
    /// The format of a failure: the first that the client takes, whatever shape it wanted.
    pub(crate) fn of_status(headers: &HeaderMap) -> Accept {
        let choices = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let first =
            choices.flat_map(|value| value.split(',')).find_map(|choice| Accept::parse(choice.trim(), None));
        Accept { format: first.map_or(Format::Json, |accept| accept.format), shape: Shape::Object }
    }

    /// The first of the client's choices that is served, `many` saying whether objects are asked for or one. Protobuf is not among them: clients that ask for it take JSON
    /// beside it.
    pub(crate) fn from_headers(headers: &HeaderMap, many: bool) -> Result<Accept, ApiError> {
        let mut any = false;
        for value in headers.get_all(ACCEPT) {
            for choice in value.to_str().unwrap_or_default().split(',') {
                let choice = choice.trim();
                any |= !choice.is_empty();
                if let Some(accept) = Accept::parse(choice, Some(many)) {
                    return Ok(accept);
                }
            }
        }
        if any {
            Err(ApiError::not_acceptable(&MEDIA_TYPES))
        } else {
            Ok(Accept { format: Format::Json, shape: Shape::Object })
        }
    }

    /// `many` of `None` takes both forms of metadata.
    fn parse(choice: &str, many: Option<bool>) -> Option<Accept> {
        let mut parts = choice.split(';').map(str::trim);
        let format = match parts.next()? {
            "application/json" | "*/*" => Format::Json,
            "application/yaml" => Format::Yaml,
            _ => return None,
        };
        let (mut kind, mut group, mut version) = ("", "", "");
        for part in parts {
            match part.split_once('=') {
                Some(("as", value)) => kind = value,
                Some(("g", value)) => group = value,
                Some(("v", value)) => version = value,
                _ => {}
            }
        }
        let meta = group == "meta.k8s.io" && matches!(version, "v1" | "v1beta1");
        let shape = match kind {
            "" => Shape::Object,
            "Table" if meta => Shape::Table,
            "PartialObjectMetadata" if meta && many != Some(true) => Shape::Metadata,
            "PartialObjectMetadataList" if meta && many != Some(false) => Shape::Metadata,
            _ => return None,
        };
        Some(Accept { format, shape })
    }

    /// The `Content-Type` of the answer.
    pub(crate) fn content_type(self) -> &'static str {
        match self.format {
            Format::Json => "application/json",
            Format::Yaml => "application/yaml",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(value: &'static str) -> Result<Accept, u16> {
        accept_of(value, true)
    }

    fn accept_of(value: &'static str, many: bool) -> Result<Accept, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        Accept::from_headers(&headers, many).map_err(|error| error.code())
    }

    #[test]
    fn the_first_served_choice_wins() {
        let json = |shape| Ok(Accept { format: Format::Json, shape });
        assert_eq!(
            accept("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
            json(Shape::Table)
        );
        assert_eq!(accept("application/vnd.kubernetes.protobuf,application/json"), json(Shape::Object));
        assert_eq!(
            accept("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"),
            json(Shape::Metadata)
        );
        assert_eq!(
            accept_of("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", false),
            Err(406)
        );
        assert_eq!(accept("*/*"), json(Shape::Object));
        assert_eq!(accept("application/yaml"), Ok(Accept { format: Format::Yaml, shape: Shape::Object }));
        assert_eq!(
            accept("application/json;as=Tables;v=v1;g=meta.k8s.io, application/json"),
            json(Shape::Object)
        );
        assert_eq!(accept("text/html"), Err(406));
    }
}
