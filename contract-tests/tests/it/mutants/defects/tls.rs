//! Defects in the certificate of an endpoint.

use crate::mutants::{defect::Defect, tls::Certificate};

pub(super) fn defects() -> Vec<Defect> {
    vec![
        Defect::basic("shows a certificate that is out of date", "AUTH-27", |_| {}).over(Certificate::Expired),
        Defect::basic("shows a certificate that is not yet in date", "AUTH-27", |_| {}).over(Certificate::Early),
        Defect::basic("shows a certificate of another host", "AUTH-27", |_| {}).over(Certificate::OtherName),
        Defect::basic("shows a certificate that it has signed itself", "AUTH-27", |_| {}).over(Certificate::SelfSigned),
        Defect::basic("leaves out the certificate between its own and the authority's", "AUTH-27", |_| {})
            .over(Certificate::NoChain),
    ]
}
