use crate::support::run;

#[test]
fn a_pair_is_explained_in_every_spelling() {
    for arguments in [
        &["end-reason", "200", "5002"][..],
        &["end-reason", "200/5002"],
        &["end-reason", "It ended. DiagCode: 0#5002.@"],
    ] {
        let ran = run(arguments);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("Everyone else left"), "{}", ran.out);
        assert!(ran.out.contains("another participant"), "{}", ran.out);
    }
    let reason = run(&["end-reason", "480/10037", "--json"]).one();
    assert_eq!(reason["who"], "callee");
    assert_eq!(reason["normal"], false);
    assert_eq!(reason["try_again"], "later");
    assert_eq!(reason["source"], "call-delete");
}

#[test]
fn a_code_alone_lists_its_rows() {
    let rows = run(&["end-reason", "408", "--json"]).json();
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row["code"] == 408));
}

#[test]
fn results_that_end_no_call_and_borrowed_ones_are_marked() {
    let ran = run(&["end-reason", "500/7000"]);
    assert!(ran.out.contains("not the end of a call: the result of a transfer"), "{}", ran.out);
    assert_eq!(run(&["end-reason", "400/8508", "--json"]).one()["applies_to"], "operation");
    assert_eq!(run(&["end-reason", "603/0", "--json"]).one()["fallback"], true);
}

#[test]
fn an_unknown_pair_fails_with_what_its_class_says() {
    let ran = run(&["end-reason", "480/1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("4xx are the client's doing"), "{}", ran.err);
    let ran = run(&["end-reason", "410/5002", "--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.one()["reason"].is_null());
    assert!(ran.err.contains("200/5002"), "{}", ran.err);
    assert_eq!(run(&["end-reason", "busy"]).code, 2);
}
