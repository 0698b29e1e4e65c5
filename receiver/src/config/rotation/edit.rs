//! Edits `also_accept` in the configuration file and keeps its comments and layout.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::kept::Kept;

pub(super) struct ConfigDocument(DocumentMut);

pub(super) struct ConfiguredCredential {
    kind: String,
    /// The key that refers to the secret: `secret` or `password`.
    key: &'static str,
    pub(super) username: Option<String>,
    pub(super) reference: String,
}

impl ConfigDocument {
    pub(super) fn parse(text: &str) -> Option<Self> {
        text.parse().map(Self).ok()
    }

    /// The `authentication` of the endpoint with this index.
    pub(super) fn credential(&self, index: usize) -> Option<ConfiguredCredential> {
        let endpoint = self.endpoint(index)?;
        let typed = endpoint.get("authentication")?.as_table_like()?;
        let text = |key: &str| typed.get(key).and_then(Item::as_str).map(ToOwned::to_owned);
        let key = if typed.contains_key("password") { "password" } else { "secret" };
        Some(ConfiguredCredential { kind: text("type")?, key, username: text("username"), reference: text(key)? })
    }

    /// Every reference to a secret, of all endpoints and their destinations.
    pub(super) fn references(&self) -> Vec<String> {
        let mut references = Vec::new();
        for endpoint in (0..).map_while(|index| self.endpoint(index)) {
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

    /// Adds the kept secret to the endpoint's `also_accept`, removes those whose reference `is_revoked`, and returns the
    /// text.
    pub(super) fn accept_old(
        &mut self,
        index: usize,
        credential: &ConfiguredCredential,
        kept: Option<&Kept>,
        is_revoked: impl Fn(&str) -> bool,
    ) -> String {
        if let Some(endpoint) = self.endpoint_mut(index) {
            let is_revoked =
                |entry: &dyn TableLike| entry.get(credential.key).and_then(Item::as_str).is_some_and(&is_revoked);
            match endpoint.get_mut("also_accept") {
                Some(Item::ArrayOfTables(tables)) => {
                    tables.retain(|entry| !is_revoked(entry));
                    tables.extend(kept.map(|kept| Table::from_iter(entry(credential, kept))));
                }
                Some(Item::Value(Value::Array(array))) => {
                    array.retain(|entry| !entry.as_inline_table().is_some_and(|entry| is_revoked(entry)));
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

    fn endpoint(&self, index: usize) -> Option<&dyn TableLike> {
        match self.0.get("endpoint")? {
            Item::ArrayOfTables(tables) => tables.get(index).map(|table| table as &dyn TableLike),
            Item::Value(Value::Array(array)) => Some(array.get(index)?.as_inline_table()?),
            _ => None,
        }
    }

    fn endpoint_mut(&mut self, index: usize) -> Option<&mut dyn TableLike> {
        match self.0.get_mut("endpoint")? {
            Item::ArrayOfTables(tables) => tables.get_mut(index).map(|table| table as &mut dyn TableLike),
            Item::Value(Value::Array(array)) => Some(array.get_mut(index)?.as_inline_table_mut()?),
            _ => None,
        }
    }
}

/// The tables of a list, as `[[...]]` or inline.
fn tables(list: Option<&Item>) -> Vec<&dyn TableLike> {
    match list {
        Some(Item::ArrayOfTables(tables)) => tables.iter().map(|table| table as &dyn TableLike).collect(),
        Some(Item::Value(Value::Array(array))) => {
            array.iter().filter_map(Value::as_inline_table).map(|table| table as &dyn TableLike).collect()
        }
        _ => Vec::new(),
    }
}

/// The entry in `also_accept` for an old secret.
fn entry(credential: &ConfiguredCredential, kept: &Kept) -> Vec<(&'static str, Value)> {
    let not_after: toml_edit::Datetime =
        kept.until.to_string().parse().expect("TOML writes date-times as RFC 3339 does");
    let mut entry = vec![("type", Value::from(credential.kind.as_str()))];
    entry.extend(credential.username.as_deref().map(|username| ("username", username.into())));
    entry.push((credential.key, format!("{}{}", credential.reference, kept.suffix()).into()));
    entry.push(("not_after", not_after.into()));
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
        let mut document = ConfigDocument::parse(text).unwrap();
        let credential = document.credential(at).unwrap();
        let kept = Kept::new("/no/such/folder/s".as_ref(), now, Duration::from_secs(3600));
        let is_revoked = |reference: &str| {
            let moment = reference.strip_prefix("file:").and_then(|file| kept::until("s".as_ref(), file.as_ref()));
            moment.is_some_and(|until| until < now)
        };
        document.accept_old(at, &credential, Some(&kept), is_revoked)
    }

    const OLD: &str =
        "{ type = \"client-secret\", secret = \"file:s.until-20261124T130000Z\", not_after = 2026-11-24T13:00:00Z }";

    #[test]
    fn only_also_accept_changes_however_the_file_is_written() {
        let first =
            "[[endpoint]]\npath = \"/a\" # ours\nauthentication = { type = \"client-secret\", secret = \"file:s\" }\n";
        let rest = "\n# The limits.\n[limits]\nbody_bytes = 1 # small\n";
        for (case, before, after) in [
            ("there was none", format!("{first}{rest}"), format!("{first}also_accept = [{OLD}]\n{rest}")),
            (
                "another stays",
                format!("{first}also_accept = [{{ type = \"client-secret\", secret = \"env:X\" }}]\n{rest}"),
                format!("{first}also_accept = [{{ type = \"client-secret\", secret = \"env:X\" }}, {OLD}]\n{rest}"),
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
        assert_eq!(ConfigDocument::parse(sub).unwrap().references(), ["file:s", "env:X"]);
        let relayed =
            "[[endpoint]]\n[[endpoint.destination]]\nurl = \"file:u\"\nauthentication = { secret = \"file:s\" }\n";
        assert_eq!(ConfigDocument::parse(relayed).unwrap().references(), ["file:s", "file:u"]);
    }
}
