//! Values as kube-apiserver's own types write them, which some messages show: all members, none left out, under the
//! names that they have in Go. Those types have the members of the served ones in the same order.

use std::fmt::Write as _;

use serde_json::Value;

use crate::reason::gotext;
use crate::structure::{Struct, Type};

/// Members whose name in Go is not the one in JSON with a capital letter.
const NAMES: [(&str, &str); 38] = [
    ("apiGroup", "APIGroup"),
    ("apiVersion", "APIVersion"),
    ("awsElasticBlockStore", "AWSElasticBlockStore"),
    ("cephfs", "CephFS"),
    ("chapAuthDiscovery", "DiscoveryCHAPAuth"),
    ("chapAuthSession", "SessionCHAPAuth"),
    ("csi", "CSI"),
    ("diskURI", "DataDiskURI"),
    ("dnsConfig", "DNSConfig"),
    ("dnsPolicy", "DNSPolicy"),
    ("fc", "FC"),
    ("fsGroup", "FSGroup"),
    ("fsGroupChangePolicy", "FSGroupChangePolicy"),
    ("fsType", "FSType"),
    ("gcePersistentDisk", "GCEPersistentDisk"),
    ("gmsaCredentialSpec", "GMSACredentialSpec"),
    ("gmsaCredentialSpecName", "GMSACredentialSpecName"),
    ("grpc", "GRPC"),
    ("httpGet", "HTTPGet"),
    ("httpHeaders", "HTTPHeaders"),
    ("ip", "IP"),
    ("iqn", "IQN"),
    ("iscsi", "ISCSI"),
    ("iscsiInterface", "ISCSIInterface"),
    ("nfs", "NFS"),
    ("os", "OS"),
    ("pdID", "PdID"),
    ("pdName", "PDName"),
    ("rbd", "RBD"),
    ("seLinuxChangePolicy", "SELinuxChangePolicy"),
    ("seLinuxOptions", "SELinuxOptions"),
    ("serviceAccount", "DeprecatedServiceAccount"),
    ("sslEnabled", "SSLEnabled"),
    ("storageos", "StorageOS"),
    ("tcpSocket", "TCPSocket"),
    ("tty", "TTY"),
    ("uid", "UID"),
    ("wwids", "WWIDs"),
];

/// The JSON of a list of values of this structure, on one line.
pub(super) fn written_list(values: &Value, structure: &str) -> String {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let values: Vec<String> = values.iter().map(|value| written(value, structure)).collect();
    format!("[{}]", values.join(","))
}

/// The JSON of a value of this structure, on one line.
pub(super) fn written(value: &Value, structure: &str) -> String {
    write(value, structure, None)
}

/// The same with a line for each member, as `json.MarshalIndent` sets it with one blank a level.
pub(super) fn pretty(value: &Value, structure: &str) -> String {
    write(value, structure, Some(0))
}

fn write(value: &Value, structure: &str, depth: Option<usize>) -> String {
    let mut writer = Writer { text: String::new(), depth };
    match Struct::find(structure) {
        Some(structure) => writer.structure(value, structure),
        None => writer.text.push_str("null"),
    }
    writer.text
}

struct Writer {
    text: String,
    /// How deep the next line is set, where there are lines.
    depth: Option<usize>,
}

impl Writer {
    fn value(&mut self, value: &Value, kind: &Type) {
        match kind {
            Type::Pointer(_) | Type::List { .. } | Type::Map { .. } if value.is_null() => {
                self.text.push_str("null");
            }
            Type::Pointer(inner) => self.value(value, inner),
            Type::Struct(structure) => self.structure(value, structure),
            Type::List { items, .. } => {
                let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
                self.enclosed('[', ']', list.len(), |writer, index| {
                    if let Some(item) = list.get(index) {
                        writer.value(item, items);
                    }
                });
            }
            Type::Map { values, .. } => {
                let mut entries: Vec<_> = value.as_object().into_iter().flatten().collect();
                entries.sort_by_key(|(key, _)| key.as_str());
                self.enclosed('{', '}', entries.len(), |writer, index| {
                    if let Some((key, value)) = entries.get(index) {
                        writer.key(key);
                        writer.value(value, values);
                    }
                });
            }
            other if value.is_null() => self.text.push_str(&gotext::json(&other.zero())),
            _ => self.text.push_str(&gotext::json(value)),
        }
    }

    fn structure(&mut self, value: &Value, structure: &Struct) {
        // Selectors are of the served type there, too, which leaves out what is empty.
        let served = structure.name().starts_with("LabelSelector");
        let mut parts = Vec::new();
        for member in structure.members() {
            match (member.name, &member.kind) {
                // Its own types do not say themselves what they are, and have the metadata's members as theirs.
                ("apiVersion" | "kind", _) if structure.member("metadata").is_some() => {}
                ("metadata", Type::Struct(metadata)) => {
                    let own = value.get("metadata").unwrap_or(&Value::Null);
                    let set =
                        metadata.members().iter().filter_map(|member| Some((member, own.get(member.name)?)));
                    parts.extend(set.map(|(member, value)| (member.name.to_owned(), value, None)));
                }
                (name, kind) if served => {
                    parts.extend(value.get(name).map(|value| (name.to_owned(), value, Some(kind))));
                }
                (name, kind) => {
                    parts.push((go_name(name), value.get(name).unwrap_or(&Value::Null), Some(kind)));
                }
            }
        }
        self.enclosed('{', '}', parts.len(), |writer, index| {
            let Some((name, value, kind)) = parts.get(index) else { return };
            writer.key(name);
            match kind {
                Some(kind) => writer.value(value, kind),
                None => writer.text.push_str(&gotext::json(value)),
            }
        });
    }

    fn key(&mut self, key: &str) {
        self.text.push_str(&gotext::json(&key.into()));
        self.text.push_str(if self.depth.is_some() { ": " } else { ":" });
    }

    fn enclosed(&mut self, open: char, close: char, count: usize, item: impl Fn(&mut Self, usize)) {
        self.text.push(open);
        if count > 0 {
            self.depth = self.depth.map(|depth| depth + 1);
            for index in 0..count {
                if index > 0 {
                    self.text.push(',');
                }
                self.line();
                item(self, index);
            }
            self.depth = self.depth.map(|depth| depth - 1);
            self.line();
        }
        self.text.push(close);
    }

    fn line(&mut self) {
        if let Some(depth) = self.depth {
            // Writing to a String cannot fail.
            let _ = write!(self.text, "\n{:depth$}", "");
        }
    }
}

fn go_name(name: &str) -> String {
    if let Ok(index) = NAMES.binary_search_by_key(&name, |(json, _)| json) {
        return NAMES.get(index).map_or("", |(_, go)| go).to_owned();
    }
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn all_members_are_written_under_their_names_in_go() {
        assert!(NAMES.is_sorted());
        let action = json!({"port": 80});
        assert_eq!(written(&action, "core/v1.TCPSocketAction"), r#"{"Port":80,"Host":""}"#);
        let term = json!({"labelSelector": {"matchLabels": {"a": "b"}}, "topologyKey": "k"});
        let text = written(&term, "core/v1.PodAffinityTerm");
        assert!(
            text.starts_with(r#"{"LabelSelector":{"matchLabels":{"a":"b"}},"Namespaces":null,"#),
            "{text}"
        );
        assert_eq!(pretty(&action, "core/v1.TCPSocketAction"), "{\n \"Port\": 80,\n \"Host\": \"\"\n}");
    }
}
