use crate::support::run;

#[test]
fn dev_once_plays_four_scenarios_and_draws_a_ladder_for_each_call() {
    let ran = run(&["dev", "--once"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    for scenario in ["(a)", "(b)", "(c)", "(d)"] {
        assert!(ran.out.contains(&format!("✓ {scenario}")), "{scenario}: {}", ran.out);
    }
    assert_eq!(ran.out.matches("┬").count() / 3, 5, "one ladder for each of five calls");
    for seen in [
        "200/5001: The conversation is over (generic)",
        "presses 1",
        "AppInitiated",
        "the service gives no reason",
    ] {
        assert!(ran.out.contains(seen), "{seen}");
    }
    assert!(!ran.out.contains('\u{1b}'), "no colours off a terminal");
    assert_eq!(ran.err.matches("deprecated path").count(), 2, "{}", ran.err);
}

#[test]
fn dev_once_json_is_an_exchange_a_line_and_a_summary_last() {
    let ran = run(&["dev", "--once", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut lines = ran.json();
    let summary = lines.pop().unwrap();
    assert_eq!(summary["kind"], "summary");
    assert_eq!(summary["ok"], true);
    assert_eq!(summary["scenarios"].as_array().unwrap().len(), 4);
    assert!(ran.out.lines().last().unwrap().starts_with(r#"{"kind":"summary","ok":true,"#));
    assert_eq!(summary["exchanges"], lines.len());
    let mut last = 0;
    for line in &lines {
        for name in ["seq", "call", "from", "to", "kind", "method", "path", "status", "summary"] {
            assert!(line.get(name).is_some(), "{name} is missing: {line}");
        }
        assert!(["request", "response", "notification", "ack"].contains(&line["kind"].as_str().unwrap()));
        let seq = line["seq"].as_u64().unwrap();
        assert!(seq > last);
        last = seq;
    }
    let rejects =
        lines.iter().filter(|line| line["path"].as_str().is_some_and(|path| path.ends_with("/reject")));
    assert_eq!(rejects.count(), 2);
}

#[cfg(unix)]
#[test]
fn dev_stays_up_until_it_is_interrupted_and_ends_with_a_summary() {
    let mut dev = crate::support::Running::start(&["dev", "--json"], &[]);
    let mut exchanges = 1;
    // The last word of the last scenario.
    while !dev.line().contains("deleted call\"") || exchanges < 60 {
        exchanges += 1;
    }
    let (code, rest) = dev.interrupt();
    assert_eq!(code, Some(0));
    let summary: serde_json::Value = serde_json::from_str(rest.lines().last().unwrap()).unwrap();
    assert_eq!(summary["kind"], "summary");
    assert_eq!(summary["ok"], true);
}

#[test]
fn a_port_in_use_is_said_and_nothing_is_played() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = run(&["dev", "--once", "--port", &port]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("port {port} is in use")), "{}", ran.err);
    assert_eq!(ran.out, "");
}
