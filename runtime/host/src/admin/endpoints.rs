//! What the admin API has: the table from which requests are routed, and of which the OpenAPI document is made.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::answer::{self, Answer, failure, json, method_not_allowed};
use super::views::{AppList, AppView, Change, Failure, Ready};
use super::{Service, access, metrics, openapi};
use crate::host::{Host, Readiness};

/// Something to ask for.
pub(super) struct Endpoint {
    pub(super) method: Method,
    /// `{app}` stands for the name of an app.
    pub(super) path: &'static str,
    /// Unique; a name for code that is generated from the document.
    pub(super) id: &'static str,
    /// One sentence.
    pub(super) summary: &'static str,
    /// Whether the token is asked for: not by those who look after the process's health.
    pub(super) is_open: bool,
    pub(super) answers: &'static [Described],
    call: Call,
}

type Call = fn(Arc<Service>, Arc<Host>, Asked) -> BoxFuture<'static, Answer>;

/// An answer, for the document.
pub(super) struct Described {
    pub(super) status: u16,
    pub(super) meaning: &'static str,
    pub(super) content: Content,
}

/// What an answer contains.
pub(super) enum Content {
    Json(fn(&mut SchemaGenerator) -> Schema),
    Text(&'static str),
}

const fn of<T: JsonSchema>() -> Content {
    Content::Json(SchemaGenerator::subschema_for::<T>)
}

const fn described(status: u16, meaning: &'static str, content: Content) -> Described {
    Described {
        status,
        meaning,
        content,
    }
}

/// A request, as far as its endpoint wants to know it.
pub(super) struct Asked {
    /// The app that the path names.
    app: String,
}

const UNKNOWN_APP: Described = described(404, "There is no app of this name.", of::<Failure>());

/// All there is, in the order of the document.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::GET,
        path: "/healthz",
        id: "health",
        summary: "Whether the process is alive.",
        is_open: true,
        answers: &[described(200, "It is.", Content::Text("text/plain"))],
        call: |_, _, _| async { answer::of(StatusCode::OK, "text/plain", "ok\n") }.boxed(),
    },
    Endpoint {
        method: Method::GET,
        path: "/readyz",
        id: "ready",
        summary: "Whether requests should come to this process.",
        is_open: true,
        answers: &[
            described(200, "They should.", of::<Ready>()),
            described(503, "The process starts or drains.", of::<Ready>()),
        ],
        call: |_, host, _| {
            async move {
                let readiness = host.readiness();
                let status = match readiness {
                    Readiness::Ready => StatusCode::OK,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                json(status, &Ready::from(readiness))
            }
            .boxed()
        },
    },
    Endpoint {
        method: Method::GET,
        path: "/metrics",
        id: "metrics",
        summary: "Metrics of the process and of each app, for Prometheus.",
        is_open: false,
        answers: &[described(
            200,
            "The metrics.",
            Content::Text(metrics::CONTENT_TYPE),
        )],
        call: |_, host, _| {
            async move {
                let text = metrics::render(&host.apps());
                answer::of(StatusCode::OK, metrics::CONTENT_TYPE, text)
            }
            .boxed()
        },
    },
    Endpoint {
        method: Method::GET,
        path: "/admin/apps",
        id: "listApps",
        summary: "All apps.",
        is_open: false,
        answers: &[described(200, "The apps.", of::<AppList>())],
        call: |_, host, _| {
            async move {
                let apps = host.apps();
                let apps = apps.iter().map(|app| AppView::from(&**app)).collect();
                json(StatusCode::OK, &AppList { apps })
            }
            .boxed()
        },
    },
    Endpoint {
        method: Method::GET,
        path: "/admin/apps/{app}",
        id: "getApp",
        summary: "One app.",
        is_open: false,
        answers: &[described(200, "The app.", of::<AppView>()), UNKNOWN_APP],
        call: |_, host, asked| {
            async move {
                match host.app(&asked.app) {
                    Some(app) => json(StatusCode::OK, &AppView::from(&*app)),
                    None => unknown_app(&asked.app),
                }
            }
            .boxed()
        },
    },
    Endpoint {
        method: Method::POST,
        path: "/admin/reload",
        id: "reload",
        summary: "Has the configuration and the apps' folders be read anew; answers when every change has been made or refused.",
        is_open: false,
        answers: &[
            described(200, "What has changed.", of::<Change>()),
            described(
                409,
                "The configuration cannot be used, and nothing has been changed.",
                of::<Failure>(),
            ),
        ],
        call: |service, _, _| {
            async move {
                match service.ask.reload_and_hear().await {
                    Ok(applied) => json(StatusCode::OK, &Change::from(applied)),
                    Err(reason) => failure(StatusCode::CONFLICT, reason),
                }
            }
            .boxed()
        },
    },
    Endpoint {
        method: Method::GET,
        path: "/admin/openapi.json",
        id: "openapi",
        summary: "This description.",
        is_open: false,
        answers: &[described(
            200,
            "An OpenAPI 3.1 document.",
            of::<serde_json::Value>(),
        )],
        call: |_, _, _| async { json(StatusCode::OK, &openapi::document()) }.boxed(),
    },
];

fn unknown_app(name: &str) -> Answer {
    failure(StatusCode::NOT_FOUND, format!("there is no app {name:?}"))
}

impl Service {
    /// Answers a request.
    pub(super) async fn answer(self: &Arc<Self>, request: Request<Incoming>) -> Answer {
        match self.route(&request) {
            Ok(answer) => answer.await,
            Err(refusal) => *refusal,
        }
    }

    /// Finds who answers a request.
    fn route<B>(
        self: &Arc<Self>,
        request: &Request<B>,
    ) -> Result<BoxFuture<'static, Answer>, Box<Answer>> {
        let path = request.uri().path();
        let there = || {
            let named = ENDPOINTS.iter();
            named.filter_map(|endpoint| Some((endpoint, app_in(endpoint.path, path)?)))
        };
        let is_open = there().any(|(endpoint, _)| endpoint.is_open);
        if !is_open {
            // Before anything is said of what there is.
            access::check(self.token.load().as_deref(), request.headers())?;
        }
        // What answers GET answers HEAD; hyper leaves the body out.
        let method = match *request.method() {
            Method::HEAD => &Method::GET,
            ref method => method,
        };
        let Some((endpoint, app)) = there().find(|(endpoint, _)| endpoint.method == *method) else {
            let allowed: Vec<_> = there()
                .map(|(endpoint, _)| endpoint.method.as_str())
                .collect();
            return Err(Box::new(if allowed.is_empty() {
                let message = "there is nothing here; /admin/openapi.json describes what there is";
                failure(StatusCode::NOT_FOUND, message)
            } else {
                method_not_allowed(&allowed.join(", "))
            }));
        };
        let Some(host) = self.host.upgrade() else {
            let message = "the process is ending";
            return Err(failure(StatusCode::SERVICE_UNAVAILABLE, message).into());
        };
        let app = app.to_owned();
        Ok((endpoint.call)(self.clone(), host, Asked { app }))
    }
}

/// What a path has in the place of `{app}`, if it is of this form; empty where the form has none.
fn app_in<'a>(form: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, after)) = form.split_once("{app}") else {
        return (form == path).then_some("");
    };
    let app = path.strip_prefix(before)?.strip_suffix(after)?;
    (!app.is_empty() && !app.contains('/')).then_some(app)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_apps() {
        assert_eq!(
            app_in("/admin/apps/{app}", "/admin/apps/shop"),
            Some("shop")
        );
        assert_eq!(
            app_in("/admin/apps/{app}/logs", "/admin/apps/shop/logs"),
            Some("shop")
        );
        assert_eq!(app_in("/admin/apps/{app}", "/admin/apps/"), None);
        assert_eq!(app_in("/admin/apps/{app}", "/admin/apps/a/b"), None);
        assert_eq!(app_in("/admin/apps", "/admin/apps"), Some(""));
        assert_eq!(app_in("/admin/apps", "/admin/apps/"), None);
    }
}
