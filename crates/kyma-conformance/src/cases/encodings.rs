//! Other forms of the same objects: Table, metadata only, YAML, protobuf.

use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use k8s_pb::api::core::v1::Namespace;
use k8s_pb::apimachinery::pkg::apis::meta::v1::{DeleteOptions, ObjectMeta, Status};
use k8s_pb::apimachinery::pkg::runtime::{TypeMeta, Unknown};
use prost::Message;
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Failure, Outcome, holds, same};
use crate::client::{Answer, MERGE, METADATA, PROTOBUF, TABLE};
use crate::context::{Context, NAMESPACES, config_maps, leases};
use crate::fixture::{Kind, config_map, definition, lease, text, version, with};

cases! {
    "encodings/table" => table,
    "encodings/table-of-one" => table_of_one,
    "encodings/table-objects" => table_objects,
    "encodings/table-pages" => table_pages,
    "encodings/table-of-built-in-kinds" => table_of_built_in_kinds,
    "encodings/table-or-json" => table_or_json,
    "encodings/scale" => scale,
    "encodings/metadata" => metadata,
    "encodings/yaml" => yaml,
    "encodings/yaml-errors" => yaml_errors,
    "encodings/protobuf-namespace" => protobuf_namespace,
    "encodings/protobuf-delete-options" => protobuf_delete_options,
    "encodings/protobuf-faults" => protobuf_faults,
    "encodings/json-if-nothing-is-said" => json_if_nothing_is_said,
    "encodings/compression-is-only-for-those-who-ask" => compression_is_only_for_those_who_ask,
}

async fn two_widgets(cx: &Context) -> Outcome<Kind> {
    let widgets = cx.widgets().await?;
    let spec = json!({"must": "m", "text": "abc", "steps": [{"name": "x"}]});
    cx.post(&widgets.path(), &widgets.object("a", &spec)).await?.created()?;
    cx.patch(&format!("{}/status", widgets.item("a")), MERGE, &json!({"status": {"count": 5}}))
        .await?
        .ok()?;
    cx.post(&widgets.path(), &widgets.object("b", &json!({"must": "n"}))).await?.created()?;
    Ok(widgets)
}

async fn table(cx: &Context) -> Outcome {
    let widgets = two_widgets(cx).await?;
    let table = cx.get(&widgets.path()).accept(TABLE).await?.ok()?;
    same("kind", &table["kind"], &"Table")?;
    same("apiVersion", &table["apiVersion"], &"meta.k8s.io/v1")?;
    let columns = table["columnDefinitions"].as_array().into_iter().flatten();
    let columns: Vec<_> =
        columns.map(|c| json!([c["name"], c["type"], c["format"], c["priority"]])).collect();
    same(
        "columns",
        &columns,
        &[
            json!(["Name", "string", "name", 0]),
            json!(["Must", "string", "", 0]),
            json!(["Count", "integer", "", 0]),
            json!(["Text", "string", "", 1]),
            json!(["Steps", "string", "", 0]),
        ],
    )?;
    same("a description that is given", &table["columnDefinitions"][2]["description"], &"How many.")?;
    let made_up = "Custom resource definition column (in JSONPath format): .spec.must";
    same("a description that is not", &table["columnDefinitions"][1]["description"], &made_up)?;
    let steps = "[{\"name\":\"x\",\"size\":7}]";
    same("cells", &table["rows"][0]["cells"], &json!(["a", "m", 5, "abc", steps]))?;
    same("what is missing is null", &table["rows"][1]["cells"], &json!(["b", "n", null, null, null]))?;
    // Others write meanwhile, so the version is not that of any object here.
    let newest = cx.get(&widgets.item("b")).await?.ok()?;
    let number = |value: &Value| version(value).parse::<u64>().ok();
    holds("version", number(&table) >= number(&newest), &table["metadata"])
}

async fn table_of_one(cx: &Context) -> Outcome {
    let widgets = two_widgets(cx).await?;
    let object = cx.get(&widgets.item("b")).await?.ok()?;
    let table = cx.get(&widgets.item("b")).accept(TABLE).await?.ok()?;
    same("rows", &table["rows"].as_array().map(Vec::len), &Some(1))?;
    same("version", &version(&table), &version(&object))?;
    let made = cx
        .post(&widgets.path(), &widgets.object("c", &json!({"must": "o"})))
        .accept(TABLE)
        .await?
        .created()?;
    same("of a create", &made["rows"][0]["cells"][1], &"o")?;
    cx.get(&widgets.item("none")).accept(TABLE).await?.refused_as(404, "NotFound").map(drop)
}

async fn table_objects(cx: &Context) -> Outcome {
    let widgets = two_widgets(cx).await?;
    for (parameters, expected) in [
        ("", json!("PartialObjectMetadata")),
        ("?includeObject=Metadata", json!("PartialObjectMetadata")),
        ("?includeObject=Object", json!("Widget")),
        ("?includeObject=None", Value::Null),
    ] {
        let table = cx.get(&format!("{}{parameters}", widgets.path())).accept(TABLE).await?.ok()?;
        let object = &table["rows"][0]["object"];
        same(&format!("object with {parameters:?}"), &object["kind"], &expected)?;
        holds("an object that is not asked for is null", table["rows"][0].get("object").is_some(), &table)?;
        if object.is_object() {
            same("its name", &object["metadata"]["name"], &"a")?;
        }
    }
    cx.get(&format!("{}?includeObject=Some", widgets.path()))
        .accept(TABLE)
        .await?
        .refused_as(400, "BadRequest")
        .map(drop)
}

/// A scale has columns and forms of its own, and those of custom kinds are not those of built-in ones.
async fn scale(cx: &Context) -> Outcome {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let scaled =
        json!({"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}});
    let mut sent = definition(&cx.group(), "Thing", &schema);
    sent["spec"]["versions"][0]["subresources"] = scaled;
    let kind = cx.install(&sent).await?;
    cx.post(&kind.path(), &kind.object("s", &json!({"replicas": 3}))).await?.created()?;
    let deployments = format!("/apis/apps/v1/namespaces/{}/deployments", kind.namespace);
    cx.post(&deployments, &deployment("s", 0)).await?.created()?;
    for (path, name, age, replicas) in [
        (format!("{}/scale", kind.item("s")), "name", "date", 3),
        (format!("{deployments}/s/scale"), "", "string", 0),
    ] {
        let object = cx.get(&path).await?.ok()?;
        let table = cx.get(&path).accept(TABLE).await?.ok()?;
        let columns = table["columnDefinitions"].as_array().into_iter().flatten();
        let columns: Vec<_> = columns.map(|c| json!([c["name"], c["type"], c["format"]])).collect();
        let expected = json!([
            ["Name", "string", name],
            ["Desired", "integer", ""],
            ["Available", "integer", ""],
            ["Age", age, ""],
        ]);
        same("columns", &Value::from(columns), &expected)?;
        let cells = table["rows"][0]["cells"].as_array().cloned().unwrap_or_default();
        same("cells", &Value::from(cells[..3].to_vec()), &json!(["s", replicas, 0]))?;
        same("version", &version(&table), &version(&object))?;
        let metadata = &table["rows"][0]["object"];
        same("kind", &metadata["kind"], &"PartialObjectMetadata")?;
        same("metadata", &metadata["metadata"], &object["metadata"])?;
        same("as metadata", &cx.get(&path).accept(METADATA).await?.ok()?, metadata)?;
        let whole = cx.get(&format!("{path}?includeObject=Object")).accept(TABLE).await?.ok()?;
        same("as an object", &whole["rows"][0]["object"], &object)?;
    }
    Ok(())
}

fn deployment(name: &str, replicas: u32) -> Value {
    let labels = json!({"a": "b"});
    let containers = json!([{"name": "c", "image": "i"}]);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}},
        },
    })
}

async fn table_pages(cx: &Context) -> Outcome {
    let widgets = two_widgets(cx).await?;
    let first = cx.get(&format!("{}?limit=1", widgets.path())).accept(TABLE).await?.ok()?;
    same("remaining", &first["metadata"]["remainingItemCount"], &1)?;
    let token = text(&first, "/metadata/continue");
    let second = cx.get(&format!("{}?limit=1&continue={token}", widgets.path())).accept(TABLE).await?.ok()?;
    same("second", &second["rows"][0]["cells"][0], &"b")
}

async fn table_of_built_in_kinds(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    cx.post(&config_maps(&namespace), &config_map("a")).await?.created()?;
    cx.post(&leases(&namespace), &lease("a")).await?.created()?;
    let secrets = format!("{NAMESPACES}/{namespace}/secrets");
    let secret =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"k": "v"}});
    cx.post(&secrets, &secret).await?.created()?;
    for (path, columns, cells) in [
        (format!("{}/a", config_maps(&namespace)), json!(["Name", "Data", "Age"]), json!(["a", 1])),
        (format!("{}/a", leases(&namespace)), json!(["Name", "Holder", "Age"]), json!(["a", "somebody"])),
        (format!("{secrets}/a"), json!(["Name", "Type", "Data", "Age"]), json!(["a", "Opaque", 1])),
        (format!("{NAMESPACES}/{namespace}"), json!(["Name", "Status", "Age"]), json!([namespace, "Active"])),
    ] {
        let table = cx.get(&path).accept(TABLE).await?.ok()?;
        let names =
            table["columnDefinitions"].as_array().into_iter().flatten().map(|c| c["name"].clone()).collect();
        same("columns", &Value::Array(names), &columns)?;
        // The last cell is the age.
        let mut row = table["rows"][0]["cells"].as_array().cloned().unwrap_or_default();
        let age = row.pop().unwrap_or_default();
        holds("age", age.as_str().is_some_and(|age| age.ends_with('s')), &age)?;
        same("cells", &Value::Array(row), &cells)?;
    }
    Ok(())
}

/// kubectl asks for a Table and takes JSON from servers that know none.
async fn table_or_json(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let old = "application/json;as=Table;v=v1beta1;g=meta.k8s.io";
    for (accept, kind) in [
        (format!("{TABLE},{old},application/json"), "Table"),
        (format!("application/json;as=Unheard;v=v1;g=meta.k8s.io,{TABLE}"), "Table"),
        (format!("application/json,{TABLE}"), "LeaseList"),
    ] {
        same(&accept, &cx.get(&path).accept(&accept).await?.ok()?["kind"], &kind)?;
    }
    let unheard = cx.get(&path).accept("application/json;as=Unheard;v=v1;g=meta.k8s.io").await?;
    unheard.refused_as(406, "NotAcceptable").map(drop)
}

async fn metadata(cx: &Context) -> Outcome {
    let widgets = two_widgets(cx).await?;
    let object = cx.get(&widgets.item("a")).await?.ok()?;
    let many = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
    let partial = cx.get(&widgets.item("a")).accept(METADATA).await?.ok()?;
    let expected = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]});
    same("one", &partial, &expected)?;
    let list = cx.get(&widgets.path()).accept(many).await?.ok()?;
    same("kind", &list["kind"], &"PartialObjectMetadataList")?;
    same("an item", &list["items"][0], &expected)?;
    same("items", &list["items"].as_array().map(Vec::len), &Some(2))?;
    cx.get(&widgets.path()).accept(METADATA).await?.refused_as(406, "NotAcceptable").map(drop)
}

async fn yaml(cx: &Context) -> Outcome {
    let widgets = cx.widgets().await?;
    // `yes` in quotes is a text, and so it has to come back.
    let body = format!(
        "# a comment\napiVersion: {}\nkind: Widget\nmetadata:\n  name: a\nspec:\n  must: \"yes\"\n  count: 3\n",
        widgets.api_version()
    );
    let call = cx.call(http::Method::POST, &widgets.path()).body("application/yaml", body);
    let answer = call.accept("application/yaml").await?;
    same("code", &answer.code(), &201)?;
    same("Content-Type", &answer.content_type(), &"application/yaml")?;
    let parsed: Value = serde_saphyr::from_str(&answer.text())
        .map_err(|error| Failure::new("the answer", "YAML", error.to_string()))?;
    let read = cx.get(&widgets.item("a")).await?.ok()?;
    same("the same object", &parsed, &read)?;
    same("text", &read["spec"]["must"], &"yes")?;
    same("number", &read["spec"]["count"], &3)?;
    let path = config_maps(&cx.namespace().await?);
    let body = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: \"1\"}\n";
    let made = cx.call(http::Method::POST, &path).body("application/yaml", body).await?.created()?;
    same("data", &made["data"], &json!({"key": "1"}))
}

async fn yaml_errors(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let answer = cx.get(&format!("{path}/none")).accept("application/yaml").await?;
    same("code", &answer.code(), &404)?;
    same("Content-Type", &answer.content_type(), &"application/yaml")?;
    let status: Value = serde_saphyr::from_str(&answer.text())
        .map_err(|error| Failure::new("the answer", "YAML", error.to_string()))?;
    same("message", &status["message"], &"configmaps \"none\" not found")?;
    let bad = cx.call(http::Method::POST, &path).body("application/yaml", "a: b: c\n\t- x");
    bad.await?.refused_as(400, "BadRequest")?;
    let number = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {key: 1}\n";
    let answer = cx.call(http::Method::POST, &path).body("application/yaml", number).await?;
    answer.refused_as(400, "BadRequest")?;
    let start = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: ";
    holds("message", answer.message().starts_with(start), &answer.message())
}

/// A message in Kubernetes' envelope: four bytes, then the type and the message.
fn envelope(kind: &str, message: &impl Message) -> Vec<u8> {
    let type_meta = TypeMeta { api_version: Some("v1".into()), kind: Some(kind.into()) };
    let unknown =
        Unknown { type_meta: Some(type_meta), raw: Some(message.encode_to_vec()), ..Unknown::default() };
    [b"k8s\0".as_slice(), &unknown.encode_to_vec()].concat()
}

/// The type and the message of an answer.
fn opened<M: Message + Default>(answer: &Answer) -> Outcome<(String, M)> {
    let failed = |why: String| Failure::new("the answer", "protobuf", why);
    same("Content-Type", &answer.content_type(), &PROTOBUF)?;
    let bytes = answer.bytes().strip_prefix(b"k8s\0").ok_or_else(|| failed(answer.shown()))?;
    let unknown = Unknown::decode(bytes).map_err(|error| failed(error.to_string()))?;
    let kind = unknown.type_meta.and_then(|meta| meta.kind).unwrap_or_default();
    let raw = unknown.raw.unwrap_or_default();
    Ok((kind, M::decode(raw.as_slice()).map_err(|error| failed(error.to_string()))?))
}

fn namespace_message(name: &str) -> Namespace {
    let labels = [("app".to_owned(), "x".to_owned())].into();
    let metadata = ObjectMeta { name: Some(name.into()), labels, ..ObjectMeta::default() };
    Namespace { metadata: Some(metadata), ..Namespace::default() }
}

/// As `kubectl create namespace` does it.
async fn protobuf_namespace(cx: &Context) -> Outcome {
    let name = cx.name();
    let path = format!("{NAMESPACES}?fieldManager=kubectl-create&fieldValidation=Strict");
    let body = envelope("Namespace", &namespace_message(&name));
    let call = cx.call(http::Method::POST, &path).body(PROTOBUF, body.clone());
    cx.remember(format!("{NAMESPACES}/{name}"));
    let answer = call.accept(&format!("{PROTOBUF},application/json")).await?;
    same("code", &answer.code(), &201)?;
    // Whoever accepts both may be answered in either.
    if answer.content_type() == PROTOBUF {
        let (kind, namespace) = opened::<Namespace>(&answer)?;
        same("kind", &kind, &"Namespace")?;
        same("name", &namespace.metadata.and_then(|metadata| metadata.name), &Some(name.clone()))?;
    } else {
        same("name", &answer.value()["metadata"]["name"], &name)?;
    }
    let read = cx.get(&format!("{NAMESPACES}/{name}")).await?.ok()?;
    same("labels", &read["metadata"]["labels"], &json!({"app": "x", "kubernetes.io/metadata.name": name}))?;
    same("phase", &read["status"]["phase"], &"Active")?;
    let again = cx.call(http::Method::POST, NAMESPACES).body(PROTOBUF, body).accept("application/json");
    again.await?.refused_as(409, "AlreadyExists").map(drop)
}

async fn protobuf_delete_options(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    for (policy, left) in [("Background", false), ("Orphan", true)] {
        let object = with(config_map("a"), "/metadata/finalizers", json!(["example.com/hold"]));
        cx.post(&path, &object).await?.created()?;
        let options = DeleteOptions { propagation_policy: Some(policy.into()), ..DeleteOptions::default() };
        let body = envelope("DeleteOptions", &options);
        let answer =
            cx.delete(&format!("{path}/a")).body(PROTOBUF, body).accept("application/json").await?.ok()?;
        let finalizers = answer["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
        same("the policy is read", &finalizers.contains(&json!("orphan")), &left)?;
        cx.patch(&format!("{path}/a"), MERGE, &json!({"metadata": {"finalizers": null}})).await?;
        cx.gone(&format!("{path}/a"), std::time::Duration::from_secs(10)).await?;
    }
    Ok(())
}

async fn protobuf_faults(cx: &Context) -> Outcome {
    let name = cx.name();
    let wrong_kind = envelope("ConfigMap", &namespace_message(&name));
    for body in [b"xxxx".to_vec(), b"k8s\0\xff\xff\xff".to_vec(), Vec::new(), wrong_kind] {
        let answer = cx.call(http::Method::POST, NAMESPACES).body(PROTOBUF, body).await?;
        answer.refused_as(400, "BadRequest")?;
    }
    cx.get(&format!("{NAMESPACES}/{name}")).await?.refused_as(404, "NotFound")?;
    // Custom resources have no protobuf form; those who accept nothing else get the news in it.
    let widgets = two_widgets(cx).await?;
    let answer = cx.get(&widgets.item("a")).accept(PROTOBUF).await?;
    same("code", &answer.code(), &406)?;
    if answer.content_type() == PROTOBUF {
        let (kind, status) = opened::<Status>(&answer)?;
        same("kind", &kind, &"Status")?;
        same("code", &status.code, &Some(406))?;
    }
    let both = cx.get(&widgets.item("a")).accept(&format!("{PROTOBUF},application/json")).await?;
    same("JSON if that will do", &both.ok()?["kind"], &"Widget")
}

async fn json_if_nothing_is_said(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let item = format!("{path}/a");
    let mut answers = vec![cx.get(&item).await?];
    for accept in [
        "*/*",
        "text/html,*/*;q=0.8",
        "text/html, application/json",
        "application/json;q=0.5, text/html;q=0.9",
    ] {
        answers.push(cx.get(&item).accept(accept).await?);
    }
    for answer in answers {
        same("kind", &answer.ok()?["kind"], &"Lease")?;
        same("Content-Type", &answer.content_type(), &"application/json")?;
    }
    Ok(())
}

/// The real server compresses what is large; nobody has to.
async fn compression_is_only_for_those_who_ask(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let large = with(config_map("a"), "/data/key", "x".repeat(300_000));
    cx.post(&path, &large).await?.created()?;
    let item = format!("{path}/a");
    let plain = cx.get(&item).await?;
    same("Content-Encoding", &plain.header(&CONTENT_ENCODING), &"")?;
    same("size", &plain.ok()?["data"]["key"].as_str().map(str::len), &Some(300_000))?;
    let asked = cx.get(&item).header(ACCEPT_ENCODING, "gzip").await?;
    match asked.header(&CONTENT_ENCODING) {
        "gzip" => holds("it is smaller", asked.bytes().len() < 100_000, &asked.bytes().len()),
        other => same("not compressed", &other, &""),
    }
}
