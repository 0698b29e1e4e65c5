//! A flow that was run, with all that its webhooks sent.

use jiff::{SignedDuration, Timestamp};

use super::{Action, Fired, Impossible, RunningFlow};

/// How long after one action the next is done, and the first after the start.
const PACE: SignedDuration = SignedDuration::from_mins(15);

/// A flow and what its webhooks sent, in the order it was sent. Actions follow each other at a steady pace, so a run
/// depends on nothing but its model, its start and its actions.
#[derive(Clone, Debug)]
pub struct Run<'m> {
    /// The flow; [`RunningFlow::steps`] is the table of its steps.
    pub flow: RunningFlow<'m>,
    /// The messages.
    pub fired: Vec<Fired<'m>>,
    now: Timestamp,
}

impl<'m> Run<'m> {
    /// A flow that has just started.
    pub fn new(flow: RunningFlow<'m>, start: Timestamp) -> Self {
        Self { flow, fired: Vec::new(), now: start }
    }

    /// Does something, a quarter of an hour after what was done before.
    ///
    /// # Errors
    /// When it is not possible; the run is then as it was.
    pub fn act(&mut self, action: &Action) -> Result<(), Impossible> {
        let now = self.now.checked_add(PACE).unwrap_or(Timestamp::MAX);
        let events = self.flow.act(action, now)?;
        self.fired.extend(events.iter().flat_map(|event| event.fire(self.flow.flow())));
        self.now = now;
        Ok(())
    }
}
