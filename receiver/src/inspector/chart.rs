//! Small line charts of the last minutes. They take their colours from the style sheet, and each has its figures as text.

use std::{fmt::Write as _, time::Duration};

use console::format::plural;
use maud::{Markup, html};

use super::history::Point;

/// Size of the drawing in its own units; the style sheet sets the size on the page.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 80.0;
/// The shortest time from the left to the right edge.
const MIN_SPAN: Duration = Duration::from_secs(60);
/// Space above the highest point, so that its line is not cut.
const MARGIN: f64 = 4.0;

/// A chart of one or two lines with the same unit.
pub(super) struct Chart<'c> {
    pub(super) title: &'c str,
    pub(super) series: &'c [Series],
    /// Writes a value with its unit.
    pub(super) format: fn(f64) -> String,
}

pub(super) struct Series {
    pub(super) name: &'static str,
    /// The value in an interval; where it is `None`, the line has a gap.
    pub(super) value: fn(&Point) -> Option<f64>,
}

impl Series {
    /// The last and the largest value, or a dash for each.
    pub(super) fn figures(&self, points: &[Point], format: fn(f64) -> String) -> [String; 2] {
        let last = points.last().and_then(self.value);
        let largest = points.iter().filter_map(self.value).max_by(f64::total_cmp);
        [last, largest].map(|value| value.map_or_else(|| "–".to_owned(), format))
    }
}

impl Chart<'_> {
    pub(super) fn draw(&self, points: &[Point]) -> Markup {
        let values = self.series.iter().flat_map(|line| points.iter().filter_map(line.value));
        let top = values.max_by(f64::total_cmp).filter(|top| *top > 0.0).unwrap_or(1.0);
        let span = points.first().map_or(MIN_SPAN, |first| first.age.max(MIN_SPAN));
        let minutes = plural(span.as_secs().div_ceil(60), "minute");
        let legends: Vec<_> = self.series.iter().map(|line| (line.name, line.figures(points, self.format))).collect();
        let described: Vec<_> =
            legends.iter().map(|(name, [last, largest])| format!("{name}: now {last}, highest {largest}")).collect();
        html! {
            figure.chart {
                figcaption { (self.title) }
                svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } preserveAspectRatio="none" role="img"
                    aria-label={ (self.title) " in the last " (minutes) ". " (described.join("; ")) "." } {
                    path.axis d={ "M0 " (HEIGHT) "H" (WIDTH) } {}
                    @for (index, line) in self.series.iter().enumerate() {
                        path.{ "line-" (index + 1) } d=(path(line, points, span, top)) {}
                    }
                }
                p.times aria-hidden="true" { span { (minutes) " ago" } span { "now" } }
                ul.legend {
                    @for (index, (name, [last, largest])) in legends.iter().enumerate() {
                        li {
                            svg.key viewBox="0 0 24 8" aria-hidden="true" { path.{ "line-" (index + 1) } d="M0 4H24" {} }
                            (name) ": " b { (last) } ", highest " (largest)
                        }
                    }
                }
            }
        }
    }
}

/// The commands of a line: a value at its time from the left, and a dot where its neighbours are missing.
fn path(line: &Series, points: &[Point], span: Duration, top: f64) -> String {
    let mut path = String::new();
    let mut is_drawing = false;
    for point in points {
        let x = WIDTH * (1.0 - point.age.as_secs_f64() / span.as_secs_f64());
        if let Some(value) = (line.value)(point) {
            let y = HEIGHT - (HEIGHT - MARGIN) * value / top;
            let command = if is_drawing { "L" } else { "M" };
            let dot = if is_drawing { "" } else { "h.01" };
            write!(path, "{command}{x:.1} {y:.1}{dot}").expect("a String takes everything");
            is_drawing = true;
        } else {
            is_drawing = false;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::inspector::history::Gauges;

    fn point(age: u64, accepted_per_second: f64, median_seconds: Option<f64>) -> Point {
        Point {
            at: Timestamp::UNIX_EPOCH,
            seconds: 15.0,
            age: Duration::from_secs(age),
            accepted_per_second,
            refused_per_second: 0.0,
            median_seconds,
            p99_seconds: None,
            gauges: Gauges::default(),
        }
    }

    #[test]
    fn a_chart_shows_lines_with_gaps_and_their_figures() {
        let points =
            [point(1800, 2.0, None), point(900, 4.0, Some(1.0)), point(450, 1.0, None), point(0, 0.0, Some(0.5))];
        let chart = Chart {
            title: "Requests & more",
            series: &[
                Series { name: "accepted", value: |point| Some(point.accepted_per_second) },
                Series { name: "median", value: |point| point.median_seconds },
                Series { name: "missing", value: |point| point.p99_seconds },
            ],
            format: |value| format!("{value} u"),
        };
        insta::assert_snapshot!(chart.draw(&points).into_string().replace("><", ">\n<"));
        assert!(chart.draw(&[]).into_string().contains("accepted: now –, highest –"));
    }
}
