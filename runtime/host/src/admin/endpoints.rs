//! What the admin API has: the table from which requests are routed, and of which the OpenAPI document is made.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::{Method, Request, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::answer::{self, Answer, failure, json, method_not_allowed};
use super::body::{Body, Kind};
use super::listener::Visitor;
use super::views::{AppList, AppView, Change, Failure, Fired, Lasting, Ready};
use super::{Service, access, changes, logs, openapi, scheduled};
use crate::host::{Host, Readiness};
use crate::metrics;

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
    /// What may stand in the query.
    pub(super) query: &'static [Parameter],
    /// What the body may be; none where there is none.
    pub(super) takes: &'static [Kind],
    pub(super) answers: &'static [Described],
    call: Call,
}

type Call = fn(Arc<Service>, Arc<Host>, Asked) -> BoxFuture<'static, Answer>;

/// A part of a query.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) schema: fn() -> Value,
}

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
    pub(super) app: String,
    /// The query of the URL, as it came.
    pub(super) query: String,
    /// The body, where there is one.
    pub(super) body: Option<Body>,
}

const UNKNOWN_APP: Described = described(404, "There is no app of this name.", of::<Failure>());

/// The answers to a change of an app.
const CHANGED: &[Described] = &[
    described(200, "What has changed.", of::<Lasting>()),
    described(413, "The body is too large.", of::<Failure>()),
    described(415, "The body has another type.", of::<Failure>()),
    described(
        422,
        "What is wanted cannot be served, and nothing has been changed.",
        of::<Failure>(),
    ),
];

/// All there is, in the order of the document.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    Endpoint {
        method: Method::GET,
        path: "/healthz",
        id: "health",
        summary: "Whether the process is alive.",
        is_open: true,
        query: &[],
        takes: &[],
        answers: &[described(200, "It is.", Content::Text("text/plain"))],
        call: |_, _, _| async { answer::of(StatusCode::OK, "text/plain", "ok\n") }.boxed(),
    },
    Endpoint {
        method: Method::GET,
        path: "/readyz",
        id: "ready",
        summary: "Whether requests should come to this process.",
        is_open: true,
        query: &[],
        takes: &[],
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
        query: &[],
        takes: &[],
        answers: &[described(
            200,
            "The metrics.",
            Content::Text(metrics::CONTENT_TYPE),
        )],
        call: |_, host, _| {
            async move {
                let text = metrics::render(&host.apps(), host.crowd(), host.exporter());
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
        query: &[],
        takes: &[],
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
        query: &[],
        takes: &[],
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
        method: Method::GET,
        path: "/admin/apps/{app}/logs",
        id: "showLog",
        summary: "An app's last log lines, each a JSON object.",
        is_open: false,
        query: logs::QUERY,
        takes: &[],
        answers: &[
            described(200, "The lines.", Content::Text(logs::CONTENT_TYPE)),
            described(400, "The query is malformed.", of::<Failure>()),
            UNKNOWN_APP,
        ],
        call: |_, host, asked| {
            async move {
                match host.app(&asked.app) {
                    Some(app) => logs::show(&app, &asked.query),
                    None => unknown_app(&asked.app),
                }
            }
            .boxed()
        },
    },
    Endpoint {
        method: Method::POST,
        path: "/admin/apps",
        id: "addApp",
        summary: "Adds the app that the body names, or replaces it.",
        is_open: false,
        query: &[],
        takes: &[Kind::Json],
        answers: CHANGED,
        call: |service, _, asked| service.post(asked).boxed(),
    },
    Endpoint {
        method: Method::PUT,
        path: "/admin/apps/{app}",
        id: "putApp",
        summary: "Adds an app or replaces it: by its fields as in the configuration (JSON; its folder stays where \
                  they have no `path`); or by its files (a tar archive, gzipped \
                  or not), which leaves what else is known of it. \
                  Answers when the new version serves, or is refused.",
        is_open: false,
        query: changes::QUERY,
        takes: &Kind::OF_APPS,
        answers: CHANGED,
        call: |service, _, asked| service.put(asked).boxed(),
    },
    Endpoint {
        method: Method::DELETE,
        path: "/admin/apps/{app}",
        id: "deleteApp",
        summary: "Removes an app, which finishes what it has begun.",
        is_open: false,
        query: &[],
        takes: &[],
        answers: &[
            described(200, "What has changed.", of::<Lasting>()),
            UNKNOWN_APP,
            described(
                422,
                "The rest cannot be served without it.",
                of::<Failure>(),
            ),
        ],
        call: |service, _, asked| service.delete(asked).boxed(),
    },
    Endpoint {
        method: Method::POST,
        path: "/admin/apps/{app}/scheduled",
        id: "fireScheduled",
        summary: "Sends an app a scheduled event now, and answers when it is over.",
        is_open: false,
        query: &[],
        takes: &[Kind::Event],
        answers: &[
            described(200, "The event is over, and how.", of::<Fired>()),
            UNKNOWN_APP,
            described(413, "The body is too large.", of::<Failure>()),
            described(415, "The body has another type.", of::<Failure>()),
            described(422, "The body is no event.", of::<Failure>()),
        ],
        call: |_, host, asked| {
            async move {
                match host.app(&asked.app) {
                    Some(app) => scheduled::fire(&host, app, asked.body).await,
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
        summary: "Has the configuration and the apps' folders be read anew; answers when every change has been made or refused, but for \
                  apps that take over 5 s to start, which are named.",
        is_open: false,
        query: &[],
        takes: &[],
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
        query: &[],
        takes: &[],
        answers: &[described(200, "An OpenAPI 3.1 document.", of::<Value>())],
        call: |_, _, _| async { json(StatusCode::OK, &openapi::document()) }.boxed(),
    },
];

fn unknown_app(name: &str) -> Answer {
    failure(StatusCode::NOT_FOUND, format!("there is no app {name:?}"))
}

impl Service {
    /// Answers a request.
    pub(super) async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        visitor: &Visitor,
    ) -> Answer {
        match self.try_answer(request, visitor).await {
            Ok(answer) => answer,
            Err(refusal) => *refusal,
        }
    }

    async fn try_answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        visitor: &Visitor,
    ) -> Result<Answer, Box<Answer>> {
        let (endpoint, app) = self.route(&request)?;
        if !endpoint.is_open {
            visitor.is_let_in();
        }
        let Some(host) = self.host.upgrade() else {
            let message = "the process is ending";
            return Err(failure(StatusCode::SERVICE_UNAVAILABLE, message).into());
        };
        let app = app.to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let is_optional = endpoint.takes.iter().all(|kind| kind.is_optional());
        let body = if is_optional && request.body().is_end_stream() || endpoint.takes.is_empty() {
            None
        } else {
            Some(self.reader.read(request, endpoint.takes).await?)
        };
        let asked = Asked { app, query, body };
        Ok((endpoint.call)(self.clone(), host, asked).await)
    }

    /// Finds what a request is for, and the app that its path names.
    fn route<'a, B>(
        &self,
        request: &'a Request<B>,
    ) -> Result<(&'static Endpoint, &'a str), Box<Answer>> {
        let path = request.uri().path();
        let there = || {
            let named = ENDPOINTS.iter();
            named.filter_map(|endpoint| Some((endpoint, app_in(endpoint.path, path)?)))
        };
        let is_open = there().any(|(endpoint, _)| endpoint.is_open);
        if !is_open {
            // Before anything is said of what there is.
            access::check(self.config().token.as_ref(), request.headers())?;
        }
        // What answers GET answers HEAD; hyper leaves the body out.
        let method = match *request.method() {
            Method::HEAD => &Method::GET,
            ref method => method,
        };
        if let Some(found) = there().find(|(endpoint, _)| endpoint.method == *method) {
            return Ok(found);
        }
        let allowed: Vec<_> = there()
            .map(|(endpoint, _)| endpoint.method.as_str())
            .collect();
        Err(Box::new(if allowed.is_empty() {
            let message = "there is nothing here; /admin/openapi.json describes what there is";
            failure(StatusCode::NOT_FOUND, message)
        } else {
            method_not_allowed(&allowed.join(", "))
        }))
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
