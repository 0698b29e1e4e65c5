//! Places that may be those of a role, with points for the evidence, and the confidence that follows from the points.

use std::fmt;

use schemas::{Pointer, Role};

/// A role that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleFinding {
    pub role: Role,
    pub pointer: Pointer,
    pub confidence: Confidence,
    /// Why. It may repeat names and identifiers of the messages, never other values.
    pub evidence: String,
}

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Little more than its name.
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

/// Minimum points for high and for medium confidence.
const HIGH_SCORE: i32 = 7;
const MEDIUM_SCORE: i32 = 4;
/// A second place with at most this many points less makes the first one doubtful.
const DOUBTFUL_MARGIN: i32 = 1;

#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) pointer: Pointer,
    pub(super) score: i32,
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

    /// Adds or subtracts points without a reason.
    pub(super) fn shift(&mut self, when: bool, points: i32) {
        if when {
            self.score += points;
        }
    }

    /// The finding, if it is the only candidate.
    pub(super) fn into_finding(self, role: Role) -> RoleFinding {
        let confidence = match self.score {
            HIGH_SCORE.. => Confidence::High,
            MEDIUM_SCORE.. => Confidence::Medium,
            _ => Confidence::Low,
        };
        RoleFinding { role, pointer: self.pointer, confidence, evidence: self.evidence.join("; ") }
    }
}

/// The best of the candidates that have at least `least` points; of equal ones the first.
pub(super) fn best(role: Role, candidates: impl IntoIterator<Item = Candidate>, least: i32) -> Option<RoleFinding> {
    let mut candidates: Vec<Candidate> = candidates.into_iter().filter(|candidate| candidate.score >= least).collect();
    // A stable sort: of equal ones the first stays first.
    candidates.sort_by_key(|candidate| -candidate.score);
    let mut candidates = candidates.into_iter();
    let first = candidates.next()?;
    let rival = candidates.next().filter(|second| first.score - second.score <= DOUBTFUL_MARGIN);
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
