//! The catalogue against each endpoint, with each authentication and with drawn and plain ASCII credentials.

use contract_tests::{Target, check, report::CaseResult};
use futures_util::future::join_all;
use schemas::{Authentication, Level};

use crate::peers::peer::{Peer, credentials, kinds};

/// An endpoint of `examples/endpoints/`.
struct Stack {
    folder: &'static str,
    command: &'static [&'static str],
    /// Checks Basic in front of a service that reads the messages.
    proxy: bool,
    shoulds: Shoulds,
}

/// What a stack is held to beyond every MUST.
enum Shoulds {
    /// All but these clauses, which its README names.
    AllBut(&'static [&'static str]),
    /// Nothing, since it does not answer many broken requests, so a run takes long. Its README mentions that.
    Skipped,
}

impl Stack {
    const fn new(folder: &'static str, command: &'static [&'static str]) -> Self {
        Self { folder, command, proxy: false, shoulds: Shoulds::AllBut(&[]) }
    }

    const fn proxy(folder: &'static str, command: &'static [&'static str]) -> Self {
        Self { proxy: true, ..Self::new(folder, command) }
    }

    const fn but(self, clauses: &'static [&'static str]) -> Self {
        Self { shoulds: Shoulds::AllBut(clauses), ..self }
    }

    const fn musts_only(self) -> Self {
        Self { shoulds: Shoulds::Skipped, ..self }
    }

    /// The processes of one run; the first one is tested.
    fn start(&self, authentication: &Authentication) -> Vec<Peer> {
        if !self.proxy {
            return vec![Peer::start(self.folder, self.command, authentication)];
        }
        // A client secret is in the body, which only the service behind the proxy reads.
        let behind = match authentication {
            Authentication::Basic(_) => &Authentication::None,
            other => other,
        };
        let service = Peer::start("python", &["python3", "http_server.py"], behind);
        let upstream = [("UPSTREAM", service.authority())];
        vec![Peer::start_with(self.folder, self.command, authentication, &upstream), service]
    }

    /// No MUST is blamed, with any credentials. The SHOULDs are judged with the drawn ones, to which most cases apply.
    async fn holds(self) {
        let [none, drawn_secret, plain_secret, drawn_basic, plain_basic] = credentials();
        // A run waits more than it computes, so some are at the same time.
        join_all([none, plain_secret, plain_basic].map(|(name, with)| self.run(name, with, Level::Must))).await;
        let level = if let Shoulds::Skipped = self.shoulds { Level::Must } else { Level::May };
        join_all([drawn_secret, drawn_basic].map(|(name, with)| self.run(name, with, level))).await;
    }

    /// Starts the processes at once, and returns the run.
    fn run(&self, name: &'static str, authentication: Authentication, level: Level) -> impl Future<Output = ()> {
        let peers = self.start(&authentication);
        async move {
            let target = Target::new(&peers[0].url, authentication).unwrap().level(level);
            let report = check(&target).await.unwrap();
            let must = report.counts(Level::Must);
            assert!(must.passed > 20, "{name}: too little was tested: {:#?}", report.notices);
            let failed = || report.results.iter().filter(|result| result.failure().is_some());
            let blamed: Vec<_> = failed().filter(|result: &&CaseResult| result.level == Level::Must).collect();
            assert!(blamed.is_empty(), "{name}: {blamed:#?}");
            assert!(report.holds(false), "{name}: {:#?}", report.notices);
            let Shoulds::AllBut(lenient) = self.shoulds else { return };
            let unnamed: Vec<_> = failed().filter(|result| !lenient.contains(&result.clause.as_str())).collect();
            assert!(unnamed.is_empty(), "{name}: what the README does not name: {unnamed:#?}");
        }
    }
}

macro_rules! stacks {
    ($($name:ident, $needs:literal, $stack:expr;)*) => {$(
        #[tokio::test]
        #[ignore = $needs]
        async fn $name() {
            $stack.holds().await;
        }
    )*};
}

stacks! {
    node_http, "needs node", Stack::new("node", &["node", "http.mjs"]);
    express, "needs node, and npm install in examples/endpoints/node", Stack::new("node", &["node", "express.mjs"]);
    fastify, "needs node, and npm install in examples/endpoints/node", Stack::new("node", &["node", "fastify.mjs"]);
    hapi, "needs node, and npm install in examples/endpoints/node", Stack::new("node", &["node", "hapi.mjs"]);
    hono, "needs node, and npm install in examples/endpoints/node", Stack::new("node", &["node", "hono.mjs"]);
    koa, "needs node, and npm install in examples/endpoints/node", Stack::new("node", &["node", "koa.mjs"]);
    nest, "needs node, and npm install in examples/endpoints/node", Stack::new("node", &["node", "nest.mjs"]);
    python_http_server, "needs python3", Stack::new("python", &["python3", "http_server.py"]);
    aiohttp, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "aiohttp_app.py"]).but(&["OPS-7"]);
    bottle, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "bottle_app.py"]).but(&["HTTP-17"]);
    cherrypy, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "cherrypy_app.py"]).musts_only();
    django, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "django_app.py"]).but(&["HTTP-17", "HTTP-18"]);
    falcon, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "falcon_app.py"]).but(&["HTTP-16", "HTTP-17"]);
    fastapi, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "fastapi_app.py"]).but(&["HTTP-18"]);
    flask, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "flask_app.py"]).but(&["HTTP-17"]);
    sanic, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "sanic_app.py"]).but(&["HTTP-17", "HTTP-23"]);
    starlette, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "starlette_app.py"]).but(&["HTTP-17", "HTTP-18"]);
    tornado, "needs python3 with examples/endpoints/python/requirements.txt",
        Stack::new("python", &["python3", "tornado_app.py"]).but(&["HTTP-15", "HTTP-18", "HTTP-23"]);
    sinatra, "needs ruby with sinatra and puma",
        Stack::new("ruby", &["ruby", "sinatra_app.rb"]).but(&["HTTP-15", "HTTP-17", "HTTP-22"]);
    webrick, "needs ruby with webrick", Stack::new("ruby", &["ruby", "webrick_app.rb"]).musts_only();
    mojolicious, "needs perl with Mojolicious", Stack::new("perl", &["perl", "mojolicious_app.pl"]).musts_only();
    php, "needs php", Stack::new("php", &["php", "-d", "display_errors=stderr", "-S", "127.0.0.1:0", "webhook.php"])
        .but(&["HTTP-16", "HTTP-17", "HTTP-18"]);
    php_fpm, "needs php-fpm, nginx and python3", Stack::new("servers", &["python3", "start.py", "php-fpm"]);
    mod_php, "needs apache2 with mod_php, and python3",
        Stack::new("servers", &["python3", "start.py", "mod_php"]).but(&["HTTP-17"]);
    java, "needs java", Stack::new("java", &["env", "LC_ALL=C.UTF-8", "java", "-XX:TieredStopAtLevel=1", "Endpoint.java"])
        .but(&["AUTH-20", "HTTP-17", "HTTP-18", "HTTP-23"]);
    go, "needs go", Stack::new("go", &["go", "run", "."]).but(&["HTTP-17"]);
    nginx, "needs nginx and python3", Stack::proxy("nginx", &["python3", "start.py"]);
    apache, "needs apache2, perl and python3",
        Stack::proxy("servers", &["python3", "start.py", "apache"]).but(&["AUTH-20", "AUTH-21", "HTTP-17"]);
    caddy, "needs caddy and python3", Stack::proxy("servers", &["python3", "start.py", "caddy"]).musts_only();
    haproxy, "needs haproxy, perl and python3",
        Stack::proxy("servers", &["python3", "start.py", "haproxy"]).but(&["AUTH-20", "AUTH-21", "HTTP-17"]);
    lighttpd, "needs lighttpd, perl and python3", Stack::proxy("servers", &["python3", "start.py", "lighttpd"])
        .but(&["AUTH-20", "AUTH-21", "HTTP-14", "HTTP-18"]);
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
