//! A profile: where in a message each role is. It adapts the whole kit, in both directions, to the messages that a team
//! really captures, since the help page does not fix the property names.

mod file;
mod form;
mod lens;
mod places;
mod role;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock},
};

use serde_json::Value;

pub(crate) use self::places::{PlaceId, Places};
pub use self::{
    file::{ProfileError, ProfileProblem},
    form::{FieldForm, FieldKey, MapKey},
    lens::{Dropped, LensError, Written},
    role::{Part, Role, Subject},
};
use crate::{message::Trigger, pointer::Pointer};

static PROFILE_V1: LazyLock<Profile> = LazyLock::new(|| {
    Profile::parse(include_str!("../profiles/v1.toml")).expect("the embedded profile is tested to be valid")
});

/// Where each role is in a message. Cheap to clone.
#[derive(Clone)]
pub struct Profile(Arc<Checked>, Arc<str>);

/// The form from which version 0.1.0 of the sender made the keys of jobs. It must not change, or a newer version does not
/// find unfinished jobs.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Profile").field(&self.0).finish()
    }
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, pointers, triggers, fields, places: _, previous_step } = self;
        f.debug_struct("Checked")
            .field("name", name)
            .field("pointers", pointers)
            .field("triggers", triggers)
            .field("fields", fields)
            .field("previous_step", previous_step)
            .finish()
    }
}

/// Equal profiles have the same meaning, whatever the layout of their text.
impl PartialEq for Profile {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[derive(PartialEq)]
struct Checked {
    name: String,
    pointers: BTreeMap<Role, Pointer>,
    triggers: BTreeMap<Trigger, Value>,
    fields: FieldForm,
    /// The same places as `pointers`, for a scan.
    places: Places,
    /// Where a message without a previous step has null, if only the previous step is at that place.
    previous_step: Option<Pointer>,
}

impl Profile {
    /// The envelope that the kit assumes until a team captures its own: `profiles/v1.toml`.
    pub fn v1() -> &'static Self {
        &PROFILE_V1
    }

    /// Reads a profile's TOML text.
    ///
    /// # Errors
    /// When it is not TOML in the form of `profiles/v1.toml`, when two roles overlap, or when a role is missing that others
    /// need. The error lists every problem.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        file::parse(text).map(|checked| Self(Arc::new(checked), text.into()))
    }

    /// The TOML text of the profile.
    pub fn text(&self) -> &str {
        &self.1
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where a role is; `None` if the profile does not carry it.
    pub fn pointer(&self, role: Role) -> Option<&Pointer> {
        self.0.pointers.get(&role)
    }

    /// Where the roles are, for a scan.
    pub(crate) fn places(&self) -> &Places {
        &self.0.places
    }

    /// The roles that it carries.
    pub fn carried(&self) -> impl Iterator<Item = Role> + '_ {
        self.0.pointers.keys().copied()
    }

    /// How the fields of a step are laid out.
    pub fn field_form(&self) -> &FieldForm {
        &self.0.fields
    }

    /// The value of a trigger in messages.
    pub fn trigger_word(&self, trigger: Trigger) -> &Value {
        &self.0.triggers[&trigger]
    }

    /// The trigger with this value in messages.
    pub fn trigger_of(&self, word: &Value) -> Option<Trigger> {
        self.0.triggers.iter().find(|(_, known)| *known == word).map(|(trigger, _)| *trigger)
    }

    /// Whether messages have the form of the types and schemas, so that both apply to them directly.
    pub fn is_canonical(&self) -> bool {
        let canonical = &Self::v1().0;
        self.0.pointers == canonical.pointers
            && self.0.triggers == canonical.triggers
            && self.0.fields == canonical.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_debug_form_is_that_of_version_0_1_0() {
        let text = "name = \"mine\"\n[roles]\ntrigger = \"/t\"\nflowIdentifier = \"/f\"\nstepIdentifier = \"/s\"\n\
                    stepFields = \"/d\"\n[triggers]\nstepCreated = 1\nstepCompleted = 2\n[fields]\nform = \"map\"\nkey = \"name\"\n";
        let profile = Profile::parse(text).unwrap();
        let Checked { pointers, triggers, fields, .. } = &*profile.0;
        let expected = format!(
            "Profile(Checked {{ name: \"mine\", pointers: {pointers:?}, triggers: {triggers:?}, fields: {fields:?}, \
             previous_step: None }})"
        );
        assert_eq!(format!("{profile:?}"), expected);
    }
}
