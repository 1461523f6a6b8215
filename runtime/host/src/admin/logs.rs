//! An app's log, as it goes on.

use std::num::IntErrorKind;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::StatusCode;
use serde_json::json;
use tokio::sync::watch;

use super::answer::{self, Answer, failure};
use super::endpoints::Parameter;
use crate::app::App;
use crate::log::recent::{News, Recent};

/// The media type of lines of JSON.
pub(super) const CONTENT_TYPE: &str = "application/x-ndjson";
/// How many lines are shown where nothing is said.
const LINES: usize = 100;

/// What may stand in the query.
pub(super) const QUERY: &[Parameter] = &[
    Parameter {
        name: "lines",
        meaning: "So many lines, if there are.",
        schema: || json!({ "type": "integer", "minimum": 0, "default": LINES }),
    },
    Parameter {
        name: "follow",
        meaning: "Whether those that come are shown, too, as they come.",
        schema: || json!({ "type": "boolean", "default": false }),
    },
];

/// The app's last lines; with `follow` in the query, also those that come.
pub(super) fn show(app: &App, query: &str) -> Answer {
    let mut lines = LINES;
    let mut follows = false;
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "lines" => match value.parse() {
                Ok(count) => lines = count,
                Err(error) if *error.kind() == IntErrorKind::PosOverflow => lines = usize::MAX,
                Err(_) => {
                    let message = format!("expected a number of lines, found \"lines={value}\"");
                    return failure(StatusCode::BAD_REQUEST, message);
                }
            },
            "follow" => match &*value {
                "true" | "" => follows = true,
                "false" => follows = false,
                _ => {
                    let message = format!(
                        "expected \"follow=true\" or \"follow=false\", found \"follow={value}\""
                    );
                    return failure(StatusCode::BAD_REQUEST, message);
                }
            },
            _ => {}
        }
    }
    let recent = app.log().recent();
    // Before the lines are looked at, so that none is missed.
    let watch = recent.watch();
    let last = recent.last(lines);
    if follows {
        let follow = Follow {
            recent: recent.clone(),
            watch,
            next: Some(last),
        };
        answer::stream(CONTENT_TYPE, follow.parts())
    } else {
        answer::of(StatusCode::OK, CONTENT_TYPE, text(&last))
    }
}

/// Someone who looks at an app's log.
struct Follow {
    recent: Arc<Recent>,
    watch: watch::Receiver<u64>,
    /// What is to be shown next, at first.
    next: Option<News>,
}

impl Follow {
    fn parts(self) -> impl Stream<Item = Bytes> + Send {
        stream::unfold((self, 0), |(mut follow, mut count)| async move {
            loop {
                let news = match follow.next.take() {
                    Some(news) => news,
                    None => {
                        // There is a sender as long as there is `recent`.
                        follow.watch.changed().await.ok()?;
                        follow.recent.since(count)
                    }
                };
                count = news.count;
                let text = text(&news);
                if !text.is_empty() {
                    return Some((Bytes::from(text), (follow, count)));
                }
            }
        })
    }
}

fn text(news: &News) -> String {
    let mut text = match news.missed {
        0 => String::new(),
        // Whoever reads more slowly than the app writes is told so.
        missed => format!("{{\"missed_lines\":{missed}}}\n"),
    };
    news.lines.iter().for_each(|line| text.push_str(line));
    text
}
