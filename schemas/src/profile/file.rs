//! The TOML form of a profile and its problems.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;

use super::{Checked, FieldForm, FieldKey, Places, Profile, Role};
use crate::{message::Trigger, pointer::Pointer};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    roles: Spanned<BTreeMap<Spanned<String>, Spanned<String>>>,
    #[serde(default)]
    triggers: BTreeMap<Trigger, Value>,
    fields: FieldForm,
}

/// Every problem of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ProfileError {
    /// At least one.
    pub problems: Vec<ProfileProblem>,
}

/// A problem of a profile.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct ProfileProblem {
    /// 1-based line of the profile's text.
    pub line: usize,
    /// The problem and how to fix it.
    pub message: String,
}

pub(super) fn parse(text: &str) -> Result<Checked, ProfileError> {
    let line = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
    let file: File = toml::from_str(text).map_err(|error| ProfileError {
        problems: vec![ProfileProblem {
            line: error.span().map_or(1, |span| line(span.start)),
            message: error.message().trim().to_owned(),
        }],
    })?;
    let mut check = Check { line: &line, heading: file.roles.span().start, problems: Vec::new() };
    let roles = check.roles(file.roles.get_ref());
    check.overlaps(&roles);
    check.needs(&roles);
    let triggers = check.triggers(file.triggers, roles.contains_key(&Role::Trigger));
    check.fields(&file.fields);
    if !check.problems.is_empty() {
        return Err(ProfileError { problems: check.problems });
    }
    let pointers: BTreeMap<Role, Pointer> = roles.into_iter().map(|(role, (pointer, _))| (role, pointer)).collect();
    let previous_step = Profile::place_of_previous_step(&pointers);
    let places = Places::new(pointers.iter().map(|(role, pointer)| (role.slot(), pointer)));
    Ok(Checked { name: file.name, pointers, places, triggers, fields: file.fields, previous_step })
}

struct Check<'l> {
    line: &'l dyn Fn(usize) -> usize,
    /// Where the roles begin: the position of a missing role.
    heading: usize,
    problems: Vec<ProfileProblem>,
}

type Roles = BTreeMap<Role, (Pointer, usize)>;

impl Check<'_> {
    fn problem(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.push(ProfileProblem { line: (self.line)(offset), message: message.into() });
    }

    fn roles(&mut self, file: &BTreeMap<Spanned<String>, Spanned<String>>) -> Roles {
        let mut roles = Roles::new();
        for (name, pointer) in file {
            let role = Role::try_from(name.get_ref().clone()).map_err(|unknown| unknown.to_string());
            let parsed = pointer.get_ref().parse::<Pointer>().map_err(|error| error.to_string());
            let offset = pointer.span().start;
            match (role, parsed) {
                (Ok(_), Ok(pointer)) if pointer.tokens().is_empty() => {
                    self.problem(offset, format!("`{}` is the whole message; name a place in it", name.get_ref()));
                }
                (Ok(_), Ok(pointer)) if pointer.tokens().iter().any(|token| far_index(token)) => {
                    self.problem(offset, format!("`{}` has an index above {MAX_INDEX}", name.get_ref()));
                }
                (Ok(_), Ok(pointer)) if pointer.tokens().len() > MAX_DEPTH => {
                    self.problem(offset, format!("`{}` is deeper than {MAX_DEPTH} levels", name.get_ref()));
                }
                (Ok(role), Ok(pointer)) => {
                    roles.insert(role, (pointer, offset));
                }
                (role, pointer) => {
                    for message in role.err().into_iter().chain(pointer.err()) {
                        self.problem(name.span().start, message);
                    }
                }
            }
        }
        roles
    }

    /// Two roles cannot both be written if they are at one place, one is inside the other, or one needs an array where the
    /// other needs an object.
    fn overlaps(&mut self, roles: &Roles) {
        let all: Vec<_> = roles.iter().collect();
        for (index, (role, (pointer, offset))) in all.iter().enumerate() {
            for (other, (other_pointer, _)) in &all[..index] {
                if pointer.contains(other_pointer) || other_pointer.contains(pointer) {
                    self.problem(*offset, format!("`{role}` at {pointer} and `{other}` at {other_pointer} overlap"));
                } else if array_or_object(pointer, other_pointer) {
                    self.problem(
                        *offset,
                        format!("`{role}` at {pointer} and `{other}` at {other_pointer} mix an index and a name"),
                    );
                }
            }
        }
    }

    fn needs(&mut self, roles: &Roles) {
        for role in Role::REQUIRED {
            if !roles.contains_key(&role) {
                self.problem(
                    self.heading,
                    format!("the role `{role}` is missing; without it no message can be understood"),
                );
            }
        }
        for (role, (_, offset)) in roles {
            if let Some(needed) = role.needs()
                && !roles.contains_key(&needed)
            {
                self.problem(*offset, format!("`{role}` needs the role `{needed}`, which is missing"));
            }
        }
        if !roles.contains_key(&Role::Trigger) && !roles.keys().any(|role| role.is_previous_step()) {
            self.problem(
                self.heading,
                "neither `trigger` nor a role of the previous step is present, so triggers cannot be distinguished",
            );
        }
    }

    fn triggers(&mut self, words: BTreeMap<Trigger, Value>, carried: bool) -> BTreeMap<Trigger, Value> {
        if !carried && words.is_empty() {
            return Trigger::ALL.map(|trigger| (trigger, trigger.as_str().into())).into();
        }
        for trigger in Trigger::ALL {
            match words.get(&trigger) {
                None => self.problem(0, format!("[triggers] has no word for `{}`", trigger.as_str())),
                Some(Value::Array(_) | Value::Object(_)) => {
                    self.problem(0, format!("the word for `{}` must be a single value", trigger.as_str()));
                }
                Some(_) => {}
            }
        }
        if words.len() == 2 && words.values().next() == words.values().next_back() {
            self.problem(0, "[triggers] has one word for both triggers");
        }
        words
    }

    fn fields(&mut self, form: &FieldForm) {
        let FieldForm::Array { keys } = form else { return };
        for key in [FieldKey::Name, FieldKey::Value] {
            if !keys.contains_key(&key) {
                self.problem(0, format!("[fields] keys has no name for {key:?}"));
            }
        }
        let mut names: Vec<_> = keys.values().collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            self.problem(0, "[fields] keys has one name for two keys");
        }
    }
}

/// Writing a message creates all elements up to an index, so a large index would fill the memory.
const MAX_INDEX: usize = 99;

/// JSON readers, this kit included, stop at 128 levels, and the value of a role has levels of its own.
const MAX_DEPTH: usize = 64;

fn far_index(token: &str) -> bool {
    crate::pointer::index(token).is_some_and(|index| index > MAX_INDEX)
}

fn array_or_object(a: &Pointer, b: &Pointer) -> bool {
    let fork = a.tokens().iter().zip(b.tokens()).find(|(a, b)| a != b);
    fork.is_some_and(|(a, b)| crate::pointer::index(a).is_some() != crate::pointer::index(b).is_some())
}
