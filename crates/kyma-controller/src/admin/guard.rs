//! Who may see the metrics: asked of the API server, in controller-runtime's words (`pkg/metrics/filters/filters.go`).

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{Method, Request, StatusCode};
use k8s_openapi::api::authentication::v1::{TokenReview, TokenReviewSpec, UserInfo};
use k8s_openapi::api::authorization::v1::{
    NonResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec,
};
use kube::api::PostParams;
use kube::{Api, Client};
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// How long an answer of the API server is believed: a yes and a no. controller-runtime believes a token for a minute.
const YES: Duration = Duration::from_secs(60);
const NO: Duration = Duration::from_secs(10);
/// Answers that are kept at the same time.
const KEPT: usize = 256;
/// Questions at the same time.
const SLOTS: usize = 4;
/// How long the API server may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longer tokens than any that Kubernetes makes are not passed on, in bytes.
const TOKEN_MAX: usize = 16 << 10;

/// Asks the API server who a token belongs to, and whether that user may read a path.
pub struct Guard {
    client: Client,
    /// What it said of a token, a method and a path. At most [`KEPT`].
    known: Mutex<HashMap<Question, Known>>,
    /// How many questions may be under way; more wait.
    slots: Semaphore,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Question {
    token: String,
    method: Method,
    path: String,
}

#[derive(Clone)]
struct Known {
    answer: Result<(), Refusal>,
    until: Instant,
}

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names nobody: 401.
    Unauthorized,
    /// Its user may not: 403.
    Denied(String),
    /// The API server could not be asked who it is: 500.
    AuthenticationFailed,
    /// The API server could not be asked whether this user may: 500.
    AuthorizationFailed(String),
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::AuthenticationFailed | Self::AuthorizationFailed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Unauthorized => "Unauthorized\n".to_owned(),
            Self::Denied(user) => format!("Authorization denied for user {user}\n"),
            Self::AuthenticationFailed => "Authentication failed\n".to_owned(),
            Self::AuthorizationFailed(user) => format!("Authorization for user {user} failed\n"),
        }
    }
}

impl Guard {
    /// A guard that asks with this client, which may create TokenReviews and SubjectAccessReviews. It should have no fence,
    /// since the metrics of a process that does not lead are of interest too, and no limit in common with other work.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, known: Mutex::default(), slots: Semaphore::new(SLOTS) }
    }

    /// Whether the request may be answered.
    pub(super) async fn admit<B>(&self, request: &Request<B>) -> Result<(), Refusal> {
        let token = bearer(request).ok_or(Refusal::Unauthorized)?.to_owned();
        let question =
            Question { token, method: request.method().clone(), path: request.uri().path().to_owned() };
        if let Some(answer) = self.remembered(&question) {
            return answer;
        }
        // Nobody closes it.
        let _slot = self.slots.acquire().await;
        // Somebody else may have asked the same meanwhile.
        if let Some(answer) = self.remembered(&question) {
            return answer;
        }
        let answer = self.ask(&question).await;
        match answer {
            Ok(()) => self.remember(question, answer.clone(), YES),
            Err(Refusal::Unauthorized | Refusal::Denied(_)) => self.remember(question, answer.clone(), NO),
            // Another try may find the server well again.
            Err(Refusal::AuthenticationFailed | Refusal::AuthorizationFailed(_)) => {}
        }
        answer
    }

    fn remembered(&self, question: &Question) -> Option<Result<(), Refusal>> {
        let known = self.known.lock();
        known.get(question).filter(|known| Instant::now() < known.until).map(|known| known.answer.clone())
    }

    fn remember(&self, question: Question, answer: Result<(), Refusal>, life: Duration) {
        let (mut known, now) = (self.known.lock(), Instant::now());
        if known.len() >= KEPT {
            known.retain(|_, known| now < known.until);
        }
        // A flood of wrong tokens is not to drive out who may.
        if known.len() >= KEPT {
            known.retain(|_, known| known.answer.is_ok());
        }
        if known.len() < KEPT {
            known.insert(question, Known { answer, until: now + life });
        }
    }

    async fn ask(&self, Question { token, method, path }: &Question) -> Result<(), Refusal> {
        let user = self.authenticate(token).await?;
        let name = user.username.clone().unwrap_or_default();
        if self.authorize(user, path, method.as_str()).await? { Ok(()) } else { Err(Refusal::Denied(name)) }
    }

    async fn authenticate(&self, token: &str) -> Result<UserInfo, Refusal> {
        let spec = TokenReviewSpec { token: token.to_owned(), ..TokenReviewSpec::default() };
        let review = TokenReview { spec, ..TokenReview::default() };
        let failed = |what: &dyn std::fmt::Display| {
            tracing::warn!("a request for metrics could not be authenticated: {what}");
            Refusal::AuthenticationFailed
        };
        let answer =
            timeout(PATIENCE, self.api::<TokenReview>().create(&PostParams::default(), &review)).await;
        let status = match answer {
            Ok(Ok(review)) => review.status.unwrap_or_default(),
            Ok(Err(error)) => return Err(failed(&error)),
            Err(_elapsed) => return Err(failed(&"no answer in time")),
        };
        match (status.authenticated, status.user) {
            (Some(true), Some(user)) => Ok(user),
            _ => Err(Refusal::Unauthorized),
        }
    }

    async fn authorize(&self, user: UserInfo, path: &str, method: &str) -> Result<bool, Refusal> {
        let name = user.username.clone().unwrap_or_default();
        let attributes =
            NonResourceAttributes { path: Some(path.to_owned()), verb: Some(method.to_ascii_lowercase()) };
        let extra = user.extra.map(|extra| extra.into_iter().collect::<BTreeMap<_, _>>());
        let spec = SubjectAccessReviewSpec {
            user: user.username,
            groups: user.groups,
            uid: user.uid,
            extra,
            non_resource_attributes: Some(attributes),
            ..SubjectAccessReviewSpec::default()
        };
        let review = SubjectAccessReview { spec, ..SubjectAccessReview::default() };
        let create = self.api::<SubjectAccessReview>();
        match timeout(PATIENCE, create.create(&PostParams::default(), &review)).await {
            Ok(Ok(review)) => Ok(review.status.is_some_and(|status| status.allowed)),
            Ok(Err(error)) => {
                tracing::warn!("a request for metrics could not be authorized: {error}");
                Err(Refusal::AuthorizationFailed(name))
            }
            Err(_elapsed) => Err(Refusal::AuthorizationFailed(name)),
        }
    }

    fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::ClusterResourceScope>,
    {
        Api::all(self.client.clone())
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").finish_non_exhaustive()
    }
}

/// The token of a request.
fn bearer<B>(request: &Request<B>) -> Option<&str> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= TOKEN_MAX).then_some(token)
}
