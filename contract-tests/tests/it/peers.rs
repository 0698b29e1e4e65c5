//! No false alarm: the endpoints of `examples/endpoints/`, correct and in other stacks, are blamed for no MUST, and for
//! no SHOULD but those that their README names. The examples of CI are run on one of them.

mod catalogue;
mod ci;
mod peer;
