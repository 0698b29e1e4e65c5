//! Connections: kept ones, those through a proxy, and those that the guard refuses.

use std::{
    io::{ErrorKind, Write as _},
    net::{IpAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use bytes::Bytes;
use delivery::{
    AddressGuard, AllowedAddresses, Client, ClientOptions, Dialer, EndpointUrl, LocalError, Outcome, Proxy, Request,
    Resolver, Resolving, TransportError, roots_from_pem,
};
use http::HeaderValue;

use crate::{
    run,
    support::endpoint::{Endpoint, nobody, read_request},
    tls, webhook_sender,
};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// The bodies of the requests on each connection.
type Arrived = Arc<Mutex<Vec<Vec<u8>>>>;

/// Serves connections until the test ends; each for so many requests.
fn server(requests_each: usize) -> (String, Arrived) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let arrived = Arrived::default();
    let connections = Arc::clone(&arrived);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, connections) = (stream.unwrap(), Arc::clone(&connections));
            thread::spawn(move || {
                let index = {
                    let mut connections = connections.lock().unwrap();
                    connections.push(Vec::new());
                    connections.len() - 1
                };
                for _ in 0..requests_each {
                    let request = read_request(&stream);
                    let Some(body) = request.last() else { return };
                    connections.lock().unwrap()[index].push(*body);
                    if stream.write_all(OK).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (url, arrived)
}

fn options() -> ClientOptions {
    ClientOptions { guard: AddressGuard::default().allow(AllowedAddresses::Loopback), ..ClientOptions::default() }
}

async fn post(options: &ClientOptions, url: &str) -> Outcome {
    Client::new(options).unwrap().deliver(&url.parse().unwrap(), Request::new(Bytes::from_static(b"x"))).await
}

#[tokio::test]
async fn a_connection_is_kept_unless_it_is_not_to_be() {
    for (max_idle_per_host, expected) in
        [(64, vec![b"01234567".to_vec()]), (0, (b'0'..b'8').map(|n| vec![n]).collect())]
    {
        let (url, arrived) = server(usize::MAX);
        let client = Client::new(&ClientOptions { max_idle_per_host, ..options() }).unwrap();
        for number in b'0'..b'8' {
            let outcome = client.deliver(&url.parse().unwrap(), Request::new(vec![number])).await;
            assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
        }
        assert_eq!(*arrived.lock().unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_is_closed_loses_nothing_and_repeats_nothing() {
    // The server closes after the second answer without having said so, about when the third request comes.
    let (url, arrived) = server(2);
    let client = Client::new(&options()).unwrap();
    let (mut accepted, mut closed) = (Vec::new(), Vec::new());
    for number in 0..100 {
        match client.deliver(&url.parse().unwrap(), Request::new(vec![number])).await {
            Outcome::Accepted(_) => accepted.push(number),
            Outcome::Unanswered(TransportError::Closed) => closed.push(number),
            other => panic!("{other:?}"),
        }
    }
    let mut all = arrived.lock().unwrap().concat();
    all.sort_unstable();
    assert_eq!(all, accepted, "closed: {closed:?}");
    assert_eq!(accepted.len() + closed.len(), 100);
}

#[tokio::test]
async fn the_user_agent_is_the_clients_unless_the_request_has_its_own() {
    let client = ClientOptions { user_agent: Some(HeaderValue::from_static("relay/2")), ..options() };
    for (name, options, own, expected) in [
        ("the default", options(), None, "user-agent: webhook-sender/0.1.0\r\n"),
        ("the client's", client.clone(), None, "user-agent: relay/2\r\n"),
        ("the request's", client, Some(("User-Agent", "mine")), "user-agent: mine\r\n"),
    ] {
        let endpoint = Endpoint::answering(OK);
        let request = Request::new(Bytes::new()).with_headers(own).unwrap();
        let target = endpoint.url("http").parse().unwrap();
        Client::new(&options).unwrap().deliver(&target, request).await;
        let request = String::from_utf8(endpoint.request()).unwrap();
        assert!(request.contains(expected) && request.matches("user-agent").count() == 1, "{name}: {request}");
    }
}

#[tokio::test]
async fn an_http_target_goes_through_the_proxy_in_absolute_form() {
    let proxy = Endpoint::answering(OK);
    let url = format!("http://jo:canary%2D7@127.0.0.1:{}", proxy.port());
    let options = ClientOptions { proxy: Proxy::all(&url, ""), ..ClientOptions::default() };
    let outcome = post(&options, "http://hooks.example.invalid:81/a?b=c").await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    let request = String::from_utf8(proxy.request()).unwrap();
    assert!(request.starts_with("POST http://hooks.example.invalid:81/a?b=c HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nhost: hooks.example.invalid:81\r\n"), "{request}");
    // `jo:canary-7`, by hand.
    assert!(request.contains("\r\nproxy-authorization: Basic am86Y2FuYXJ5LTc=\r\n"), "{request}");
}

/// A proxy for one tunnel: whatever is asked for, it leads to `port`. Gives the head that it read.
fn tunnel(port: u16) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://jo:canary-7@{}", listener.local_addr().unwrap());
    let reading = thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let head = String::from_utf8(read_request(&client)).unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
        let (mut from_client, mut to_server) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut from_client, &mut to_server));
        thread::spawn(move || std::io::copy(&mut server, &mut client));
        head
    });
    (url, reading)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_https_target_goes_through_a_tunnel_and_is_still_judged_by_its_certificate() {
    for (host, is_accepted) in [("hooks.example.invalid", true), ("other.example.invalid", false)] {
        let (port, ca) = tls::server("hooks.example.invalid").await;
        let (proxy, reading) = tunnel(port);
        let extra_roots = roots_from_pem(&std::fs::read(ca.path()).unwrap()).unwrap();
        let options = ClientOptions { proxy: Proxy::all(&proxy, ""), extra_roots, ..ClientOptions::default() };
        let outcome = post(&options, &format!("https://{host}/a")).await;
        match outcome {
            Outcome::Accepted(_) if is_accepted => {}
            Outcome::Unanswered(TransportError::Untrusted(_)) if !is_accepted => {}
            other => panic!("{host}: {other:?}"),
        }
        let head = reading.join().unwrap();
        assert!(head.starts_with(&format!("CONNECT {host}:443 HTTP/1.1\r\n")), "{head}");
        assert!(head.contains("Proxy-Authorization: Basic am86Y2FuYXJ5LTc=\r\n"), "{head}");
    }
}

#[tokio::test]
async fn what_the_proxy_refuses_is_no_answer_of_the_endpoint() {
    let (nobody, http, https) = (nobody(), "http://hooks.example.invalid/", "https://hooks.example.invalid/");
    let status = |status: &str| Endpoint::with_status(status, "", "");
    let (login, tunnel_login, no_way) = (status("407 No"), status("407 No"), status("403 No"));
    for (name, proxy, target, expected) in [
        ("not there", nobody.clone(), http, "Connection refused"),
        ("not there for a tunnel", nobody, https, "Connection refused"),
        ("credentials", login.url("http"), http, "other credentials"),
        ("credentials for a tunnel", tunnel_login.url("http"), https, "proxy authorization required"),
        ("no tunnel", no_way.url("http"), https, "unsuccessful"),
        ("SOCKS", "socks5://127.0.0.1:1080".to_owned(), http, "only http and https proxies"),
    ] {
        let options = ClientOptions { proxy: Proxy::all(&proxy, ""), ..ClientOptions::default() };
        let outcome = post(&options, target).await;
        let Outcome::Failed(LocalError::Proxy { proxy, why }) = outcome else { panic!("{name}: {outcome:?}") };
        assert!(proxy.starts_with("127.0.0.1:") && why.contains(expected), "{name}: {why}");
    }
}

#[test]
fn the_proxy_comes_from_the_environment_and_its_credentials_are_not_shown() {
    for (name, status, code) in [("http_proxy", "200 OK", 0), ("HTTP_PROXY", "407 No", 3), ("ALL_PROXY", "200 OK", 0)] {
        let proxy = Endpoint::with_status(status, "", "");
        let mut command = webhook_sender();
        command.args(["send", "--to", "http://hooks.example.invalid/"]);
        let sent = run(command.env(name, format!("http://jo:canary-7@127.0.0.1:{}", proxy.port())));
        assert_eq!(sent.code, Some(code), "{name}: {}{}", sent.stdout, sent.stderr);
        assert!(!(sent.stdout + &sent.stderr).contains("canary"), "{name}");
        assert!(proxy.request().starts_with(b"POST http://hooks.example.invalid/ "), "{name}");
    }
    let endpoint = Endpoint::answering(OK);
    let mut command = webhook_sender();
    let sent = run(command.args(["send", "--to", &endpoint.url("http")]).env("HTTP_PROXY", nobody()));
    assert_eq!(sent.code, Some(0), "what the URL spells as this machine needs no proxy: {}", sent.stderr);
}

#[tokio::test]
async fn an_address_in_the_url_is_judged_with_and_without_a_proxy() {
    let proxied = ClientOptions { proxy: Proxy::all(&nobody(), ""), ..ClientOptions::default() };
    for options in [ClientOptions::default(), proxied] {
        for (url, expected) in [
            ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
            ("https://[fd00:ec2::254]/", "fd00:ec2::254"),
            ("http://[::ffff:127.0.0.1]/", "127.0.0.1"),
            ("http://0.0.0.0/", "0.0.0.0"),
            ("http://10.0.0.1:8080/", "10.0.0.1"),
            // What C libraries and proxies take for an address.
            ("http://2130706433/", "127.0.0.1"),
            ("http://１２７.0.0.1/", "127.0.0.1"),
            ("http://%31%32%37.0.0.1/", "127.0.0.1"),
            ("http://0x7f000001/", "127.0.0.1"),
            ("http://0x7F.1/", "127.0.0.1"),
            ("https://127.1/", "127.0.0.1"),
            ("http://127.0.1:8080/", "127.0.0.1"),
            ("http://10.1/", "10.0.0.1"),
            ("http://0xA.0.0.1./", "10.0.0.1"),
            ("http://10.0.0.1./", "10.0.0.1"),
            ("http://2852039166/latest/meta-data", "169.254.169.254"),
            ("http://169.254.43518/", "169.254.169.254"),
            ("http://0/", "0.0.0.0"),
            ("http://[64:ff9b::169.254.169.254]/", "64:ff9b::a9fe:a9fe"),
            ("http://[2002:7f00:1::]/", "2002:7f00:1::"),
            ("http://[::127.0.0.1]/", "::7f00:1"),
        ] {
            let outcome = post(&options, url).await;
            let Outcome::Failed(LocalError::Guarded { address, .. }) = outcome else { panic!("{url}: {outcome:?}") };
            assert_eq!(address, expected.parse::<IpAddr>().unwrap(), "{url}");
        }
    }
    // Hosts that are not addresses, or that programs read differently, are not URLs.
    for url in ["http://127.0.0.256/", "http://4294967297/", "http://1.2.3.4.5/", "http://a.1/", "http://010.0.0.1/"] {
        assert!(url.parse::<EndpointUrl>().is_err(), "{url}");
    }
    let allowed = AddressGuard::default().allow("10.0.0.0/8".parse().unwrap());
    let options = ClientOptions { guard: allowed, proxy: Proxy::all(&nobody(), ""), ..ClientOptions::default() };
    let outcome = post(&options, "http://10.1/").await;
    assert!(matches!(outcome, Outcome::Failed(LocalError::Proxy { .. })), "it goes to the proxy: {outcome:?}");
}

#[tokio::test]
async fn headers_are_read_as_rfc_9112_tells_a_client_to() {
    let answer =
        "HTTP/1.1 202 \r\nx-folded: a\r\n  b\r\nx-spaced : c\r\ncontent-length: 0\r\ncontent-length: 0\r\n\r\n";
    let (pooled, kept) = (Endpoint::answering(answer), Endpoint::answering(answer));
    let one = post(&options(), &pooled.url("http")).await;
    let target: EndpointUrl = kept.url("http").parse().unwrap();
    let mut connection = Dialer::new(&options(), &target).unwrap().connect().await.unwrap();
    let other = connection.post(Request::new(Bytes::new())).await;
    for outcome in [one, other] {
        let Outcome::Accepted(answer) = outcome else { panic!("{outcome:?}") };
        let folded: Vec<&str> = answer.headers["x-folded"].to_str().unwrap().split_whitespace().collect();
        assert_eq!((folded.as_slice(), &answer.headers["x-spaced"]), (&["a", "b"][..], &HeaderValue::from_static("c")));
    }
}

/// A name that is looked up once to be checked, and leads elsewhere when it is connected to.
#[derive(Debug, Default)]
struct Rebinding {
    was_asked: AtomicBool,
}

impl Resolver for Rebinding {
    fn resolve<'r>(&'r self, _: &'r str) -> Resolving<'r> {
        let second = self.was_asked.swap(true, Ordering::SeqCst);
        let address: IpAddr = if second { [127, 0, 0, 1].into() } else { [1, 1, 1, 1].into() };
        Box::pin(async move { Ok(vec![address]) })
    }
}

#[tokio::test]
async fn a_name_that_changes_its_mind_does_not_get_through() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://rebind.example:{}/", listener.local_addr().unwrap().port());
    let resolver = Arc::new(Rebinding::default());
    assert_eq!(resolver.resolve("rebind.example").await.unwrap(), [IpAddr::from([1, 1, 1, 1])]);
    let guard = AddressGuard::default().allow_spelled_loopback();
    let options = ClientOptions { resolver, guard, ..ClientOptions::default() };
    let outcome = post(&options, &url).await;
    let Outcome::Failed(LocalError::Guarded { host, address }) = outcome else { panic!("{outcome:?}") };
    assert_eq!((host.as_str(), address), ("rebind.example", [127, 0, 0, 1].into()));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "nothing connected");
}

#[derive(Debug)]
struct Fixed(Vec<IpAddr>);

impl Resolver for Fixed {
    fn resolve<'r>(&'r self, _: &'r str) -> Resolving<'r> {
        Box::pin(async move { Ok(self.0.clone()) })
    }
}

#[tokio::test]
async fn of_several_addresses_only_those_allowed_are_called() {
    let endpoint = Endpoint::answering(OK);
    let resolver = Arc::new(Fixed(vec![[10, 0, 0, 1].into(), [127, 0, 0, 1].into()]));
    let outcome =
        post(&ClientOptions { resolver, ..options() }, &format!("http://a.example:{}/", endpoint.port())).await;
    assert!(matches!(outcome, Outcome::Accepted(_)), "{outcome:?}");
    assert!(endpoint.request().starts_with(b"POST / HTTP/1.1\r\n"));
}

#[test]
fn send_refuses_addresses_until_they_are_allowed() {
    let port = Endpoint::answering(OK);
    let mapped = format!("http://[::ffff:127.0.0.1]:{}/", port.port());
    let mut shown = String::new();
    for url in ["http://169.254.169.254/", "https://10.1.2.3/hook", &mapped] {
        let sent = run(webhook_sender().args(["send", "--sample", "step-completed-minimal", "--to", url]));
        assert_eq!((sent.code, sent.stdout.as_str()), (Some(2), ""), "{url}");
        shown.push_str(&sent.stderr.replace(&port.port().to_string(), "PORT"));
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter("took .* ms", "took TIME");
    settings.bind(|| insta::assert_snapshot!("guarded", shown));

    let sent = run(webhook_sender().args(["send", "--to", &mapped, "--output", "json"]));
    assert_eq!(sent.code, Some(2));
    assert!(sent.stdout.contains(r#""code":"address-not-allowed""#), "{}", sent.stdout);

    for allowed in ["loopback", "any", "127.0.0.0/8"] {
        let endpoint = Endpoint::answering(OK);
        let url = format!("http://[::ffff:127.0.0.1]:{}/", endpoint.port());
        let sent = run(webhook_sender().args(["send", "--to", &url, "--allow-address", allowed]));
        assert_eq!(sent.code, Some(0), "{allowed}: {}", sent.stderr);
    }
    let sent = run(webhook_sender().args(["send", "--to", &mapped, "--allow-address", "home"]));
    assert_eq!(sent.code, Some(2));
    assert!(sent.stderr.contains("write loopback, private, any, an address, or a network"), "{}", sent.stderr);
}
