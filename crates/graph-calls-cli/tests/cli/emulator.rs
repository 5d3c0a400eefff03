use crate::support::{Emulator, run, run_with};

#[test]
fn an_emulator_says_in_one_line_that_it_is_ready_and_what_a_bot_needs() {
    let emulator = Emulator::start();
    let ready = &emulator.ready;
    assert_eq!(ready["ready"], true);
    for name in ["url", "graph", "login", "openid", "issuer", "tenant_id", "app_id", "client_secret"] {
        assert!(ready[name].is_string(), "{name}: {ready}");
    }
    let env = run(&["emulator", "env", "--emulator", emulator.url(), "--format", "json"]).one();
    assert_eq!(env["app_id"], ready["app_id"]);
    let sh = run_with(&["emulator", "env"], &[("GRAPH_CALLS_EMULATOR_URL", emulator.url())], b"");
    assert!(sh.out.contains(&format!("export GRAPH_CALLS_EMULATOR_URL={}\n", emulator.url())), "{}", sh.out);
    let people = run(&["emulator", "people", "--emulator", emulator.url(), "--json"]).json();
    assert_eq!(people[1]["behaviour"], "busy");
}

#[cfg(unix)]
#[test]
fn an_interrupted_emulator_ends_well() {
    assert_eq!(Emulator::start().running.interrupt().0, Some(0));
}

#[test]
fn a_port_in_use_is_an_error_that_says_what_to_do() {
    let emulator = Emulator::start();
    let port = emulator.url().rsplit(':').next().unwrap();
    let ran = run(&["emulator", "start", "--port", port]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains(&format!("port {port} is in use")), "{ran:?}");
}

#[test]
fn an_unknown_dialect_is_a_usage_error() {
    let ran = run(&["emulator", "start", "--port", "0", "--dialect", "2017"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("wire, docs-current, docs-legacy or 2018"), "{ran:?}");
}

#[test]
fn the_people_that_every_emulator_has_are_listed_without_one() {
    let ran = run(&["emulator", "people"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("b0000000-0000-4000-8000-000000000001  Adele Vance"), "{}", ran.out);
}
