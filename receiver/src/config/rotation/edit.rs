//! The configuration file as a person wrote it, changed in one place: comments and layout stay.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::kept::Kept;

/// The text, open for changes.
pub(super) struct Document(DocumentMut);

/// An endpoint's credential, as it is typed.
pub(super) struct Credential {
    kind: String,
    /// The key that refers to the secret: `secret` or `password`.
    key: &'static str,
    pub(super) username: Option<String>,
    pub(super) reference: String,
}

impl Document {
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self).ok()
    }

    /// The credential in `authentication` of the endpoint at this place.
    pub(super) fn credential(&self, at: usize) -> Option<Credential> {
        let endpoint = self.endpoint(at)?;
        let typed = endpoint.get("authentication")?.as_table_like()?;
        let text = |key: &str| typed.get(key).and_then(Item::as_str).map(ToOwned::to_owned);
        let key = if typed.contains_key("password") { "password" } else { "secret" };
        Some(Credential { kind: text("type")?, key, username: text("username"), reference: text(key)? })
    }

    /// Every reference to a secret, of all endpoints and of their destinations.
    pub(super) fn references(&self) -> Vec<String> {
        let mut references = Vec::new();
        for endpoint in (0..).map_while(|at| self.endpoint(at)) {
            let destinations = tables(endpoint.get("destination"));
            let one = |table: &'_ dyn TableLike| -> Vec<String> {
                let keys = ["secret", "password", "url"].into_iter();
                keys.filter_map(|key| table.get(key)?.as_str().map(ToOwned::to_owned)).collect()
            };
            let authentications = [endpoint].into_iter().chain(destinations.iter().copied());
            for table in authentications.filter_map(|table| table.get("authentication")?.as_table_like()) {
                references.extend(one(table));
            }
            for table in tables(endpoint.get("also_accept")).into_iter().chain(destinations) {
                references.extend(one(table));
            }
        }
        references
    }

    /// The text in which the endpoint also accepts the old secret, if one is kept, and no more those that were kept
    /// before and that `goes` says of, by their references.
    pub(super) fn accept_old(
        &mut self,
        at: usize,
        credential: &Credential,
        kept: Option<&Kept>,
        goes: impl Fn(&str) -> bool,
    ) -> String {
        if let Some(endpoint) = self.endpoint_mut(at) {
            let expired = |entry: &dyn TableLike| entry.get(credential.key).and_then(Item::as_str).is_some_and(&goes);
            match endpoint.get_mut("also_accept") {
                Some(Item::ArrayOfTables(tables)) => {
                    tables.retain(|entry| !expired(entry));
                    tables.extend(kept.map(|kept| Table::from_iter(entry(credential, kept))));
                }
                Some(Item::Value(Value::Array(array))) => {
                    array.retain(|entry| !entry.as_inline_table().is_some_and(|entry| expired(entry)));
                    array.extend(kept.map(|kept| InlineTable::from_iter(entry(credential, kept))));
                }
                _ => {
                    if let Some(kept) = kept {
                        let array = Array::from_iter([InlineTable::from_iter(entry(credential, kept))]);
                        endpoint.insert("also_accept", Item::Value(array.into()));
                    }
                }
            }
        }
        self.0.to_string()
    }

    fn endpoint(&self, at: usize) -> Option<&dyn TableLike> {
        match self.0.get("endpoint")? {
            Item::ArrayOfTables(tables) => tables.get(at).map(|table| table as &dyn TableLike),
            Item::Value(Value::Array(array)) => Some(array.get(at)?.as_inline_table()?),
            _ => None,
        }
    }

    fn endpoint_mut(&mut self, at: usize) -> Option<&mut dyn TableLike> {
        match self.0.get_mut("endpoint")? {
            Item::ArrayOfTables(tables) => tables.get_mut(at).map(|table| table as &mut dyn TableLike),
            Item::Value(Value::Array(array)) => Some(array.get_mut(at)?.as_inline_table_mut()?),
            _ => None,
        }
    }
}

/// The tables of a list, in either form.
fn tables(list: Option<&Item>) -> Vec<&dyn TableLike> {
    match list {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        Some(Item::Value(Value::Array(array))) => {
            array.iter().filter_map(Value::as_inline_table).map(|table| table as &dyn TableLike).collect()
        }
        _ => Vec::new(),
    }
}

/// What `also_accept` says of an old secret.
fn entry(credential: &Credential, kept: &Kept) -> Vec<(&'static str, Value)> {
    let end: toml_edit::Datetime = kept.until.to_string().parse().expect("TOML writes moments as RFC 3339 does");
    let mut entry = vec![("type", Value::from(credential.kind.as_str()))];
    entry.extend(credential.username.as_deref().map(|username| ("username", username.into())));
    entry.push((credential.key, format!("{}{}", credential.reference, kept.suffix()).into()));
    entry.push(("not_after", end.into()));
    entry
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::{super::kept, *};

    const NOW: &str = "2026-11-24T12:00:00Z";

    fn rotated(text: &str, at: usize) -> String {
        let now: Timestamp = NOW.parse().unwrap();
        let mut document = Document::parse(text).unwrap();
        let credential = document.credential(at).unwrap();
        let kept = Kept::new("/no/such/folder/s".as_ref(), now, Duration::from_secs(3600));
        let goes = |reference: &str| {
            let moment = reference.strip_prefix("file:").and_then(|file| kept::until("s".as_ref(), file.as_ref()));
            moment.is_some_and(|until| until < now)
        };
        document.accept_old(at, &credential, Some(&kept), goes)
    }

    const OLD: &str =
        "{ type = \"client-secret\", secret = \"file:s.until-20261124T130000Z\", not_after = 2026-11-24T13:00:00Z }";

    #[test]
    fn only_also_accept_changes_however_the_file_is_written() {
        let first =
            "[[endpoint]]\npath = \"/a\" # ours\nauthentication = { type = \"client-secret\", secret = \"file:s\" }\n";
        let behind = "\n# The limits.\n[limits]\nbody_bytes = 1 # small\n";
        for (case, before, after) in [
            ("there was none", format!("{first}{behind}"), format!("{first}also_accept = [{OLD}]\n{behind}")),
            (
                "another stays",
                format!("{first}also_accept = [{{ type = \"client-secret\", secret = \"env:X\" }}]\n{behind}"),
                format!("{first}also_accept = [{{ type = \"client-secret\", secret = \"env:X\" }}, {OLD}]\n{behind}"),
            ),
            (
                "one of ours whose time is over goes",
                format!(
                    "{first}also_accept = [{}]\n",
                    OLD.replace("20261124T13", "20261124T11").replace("24T13", "24T11")
                ),
                format!("{first}also_accept = [{OLD}]\n"),
            ),
            (
                "one of ours that has time stays",
                format!("{first}also_accept = [{}]\n", OLD.replace("20261124T13", "20261124T14")),
                format!("{first}also_accept = [{}, {OLD}]\n", OLD.replace("20261124T13", "20261124T14")),
            ),
        ] {
            assert_eq!(rotated(&before, 0), after, "{case}");
        }
    }

    #[test]
    fn tables_in_either_form_are_understood() {
        let sub = "[[endpoint]]\npath = \"/a\"\n\n[endpoint.authentication]\ntype = \"client-secret\"\nsecret = \"file:s\"\n\n[[endpoint.also_accept]]\ntype = \"client-secret\"\nsecret = \"env:X\"\n";
        let inline = "endpoint = [{ path = \"/0\" }, { path = \"/a\", authentication = { type = \"client-secret\", secret = \"file:s\" } }]\n";
        for (case, text, at) in [("tables", sub, 0), ("in one line", inline, 1)] {
            let after = rotated(text, at);
            let table: toml::Table = after.parse().unwrap();
            let entry = table["endpoint"][at]["also_accept"].as_array().unwrap().last().unwrap();
            assert_eq!(entry["secret"].as_str(), Some("file:s.until-20261124T130000Z"), "{case}: {after}");
            assert_eq!(entry["not_after"].to_string(), "2026-11-24T13:00:00Z", "{case}: {after}");
        }
        assert_eq!(Document::parse(sub).unwrap().references(), ["file:s", "env:X"]);
        let relayed =
            "[[endpoint]]\n[[endpoint.destination]]\nurl = \"file:u\"\nauthentication = { secret = \"file:s\" }\n";
        assert_eq!(Document::parse(relayed).unwrap().references(), ["file:s", "file:u"]);
    }
}
