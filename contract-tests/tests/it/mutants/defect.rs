//! A defect: one thing that real endpoints get wrong, and the clause that this breaks.

use crate::mutants::{
    credentials::{PASSWORD, SECRET, USERNAME},
    defects,
    json::Json,
    request::{Head, Request},
    rules::{Basic, Expected, Rules, Secret, Verdict},
    tls::Certificate,
};

/// One defect of an otherwise correct receiver.
#[derive(Clone, Debug)]
pub(crate) struct Defect {
    /// What the endpoint does wrong, as it goes on after "an endpoint that".
    pub(crate) name: &'static str,
    /// The clause that it breaks.
    pub(crate) clause: &'static str,
    /// Further clauses that it breaks as rightly.
    pub(crate) also: &'static [&'static str],
    /// What the endpoint expects.
    pub(crate) expected: Expected,
    /// Puts the defect into the correct rules.
    pub(crate) put: fn(&mut Rules),
    /// Rules that replace those which it has then.
    replaced: Replaced,
    /// Whether common programs do so and nobody gets in or loses a message by it, so that no MUST blames it.
    pub(crate) is_common: bool,
    /// The certificate, where the endpoint is one of HTTPS.
    pub(crate) certificate: Option<Certificate>,
    /// Whether the plain message is refused as well.
    pub(crate) refuses_all: bool,
    /// Whether it shows only while messages come one by one.
    pub(crate) one_by_one: bool,
}

/// A check of Basic.
type BasicCheck = fn(&Head, &Basic, (&str, &str)) -> bool;
/// A check of the client secret.
type SecretCheck = fn(&Request, &Json, &Secret, &str) -> Verdict;

/// Rules of which many defects differ in nothing else.
#[derive(Clone, Copy, Debug, Default)]
struct Replaced {
    path: Option<fn(&Head) -> Verdict>,
    method: Option<fn(&Head) -> Verdict>,
    basic: Option<BasicCheck>,
    secret: Option<SecretCheck>,
}

impl Defect {
    /// All defects, by area.
    pub(crate) fn all() -> Vec<Self> {
        defects::all()
    }

    fn new(name: &'static str, clause: &'static str, expected: Expected, put: fn(&mut Rules)) -> Self {
        Self {
            name,
            clause,
            also: &[],
            expected,
            put,
            replaced: Replaced::default(),
            is_common: false,
            certificate: None,
            refuses_all: false,
            one_by_one: false,
        }
    }

    /// A defect of an endpoint that expects a client secret.
    pub(crate) fn secret(name: &'static str, clause: &'static str, put: fn(&mut Rules)) -> Self {
        Self::new(name, clause, Expected::Secret(&SECRET), put)
    }

    /// A defect of an endpoint that expects Basic.
    pub(crate) fn basic(name: &'static str, clause: &'static str, put: fn(&mut Rules)) -> Self {
        Self::new(name, clause, Expected::Basic(&USERNAME, &PASSWORD), put)
    }

    /// A defect of an endpoint that expects nothing.
    pub(crate) fn open(name: &'static str, clause: &'static str, put: fn(&mut Rules)) -> Self {
        Self::new(name, clause, Expected::Nothing, put)
    }

    /// The same with clauses that it breaks as well.
    pub(crate) fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    /// The same, which refuses the plain message too: then that message's own case says it, and what rests on an
    /// acceptance is not tested. Cases that tell what of a credential is mishandled run all the same.
    pub(crate) fn refusing_all(self) -> Self {
        Self { refuses_all: true, ..self }
    }

    /// The same with this rule for the path.
    pub(crate) fn with_path(mut self, path: fn(&Head) -> Verdict) -> Self {
        self.replaced.path = Some(path);
        self
    }

    /// The same with this rule for the method.
    pub(crate) fn with_method(mut self, method: fn(&Head) -> Verdict) -> Self {
        self.replaced.method = Some(method);
        self
    }

    /// The same with this check of Basic.
    pub(crate) fn with_basic(mut self, basic: BasicCheck) -> Self {
        self.replaced.basic = Some(basic);
        self
    }

    /// The same with this check of the client secret.
    pub(crate) fn with_secret(mut self, secret: SecretCheck) -> Self {
        self.replaced.secret = Some(secret);
        self
    }

    /// The same, as one that common programs have and no MUST may blame.
    pub(crate) fn common(self) -> Self {
        Self { is_common: true, ..self }
    }

    /// The same with another credential.
    pub(crate) fn expecting(self, expected: Expected) -> Self {
        Self { expected, ..self }
    }

    /// The same over HTTPS with this certificate.
    pub(crate) fn over(self, certificate: Certificate) -> Self {
        Self { certificate: Some(certificate), ..self }
    }

    /// The same with one message at a time, but where a case wants more.
    pub(crate) fn one_by_one(self) -> Self {
        Self { one_by_one: true, ..self }
    }

    /// The rules of the endpoint.
    pub(crate) fn rules(&self) -> Rules {
        let mut rules = Rules::correct(self.expected);
        (self.put)(&mut rules);
        let Replaced { path, method, basic, secret } = self.replaced;
        rules.path = path.unwrap_or(rules.path);
        rules.method = method.unwrap_or(rules.method);
        rules.basic = basic.unwrap_or(rules.basic);
        rules.secret = secret.unwrap_or(rules.secret);
        rules
    }

    /// Whether its clause is one that is looked for in every answer of a run.
    pub(crate) fn is_watched(&self) -> bool {
        ["AUTH-23", "AUTH-24", "OPS-5", "OPS-7"].contains(&self.clause)
    }

    /// Whether a failing case of this clause is the defect's own.
    pub(crate) fn breaks(&self, clause: &str) -> bool {
        const PLAIN: [&str; 10] =
            ["AUTH-2", "AUTH-3", "AUTH-7", "AUTH-8", "AUTH-12", "AUTH-13", "AUTH-14", "AUTH-15", "AUTH-16", "AUTH-18"];
        // Who takes a wrong credential takes it in another spelling and by any way too, and so on.
        const WITH: [(&[&str], &[&str]); 4] = [
            (&["AUTH-4", "AUTH-6", "AUTH-7", "AUTH-14", "AUTH-16", "AUTH-17", "AUTH-18"], &["AUTH-20", "AUTH-28"]),
            (&["AUTH-18", "AUTH-19"], &["AUTH-18", "AUTH-21"]),
            (&["HTTP-8"], &["HTTP-23"]),
            (&["HTTP-12"], &["HTTP-17", "HTTP-22"]),
        ];
        let goes_with = |(of, with): &(&[&str], &[&str])| of.contains(&self.clause) && with.contains(&clause);
        self.clause == clause
            || self.also.contains(&clause)
            || (self.refuses_all && PLAIN.contains(&clause))
            || WITH.iter().any(goes_with)
    }
}
