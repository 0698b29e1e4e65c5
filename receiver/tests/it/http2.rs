//! HTTP/2: the same answers as over HTTP/1.1, and many requests at a time on one connection.

use http::{StatusCode, header};

use crate::support::{
    http2_client::{MESSAGE, SECRET, Server, json, post, soon},
    program::Receiver,
    raw_client::Raw,
};

#[tokio::test(flavor = "multi_thread")]
async fn many_messages_at_a_time_on_one_connection_are_all_stored() {
    let server = Server::start("");
    let (client, _connection) = server.client().await;
    // How many may be open at a time is known once an answer is there; until then a client may open too many.
    soon(client.clone().send_request(post("/none", MESSAGE))).await.unwrap();
    let sent = (0..300).map(|number| {
        let mut client = client.clone();
        tokio::spawn(async move {
            let answer = client.send_request(post("/none", format!(r#"{{"a":{number}}}"#))).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK, "{number}");
            (json(answer).await["id"].clone(), number)
        })
    });
    let mut acknowledged = Vec::new();
    for answer in sent.collect::<Vec<_>>() {
        acknowledged.push(soon(answer).await.unwrap());
    }
    let stored = server.receiver.exported();
    assert_eq!(stored.len(), 301);
    for (id, number) in acknowledged {
        let record = stored.iter().find(|record| record["id"] == id).unwrap();
        assert_eq!(record["body"], format!(r#"{{"a":{number}}}"#));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_refused_as_over_http_1_1() {
    let server = Server::start("[limits]\nbody_bytes = 1000\n");
    let (mut client, _connection) = server.client().await;
    let with = |field: &'static str, value: &'static str| {
        let mut request = post("/none", MESSAGE);
        request.headers_mut().insert(field, value.parse().unwrap());
        request
    };
    let mut get = post("/none", MESSAGE);
    *get.method_mut() = http::Method::GET;
    let secret = format!(r#"{{"clientSecret":"{SECRET}"}}"#);
    let many = {
        let mut request = post("/none", MESSAGE);
        for number in 0..150 {
            request
                .headers_mut()
                .insert(http::HeaderName::try_from(format!("x-{number}")).unwrap(), "1".parse().unwrap());
        }
        request
    };
    for (case, request, status, code) in [
        ("no endpoint", post("/other", MESSAGE), 404, "not-found"),
        ("no POST", get, 405, "method-not-allowed"),
        ("no password", post("/basic", MESSAGE), 401, "basic-refused"),
        ("too large", post("/none", " ".repeat(1001)), 413, "too-large"),
        ("no JSON type", with("content-type", "text/plain"), 415, "unsupported-media-type"),
        ("compressed", with("content-encoding", "gzip"), 415, "unsupported-media-type"),
        ("no JSON", post("/none", "{"), 400, "not-json"),
        ("no message", post("/none", "[]"), 422, "not-a-message"),
        ("no secret", post("/secret", MESSAGE), 403, "client-secret-refused"),
        ("many fields", many, 431, "head-too-large"),
        ("another expectation", with("expect", "x"), 417, "expectation-failed"),
    ] {
        let answer = soon(client.send_request(request)).await.unwrap();
        assert_eq!(answer.status(), status, "{case}");
        assert_eq!(answer.headers().get(header::CONNECTION), None, "{case}");
        assert_eq!(answer.headers().contains_key(header::WWW_AUTHENTICATE), status == 401, "{case}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json", "{case}");
        assert!(answer.headers()[header::DATE].to_str().unwrap().ends_with(" GMT"), "{case}: {answer:?}");
        assert_eq!(json(answer).await["code"], code, "{case}");
    }
    let answer = soon(client.send_request(post("/secret", secret))).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "the connection still serves");
    assert_eq!(server.receiver.exported().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_beyond_the_limit_is_refused() {
    let server = Server::start("[limits]\nheader_bytes = 8192\n");
    let (mut client, _connection) = server.client().await;
    let mut request = post("/none", MESSAGE);
    request.headers_mut().insert("x-long", "x".repeat(12_000).parse().unwrap());
    let refused = soon(client.send_request(request)).await;
    assert!(refused.as_ref().map_or(true, |answer| answer.status() == 431), "{refused:?}");
    assert!(server.is_well().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_there_is_no_http_2() {
    let receiver = Receiver::start("[[endpoint]]\npath = \"/none\"\n");
    let mut raw = Raw::connect(receiver.address);
    raw.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    assert!(raw.answer().is_none_or(|answer| answer.status == 400));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_has_64_requests_at_a_time() {
    let server = Server::start("");
    let (client, connection) = h2::client::handshake(server.stream().await).await.unwrap();
    let _ended = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    // The settings have come once an answer has.
    let (answer, _body) = client.send_request(post("/other", "").map(drop), true).unwrap();
    assert_eq!(soon(answer).await.unwrap().status(), StatusCode::NOT_FOUND);
    assert_eq!(client.current_max_send_streams(), 64);
}
