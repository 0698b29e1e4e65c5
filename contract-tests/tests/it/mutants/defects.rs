//! The defects, by area. Each is written at one place, its row; whatever it needs of the receiver is a rule there.

#[path = "defects/basic.rs"]
mod basic;
#[path = "defects/basic_header.rs"]
mod basic_header;
#[path = "defects/bypass.rs"]
mod bypass;
#[path = "defects/common.rs"]
mod common;
#[path = "defects/framing.rs"]
mod framing;
#[path = "defects/http.rs"]
mod http;
#[path = "defects/json.rs"]
mod json;
#[path = "defects/lossy.rs"]
mod lossy;
#[path = "defects/message.rs"]
mod message;
#[path = "defects/operation.rs"]
mod operation;
#[path = "defects/secret.rs"]
mod secret;
#[path = "defects/secret_place.rs"]
mod secret_place;
#[path = "defects/spelling.rs"]
mod spelling;
#[path = "defects/tls.rs"]
mod tls;

use crate::mutants::defect::Defect;

pub(crate) use self::common::right_as_well;

pub(crate) fn all() -> Vec<Defect> {
    // Those that take long come first.
    [
        operation::defects(),
        secret::compared(),
        secret::shortened(),
        secret::answered(),
        secret_place::typed(),
        secret_place::found(),
        basic::compared(),
        basic_header::defects(),
        basic::answered(),
        lossy::secrets(),
        lossy::passwords(),
        lossy::usernames(),
        bypass::defects(),
        json::defects(),
        message::defects(),
        http::defects(),
        framing::defects(),
        tls::defects(),
    ]
    .concat()
}
