use kyma_registry::structure::{Member, Raw, Type};
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Writes a message as Go's generated encoders do, by the same structures.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn number(&mut self, number: u32, value: u64) {
        self.varint(u64::from(number) << 3);
        self.varint(value);
    }

    fn bytes(&mut self, number: u32, bytes: &[u8]) {
        self.varint(u64::from(number) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn structure(object: &Map<String, Value>, structure: &Struct) -> Vec<u8> {
        let mut writer = Writer::default();
        for member in structure.members() {
            if let (Some(number), Some(value)) = (member.number, object.get(member.name)) {
                writer.member(number, value, member);
            }
        }
        for embedded in structure.embedded() {
            writer.bytes(embedded.number, &Writer::structure(object, embedded.structure));
        }
        writer.0
    }

    fn member(&mut self, number: u32, value: &Value, member: &Member) {
        match (member.kind.pointee(), value) {
            (Type::List { items, boxed: false, .. }, Value::Array(list)) => {
                list.iter().for_each(|item| self.value(number, item, items));
            }
            (Type::Map { values, .. }, Value::Object(map)) => {
                for (key, value) in map {
                    let mut entry = Writer::default();
                    entry.bytes(1, key.as_bytes());
                    entry.value(2, value, values);
                    self.bytes(number, &entry.0);
                }
            }
            (kind, value) => self.value(number, value, kind),
        }
    }

    fn value(&mut self, number: u32, value: &Value, kind: &Type) {
        use base64::Engine as _;
        let mut inner = Writer::default();
        match (kind.pointee(), value) {
            (Type::Text(_), Value::String(text)) => return self.bytes(number, text.as_bytes()),
            (Type::Integer(_), Value::Number(value)) => {
                return self.number(number, value.as_i64().unwrap() as u64);
            }
            (Type::Bool, Value::Bool(flag)) => return self.number(number, u64::from(*flag)),
            (Type::Float, Value::Number(value)) => {
                self.varint(u64::from(number) << 3 | 1);
                return self.0.extend_from_slice(&value.as_f64().unwrap().to_le_bytes());
            }
            (Type::Bytes, Value::String(text)) => {
                let bytes = base64::engine::general_purpose::STANDARD.decode(text).unwrap();
                return self.bytes(number, &bytes);
            }
            (Type::Time | Type::MicroTime, Value::String(text)) => {
                let time: jiff::Timestamp = text.parse().unwrap();
                inner.number(1, time.as_second() as u64);
                inner.number(2, time.subsec_nanosecond() as u64);
            }
            (Type::Quantity, Value::String(text)) => inner.bytes(1, text.as_bytes()),
            (Type::IntOrString, Value::String(text)) => {
                inner.number(1, 1);
                inner.bytes(3, text.as_bytes());
            }
            (Type::IntOrString, Value::Number(value)) => inner.number(2, value.as_i64().unwrap() as u64),
            (Type::Raw(Raw::SchemaOrBool), Value::Bool(flag)) => inner.number(1, u64::from(*flag)),
            (Type::Raw(Raw::Extension | Raw::Fields | Raw::Json), value) => {
                inner.bytes(1, value.to_string().as_bytes());
            }
            (Type::Raw(Raw::SchemaOrTexts), Value::Array(texts)) => {
                texts.iter().for_each(|text| inner.bytes(2, text.as_str().unwrap().as_bytes()));
            }
            (Type::Struct(structure), Value::Object(map)) => {
                inner.0 = Writer::structure(map, structure);
            }
            (Type::List { items, boxed: true, .. }, Value::Array(list)) => {
                list.iter().for_each(|item| inner.value(1, item, items));
            }
            (kind, value) => panic!("{kind:?} cannot be {value}"),
        }
        self.bytes(number, &inner.0);
    }
}

fn envelope(kind: &str, api_version: &str, raw: &[u8]) -> Vec<u8> {
    let mut names = Writer::default();
    names.bytes(1, api_version.as_bytes());
    names.bytes(2, kind.as_bytes());
    let mut unknown = Writer::default();
    unknown.bytes(1, &names.0);
    unknown.bytes(2, raw);
    [MAGIC.as_slice(), &unknown.0].concat()
}

/// An object with every member set, its numbers and texts taken from `seed`. A structure that is in itself, as schemas
/// are, is set once: `open` has those that this one stands in.
fn filled(structure: &'static Struct, open: &[&str], seed: &mut u64) -> Map<String, Value> {
    let open = &[open, &[structure.table_name]].concat()[..];
    let members = structure.members().iter().filter(|member| {
        let named = matches!(member.name, "kind" | "apiVersion");
        // An embedded structure's members have their numbers in it.
        !named
            && (member.number.is_some()
                || structure.embedded().iter().any(|e| e.structure.member(member.name).is_some()))
    });
    members.filter_map(|member| Some((member.name.to_owned(), value(&member.kind, open, seed)?))).collect()
}

fn value(kind: &'static Type, open: &[&str], seed: &mut u64) -> Option<Value> {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let number = *seed >> 33;
    Some(match kind {
        Type::Pointer(inner) => value(inner, open, seed)?,
        Type::Text(_) => format!("t{number}").into(),
        Type::Integer("int32") => (number as i32).wrapping_sub(1 << 29).into(),
        Type::Integer(_) => (*seed as i64).into(),
        Type::Float => (number as f64 / 4.0).into(),
        Type::Bool => true.into(),
        Type::Time => "2024-02-29T01:02:03Z".into(),
        Type::MicroTime => "2024-02-29T01:02:03.000456Z".into(),
        Type::Bytes => "AQID".into(),
        Type::Quantity => format!("{number}m").into(),
        Type::IntOrString if number.is_multiple_of(2) => "25%".into(),
        Type::IntOrString => (number as i32).into(),
        Type::Raw(Raw::SchemaOrBool) => (number.is_multiple_of(2)).into(),
        Type::Raw(Raw::SchemaOrArray) => return None,
        Type::Raw(Raw::SchemaOrTexts) => json!(["a", "b"]),
        Type::Raw(_) => json!({"a": number, "b": [null, {"c": "d"}]}),
        Type::Struct(structure) if open.contains(&structure.table_name) => return None,
        Type::Struct(structure) => Value::Object(filled(structure, open, seed)),
        Type::List { items, .. } => {
            // Structures once, or the largest kinds grow by a power of two for each level.
            let first = value(items, open, seed)?;
            match items.structure() {
                Some(_) => json!([first]),
                None => json!([first, value(items, open, seed)?]),
            }
        }
        Type::Map { values, .. } => {
            json!({"k1": value(values, open, seed)?, "k2": value(values, open, seed)?})
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn every_kind_comes_back_as_it_went(seed: u64) {
        for kind in structure::kinds() {
            let structure = kind.structure().unwrap();
            let mut seed = seed;
            let object = filled(structure, &[], &mut seed);
            let group = if kind.group.is_empty() { String::new() } else { format!("{}/", kind.group) };
            let api_version = format!("{group}{}", kind.version);
            let body = envelope(kind.kind, &api_version, &Writer::structure(&object, structure));
            let mut expected = object;
            expected.insert("kind".into(), kind.kind.into());
            expected.insert("apiVersion".into(), api_version.into());
            prop_assert_eq!(to_value(&body, kind.kind).unwrap(), Value::Object(expected));
        }
    }

    #[test]
    fn no_body_makes_it_fall(body: Vec<u8>, kind in 0..structure::kinds().len()) {
        let kind = &structure::kinds()[kind];
        let _ = to_value(&envelope(kind.kind, "v1", &body), kind.kind);
        let _ = to_value(&[MAGIC.as_slice(), &body].concat(), kind.kind);
    }
}

#[test]
fn a_body_of_the_real_client_is_read() {
    let body = b"k8s\0\n\x0f\n\x02v1\x12\tNamespace\x12\x0e\n\x0c\n\nprobe83280";
    let expected = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "probe83280"}});
    assert_eq!(to_value(body, "Namespace").unwrap(), expected);
    // Without a kind it is the one that is wanted.
    let body = b"k8s\0\x12\x10\n\x0e\n\x0cprobe83280nk";
    assert_eq!(to_value(body, "Namespace").unwrap(), json!({"metadata": {"name": "probe83280nk"}}));
    let body = b"k8s\0\n\x13\n\x02v1\x12\rDeleteOptions\x12\x0c\"\nBackground";
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"});
    assert_eq!(to_value(body, "DeleteOptions").unwrap(), options);
}

#[test]
fn what_is_no_body_is_refused_in_the_words_of_the_real_server() {
    let refused = |body: &[u8]| to_value(body, "Namespace").unwrap_err().message().to_owned();
    let prefix = "the object provided is unrecognized (must be of type Namespace): ";
    assert_eq!(
        refused(b"xxxx"),
        format!(
            "{prefix}provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (78787878)"
        )
    );
    assert_eq!(refused(b"k8s\0\xff\xff\xff"), format!("{prefix}unexpected EOF (6b387300ffffff)"));
    assert_eq!(refused(b""), format!("{prefix}empty data (<empty>)"));
    assert_eq!(
        refused(&envelope("Namespace", "v1", &[0x0a, 0x7f])),
        "Namespace in version \"v1\" cannot be handled as a Namespace: unexpected EOF"
    );
}
