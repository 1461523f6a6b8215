//! What the dashboard of `examples/deploy` asks for is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::{Expr, LabelModifier, VectorSelector, parse};
use serde_json::Value;

use crate::support::Site;
use crate::support::admin::{ask, serve};

/// The labels of metrics, with their values.
type Metrics = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What Prometheus itself says of a series.
const ADDED: [&str; 2] = ["instance", "job"];

/// Reads the text format.
fn metrics(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        // A series is a selector.
        let (series, _) = line.rsplit_once(' ').expect("a value");
        let Ok(Expr::VectorSelector(series)) = parse(series) else {
            panic!("no series: {line}")
        };
        let labels = metrics.entry(series.name.expect("a name")).or_default();
        for Matcher { name, value, .. } in series.matchers.matchers {
            labels.entry(name).or_default().insert(value);
        }
    }
    metrics
}

/// Looks at an expression; gives the labels that what it selects has.
fn check(expression: &Expr, metrics: &Metrics) -> Result<BTreeSet<String>, String> {
    match expression {
        Expr::VectorSelector(selector) => selected(selector, metrics),
        Expr::MatrixSelector(matrix) => selected(&matrix.vs, metrics),
        Expr::Paren(paren) => check(&paren.expr, metrics),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(BTreeSet::new()),
        Expr::Call(call) => {
            let mut labels = BTreeSet::new();
            for argument in &call.args.args {
                labels.extend(check(argument, metrics)?);
            }
            if call.func.name == "histogram_quantile" && !labels.remove("le") {
                return Err("histogram_quantile of something without \"le\"".to_owned());
            }
            Ok(labels)
        }
        Expr::Aggregate(aggregate) => {
            let labels = check(&aggregate.expr, metrics)?;
            match &aggregate.modifier {
                Some(LabelModifier::Include(by)) => {
                    let by: BTreeSet<_> = by.labels.iter().cloned().collect();
                    match by.iter().find(|label| !labels.contains(*label)) {
                        Some(label) => Err(format!("there is no label {label:?} to group by")),
                        None => Ok(by),
                    }
                }
                other => Err(format!("expected sum by (…), found {other:?}")),
            }
        }
        Expr::Binary(binary) => {
            let (left, right) = (check(&binary.lhs, metrics)?, check(&binary.rhs, metrics)?);
            let on = binary
                .modifier
                .as_ref()
                .and_then(|modifier| modifier.matching.as_ref());
            for label in on.into_iter().flat_map(|on| &on.labels().labels) {
                if !left.contains(label) || !right.contains(label) {
                    return Err(format!("there is no label {label:?} to match on"));
                }
            }
            Ok(left)
        }
        other => Err(format!("this test knows nothing of {other:?}")),
    }
}

fn selected(selector: &VectorSelector, metrics: &Metrics) -> Result<BTreeSet<String>, String> {
    let name = selector
        .name
        .as_deref()
        .ok_or("a selector without a name")?;
    let labels = metrics
        .get(name)
        .ok_or(format!("there is no metric {name}"))?;
    for Matcher {
        op,
        name: label,
        value,
    } in &selector.matchers.matchers
    {
        if ADDED.contains(&label.as_str()) {
            continue;
        }
        let values = labels.get(label);
        let values = values.ok_or(format!("{name} has no label {label:?}"))?;
        let is_there = match op {
            MatchOp::Equal | MatchOp::NotEqual => values.contains(value),
            MatchOp::Re(pattern) | MatchOp::NotRe(pattern) => {
                values.iter().any(|value| pattern.is_match(value))
            }
        };
        if !is_there {
            return Err(format!("{label} of {name} is never {value:?}"));
        }
    }
    let added = ADDED.map(str::to_owned);
    Ok(labels.keys().cloned().chain(added).collect())
}

/// A query, with what Grafana puts into it.
fn query(text: &str) -> Result<Expr, String> {
    let text = text.replace("$__rate_interval", "5m").replace("$app", ".*");
    if text.contains('$') {
        return Err(format!("an unknown variable in {text}"));
    }
    parse(&text)
}

/// The names in a legend: `{{app}} {{limit}}`.
fn names(legend: &str) -> Vec<&str> {
    let parts = legend.split("{{").skip(1);
    parts
        .map(|part| part.split("}}").next().expect("an end").trim())
        .collect()
}

/// The queries that the guide of logs, metrics and tracing begins with.
fn guide_queries() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../website/src/content/docs/guides/observability.md");
    let text = std::fs::read_to_string(file).expect("a file");
    let (_, rest) = text.split_once("```text promql\n").expect("queries");
    let (queries, _) = rest.split_once("```").expect("an end");
    let queries = queries.lines().filter(|line| !line.starts_with('#'));
    queries.map(str::to_owned).collect()
}

#[test]
fn every_query_finds_its_metrics_and_labels() {
    let app = "export default { fetch: () => new Response('hello') };";
    let (nano, port) = serve(Site::new().app("a", app));
    assert_eq!(nano.get("a.test", "/").status, 200);
    let there = metrics(ask(port, "GET", "/metrics").text());

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/deploy/grafana.json");
    let text = std::fs::read_to_string(file).expect("a file");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let mut asked = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        assert!(ids.insert(panel["id"].as_u64()), "two panels have one id");
        for target in panel["targets"].as_array().into_iter().flatten() {
            let text = target["expr"].as_str().expect("a query");
            let labels = query(text).and_then(|query| check(&query, &there));
            let labels =
                labels.unwrap_or_else(|error| panic!("{}: {text}: {error}", panel["title"]));
            for name in names(target["legendFormat"].as_str().expect("a legend")) {
                assert!(
                    labels.contains(name),
                    "{}: the legend has {name}",
                    panel["title"]
                );
            }
            asked.insert(text.to_owned());
        }
    }
    for text in guide_queries() {
        let found = query(&text).and_then(|query| check(&query, &there));
        found.unwrap_or_else(|error| panic!("the guide: {text}: {error}"));
    }
    let apps = dashboard["templating"]["list"][1]["query"]["query"].as_str();
    assert_eq!(apps, Some("label_values(nano_app_version, app)"));
    assert!(there["nano_app_version"].contains_key("app"));

    // All that there is of an app is shown: a new metric wants its place.
    let all = asked.into_iter().collect::<String>() + apps.expect("a query");
    let families = there.keys().map(|name| {
        ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name)
    });
    for family in families.filter(|family| family.starts_with("nano_")) {
        assert!(all.contains(family), "nothing shows {family}");
    }
}

/// A check that finds no fault finds none because there is none.
#[test]
fn faults_are_found() {
    let there =
        metrics("m_total{app=\"a\",status=\"2xx\"} 1\nh_bucket{app=\"a\",le=\"+Inf\"} 1\ng 2\n");
    let check = |text: &str| {
        query(text)
            .and_then(|query| check(&query, &there))
            .map(|labels| labels.len())
    };
    assert_eq!(
        check("sum by (app) (rate(m_total{app=~\"$app\"}[$__rate_interval])) > 0"),
        Ok(1)
    );
    assert_eq!(
        check("histogram_quantile(0.9, sum by (app, le) (rate(h_bucket[5m])))"),
        Ok(1)
    );
    assert_eq!(check("g and on (instance) m_total"), Ok(2));
    for wrong in [
        "m",
        "rate(m_total[5m]",
        "m_total{application=\"a\"}",
        "m_total{status=\"9xx\"}",
        "m_total{status!=\"stoped\"}",
        "sum by (path) (m_total)",
        "sum(m_total)",
        "histogram_quantile(0.9, sum by (app) (rate(h_bucket[5m])))",
        "g and on (app) m_total",
        "m_total{app=~\"$application\"}",
    ] {
        assert!(check(wrong).is_err(), "{wrong}");
    }
}
