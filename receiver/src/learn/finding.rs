//! A place that may be that of a role, and how sure that is: evidence adds points, and the points are said as words.

use std::fmt;

use schemas::{Pointer, Role};

/// A role that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The role.
    pub role: Role,
    /// Where it stands.
    pub pointer: Pointer,
    /// How sure that is.
    pub confidence: Confidence,
    /// Why, in words. It may repeat names and identifiers of the messages, never other values.
    pub evidence: String,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Little more than a name speaks for it.
    Low,
    /// Good reasons, but another reading is possible.
    Medium,
    /// The values can hardly be anything else.
    High,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

/// Points from which on a finding is of high, or of medium confidence.
const HIGH: i32 = 7;
const MEDIUM: i32 = 4;
/// A second place this near makes the first one doubtful.
const NEAR: i32 = 1;

#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) pointer: Pointer,
    score: i32,
    evidence: Vec<String>,
}

impl Candidate {
    pub(super) fn at(pointer: &Pointer) -> Self {
        Self { pointer: pointer.clone(), score: 0, evidence: Vec::new() }
    }

    /// Adds points, with the reason.
    pub(super) fn add(&mut self, when: bool, points: i32, why: impl Into<String>) {
        if when {
            self.score += points;
            self.evidence.push(why.into());
        }
    }

    /// Takes points away, or adds some that need no words.
    pub(super) fn shift(&mut self, when: bool, points: i32) {
        if when {
            self.score += points;
        }
    }

    /// The finding, if it is the only candidate.
    pub(super) fn into_finding(self, role: Role) -> Finding {
        let confidence = match self.score {
            HIGH.. => Confidence::High,
            MEDIUM.. => Confidence::Medium,
            _ => Confidence::Low,
        };
        Finding { role, pointer: self.pointer, confidence, evidence: self.evidence.join("; ") }
    }
}

/// The best of the candidates that have at least `points`; of equals the first.
pub(super) fn best(role: Role, candidates: impl IntoIterator<Item = Candidate>, least: i32) -> Option<Finding> {
    let mut candidates: Vec<Candidate> = candidates.into_iter().filter(|candidate| candidate.score >= least).collect();
    // Stable: of equals the first stays first.
    candidates.sort_by_key(|candidate| -candidate.score);
    let mut candidates = candidates.into_iter();
    let first = candidates.next()?;
    let rival = candidates.next().filter(|second| first.score - second.score <= NEAR);
    let mut finding = first.into_finding(role);
    if let Some(rival) = rival {
        finding.confidence = match finding.confidence {
            Confidence::High => Confidence::Medium,
            _ => Confidence::Low,
        };
        finding.evidence.push_str(&format!("; it could also be {}", rival.pointer));
    }
    Some(finding)
}
