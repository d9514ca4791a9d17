//! Query parameters, as the verbs want them (k8s.io/apimachinery/pkg/apis/meta/internalversion).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue};
use kyma_registry::selector::{FieldSelector, LabelSelector};
use kyma_registry::{
    ApiError, FieldValidation, ListOptions, PatchOptions, Request, UpdateOptions, VersionMatch, WatchOptions,
    WriteQuery,
};
use kyma_store::Revision;

/// A request's query, decoded; of a name that comes twice the first counts.
#[derive(Debug, Default)]
pub(crate) struct Query<'a> {
    first: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    /// `dryRun`, the one parameter that is a list.
    dry_runs: Vec<Cow<'a, str>>,
}

impl<'a> Query<'a> {
    pub(crate) fn parse(query: Option<&'a str>) -> Self {
        let mut parsed = Query::default();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if name == "dryRun" && !value.is_empty() {
                parsed.dry_runs.push(value.clone());
            }
            parsed.first.entry(name).or_insert(value);
        }
        parsed
    }

    /// The value of a parameter; `None` where it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.first.get(name).map(|value| &**value).filter(|value| !value.is_empty())
    }

    /// A flag as Go reads one: "1", "true" and a bare name are true.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.first.get(name).is_some_and(|value| !matches!(&**value, "0" | "false"))
    }

    fn number(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number: i64 = value.parse().map_err(|_| {
            ApiError::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax"))
        })?;
        Ok(u64::try_from(number).ok())
    }

    /// The version that a list names.
    pub(crate) fn revision(&self) -> Result<Option<Revision>, ApiError> {
        let Some(value) = self.get("resourceVersion") else { return Ok(None) };
        // As Go reads it: leading zeros are no fault.
        let number =
            value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse::<u64>().ok()).flatten();
        number.map(|number| Some(Revision::new(number))).ok_or_else(|| {
            ApiError::bad_request(format!(
                "invalid resource version: resourceVersion: Invalid value: {value:?}: strconv.ParseUint: parsing {value:?}: invalid syntax"
            ))
        })
    }

    /// The parameters of a list or watch, in the order in which the real server looks at them: each by itself, then
    /// whether they go together, which `check` says, then whether the request's kind knows the selected fields; `name`
    /// restricts it to one object. The version comes last, and is for the caller to read.
    fn select(
        &self,
        request: &Request<'_>,
        name: Option<&str>,
        check: impl FnOnce(&ListOptions) -> Result<(), ApiError>,
    ) -> Result<ListOptions, ApiError> {
        let labels = match self.get("labelSelector") {
            Some(text) => LabelSelector::parse(text)?,
            None => LabelSelector::default(),
        };
        let fields = match self.get("fieldSelector") {
            Some(text) => FieldSelector::parse(text)?,
            None => FieldSelector::default(),
        };
        let limit = self.number("limit")?.unwrap_or_default();
        let mut options = ListOptions {
            labels,
            fields,
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            continue_token: self.get("continue").map(str::to_owned),
            // What is no number is some version until it is read.
            resource_version: self.revision().unwrap_or(Some(Revision::FIRST)),
            version_match: self.get("resourceVersionMatch").map(VersionMatch::parse),
        };
        check(&options)?;
        kyma_registry::check_fields(request, &options.fields)?;
        if let Some(name) = name {
            // A watch of one object; a selector beside it may only say the same.
            if options.fields.exact("metadata.name").is_some_and(|given| given != name) {
                return Err(ApiError::bad_request(
                    "fieldSelector metadata.name doesn't match requested name",
                ));
            }
            if options.fields.is_empty() {
                options.fields = FieldSelector::by_name(name);
            }
        }
        Ok(options)
    }

    /// The parameters of a list of all objects; `name` restricts it to one.
    pub(crate) fn list(&self, request: &Request<'_>, name: Option<&str>) -> Result<ListOptions, ApiError> {
        let initial = self.get("sendInitialEvents").is_some();
        let options = self.select(request, name, |options| kyma_registry::check_list(options, initial))?;
        Ok(ListOptions { resource_version: self.revision()?, ..options })
    }

    /// The version that a get or a watch names. The real server answers with a bare error where it is no number.
    pub(crate) fn bare_revision(&self) -> Result<Option<Revision>, ApiError> {
        self.revision().map_err(|error| {
            ApiError::unexpected(error.message().trim_start_matches("invalid resource version: "))
        })
    }

    /// The parameters of a watch, and how long it may last.
    pub(crate) fn watch(
        &self,
        request: &Request<'_>,
        name: Option<&str>,
    ) -> Result<(WatchOptions, Option<Duration>), ApiError> {
        let timeout = self.number("timeoutSeconds")?.filter(|seconds| *seconds > 0).map(Duration::from_secs);
        let initial_events = self.get("sendInitialEvents").map(|_| self.flag("sendInitialEvents"));
        let check = |options: &ListOptions| kyma_registry::check_watch(options, initial_events.is_some());
        let select = self.select(request, name, check)?;
        let since = self.bare_revision()?;
        let select = ListOptions { resource_version: since, ..select };
        Ok((WatchOptions { select, since, initial_events }, timeout))
    }

    /// What all writes may say, as it was given.
    fn write(&self) -> WriteQuery<'_> {
        WriteQuery {
            manager: self.get("fieldManager").unwrap_or_default(),
            dry_run: self.dry_runs.iter().map(|value| &**value).collect(),
            field_validation: self.get("fieldValidation"),
        }
    }

    /// The parameters of a write, which are checked as the `options` of its verb. The manager is `fieldManager`, else
    /// what `User-Agent` stands for.
    pub(crate) fn write_options(
        &self,
        options: &str,
        headers: &HeaderMap,
    ) -> Result<UpdateOptions, ApiError> {
        kyma_registry::check_write(options, &self.write())?;
        Ok(self.checked(headers))
    }

    /// The parameters of a patch.
    pub(crate) fn patch_options(&self, applies: bool, headers: &HeaderMap) -> Result<PatchOptions, ApiError> {
        kyma_registry::check_patch(applies, self.force(), &self.write())?;
        Ok(self.checked(headers))
    }

    fn checked(&self, headers: &HeaderMap) -> UpdateOptions {
        let given = self.write();
        let agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
        let manager = match given.manager {
            "" => kyma_registry::from_user_agent(&String::from_utf8_lossy(agent)),
            manager => manager.to_owned(),
        };
        UpdateOptions {
            dry_run: !given.dry_run.is_empty(),
            field_validation: match given.field_validation {
                Some("Ignore") => FieldValidation::Ignore,
                Some("Strict") => FieldValidation::Strict,
                _ => FieldValidation::Warn,
            },
            manager,
            force: self.force() == Some(true),
        }
    }

    /// `dryRun` of a deletion, whose only value is `All`.
    pub(crate) fn dry_run(&self) -> Result<bool, ApiError> {
        let values = self.write().dry_run;
        kyma_registry::check_dry_run(&values).map(|()| !values.is_empty())
    }

    /// Whether an apply takes what others own; `None` where nothing is said.
    fn force(&self) -> Option<bool> {
        // As Go reads it: everything but these two is true.
        self.first.get("force").map(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_flags_read_as_go_reads_them() {
        let query = Query::parse(Some("labelSelector=a%3Db%2Cc&watch=1&x=false&limit=5&limit=6"));
        assert_eq!(query.get("labelSelector"), Some("a=b,c"));
        assert!(query.flag("watch") && !query.flag("x") && !query.flag("absent"));
        assert_eq!(query.number("limit").unwrap(), Some(5));
    }

    #[test]
    fn nonsense_is_a_bad_request() {
        for bad in ["resourceVersion=abc", "resourceVersion=-1"] {
            let error = Query::parse(Some(bad)).revision().unwrap_err();
            assert_eq!(error.code(), 400, "{bad}: {error}");
        }
        assert_eq!(Query::parse(Some("limit=x")).number("limit").unwrap_err().code(), 400);
        assert_eq!(LabelSelector::parse(",,=").unwrap_err().code(), 400);
        assert_eq!(FieldSelector::parse("a").unwrap_err().code(), 400);
        assert_eq!(Query::parse(Some("dryRun=Some")).dry_run().unwrap_err().code(), 422);
        let error = Query::parse(Some("fieldValidation=x&dryRun=y"))
            .write_options("UpdateOptions", &HeaderMap::new());
        assert!(
            error.unwrap_err().message().starts_with("UpdateOptions.meta.k8s.io \"\" is invalid: [dryRun: ")
        );
    }
}
