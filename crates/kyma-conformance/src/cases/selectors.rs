//! Label and field selectors.

use serde_json::json;

use crate::case::cases;
use crate::check::{Outcome, same};
use crate::client::query;
use crate::context::{Context, NAMESPACES, config_maps, leases};
use crate::fixture::{lease, names, with};

cases! {
    "selectors/labels" => labels,
    "selectors/labels-with-bad-syntax" => labels_with_bad_syntax,
    "selectors/labels-with-bad-values" => labels_with_bad_values,
    "selectors/fields" => fields,
    "selectors/fields-of-namespaces-and-events" => fields_of_namespaces_and_events,
    "selectors/fields-of-newer-events" => fields_of_newer_events,
    "selectors/fields-unsupported" => fields_unsupported,
    "selectors/fields-with-bad-syntax" => fields_with_bad_syntax,
}

/// Leases `a` to `e` with labels that differ, and their path.
async fn labelled(cx: &Context) -> Outcome<String> {
    let path = leases(&cx.namespace().await?);
    for (name, labels) in [
        ("a", json!({"app": "x"})),
        ("b", json!({"app": "y", "size": "12"})),
        ("c", json!({"app": "x", "tier": "1"})),
        ("d", json!({"app": "", "size": "5"})),
        ("e", json!({"tier": "1", "size": "many"})),
    ] {
        cx.post(&path, &with(lease(name), "/metadata/labels", labels)).await?.created()?;
    }
    Ok(path)
}

async fn labels(cx: &Context) -> Outcome {
    let path = labelled(cx).await?;
    let expected: [(&str, &[&str]); 19] = [
        ("", &["a", "b", "c", "d", "e"]),
        ("app", &["a", "b", "c", "d"]),
        ("!app", &["e"]),
        ("app=x", &["a", "c"]),
        ("app==x", &["a", "c"]),
        ("app!=x", &["b", "d", "e"]),
        ("app=", &["d"]),
        ("app in (x, y)", &["a", "b", "c"]),
        ("app in (x,)", &["a", "c", "d"]),
        ("app in ()", &["d"]),
        ("app notin (x)", &["b", "d", "e"]),
        ("app notin (x,y),app", &["d"]),
        ("app=x,tier=1", &["c"]),
        ("app in (x),tier", &["c"]),
        ("size>6", &["b"]),
        ("size<6", &["d"]),
        (" app = x ", &["a", "c"]),
        ("app=x,app=y", &[]),
        ("none", &[]),
    ];
    for (selector, expected) in expected {
        let list = cx.get(&query(&path, &[("labelSelector", selector)])).await?.ok()?;
        same(&format!("names for {selector:?}"), &names(&list), &expected)?;
    }
    Ok(())
}

async fn labels_with_bad_syntax(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    for (selector, message) in [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("app!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt"),
        ("app=x y", "found 'y', expected: ',' or 'end of string'"),
        ("app=x,,tier", "found ',', expected: identifier after ','"),
        ("app=x,", "found '', expected: identifier after ','"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("=x", "found '=', expected: !, identifier, or 'end of string'"),
        ("(x)", "found '(', expected: !, identifier, or 'end of string'"),
        ("app in x", "unable to parse requirement: found 'x' expected: '('"),
        ("app in (x", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("!app=x", "found '=', expected: ',' or 'end of string'"),
        ("n>=5", "unable to parse requirement: found '=', expected: identifier"),
    ] {
        let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
        cx.get(&query(&path, &[("labelSelector", selector)])).await?.refused(&refusal)?;
        // The same for what is more than a list.
        cx.get(&query(&path, &[("watch", "true"), ("labelSelector", selector)])).await?.refused(&refusal)?;
        cx.delete(&query(&path, &[("labelSelector", selector)])).await?.refused(&refusal)?;
    }
    Ok(())
}

async fn labels_with_bad_values(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and \
                 must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', \
                 regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let name = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
                alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
                '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    for (selector, message) in [
        (
            "n>x",
            "values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"
                .to_owned(),
        ),
        (
            "n>",
            "values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value must be an integer"
                .to_owned(),
        ),
        ("app=-x", format!("values[0][app]: Invalid value: \"-x\": {value}")),
        ("app=x;tier=1", format!("values[0][app]: Invalid value: \"x;tier\": {value}")),
        ("-app=x", format!("<nil>: Invalid value: \"-app\": {name}")),
    ] {
        cx.get(&query(&path, &[("labelSelector", selector)])).await?.refused(&json!({
            "message": format!("unable to parse requirement: {message}"), "reason": "BadRequest", "code": 400,
        }))?;
    }
    Ok(())
}

async fn fields(cx: &Context) -> Outcome {
    let path = labelled(cx).await?;
    let namespace = cx.name();
    let here = format!("metadata.namespace={namespace}");
    let both = format!("metadata.name=a,metadata.namespace={namespace}");
    let expected: [(&str, &[&str]); 9] = [
        ("metadata.name=a", &["a"]),
        ("metadata.name==a", &["a"]),
        ("metadata.name!=a", &["b", "c", "d", "e"]),
        ("metadata.name=none", &[]),
        ("metadata.name=", &[]),
        ("metadata.name=Not_A_Name", &[]),
        ("metadata.namespace=elsewhere", &[]),
        (&here, &["a", "b", "c", "d", "e"]),
        (&both, &["a"]),
    ];
    for (selector, expected) in expected {
        let list = cx.get(&query(&path, &[("fieldSelector", selector)])).await?.ok()?;
        same(&format!("names for {selector:?}"), &names(&list), &expected)?;
    }
    let everywhere = "/apis/coordination.k8s.io/v1/leases";
    let list = cx.get(&query(everywhere, &[("fieldSelector", &both)])).await?.ok()?;
    same("in all namespaces", &names(&list), &["a"])?;
    let both = query(&path, &[("fieldSelector", "metadata.name!=a"), ("labelSelector", "app=x")]);
    same("with labels", &names(&cx.get(&both).await?.ok()?), &["c"])?;

    let widgets = cx.widgets().await?;
    for name in ["v", "w"] {
        cx.post(&widgets.path(), &widgets.object(name, &json!({"must": "m"}))).await?.created()?;
    }
    let list = cx.get(&query(&widgets.path(), &[("fieldSelector", "metadata.name=w")])).await?.ok()?;
    same("custom resources", &names(&list), &["w"])
}

async fn fields_of_namespaces_and_events(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let active = format!("status.phase=Active,metadata.name={namespace}");
    let list = cx.get(&query(NAMESPACES, &[("fieldSelector", &active)])).await?.ok()?;
    same("active", &names(&list), &[namespace.as_str()])?;

    let path = format!("{NAMESPACES}/{namespace}/events");
    for (name, kind, reason) in [("one", "ConfigMap", "Made"), ("two", "Lease", "Lost")] {
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "reason": reason, "type": "Normal",
            "involvedObject": {"kind": kind, "namespace": namespace, "name": "x"},
        });
        cx.post(&path, &event).await?.created()?;
    }
    for (selector, expected) in [
        ("involvedObject.kind=Lease", "two"),
        ("reason=Made,type=Normal", "one"),
        ("involvedObject.name=x,involvedObject.kind=ConfigMap", "one"),
    ] {
        let list = cx.get(&query(&path, &[("fieldSelector", selector)])).await?.ok()?;
        same(selector, &names(&list), &[expected])?;
    }
    Ok(())
}

/// Under its newer name an Event's fields have other names, whichever name it was made under.
async fn fields_of_newer_events(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let (core, newer) = (
        format!("{NAMESPACES}/{namespace}/events"),
        format!("/apis/events.k8s.io/v1/namespaces/{namespace}/events"),
    );
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "one"}, "reason": "Made", "type": "Normal",
        "involvedObject": {"kind": "ConfigMap", "namespace": namespace, "name": "x", "fieldPath": "data"},
        "reportingComponent": "me",
    });
    cx.post(&core, &event).await?.created()?;
    for selector in [
        "regarding.name=x,regarding.kind=ConfigMap",
        "regarding.fieldPath=data,regarding.apiVersion=",
        "reportingController=me,reason=Made,type!=Warning",
    ] {
        let list = cx.get(&query(&newer, &[("fieldSelector", selector)])).await?.ok()?;
        same(selector, &names(&list), &["one"])?;
    }
    let none = cx.get(&query(&newer, &[("fieldSelector", "regarding.name=y")])).await?.ok()?;
    same("another's", &names(&none), &[] as &[&str])?;
    for (path, field) in [
        (&newer, "involvedObject.name"),
        (&newer, "source"),
        (&core, "regarding.name"),
        (&core, "reportingController"),
    ] {
        let refusal = json!({"message": format!("field label not supported: {field}"), "reason": "BadRequest", "code": 400});
        cx.get(&query(path, &[("fieldSelector", &format!("{field}=x"))])).await?.refused(&refusal)?;
    }
    Ok(())
}

async fn fields_unsupported(cx: &Context) -> Outcome {
    let namespace = cx.namespace().await?;
    let only = "is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    let events = format!("{NAMESPACES}/{namespace}/events");
    for (path, selector, message) in [
        (leases(&namespace), "spec.holderIdentity=x", format!("\"spec.holderIdentity\" {only}")),
        (leases(&namespace), "metadata.uid=x", format!("\"metadata.uid\" {only}")),
        (leases(&namespace), "=x", format!("\"\" {only}")),
        (config_maps(&namespace), "data=x", format!("\"data\" {only}")),
        (NAMESPACES.to_owned(), "foo=x", "field label not supported: foo".to_owned()),
        (events, "foo=x", "field label not supported: foo".to_owned()),
    ] {
        let refusal = json!({"message": message, "reason": "BadRequest", "code": 400});
        cx.get(&query(&path, &[("fieldSelector", selector)])).await?.refused(&refusal)?;
        cx.get(&query(&path, &[("watch", "true"), ("fieldSelector", selector)])).await?.refused(&refusal)?;
    }
    Ok(())
}

async fn fields_with_bad_syntax(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    for bad in ["metadata.name", "metadata.name in (a)", "metadata.name>a"] {
        cx.get(&query(&path, &[("fieldSelector", bad)])).await?.refused(&json!({
            "message": format!("invalid selector: '{bad}'; can't understand '{bad}'"),
            "reason": "BadRequest", "code": 400,
        }))?;
    }
    cx.get(&query(&path, &[("fieldSelector", "metadata.name=a=b")]))
        .await?
        .refused_as(400, "BadRequest")
        .map(drop)
}
