//! `call download` against a service on loopback that follows a script.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;

use crate::support::{Ran, run_with};

const TOKEN: &str = "s3cret-of-the-recording";

/// How the service answers for the recording, one after another.
#[derive(Clone, Copy)]
enum Reply {
    /// All of it, under an `ETag`.
    Whole(&'static str, &'static [u8]),
    /// Its first bytes under an `ETag`, and then nothing more.
    Cut(&'static str, &'static [u8], usize),
    /// What follows so many bytes, under an `ETag`.
    Rest(&'static str, &'static [u8], usize),
    Status(u16),
}

/// An emulator's environment and one recording.
struct Service {
    url: String,
    /// The heads of the requests for the recording.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Service {
    fn start(replies: &[Reply]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Arc::<Mutex<Vec<String>>>::default();
        let replies = Arc::new(Mutex::new(replies.to_vec()));
        let (says, seen) = (url.clone(), Arc::clone(&heads));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (says, seen, replies) = (says.clone(), Arc::clone(&seen), Arc::clone(&replies));
                thread::spawn(move || serve(stream, &says, &seen, &replies));
            }
        });
        Self { url, heads }
    }

    fn notification(&self) -> String {
        notification("completed", &format!("{}/recordings/s3cret-place", self.url))
    }

    fn download(&self, out: &Path, more: &[&str]) -> Ran {
        self.download_from(&self.notification(), out, more)
    }

    fn download_from(&self, notification: &str, out: &Path, more: &[&str]) -> Ran {
        let out = out.to_str().unwrap();
        let arguments = [&["call", "download", "--out", out], more].concat();
        let variables = [("GRAPH_CALLS_EMULATOR_URL", self.url.as_str())];
        let ran = run_with(&arguments, &variables, notification.as_bytes());
        assert!(!format!("{ran:?}").contains("s3cret"), "{ran:?}");
        ran
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn notification(status: &str, location: &str) -> String {
    let operation = |status: &str, location: &str, token: &str| {
        json!({
            "changeType": if status == "running" { "updated" } else { "deleted" },
            "resourceUrl": "/communications/calls/1/operations/2",
            "resourceData": {
                "@odata.type": "#microsoft.graph.recordOperation", "id": "2", "status": status,
                "recordingLocation": location, "recordingAccessToken": token,
                "resultInfo": { "code": 400, "subcode": 8508 },
            },
        })
    };
    let call = json!({
        "changeType": "updated", "resourceUrl": "/communications/calls/1",
        "resourceData": { "@odata.type": "#microsoft.graph.call", "state": "established" },
    });
    json!({ "value": [call, operation("running", "", ""), operation(status, location, TOKEN)] }).to_string()
}

fn serve(mut stream: TcpStream, url: &str, seen: &Mutex<Vec<String>>, replies: &Mutex<Vec<Reply>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        if head.starts_with("GET /__emulator/v1/env") {
            let id = "a0000000-0000-4000-8000-000000000001";
            let env = json!({
                "url": url, "graph": url, "login": url, "openid": url, "issuer": "i", "tenant_id": id, "app_id": id,
                "client_secret": "s",
            });
            let env = env.to_string();
            let length = env.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}");
            let _ = write!(stream, "{head}\r\n\r\n{env}");
            continue;
        }
        seen.lock().unwrap().push(head);
        let reply = replies.lock().unwrap().remove(0);
        let (head, body) = match reply {
            Reply::Whole(etag, bytes) => {
                (format!("200 OK\r\netag: \"{etag}\"\r\ncontent-length: {}", bytes.len()), bytes)
            }
            Reply::Cut(etag, bytes, count) => {
                (format!("200 OK\r\netag: \"{etag}\"\r\ncontent-length: {}", bytes.len()), &bytes[..count])
            }
            Reply::Rest(etag, bytes, from) => {
                let (last, total) = (bytes.len() - 1, bytes.len());
                let range =
                    format!("content-range: bytes {from}-{last}/{total}\r\ncontent-length: {}", total - from);
                (format!("206 Partial Content\r\netag: \"{etag}\"\r\n{range}"), &bytes[from..])
            }
            Reply::Status(status) => (format!("{status} No\r\ncontent-length: 0"), &[][..]),
        };
        let _ = stream.write_all(&[format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat());
        if matches!(reply, Reply::Cut(..)) {
            return;
        }
    }
}

/// A folder that is gone behind the test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("graph-calls-{test}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("answer.wav")
    }

    /// The names of what is in it.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.0)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_recording_is_fetched_with_its_own_token_and_overwrites_nothing() {
    let folder = Folder::new("fetched");
    let service = Service::start(&[Reply::Whole("a", b"RIFF-one"), Reply::Whole("b", b"RIFF-two")]);
    let ran = service.download(&folder.file(), &["--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(ran.one(), json!({ "file": folder.file().to_str().unwrap(), "bytes": 8 }));
    assert!(ran.err.contains("recording at 127.0.0.1\n") && ran.err.contains("8 of 8 bytes"), "{}", ran.err);
    assert_eq!(fs::read(folder.file()).unwrap(), b"RIFF-one");
    assert_eq!(folder.names(), ["answer.wav"]);
    let head = service.heads().remove(0);
    assert!(head.starts_with("GET /recordings/s3cret-place HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("authorization: Bearer {TOKEN}\r\n")), "{head}");

    let ran = service.download(&folder.file(), &[]);
    assert!(ran.code == 1 && ran.err.contains("is there already (--force"), "{ran:?}");
    assert_eq!((service.heads().len(), fs::read(folder.file()).unwrap()), (1, b"RIFF-one".to_vec()));
    assert_eq!(service.download(&folder.file(), &["--force"]).code, 0);
    assert_eq!(fs::read(folder.file()).unwrap(), b"RIFF-two");
}

#[test]
fn what_broke_off_is_gone_on_with_by_the_next_run() {
    let folder = Folder::new("broken");
    let service = Service::start(&[
        Reply::Cut("a", b"RIFF-one", 5),
        Reply::Status(401),
        Reply::Rest("a", b"RIFF-one", 5),
    ]);
    let ran = service.download(&folder.file(), &[]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("401") && ran.err.contains("5 of 8 bytes had come"), "{}", ran.err);
    assert_eq!(folder.names(), ["answer.wav.part", "answer.wav.part.etag"]);
    assert_eq!(fs::read(folder.0.join("answer.wav.part")).unwrap(), b"RIFF-");

    let ran = service.download(&folder.file(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("goes on behind 5 bytes"), "{}", ran.err);
    let head = service.heads().remove(2);
    assert!(head.contains("range: bytes=5-\r\n") && head.contains("if-range: \"a\"\r\n"), "{head}");
    assert_eq!(fs::read(folder.file()).unwrap(), b"RIFF-one");
    assert_eq!(folder.names(), ["answer.wav"]);
}

#[test]
fn the_part_of_another_recording_is_not_gone_on_with() {
    let folder = Folder::new("another");
    let service = Service::start(&[
        Reply::Cut("a", b"RIFF-one", 5),
        Reply::Status(401),
        Reply::Whole("b", b"RIFF-two"),
        Reply::Whole("b", b"RIFF-two"),
    ]);
    assert_eq!(service.download(&folder.file(), &[]).code, 1);
    let ran = service.download(&folder.file(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("from the beginning"), "{}", ran.err);
    assert_eq!(fs::read(folder.file()).unwrap(), b"RIFF-two");
    assert_eq!(folder.names(), ["answer.wav"]);
}

#[test]
fn the_part_of_a_recording_elsewhere_is_not_gone_on_with_though_its_etag_fits() {
    let folder = Folder::new("elsewhere");
    let service = Service::start(&[
        Reply::Cut("1", b"ALICE-SAYS", 5),
        Reply::Status(401),
        Reply::Whole("1", b"BOB-SAYS"),
        Reply::Status(401),
    ]);
    assert_eq!(service.download(&folder.file(), &[]).code, 1);
    let mark = fs::read_to_string(folder.0.join("answer.wav.part.etag")).unwrap();
    assert!(mark.ends_with("\n\"1\"") && !mark.contains("s3cret"), "{mark}");

    let elsewhere = notification("completed", &format!("{}/recordings/s3cret-other", service.url));
    let ran = service.download_from(&elsewhere, &folder.file(), &[]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.err.contains("is no part of it: from the beginning"), "{}", ran.err);
    let head = service.heads().remove(2);
    assert!(!head.contains("range:"), "{head}");
    assert_eq!(fs::read(folder.file()).unwrap(), b"BOB-SAYS");
    assert_eq!(folder.names(), ["answer.wav"]);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_where_a_link_leads() {
    use std::os::unix::fs::symlink;
    let folder = Folder::new("links");
    let elsewhere = Folder::new("links-lead-here");
    let own = elsewhere.0.join("own");
    for reply in [Reply::Whole("a", b"RIFF-one"), Reply::Cut("a", b"RIFF-one", 5)] {
        fs::write(&own, "own").unwrap();
        for name in ["answer.wav.part", "answer.wav.part.etag"] {
            let _ = fs::remove_file(folder.0.join(name));
            symlink(&own, folder.0.join(name)).unwrap();
        }
        let service = Service::start(&[reply, Reply::Status(401)]);
        service.download(&folder.file(), &["--force"]);
        assert_eq!(fs::read(&own).unwrap(), b"own");
        assert!(fs::symlink_metadata(folder.file()).unwrap().is_file());
    }
    let part = folder.0.join("answer.wav.part");
    assert!(fs::symlink_metadata(&part).unwrap().is_file() && fs::read(&part).unwrap() == b"RIFF-");
}

#[cfg(unix)]
#[test]
fn what_somebody_said_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new("mode");
    let mode = |name: &str| fs::metadata(folder.0.join(name)).unwrap().permissions().mode() & 0o777;
    let open =
        |name: &str| fs::set_permissions(folder.0.join(name), fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["answer.wav.part", "answer.wav.part.etag"] {
        fs::write(folder.0.join(name), "somebody else's").unwrap();
        open(name);
    }
    let service = Service::start(&[
        Reply::Cut("a", b"RIFF-one", 5),
        Reply::Status(401),
        Reply::Rest("a", b"RIFF-one", 5),
    ]);
    assert_eq!(service.download(&folder.file(), &[]).code, 1);
    assert_eq!((mode("answer.wav.part"), mode("answer.wav.part.etag")), (0o600, 0o600));
    open("answer.wav.part");
    assert_eq!(service.download(&folder.file(), &[]).code, 0);
    assert_eq!((mode("answer.wav"), fs::read(folder.file()).unwrap()), (0o600, b"RIFF-one".to_vec()));
}

#[test]
fn a_dry_run_shows_the_request_and_no_secret() {
    let folder = Folder::new("dry");
    let service = Service::start(&[]);
    let ran = service.download(&folder.file(), &["--dry-run", "--json"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let request = ran.one();
    assert_eq!(request["method"], "GET");
    assert_eq!(request["url"], format!("{}/[redacted]", service.url));
    assert_eq!(request["headers"]["authorization"], "Bearer [redacted]");
    assert!(request["body"].is_null() && service.heads().is_empty());
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn nothing_is_asked_for_where_there_is_nothing_or_no_place_to_send_a_token() {
    let folder = Folder::new("nothing");
    let service = Service::start(&[]);
    let elsewhere = notification("completed", "https://evil.example/s3cret-place");
    let failed = notification("failed", "");
    for (notification, said) in [
        (elsewhere.as_str(), "not below the emulator's own root"),
        (failed.as_str(), "failed with 400/8508"),
        (r#"{"value": []}"#, "tells of no recording"),
        (r#"{"id": "1", "callState": "incoming"}"#, "no notification of Graph"),
        ("s3cret", "standard input: "),
    ] {
        for more in [&["--dry-run"][..], &[]] {
            let ran = service.download_from(notification, &folder.file(), more);
            assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{notification}: {ran:?}");
            assert!(ran.err.contains(said), "{notification}: {}", ran.err);
        }
    }
    assert!(service.heads().is_empty());
    assert_eq!(folder.names(), [""; 0]);
}
