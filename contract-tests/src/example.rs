//! The request of a case as an example, for a reader who has no endpoint at hand.

use delivery::EndpointUrl;
use schemas::{Authentication, BasicCredentials, ClientSecret, Profile};

use crate::{
    case::{AuthenticationKind, Case, Exchange},
    curl::ShownRequest,
    request::RequestBuilder,
    variation::Variation,
};

/// Where the example goes.
const EXAMPLE_URL: &str = "http://127.0.0.1:8080/hooks/flowingly";

/// The request of a case, to an endpoint of the first kind of authentication that it runs with. `None` where it cannot be
/// made.
pub(crate) fn of(case: &Case, exchange: &Exchange) -> Option<ShownRequest> {
    let kind = [AuthenticationKind::ClientSecret, AuthenticationKind::Basic, AuthenticationKind::None]
        .into_iter()
        .find(|kind| case.runs_with(*kind))?;
    let authentication = match kind {
        AuthenticationKind::None => Authentication::None,
        AuthenticationKind::ClientSecret => {
            Authentication::ClientSecret { client_secret: ClientSecret::new("an example secret".to_owned()).ok()? }
        }
        AuthenticationKind::Basic => {
            Authentication::Basic(BasicCredentials::new("example", "an example password".to_owned()).ok()?)
        }
    };
    let endpoint: EndpointUrl = EXAMPLE_URL.parse().ok()?;
    let builder = RequestBuilder {
        endpoint: &endpoint,
        ca: None,
        authentication: &authentication,
        profile: Profile::v1(),
        variation: Variation::default(),
    };
    Some(builder.build(&exchange.request, 1).ok()?.shown)
}
