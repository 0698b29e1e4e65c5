//! The relay's log lines as JSON.

use super::{SOON, endpoint, folder, message, send, to_http, to_teams};
use crate::support::{
    program::Receiver,
    raw_client::{answer, post},
    teams::{Reply, Teams},
};

#[test]
fn every_line_of_a_relay_has_its_text_and_no_member_twice() {
    let taking = Teams::start(|number, _| match number {
        0 => Reply::status(503),
        1 => Reply::status(413),
        _ => Reply::accepted(),
    });
    let refusing = Teams::start(|_, _| Reply::status(404));
    let folder = folder(&taking);
    let destinations = [
        to_teams(SOON),
        to_http("refusing", &refusing, ""),
        "[[endpoint.destination]]\nname = \"lines\"\ntype = \"file\"\npath = \"lines.txt\"\n".to_owned(),
    ];
    let receiver = Receiver::start_in(folder.path(), &endpoint(&destinations.concat()), &[]);
    let id = send(&receiver, &message("FLOW-1", 1));
    assert_eq!(answer(receiver.address, post("/typo", "", "{}")).status, 404);
    for text in ["relayed: accepted", "not relayed, tried again", "too large", "a dead letter", "relayed: written"] {
        receiver.logged(0, text);
    }
    receiver.hang_up();
    receiver.logged(0, "the configuration was read again");
    let lines = receiver.log_lines();
    for destination in ["teams", "refusing", "lines"] {
        let of_it: Vec<_> = lines.iter().filter(|line| line["destination"] == destination).collect();
        assert!(!of_it.is_empty(), "{destination}");
        for line in of_it {
            assert_eq!(line["id"], id.as_str(), "{line}");
            assert!(line["message"].as_str().is_some_and(|text| text.contains(' ')), "{line}");
        }
    }
}
