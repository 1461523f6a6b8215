//! The field "otlp": a collector of traces and metrics.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{HeaderName, HeaderValue};
use url::Url;

use super::fields::{self, Otlp};
use super::reader::{Fields, Located};

/// Where traces and metrics are sent: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>.
#[derive(Debug, Clone, PartialEq)]
pub struct OtlpConfig {
    /// The collector's URL, without a slash at its end: `v1/traces` and `v1/metrics` are below it.
    pub endpoint: String,
    /// What the collector wants to be told besides, by which it knows who sends; marked as secret.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// How many of the traces that begin here are recorded, from 0 to 1.
    pub sample: f64,
    /// How often metrics are sent; `None`: never.
    pub metrics: Option<Duration>,
}

impl OtlpConfig {
    /// How often metrics are sent where nothing else is said, as the SDKs of OpenTelemetry do.
    pub const DEFAULT_METRICS: Duration = Duration::from_secs(60);
}

impl fmt::Display for OtlpConfig {
    /// Leaves out the headers: they are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            endpoint,
            headers,
            sample,
            metrics,
        } = self;
        let every = metrics.unwrap_or_default().as_millis();
        let headers = headers.len();
        write!(
            f,
            "{endpoint} with {headers} headers, sample {sample}, metrics_ms {every}"
        )
    }
}

/// Reads the field "otlp". `folder` is what paths are relative to.
pub(super) fn read_otlp(
    root: &Fields<'_, fields::Configuration>,
    folder: &Path,
) -> Option<OtlpConfig> {
    let fields = root.read(fields::Configuration::OTLP)?;
    let endpoint = read_endpoint(&fields.read(Otlp::ENDPOINT)?)?;
    let headers = match fields.read(Otlp::HEADERS) {
        None => Vec::new(),
        Some(headers) => read_headers(&headers, folder)?,
    };
    let metrics = fields.read(Otlp::METRICS_MS);
    Some(OtlpConfig {
        endpoint,
        headers,
        sample: fields.read(Otlp::SAMPLE).unwrap_or(1.0),
        metrics: Some(metrics.unwrap_or(OtlpConfig::DEFAULT_METRICS))
            .filter(|every| !every.is_zero()),
    })
}

fn read_endpoint(value: &Located<'_>) -> Option<String> {
    let text = value.expanded()?;
    let is_usable = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    };
    match Url::parse(&text) {
        Ok(url) if is_usable(&url) => Some(url.as_str().trim_end_matches('/').to_owned()),
        // The text may have credentials.
        _ => {
            value.fault(
                "expected the URL of a collector, http: or https:, without credentials, query and fragment",
                "write \"http://localhost:4318\"; credentials go into \"headers\"".to_owned(),
            );
            None
        }
    }
}

fn read_headers(value: &Located<'_>, folder: &Path) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let mut headers = Vec::new();
    for (name, value) in value.entries()? {
        let text = value.clone().private().text_or_file(folder)?;
        let header = match HeaderName::try_from(name) {
            Ok(name) if ![CONTENT_TYPE, CONTENT_LENGTH, HOST].contains(&name) => name,
            _ => {
                value.fault(
                    format!("{name:?} is no header that can be chosen"),
                    "write \"authorization\", or what the collector wants to have".to_owned(),
                );
                return None;
            }
        };
        let Ok(mut text) = HeaderValue::try_from(text) else {
            // The text itself is a secret.
            value.fault(
                "the value of a header has no control characters",
                "look for line breaks in it".to_owned(),
            );
            return None;
        };
        text.set_sensitive(true);
        headers.push((header, text));
    }
    Some(headers)
}
