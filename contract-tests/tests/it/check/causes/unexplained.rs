//! Refusals that no difference explains, and acceptances that need none.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_no_difference_explains_is_one_failure_and_nothing_else_is_blamed() {
    for (name, expected, given, put, plain) in [
        (
            "another password",
            Expected::Basic(&USERNAME, "what-the-endpoint-has"),
            basic(),
            (|_| {}) as fn(&mut Rules),
            "AUTH-BASIC-001",
        ),
        ("another secret", Expected::Secret("what-the-endpoint-has"), secret(), |_| {}, "AUTH-SECRET-001"),
        (
            "the last colon",
            basic(),
            basic(),
            |r| r.basic_parts.split = |text| text.rsplit_once(':').map(|(name, word)| (name.into(), word.into())),
            "AUTH-BASIC-001",
        ),
        (
            "Basic where a secret is given",
            Expected::Basic("jo", "correct-horse-battery"),
            secret(),
            |_| {},
            "AUTH-SECRET-001",
        ),
    ] {
        let mut rules = Rules::correct(expected);
        put(&mut rules);
        let report = checked(rules, given, false).await;
        let failing = failing(&report);
        assert_eq!(failing.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [plain], "{name}: {:?}", report.notices);
        let unproven = skip_codes(&report, SkipCode::PlainRefused);
        assert!(unproven.len() > 150 && unproven.iter().all(|(_, by)| *by == Some(plain)), "{name}: {unproven:?}");
        assert!(report.notices[0].contains("variations of it"), "{name}: {:?}", report.notices);
        assert!(report.variations.is_empty() && !report.holds(false), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptance_without_a_difference_is_no_finding() {
    let number = AtomicUsize::new(0);
    let (_server, url) =
        mock(move |_| ResponseTemplate::new(if number.fetch_add(1, Ordering::Relaxed) < 3 { 403 } else { 204 })).await;
    let target = Target::new(&url, Authentication::None).unwrap().only(["HTTP-001".to_owned()]);
    let report = check(&target).await.unwrap();
    assert_eq!((failing(&report), report.variations.len()), (Vec::new(), 0), "{:?}", report.notices);
    assert!(report.notices[0].contains("accepted later"), "{:?}", report.notices);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_safe_run_sends_no_other_credential_than_the_right_one() {
    let (server, url) = mock(|_| ResponseTemplate::new(403)).await;
    let target = Target::new(&url, client_secret("sécret-0123456789")).unwrap().safe(true);
    let report = check(&target.max_time(Duration::from_secs(30))).await.unwrap();
    assert_eq!(failing(&report), [("AUTH-SECRET-001", "AUTH-3")]);
    let bodies = server.received_requests().await.unwrap();
    let is_right = |text: &str| {
        let body: serde_json::Value = serde_json::from_str(text).unwrap();
        ["clientSecret", "client_secret", "ClientSecret", "client-secret", "secret"]
            .iter()
            .any(|name| body[name] == "sécret-0123456789")
    };
    for request in bodies {
        let text = String::from_utf8(request.body).unwrap();
        assert!(is_right(&text), "{text}");
    }
}
