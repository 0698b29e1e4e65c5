//! The whole catalogue against each endpoint, with all three kinds of authentication.

use contract_tests::{Target, check, report::CaseResult};
use schemas::{Authentication, Level};

use crate::peers::peer::{Peer, kinds};

/// Runs the catalogue with each kind. `lenient` are the clauses, all of them SHOULD, that the README says are not kept.
async fn holds(lenient: &[&str], start: impl Fn(&Authentication) -> Vec<Peer>) {
    for authentication in kinds() {
        let peers = start(&authentication);
        let kind = format!("{authentication:?}");
        let report = check(&Target::new(&peers[0].url, authentication).unwrap()).await.unwrap();
        let must = report.tally(Level::Must);
        assert!(must.passed > 20, "{kind}: too little was tested: {:#?}", report.notices);
        let failed = || report.results.iter().filter(|result| result.failure().is_some());
        let blamed: Vec<_> = failed().filter(|result: &&CaseResult| result.level == Level::Must).collect();
        assert!(blamed.is_empty(), "{kind}: {blamed:#?}");
        let unnamed: Vec<_> = failed().filter(|result| !lenient.contains(&result.clause.as_str())).collect();
        assert!(unnamed.is_empty(), "{kind}: what the README does not name: {unnamed:#?}");
    }
}

macro_rules! endpoints {
    ($($name:ident, $needs:literal, $lenient:expr, $folder:literal, $command:expr;)*) => {$(
        #[tokio::test]
        #[ignore = $needs]
        async fn $name() {
            holds(&$lenient, |authentication| vec![Peer::start($folder, &$command, authentication)]).await;
        }
    )*};
}

endpoints! {
    node_http, "needs node", [], "node", ["node", "http.mjs"];
    express, "needs node, and npm install in examples/endpoints/node", [], "node", ["node", "express.mjs"];
    fastify, "needs node, and npm install in examples/endpoints/node", [], "node", ["node", "fastify.mjs"];
    python_http_server, "needs python3", [], "python", ["python3", "http_server.py"];
    flask, "needs python3 with examples/endpoints/python/requirements.txt", ["HTTP-17"], "python", ["python3", "flask_app.py"];
    fastapi, "needs python3 with examples/endpoints/python/requirements.txt", ["HTTP-18"], "python", ["python3", "fastapi_app.py"];
    php, "needs php", ["HTTP-16", "HTTP-17", "HTTP-18"], "php", ["php", "-d", "display_errors=stderr", "-S", "127.0.0.1:0", "webhook.php"];
    go, "needs go", ["HTTP-17"], "go", ["go", "run", "."];
}

#[tokio::test]
#[ignore = "needs nginx and python3"]
async fn nginx() {
    holds(&[], |authentication| {
        // Only nginx checks Basic; a client secret is in the body, which only the service behind it reads.
        let behind = match authentication {
            Authentication::Basic(_) => &Authentication::None,
            other => other,
        };
        let service = Peer::start("python", &["python3", "http_server.py"], behind);
        let upstream = [("UPSTREAM", service.authority())];
        let nginx = Peer::start_with("nginx", &["python3", "start.py"], authentication, &upstream);
        vec![nginx, service]
    })
    .await;
}

#[test]
#[ignore = "needs node"]
fn what_is_answered_200_is_in_the_file_without_its_secret() {
    let [_, authentication, _] = kinds();
    let peer = Peer::start("node", &["node", "http.mjs"], &authentication);
    let message = serde_json::json!({"flow": {"flowIdentifier": "FLOW-604"}, "n": 5000.5});
    let mut sent = message.clone();
    let Authentication::ClientSecret { client_secret } = &authentication else { panic!("the second kind") };
    sent["clientSecret"] = client_secret.expose().into();
    let body = sent.to_string();
    let head = "POST /hooks/flowingly HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\n";
    let mut stream = std::net::TcpStream::connect(peer.authority()).unwrap();
    std::io::Write::write_all(&mut stream, format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
        .unwrap();
    let answer = std::io::read_to_string(stream).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let kept = std::fs::read_to_string(&peer.messages).unwrap();
    let kept: serde_json::Value = serde_json::from_str(kept.trim()).unwrap();
    assert_eq!(kept, message);
}
