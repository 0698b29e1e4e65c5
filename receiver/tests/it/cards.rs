//! The cards that the relay makes.

use receiver::relay::{About, Budget, Template, View};
use schemas::{Profile, Sample};
use serde_json::Value;

fn about() -> About {
    About { flow_url: Some("https://acme.example/flows/{flowIdentifier}".parse().unwrap()), ..About::default() }
}

fn view(body: &[u8]) -> View {
    View::of(body, Profile::v1(), &about()).unwrap()
}

#[test]
fn every_sample_has_a_card() {
    let template = Template::default_card();
    for sample in Sample::valid() {
        let card = template
            .card(&view(sample.body), Budget::default())
            .unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let post: Value = serde_json::from_slice(&card.body).unwrap();
        assert_eq!(post["attachments"][0]["content"]["type"], "AdaptiveCard", "{}", sample.name);
        assert_eq!(card.shortened, []);
    }
}
