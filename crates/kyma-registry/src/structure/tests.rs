use serde_json::json;

use super::*;

fn of(kind: &str) -> &'static Struct {
    Struct::find(kind).unwrap()
}

/// The object in its canonical form, and what was unknown.
fn decoded(kind: &str, object: Value) -> (Value, Vec<String>) {
    let Value::Object(mut object) = object else { panic!("{object} is no object") };
    let mut unknown = Vec::new();
    decode(&mut object, of(kind), &mut unknown).unwrap();
    (object.into(), unknown)
}

fn refused(kind: &str, object: Value) -> String {
    let Value::Object(mut object) = object else { panic!("{object} is no object") };
    decode(&mut object, of(kind), &mut Vec::new()).unwrap_err()
}

#[test]
fn every_line_of_the_table_is_read() {
    let heads = table::TEXT.lines().filter(|line| line.starts_with("struct ")).count();
    assert!(heads > 500, "{heads}");
    let mut members = 0;
    for line in table::TEXT.lines().filter_map(|line| line.strip_prefix("struct ")) {
        let structure = of(line.split(' ').next().unwrap());
        members += structure.members().len();
        for member in structure.members() {
            for text in [member.default, member.fill].into_iter().flatten() {
                serde_json::from_str::<Value>(text)
                    .unwrap_or_else(|error| panic!("{}: {error}", member.name));
            }
            assert!(
                !matches!(member.kind, Type::Raw(Raw::Json)) || line.starts_with("apiextensions/"),
                "{line} {}",
                member.name
            );
        }
    }
    assert!(members > 2500, "{members}");
    assert_eq!(kinds().len(), 72);
    assert!(kinds().iter().all(|kind| kind.structure().is_some()));
    let columns: usize = kinds().iter().map(|kind| kind.columns().len()).sum();
    assert_eq!(columns, table::TEXT.lines().filter(|line| line.starts_with(" column ")).count());
}

#[test]
fn the_table_says_what_the_tags_say() {
    let pod = of("core/v1.PodSpec");
    let containers = pod.member("containers").unwrap();
    assert_eq!((containers.merge_key, containers.number, containers.kept), (Some("name"), Some(2), true));
    assert_eq!(containers.list, Some(ListType::Map(vec!["name"])));
    assert_eq!(containers.kind.go_name(), "[]v1.Container");
    assert_eq!(pod.member("volumes").unwrap().patch, "merge,retainKeys");
    assert_eq!(pod.member("nodeSelector").unwrap().atomic, Some(true));
    assert!(of("core/v1.ObjectReference").atomic());
    let volume = of("core/v1.Volume");
    assert_eq!(volume.member("hostPath").unwrap().kind.go_name(), "v1.HostPathVolumeSource");
    assert_eq!((volume.embedded()[0].number, volume.embedded()[0].structure.name()), (2, "VolumeSource"));
    assert_eq!(
        of("core/v1.ResourceRequirements").member("limits").unwrap().kind.go_name(),
        "v1.ResourceList"
    );
    assert_eq!(pod.model_name(), "io.k8s.api.core.v1.PodSpec");
    assert_eq!(enumeration("core/v1.Protocol").unwrap(), ["SCTP", "TCP", "UDP"]);
    assert_eq!(enumeration("certificates/v1.KeyUsage").unwrap()[1], "cert sign");
}

#[test]
fn an_object_takes_the_form_that_go_writes() {
    let (pod, unknown) = decoded(
        "core/v1.Pod",
        json!({"spec": {"containers": [{"name": "a", "resources": {"limits": {"cpu": "1000m", "memory": 1024}}, "command": [],
            "ports": [{"containerPort": 1, "hostPort": 0, "x": 1}], "livenessProbe": {"httpGet": {"port": "web"}}}],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "hostPath": null}], "hostNetwork": false}}),
    );
    assert_eq!(
        pod,
        json!({"metadata": {}, "status": {}, "spec": {"containers": [{"name": "a",
            "resources": {"limits": {"cpu": "1", "memory": "1024"}}, "ports": [{"containerPort": 1}],
            "livenessProbe": {"httpGet": {"port": "web"}}}], "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w"}]}})
    );
    assert_eq!(unknown, ["spec.containers[0].ports[0].x"]);
}

#[test]
fn wrong_types_are_refused_in_the_words_of_gos_decoder() {
    let of_spec = |spec: Value| refused("core/v1.Pod", json!({"spec": spec}));
    assert_eq!(
        of_spec(json!({"containers": [{"name": 1}]})),
        "json: cannot unmarshal number into Go struct field Container.spec.containers.name of type string"
    );
    assert_eq!(
        of_spec(json!({"containers": {}})),
        "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"
    );
    assert_eq!(
        of_spec(json!({"restartPolicy": 1, "priority": "x"})),
        "json: cannot unmarshal string into Go struct field PodSpec.spec.priority of type int32"
    );
    assert!(of_spec(json!({"overhead": {"cpu": "x"}})).starts_with("quantities must match"));
    assert_eq!(
        of_spec(json!({"containers": [{"livenessProbe": {"httpGet": {"port": true}}}]})),
        "json: cannot unmarshal bool into Go value of type int32"
    );
}

#[test]
fn schemas_in_definitions_are_read_like_all_else() {
    let (definition, unknown) = decoded(
        "apiextensions/v1.CustomResourceDefinition",
        json!({"spec": {"versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
            "type": "object", "maximum": 1.0, "odd": 1, "additionalProperties": {"type": "string", "odd": 1},
            "properties": {"a": {"odd": 2, "items": {"type": "string"}}}}}}]}}),
    );
    let schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap();
    assert_eq!(
        schema,
        &json!({"type": "object", "maximum": 1, "additionalProperties": {"type": "string"},
            "properties": {"a": {"items": {"type": "string"}}}})
    );
    assert_eq!(
        unknown,
        [
            "spec.versions[0].schema.openAPIV3Schema.odd",
            "spec.versions[0].schema.openAPIV3Schema.properties.a.odd"
        ]
    );
}

#[test]
fn missing_members_are_filled_in() {
    let (Value::Object(mut deployment), _) = decoded(
        "apps/v1.Deployment",
        json!({"spec": {"template": {"spec": {"containers": [{"name": "a", "ports": [{"containerPort": 1}]}]}}}}),
    ) else {
        panic!("no object")
    };
    fill(&mut deployment, of("apps/v1.Deployment"));
    let spec = deployment.get("spec").unwrap();
    assert_eq!((&spec["replicas"], &spec["progressDeadlineSeconds"]), (&json!(1), &json!(600)));
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["securityContext"], json!({}));
    assert_eq!(pod["containers"][0]["ports"], json!([{"containerPort": 1, "protocol": "TCP"}]));
}
