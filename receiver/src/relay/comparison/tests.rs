//! Comparisons in conditions and templates.

use minijinja::context;
use serde_json::json;

use crate::relay::{DestinationFilter, MessageMetadata, View, environment::environment, operators};

fn view() -> View {
    let field = |name: &str, value: serde_json::Value| json!({"name": name, "type": "X", "value": value});
    let body = json!({
        "trigger": "stepCompleted",
        "flow": {"flowIdentifier": "F"},
        "step": {"stepIdentifier": "S", "fields": [
            field("T", json!("50")), field("N", json!(50)), field("Word", json!("red")), field("Yes", json!(true)),
            field("List", json!(["red", "blue"])), field("Mixed", json!([1, "1"])), field("Day", json!("19/07/1990")),
            field("Null", json!(null)),
        ]},
    });
    View::of(body.to_string().as_bytes(), schemas::Profile::v1(), &MessageMetadata::default()).unwrap()
}

fn judged(when: &str) -> Result<bool, String> {
    DestinationFilter::parse(when).and_then(|when| when.holds(&view())).map_err(|error| error.to_string())
}

#[test]
fn values_of_one_type_are_compared() {
    for (when, holds) in [
        ("values.N > 10", true),
        ("values['N'] > 10000", false),
        ("values.N >= 50 and values.N <= 50.0 and values.N < 51", true),
        ("10 < values.N < 100", true),
        ("10 < values.N < 20", false),
        ("not values.N == 50", false),
        ("values.T == '50'", true),
        ("values.T != '51'", true),
        ("values.T | number > 10", true),
        ("values.T | number > 10000", false),
        ("values.T|number + 1 == 51", true),
        ("(values.T | number) * 2 > 99 if values.T else false", true),
        ("values.Word > 'blue'", true),
        ("values.Word in 'red, green'", true),
        ("values.Word in ['red', 'green']", true),
        ("values.Word not in ['red', 'green']", false),
        ("'red' in values.List", true),
        ("values.Day | isodate < '1990-08-01'", true),
        ("values.Yes == true", true),
        ("'Word' in values", true),
        ("values.N is gt(10) and values.N is divisibleby 5", true),
        ("values.N is not lt 10", true),
        ("'1' in values.Mixed", true),
        ("fields | selectattr('name', 'eq', 'N') | map(attribute='value') | first == 50", true),
        ("[values.N, 7, none] | max == 50", true),
        ("[none] | max is none", true),
        ("[values.N, 7] | sort | first == 7", true),
        ("{'a': values.N > 1}.a", true),
        ("values.N in [1, 50]", true),
        // Missing values.
        ("values.Missing > 10", false),
        ("values.Missing < 10", false),
        ("values.Missing <= 10 or values.Missing >= 10", false),
        ("values.Null < 10", false),
        ("values.Missing == 10", false),
        ("values.Missing != 10", true),
        ("values.Missing == values.Null", true),
        ("'red' in values.Missing", false),
        ("values.Missing in ['red']", false),
        ("values.Missing in 'none'", false),
        ("'Missing' in values", false),
        ("decision in ['approved']", false),
        ("step.nothing.of.the.kind < 3", false),
    ] {
        assert_eq!(judged(when), Ok(holds), "{when}");
    }
}

#[test]
fn values_of_two_types_are_not_compared_and_both_types_are_named() {
    for (when, error) in [
        ("values['T'] > 10000", "`>` cannot compare a text with a number; write `| number` after the text"),
        ("values.T < 10000", "`<` cannot compare a text with a number"),
        ("10000 <= values.T", "`<=` cannot compare a number with a text"),
        ("1 < values.T < 100", "`<` cannot compare a number with a text"),
        ("values.T == 50", "`==` cannot compare a text with a number"),
        ("values.N != '50'", "`!=` cannot compare a number with a text"),
        ("values.T in [50, 60]", "`in` cannot compare a number with a text"),
        ("values.T not in [50, 60]", "`not in` cannot compare a number with a text"),
        ("values.N in '50'", "`in` cannot compare a number with a text"),
        ("values.T in values.N", "`in` cannot compare a text with a number"),
        ("5 in values", "`in` cannot compare a number with a table of names and values"),
        ("values.Yes == 'true'", "`==` cannot compare true or false with a text; remove the quotes"),
        ("values.Yes > 0", "`>` cannot compare true or false with a number"),
        ("values.Yes < true", "`<` cannot compare true or false with true or false"),
        ("values.List == 'red'", "`==` cannot compare a list with a text; use `in`"),
        ("values.List > 'red'", "`>` cannot compare a list with a text"),
        ("values.List > values.List", "`>` cannot compare a list with a list"),
        ("values.T is gt(10000)", "`>` cannot compare a text with a number"),
        ("fields | selectattr('value', '>', 10) | list | length > 0", "`>` cannot compare a text with a number"),
        ("[values.T, 7] | max == 7", "`<` cannot compare a text with a number"),
        ("[values.T, 7] | sort | first == 7", "cannot sort a text and a number together"),
        ("fields | sort(attribute='value') | length > 0", "cannot sort a text and a number together"),
        // Letter by letter "50" is more than "10000", and 19/07/1990 less than 20/01/1900.
        ("values.T > '10000'", "`>` compares two numbers as texts; write `| number`"),
        ("[values.T, '7'] | max == '7'", "`<` compares two numbers as texts"),
        ("values.Day < '20/01/1900'", "`<` compares two dates as texts; write `| isodate`"),
    ] {
        let found = judged(when).unwrap_err();
        assert!(found.contains(error), "{when}: {found}");
    }
}

#[test]
fn templates_compare_alike_and_name_the_line() {
    let context = context! { values => context! { T => "50", N => 50 }, items => vec![1, 2, 3] };
    let render = |template: &str| {
        let compared = operators::rewrite(template, false).unwrap();
        environment().render_named_str("a.txt", &compared, context.clone())
    };
    for (template, output) in [
        ("{% if values.N > 10 %}yes{% elif values.N == 1 %}no{% endif %}", "yes"),
        ("{% for item in items if item in [1, 3] %}{{ item }}{% endfor %}", "13"),
        ("{% for item in items %}{{ item > 1 }} {% endfor %}", "false true true "),
        ("{% set big = values.N >= 50 %}{{ big }}", "true"),
        ("{{ 'a' if values.N != 50 else 'b' }}", "b"),
        ("{% macro m(x, y=1 == 1) %}{{ x }}{{ y }}{% endmacro %}{{ m(values.N < 3) }}", "falsetrue"),
        ("{% raw %}{{ a > 'b' }}{% endraw %}{# a > b #} a > b", "{{ a > 'b' }} a > b"),
        ("{{ '{{ > }}' if 1 == 1 }}", "{{ > }}"),
        ("{%- if values.N\n   not\n in [1] -%} x {%- endif -%}", "x"),
        ("{{ values.N is in [50] }}{{ values.N is not none }}", "truetrue"),
    ] {
        assert_eq!(render(template).unwrap(), output, "{template}");
    }
    let error = render("one\n{% if 1 <\n values.N <\n 100 %}\n{{ values.T > 1 }}{% endif %}").unwrap_err();
    assert_eq!(error.line(), Some(5), "{error}");
    let error = render("{% if values.N > step.name %}{% endif %}").unwrap_err();
    assert!(error.to_string().contains("`step` is undefined"), "{error}");
}
