//! A template or condition, tried on every sample as an endpoint's profile has it.

use schemas::{Profile, Sample};
use serde_json::Value;

use super::{
    size::Budget,
    template::Template,
    view::{About, View},
    when::When,
};

/// It fails on a sample.
#[derive(Debug, thiserror::Error)]
#[error("on the sample {sample}: {source}")]
pub(crate) struct OnSample {
    /// The sample's name.
    pub(crate) sample: &'static str,
    /// What is wrong.
    pub(crate) source: Box<dyn std::error::Error + Send + Sync>,
}

/// Makes a card of every sample.
///
/// # Errors
/// The first sample on which that fails.
pub(crate) fn card(template: &Template, profile: &Profile, budget: Budget) -> Result<(), OnSample> {
    each(profile, |view| template.card(view, budget).map(drop))
}

/// Makes a text of every sample.
///
/// # Errors
/// The first sample on which that fails.
pub(crate) fn text(template: &Template, profile: &Profile) -> Result<(), OnSample> {
    each(profile, |view| template.text(view).map(drop))
}

/// Judges every sample.
///
/// # Errors
/// The first sample on which that fails.
pub(crate) fn when(when: &When, profile: &Profile) -> Result<(), OnSample> {
    each(profile, |view| when.check(view))
}

fn each<E>(profile: &Profile, try_on: impl Fn(&View) -> Result<(), E>) -> Result<(), OnSample>
where
    E: std::error::Error + Send + Sync + 'static,
{
    for sample in Sample::valid() {
        let Some(view) = view(sample.body, profile) else { continue };
        try_on(&view).map_err(|error| OnSample { sample: sample.name, source: error.into() })?;
    }
    Ok(())
}

/// A sample as a profile has it; `None` for what is no message.
fn view(body: &[u8], profile: &Profile) -> Option<View> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let message = Profile::v1().read(&value).ok()?;
    let body = profile.write(&message).body.to_string();
    View::of(body.as_bytes(), profile, &About::default()).ok()
}
