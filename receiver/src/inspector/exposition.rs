//! Reads the text that the metrics are rendered as.

use std::borrow::Cow;

use crate::metrics::METRICS_NAMESPACE;

/// A value of a metric of this receiver.
#[derive(Debug, PartialEq)]
pub(super) struct MetricSample<'t> {
    /// Without the receiver's prefix.
    pub(super) name: &'t str,
    labels: Vec<(&'t str, Cow<'t, str>)>,
    pub(super) value: f64,
}

impl MetricSample<'_> {
    /// The value of a label; empty if the sample does not have it.
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

/// The receiver's own samples in OpenMetrics text.
pub(super) fn samples(text: &str) -> impl Iterator<Item = MetricSample<'_>> {
    text.lines().filter_map(|line| line.strip_prefix(METRICS_NAMESPACE)?.strip_prefix('_')).filter_map(sample)
}

fn sample(line: &str) -> Option<MetricSample<'_>> {
    let end = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        while !rest.starts_with('}') {
            let (label, after) = rest.split_once("=\"")?;
            let (value, after) = label_value(after)?;
            labels.push((label, value));
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    Some(MetricSample { name, labels, value: rest.split_ascii_whitespace().next()?.parse().ok()? })
}

/// A value up to its closing quote, and what comes after.
fn label_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut is_escaped = false;
    let end = text.find(|character| {
        let ends = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends
    })?;
    let (value, after) = (&text[..end], &text[end + 1..]);
    if !value.contains('\\') {
        return Some((value.into(), after));
    }
    let (mut unescaped, mut characters) = (String::new(), value.chars());
    while let Some(character) = characters.next() {
        unescaped.push(match character {
            '\\' => match characters.next()? {
                'n' => '\n',
                other => other,
            },
            other => other,
        });
    }
    Some((unescaped.into(), after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{GaugeValue, LogMetrics, Metrics};

    #[test]
    fn what_is_rendered_is_read() {
        let name = "a \"name\", with } and \\n\\";
        let metrics = Metrics::new([name].into_iter(), &LogMetrics::default());
        let gauge = GaugeValue { name: format!("{METRICS_NAMESPACE}_log_size_bytes"), help: "help", value: 12_345 };
        let text = metrics.render(&[gauge]);
        let read: Vec<_> = samples(&text).collect();
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(read.len(), lines);
        let requests = read.iter().find(|sample| sample.name == "requests_total").unwrap();
        assert_eq!(requests.label("endpoint"), name);
        assert_eq!((requests.value, requests.label("another")), (0.0, ""));
        let bounds = read.iter().filter(|sample| sample.name == "request_duration_seconds_bucket");
        assert!(bounds.map(|sample| sample.label("le").parse::<f64>().unwrap()).any(f64::is_infinite));
        assert_eq!(read.iter().find(|sample| sample.name == "log_size_bytes").unwrap().value, 12_345.0);
    }

    #[test]
    fn a_line_that_is_cut_is_left_out() {
        let line = "webhook_receiver_requests_total{endpoint=\"\\\"\",verdict=\"accepted\"} 17";
        assert_eq!(samples(line).next().map(|sample| sample.value), Some(17.0));
        for end in 0..line.len() - 2 {
            assert_eq!(samples(&line[..end]).next(), None, "{}", &line[..end]);
        }
    }
}
