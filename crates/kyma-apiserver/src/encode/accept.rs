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

const MEDIA_TYPES: [&str; 3] =
    ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];

impl Accept {
    /// The first of the client's choices that is served. Protobuf is not among them: clients that ask for it take JSON
    /// beside it.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Result<Accept, ApiError> {
        let mut any = false;
        for value in headers.get_all(ACCEPT) {
            for choice in value.to_str().unwrap_or_default().split(',') {
                let choice = choice.trim();
                any |= !choice.is_empty();
                if let Some(accept) = Accept::parse(choice) {
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

    fn parse(choice: &str) -> Option<Accept> {
        let mut parts = choice.split(';').map(str::trim);
        let format = match parts.next()? {
            "application/json" | "application/*" | "*/*" => Format::Json,
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
            "PartialObjectMetadata" | "PartialObjectMetadataList" if meta => Shape::Metadata,
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
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        Accept::from_headers(&headers).map_err(|error| error.code())
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
        assert_eq!(accept("*/*"), json(Shape::Object));
        assert_eq!(accept("application/yaml"), Ok(Accept { format: Format::Yaml, shape: Shape::Object }));
        assert_eq!(
            accept("application/json;as=Tables;v=v1;g=meta.k8s.io, application/json"),
            json(Shape::Object)
        );
        assert_eq!(accept("text/html"), Err(406));
    }
}
