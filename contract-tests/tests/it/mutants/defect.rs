//! A defect: one thing that real endpoints get wrong, and the clause that this breaks.

use crate::mutants::{
    credentials::{PASSWORD, SECRET, USERNAME},
    defects,
    rules::{Expected, Rules},
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
    /// The certificate, where the endpoint is one of HTTPS.
    pub(crate) certificate: Option<Certificate>,
    /// Whether the plain message is refused as well.
    pub(crate) refuses_all: bool,
    /// Whether it shows only while messages come one by one.
    pub(crate) one_by_one: bool,
}

impl Defect {
    /// All defects, by area.
    pub(crate) fn all() -> Vec<Self> {
        defects::all()
    }

    fn new(name: &'static str, clause: &'static str, expected: Expected, put: fn(&mut Rules)) -> Self {
        Self { name, clause, also: &[], expected, put, certificate: None, refuses_all: false, one_by_one: false }
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
        self.clause == clause || self.also.contains(&clause) || (self.refuses_all && PLAIN.contains(&clause))
    }
}
