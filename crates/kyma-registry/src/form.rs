//! What every write goes through first: a body, or what a patch has made, is brought into its kind's form.

use serde_json::Value;

use crate::names;
use crate::object::Object;
use crate::patch::{Patched, undecodable};
use crate::reason::gotext;
use crate::registry::FieldValidation;
use crate::schema::Schema;
use crate::structure::{self, Struct};
use crate::{ApiError, Resource};

/// Brings a body into its kind's form: the right type, no unknown fields, defaults filled in, stored version.
/// `complaints` are those that its decoding gave rise to.
///
/// # Errors
/// 400 for another version, of a built-in kind also for another kind, for metadata of wrong types, and under Strict for
/// unknown fields.
pub(crate) fn decode(
    resource: &Resource,
    object: &mut Object,
    complaints: &[String],
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<(), ApiError> {
    check_type(resource, object)?;
    let unknown = match typed(resource, object, Nulls::Dropped) {
        Ok(unknown) => unknown,
        Err(text) => return Err(unreadable(resource, object, &text)),
    };
    if let Err(problem) = judge_fields(complaints, unknown, mode, warnings) {
        return Err(match (resource.is_custom(), text(object, "apiVersion")) {
            (true, "") => ApiError::bad_request(VERSION_MISSING),
            _ => unreadable(resource, object, &problem),
        });
    }
    if resource.is_custom() {
        check_version(resource, object)?;
    }
    object.insert("apiVersion".into(), resource.stored_api_version().into());
    Ok(())
}

/// What becomes of a custom resource's members that are null and may not be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nulls {
    /// They are as absent.
    Dropped,
    /// They are of a wrong type: what an apply has made is never read from JSON, which is where the others lose them.
    Kept,
}

/// Brings metadata and, of a built-in kind, all else into the form that Go's structures have, and a custom resource
/// into that of its schema. Gives what it took out, such as `unknown field "spec.x"`.
fn typed(resource: &Resource, object: &mut Object, nulls: Nulls) -> Result<Vec<String>, String> {
    let mut unknown = Vec::new();
    match (resource.builtin(), &resource.schema) {
        (Some(builtin), _) => {
            structure::decode(object, builtin.structure, &mut unknown)?;
            builtin.default(object);
            builtin.convert_to_stored(object);
        }
        (None, schema) => {
            let metadata = object.entry("metadata").or_insert(Value::Null);
            names::decode_metadata(metadata, "metadata", &mut unknown)?;
            match (schema, claim(resource, object)) {
                (Some(schema), Claim::Right) => shape(schema, object, nulls, &mut unknown)?,
                (_, Claim::OtherVersion) => drop_all(object, &mut unknown),
                (None, Claim::Right) | (_, Claim::Other) => {}
            }
        }
    }
    Ok(unknown.into_iter().map(|path| unknown_field(&path)).collect())
}

/// What a custom resource says that it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// The kind in a version that it has.
    Right,
    /// The kind in a version that it does not have, and so has no schema in: nothing in it is known.
    OtherVersion,
    /// Something else, about which the kind has nothing to say.
    Other,
}

fn claim(resource: &Resource, object: &Object) -> Claim {
    let api_version = text(object, "apiVersion");
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    if group != &*resource.group || text(object, "kind") != &*resource.names.kind {
        Claim::Other
    } else if is_version_of(resource, api_version) {
        Claim::Right
    } else {
        Claim::OtherVersion
    }
}

/// Brings a custom resource into the form of its schema.
fn shape(
    schema: &Schema,
    object: &mut Object,
    nulls: Nulls,
    unknown: &mut Vec<String>,
) -> Result<(), String> {
    if nulls == Nulls::Dropped {
        schema.drop_nulls(object);
    }
    schema.prune(object, unknown).map_err(|error| error.to_string())?;
    schema.default(object);
    Ok(())
}

/// Brings into its form what a status write has put into an object that said that it was something else.
pub(crate) fn reshape(resource: &Resource, object: &mut Object) -> Result<(), ApiError> {
    let Some(schema) = &resource.schema else { return Ok(()) };
    shape(schema, object, Nulls::Dropped, &mut Vec::new()).map_err(ApiError::bad_request)
}

/// Whether a custom resource says that it is something else than its kind.
pub(crate) fn is_other(resource: &Resource, object: &Object) -> bool {
    resource.is_custom() && claim(resource, object) != Claim::Right
}

fn drop_all(object: &mut Object, unknown: &mut Vec<String>) {
    object.retain(|key, _| {
        let known = matches!(key.as_str(), "apiVersion" | "kind" | "metadata");
        if !known {
            unknown.push(key.clone());
        }
        known
    });
}

fn unknown_field(path: &str) -> String {
    format!("unknown field {path:?}")
}

/// What becomes of unknown and duplicate fields.
fn judge_fields(
    complaints: &[String],
    unknown: Vec<String>,
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let texts = complaints.iter().cloned().chain(unknown);
    match mode {
        FieldValidation::Ignore => {}
        FieldValidation::Warn => warnings.extend(texts),
        FieldValidation::Strict => {
            let texts: Vec<String> = texts.collect();
            if !texts.is_empty() {
                return Err(format!("strict decoding error: {}", texts.join(", ")));
            }
        }
    }
    Ok(())
}

/// Brings a patched object into its kind's form.
///
/// # Errors
/// 422 where [`decode`] has 400: the real server finds the patch invalid, not the request.
pub(crate) fn patched(
    resource: &Resource,
    patched: &mut Patched,
    complaints: &[String],
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<(), ApiError> {
    let Patched { object, shown, .. } = patched;
    let before = object.clone();
    let problem = match (&shown, resource.builtin()) {
        (Some(_), Some(builtin)) => {
            let problem = ["kind", "apiVersion"].into_iter().find_map(|field| no_text(object.get(field)?));
            // A strategic patch is laid over Go's structure, which has no place for either.
            object.insert("apiVersion".into(), resource.api_version().into());
            object.insert("kind".into(), (*resource.names.kind).into());
            problem.or_else(|| structure::conversion_problem(object, builtin.structure))
        }
        (None, Some(_)) => unregistered(resource, object),
        (_, None) => None,
    };
    let decoded = match unrecognized(object).or(problem) {
        Some(problem) => Err(problem),
        None => decode_patched(resource, object, complaints, mode, warnings),
    };
    decoded.map_err(|text| undecodable(resource, patched, before, &text))
}

/// What a decoder says of an object without a version that it has made itself.
const VERSION_MISSING: &str = "Object 'apiVersion' is missing in 'object has no apiVersion field'";

/// Whether a custom resource that a patch has made still says its version: it could not be converted without.
///
/// # Errors
/// 500, as the real server has it.
pub(crate) fn check_stated(object: &Object) -> Result<(), ApiError> {
    match text(object, "apiVersion") {
        "" => Err(ApiError::internal(VERSION_MISSING.to_owned())),
        _ => Ok(()),
    }
}

/// Why a value of another type cannot become Go's text.
fn no_text(value: &Value) -> Option<String> {
    let number = value.as_i64().map(|_| "cannot convert int64 to string".to_owned());
    let other = || (!value.is_string() && !value.is_null()).then(|| "unrecognized type: string".to_owned());
    number.or_else(other)
}

fn decode_patched(
    resource: &Resource,
    object: &mut Object,
    complaints: &[String],
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    if resource.builtin().is_some() && text(object, "apiVersion").is_empty() {
        return decode_internal(resource, object, complaints, mode, warnings);
    }
    check_kind_known(resource, object)?;
    let unknown = typed(resource, object, Nulls::Dropped)?;
    judge_fields(complaints, unknown, mode, warnings)?;
    // Another version of a custom resource is for its validation to refuse.
    if is_version_of(resource, text(object, "apiVersion")) {
        object.insert("apiVersion".into(), resource.stored_api_version().into());
    }
    Ok(())
}

/// What is left of a built-in kind's object without a version: the real server takes it for its internal one, whose fields
/// have other names in JSON, so it knows none of them.
fn decode_internal(
    resource: &Resource,
    object: &mut Object,
    complaints: &[String],
    mode: FieldValidation,
    warnings: &mut Vec<String>,
) -> Result<(), String> {
    let unknown = object.keys().filter(|key| !matches!(key.as_str(), "apiVersion" | "kind"));
    let unknown = unknown.map(|key| unknown_field(key)).collect();
    judge_fields(complaints, unknown, mode, warnings)?;
    *object = Object::new();
    object.insert("apiVersion".into(), resource.stored_api_version().into());
    object.insert("kind".into(), (*resource.names.kind).into());
    Ok(())
}

/// The text of a member of the object itself; "" where there is none.
pub(crate) fn text<'a>(object: &'a Object, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Whether it is the version that was asked for, or the one in which the kind is stored.
pub(crate) fn is_version_of(resource: &Resource, api_version: &str) -> bool {
    api_version == resource.api_version() || api_version == resource.stored_api_version()
}

/// Brings what an apply has made of an object into its kind's form: defaults filled in, stored version.
///
/// # Errors
/// The real server's message where Go could not decode it.
pub(crate) fn applied(resource: &Resource, object: &mut Object) -> Result<(), String> {
    if let Some(problem) =
        resource.builtin().and_then(|builtin| structure::conversion_problem(object, builtin.structure))
    {
        return Err(problem);
    }
    typed(resource, object, Nulls::Kept)?;
    object.insert("apiVersion".into(), resource.stored_api_version().into());
    object.insert("kind".into(), (*resource.names.kind).into());
    Ok(())
}

/// The version in a body must be the path's.
fn check_version(resource: &Resource, object: &Object) -> Result<(), ApiError> {
    let (given, expected) = (text(object, "apiVersion"), resource.api_version());
    if given == expected {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "the API version in the data ({given}) does not match the expected API version ({expected})"
    )))
}

/// A patch that makes another kind or version of a built-in kind's object leaves nothing that Go could decode.
fn unregistered(resource: &Resource, object: &Object) -> Option<String> {
    let (kind, version) = (text(object, "kind"), text(object, "apiVersion"));
    // What is left out is taken to be what was asked for.
    let other = !kind.is_empty() && kind != &*resource.names.kind
        || !version.is_empty() && version != resource.api_version();
    let kind = if kind.is_empty() { &*resource.names.kind } else { kind };
    other.then(|| match version {
        // Without a version Go's scheme takes its own for meant.
        "" => format!(
            "no kind {kind:?} is registered for the internal version of group \"\" in scheme {SCHEME:?}"
        ),
        version => not_registered(version, kind),
    })
}

/// Why Go cannot tell what an object is meant to be: kind or version are no texts, or make no sense.
pub fn unrecognized(object: &Object) -> Option<String> {
    for field in ["apiVersion", "kind"] {
        if let Some(value) = object.get(field).filter(|value| !value.is_string() && !value.is_null()) {
            let given = gotext::type_name(value);
            return Some(format!(
                "couldn't get version/kind; json parse error: json: cannot unmarshal {given} into Go struct field .{field} of \
                 type string"
            ));
        }
    }
    names::group_version_problem(text(object, "apiVersion"))
}

/// The body must be of the kind and version of the path; a built-in kind may leave both out. A custom resource may be of
/// another kind or version until later.
fn check_type(resource: &Resource, object: &mut Object) -> Result<(), ApiError> {
    if resource.is_custom() && object.get("apiVersion").is_some_and(Value::is_null) {
        let problem = ".apiVersion accessor error: <nil> is of the type <nil>, expected string";
        return Err(unreadable(resource, object, problem));
    }
    check_kind_known(resource, object).map_err(ApiError::bad_request)?;
    let Some(builtin) = resource.builtin() else { return Ok(()) };
    let given = text(object, "apiVersion").to_owned();
    let api_version = if given.is_empty() { resource.api_version() } else { given.clone() };
    check_registered(builtin.structure, &api_version, text(object, "kind"))?;
    if given.is_empty() { Ok(()) } else { check_version(resource, object) }
}

/// A custom resource has to say its kind; a built-in one may leave it out.
fn check_kind_known(resource: &Resource, object: &mut Object) -> Result<(), String> {
    if !text(object, "kind").is_empty() {
        return Ok(());
    }
    if resource.is_custom() {
        return Err(kind_missing(&serde_json::to_string(object).unwrap_or_default()));
    }
    object.insert("kind".into(), (*resource.names.kind).into());
    Ok(())
}

/// What a custom resource without a kind is answered with.
pub fn kind_missing(json: &str) -> String {
    format!("Object 'Kind' is missing in '{json}'")
}

/// What is to become the structure of a built-in kind must be of a kind that Go knows, and of one that it can convert.
///
/// # Errors
/// 400 in the words of Go's decoder.
pub(crate) fn check_registered(wanted: &Struct, api_version: &str, kind: &str) -> Result<(), ApiError> {
    let version = api_version.rsplit('/').next().unwrap_or_default();
    let (package, name) = wanted.table_name.split_once('.').unwrap_or(("", wanted.table_name));
    let refused = |problem: String| {
        ApiError::bad_request(format!(
            "{kind} in version {version:?} cannot be handled as a {name}: {problem}"
        ))
    };
    if !structure::is_registered(api_version, kind) {
        return Err(refused(not_registered(api_version, kind)));
    }
    if kind != name {
        let internal = package.split('/').next().unwrap_or_default();
        return Err(refused(format!(
            "converting ({version}.{kind}) to ({internal}.{name}): unknown conversion"
        )));
    }
    Ok(())
}

/// Where the real server makes its scheme, which is the scheme's name.
const SCHEME: &str = "pkg/runtime/scheme.go:111";

fn not_registered(api_version: &str, kind: &str) -> String {
    format!("no kind {kind:?} is registered for version {api_version:?} in scheme {SCHEME:?}")
}

/// 400 for a body that cannot be decoded. A custom resource is called what it says that it is.
fn unreadable(resource: &Resource, object: &Object, problem: &str) -> ApiError {
    let wanted = &*resource.names.kind;
    let (kind, version) = match resource.is_custom() {
        true => (text(object, "kind"), text(object, "apiVersion").rsplit('/').next().unwrap_or_default()),
        false => (wanted, &*resource.version),
    };
    ApiError::bad_request(format!("{kind} in version {version:?} cannot be handled as a {wanted}: {problem}"))
}
