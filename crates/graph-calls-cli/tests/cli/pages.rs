//! Lists whose pages lead on, against a service on loopback.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

use crate::support::run_with;

/// Where each page leads, by its number: the `$skiptoken` of the next, or nowhere.
type Next = fn(usize) -> Option<usize>;

/// An emulator's environment, its tokens, and one list. Gives its address and the number of pages that were read.
fn start(next: Next) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let pages = Arc::<Mutex<usize>>::default();
    let (says, read) = (url.clone(), Arc::clone(&pages));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (says, read) = (says.clone(), Arc::clone(&read));
            thread::spawn(move || serve(stream, &says, &read, next));
        }
    });
    (url, pages)
}

fn serve(mut stream: TcpStream, url: &str, pages: &Mutex<usize>, next: Next) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let lower = head.to_ascii_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        reader.read_exact(&mut body).unwrap();
        let answer = answer(&head, url, pages, next).to_string();
        let length = answer.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}");
        if stream.write_all(format!("{head}\r\n\r\n{answer}").as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(head: &str, url: &str, pages: &Mutex<usize>, next: Next) -> Value {
    let id = "a0000000-0000-4000-8000-000000000001";
    if head.starts_with("GET /__emulator") {
        return json!({
            "url": url, "graph": url, "login": url, "openid": url, "issuer": "i", "tenant_id": id, "app_id": id,
            "client_secret": "s",
        });
    }
    if head.starts_with("POST") {
        return json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": "t" });
    }
    let mut pages = pages.lock().unwrap();
    let mut page = json!({ "value": [{ "id": pages.to_string() }] });
    *pages += 1;
    // Who reads on for ever fails the test, and not the machine.
    if let Some(next) = next(*pages).filter(|_| *pages < 1_100) {
        page["@odata.nextLink"] = format!("{url}/v1.0/x?$skiptoken={next}").into();
    }
    page
}

#[test]
fn a_list_that_leads_back_ends() {
    // On and on to the same page, and to two pages in turn.
    let cases: [(Next, usize); 2] = [(|_| Some(7), 2), (|page| Some(page % 2), 3)];
    for (next, read) in cases {
        for more in [&[][..], &["--json"]] {
            let (url, pages) = start(next);
            let arguments = [&["participant", "list", "57dab8b1"], more].concat();
            let ran = run_with(&arguments, &[("GRAPH_CALLS_EMULATOR_URL", &url)], b"");
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
            assert!(ran.err.contains("leads back to a page that was read"), "{ran:?}");
            assert_eq!(*pages.lock().unwrap(), read);
        }
    }
}

#[test]
fn a_list_is_read_to_its_end() {
    let (url, pages) = start(|page| (page < 5).then_some(page));
    let arguments = ["participant", "list", "57dab8b1", "--json"];
    let ran = run_with(&arguments, &[("GRAPH_CALLS_EMULATOR_URL", &url)], b"");
    assert_eq!(ran.code, 0, "{ran:?}");
    let ids: Vec<_> = (0..5).map(|id| json!({ "id": id.to_string() })).collect();
    assert_eq!((ran.one(), *pages.lock().unwrap()), (json!({ "value": ids }), 5));
}

#[test]
fn a_list_that_never_ends_is_given_up_after_1_000_pages() {
    let (url, pages) = start(Some);
    let ran = run_with(&["participant", "list", "57dab8b1"], &[("GRAPH_CALLS_EMULATOR_URL", &url)], b"");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{ran:?}");
    assert!(ran.err.contains("more than 1000 pages"), "{ran:?}");
    assert_eq!(*pages.lock().unwrap(), 1_000);
}
