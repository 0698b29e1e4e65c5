//! Deliveries of a relay that exists only for the tests of the search.

use super::super::{Deliveries, DeliveriesError};
use crate::{log::Position, query::RelayFilter};

/// Message 2 is a dead letter of `teams`, and 3 waits there, by its later arrival.
pub(super) struct OfRelay<'p>(pub(super) &'p [Position]);

impl OfRelay<'_> {
    fn positions(&self, filter: &RelayFilter) -> Vec<Position> {
        let numbers: &[usize] = match filter {
            RelayFilter::Dead => &[2],
            RelayFilter::Waiting => &[6],
            RelayFilter::Destination(name) if name == "teams" => &[6, 2],
            RelayFilter::Accepted | RelayFilter::Destination(_) => &[],
        };
        numbers.iter().map(|number| self.0[*number]).collect()
    }
}

impl Deliveries for OfRelay<'_> {
    fn newest(
        &self,
        filter: &RelayFilter,
        below: Position,
        limit: usize,
    ) -> Result<Option<Vec<Position>>, DeliveriesError> {
        if *filter == RelayFilter::Accepted {
            return Ok(None);
        }
        Ok(Some(self.positions(filter).into_iter().filter(|position| *position < below).take(limit).collect()))
    }

    fn has(&self, filter: &RelayFilter, message: Position) -> Result<bool, DeliveriesError> {
        Ok(self.positions(filter).contains(&message))
    }
}
