use std::{fs, path::PathBuf};

use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;

use super::{wav::tests::wav, *};

/// A folder of its own that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(files: &[(&str, &[u8])]) -> Self {
        let folder = std::env::temp_dir().join(format!(
            "graph-calls-prompts-{}",
            uuid::Uuid::from_u64_pair(fastrand::u64(..), fastrand::u64(..),)
        ));
        fs::create_dir_all(&folder).unwrap();
        for (name, content) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Self(folder)
    }

    fn refused(&self) -> String {
        Prompts::load(&self.0).unwrap_err().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn callback() -> CallbackUri {
    CallbackUri::new("https://bot.example/api/calls?code=1").unwrap()
}

fn prompts() -> Prompts {
    let (menu, bye) = (wav(&[1; 64]), wav(&[2; 640]));
    let folder = Folder::new(&[("menu.wav", &menu), ("copy.WAV", &menu), ("de/bye.wav", &bye)]);
    Prompts::load(&folder.0).unwrap()
}

#[test]
fn a_folder_is_read_by_name_and_one_content_is_kept_once() {
    let (menu, bye) = (wav(&[1; 64]), wav(&[2; 640]));
    let folder = Folder::new(&[
        ("menu.wav", &menu),
        ("copy.WAV", &menu),
        ("de/bye.wav", &bye),
        ("notes.txt", b"no prompt"),
        ("..data/menu.wav", b"hidden"),
        (".wav", b"hidden"),
        ("de/.bye.wav", b"hidden"),
    ]);
    let prompts = Prompts::load(&folder.0).unwrap();
    assert_eq!(prompts.names().collect::<Vec<_>>(), ["copy", "de/bye", "menu"]);
    assert_eq!(prompts.length("menu"), Some(Duration::from_millis(2)));
    assert_eq!(prompts.by_hash.len(), 2);
    let media = prompts.media(&callback(), "menu").unwrap();
    let hash = hash(&menu);
    let uri = format!("https://bot.example/api/calls/prompts/{hash}.wav?code=1");
    assert_eq!(media.uri.as_deref(), Some(&*uri));
    assert_eq!(media.resource_id.as_deref(), Some(&*hash));
    assert_eq!(prompts.media(&callback(), "menu.wav"), None);
}

#[test]
fn the_hash_is_sha_256() {
    assert_eq!(hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn a_folder_that_cannot_be_used_says_which_file_why_and_what_to_do() {
    let good = wav(&[0; 64]);
    let mut stereo = good.clone();
    stereo[22] = 2;
    let large = wav(&vec![0; LARGEST_FILE]);
    let many: Vec<_> = (0..=MOST_FILES).map(|number| format!("{number}.wav")).collect();
    let many: Vec<_> = many.iter().map(|name| (name.as_str(), &good[..])).collect();
    let deep = format!("{}deep.wav", "d/".repeat(9));
    for (files, said) in [
        (&[][..], "has no prompts: put *.wav"),
        (&[("menu.mp3", &good[..])], "has no prompts: put *.wav"),
        (&[("a.wav", &good), ("menu.wav", &stereo)], "menu.wav` cannot be played, it has 2 channel(s)"),
        (&[("menu.wav", &stereo)], "ffmpeg -i in.wav -ac 1 -ar 16000"),
        (&[("menu.wav", &good[..70])], "it ends too early"),
        (&[("menu.wav", b"")], "it is no WAV file"),
        (&[("menu.wav", &good), ("menu.WAV", &good)], "have the same name"),
        (&[("menu.wav", &large)], "has more than 20 MiB: split it"),
        (&many, "has more than 1000 prompts"),
        (&[(&deep, &good)], "lies too deep"),
    ] {
        let folder = Folder::new(files);
        let refused = folder.refused();
        assert!(refused.contains(said) && refused.contains(&*folder.0.to_string_lossy()), "{refused}");
    }
    let nowhere = Prompts::load("/nowhere/at/all").unwrap_err();
    assert_eq!(nowhere.path(), Path::new("/nowhere/at/all"));
    assert!(nowhere.to_string().contains("cannot be read"), "{nowhere}");
}

#[cfg(unix)]
#[test]
fn a_link_in_a_circle_ends_and_a_socket_is_no_file() {
    let folder = Folder::new(&[("menu.wav", &wav(&[0; 64]))]);
    std::os::unix::fs::symlink(&folder.0, folder.0.join("again")).unwrap();
    assert!(folder.refused().contains("linked into itself"));
    let folder = Folder::new(&[]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.0.join("a.wav")).unwrap();
    assert!(folder.refused().contains("no ordinary file"));
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_or_with_the_names_there_are() {
    let prompts = prompts();
    assert_eq!(prompts.unknown("menue"), "there is no prompt `menue`: did you mean `menu`?");
    assert_eq!(prompts.unknown("de/by"), "there is no prompt `de/by`: did you mean `de/bye`?");
    let all = "there is no prompt `welcome`: there are `copy`, `de/bye`, `menu`";
    assert_eq!(prompts.unknown("welcome"), all);
    let good = wav(&[0; 64]);
    let names: Vec<_> = (0..10).map(|number| format!("{number}.wav")).collect();
    let files: Vec<_> = names.iter().map(|name| (name.as_str(), &good[..])).collect();
    assert!(Prompts::load(&Folder::new(&files).0).unwrap().unknown("x").ends_with(" and 2 more"));
}

#[test]
fn the_distance_of_names_counts_letters() {
    for (one, other, apart) in [
        ("", "", 0),
        ("menu", "menu", 0),
        ("menu", "", 4),
        ("", "ab", 2),
        ("menu", "nemu", 2),
        ("kitten", "sitting", 3),
    ] {
        assert_eq!((distance(one, other), distance(other, one)), (apart, apart), "{one} {other}");
    }
}

/// What is answered below `/api/calls`: status, content range and body.
async fn asked(
    prompts: &Prompts,
    method: Method,
    path: &str,
    headers: &[(header::HeaderName, &str)],
) -> Option<(StatusCode, HeaderMap, Bytes)> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let response = prompts.answer("/api/calls", &request.body(()).unwrap())?;
    let (head, body) = response.into_parts();
    Some((head.status, head.headers, body.collect().await.unwrap().to_bytes()))
}

#[tokio::test]
async fn the_service_gets_the_file_with_what_lets_it_keep_it() {
    let prompts = prompts();
    let menu = wav(&[1; 64]);
    let path = format!("/api/calls/prompts/{}.wav", hash(&menu));
    let (status, headers, body) = asked(&prompts, Method::GET, &path, &[]).await.unwrap();
    assert_eq!((status, &body[..]), (StatusCode::OK, &menu[..]));
    assert_eq!(headers[header::CONTENT_TYPE], "audio/wav");
    assert_eq!(headers[header::CONTENT_LENGTH], "108");
    assert_eq!(headers[header::ETAG], format!("\"{}\"", hash(&menu)));
    assert!(headers[header::CACHE_CONTROL].to_str().unwrap().contains("immutable"));
    let kept = &prompts.by_hash[&*hash(&menu)];
    assert_eq!(body.as_ptr(), kept.as_ptr(), "shared, not copied");

    let (status, headers, body) = asked(&prompts, Method::HEAD, &path, &[]).await.unwrap();
    assert_eq!((status, body.len()), (StatusCode::OK, 0));
    assert_eq!(headers[header::CONTENT_LENGTH], "108");

    let tag = format!("\"{}\"", hash(&menu));
    for (known, status) in [
        (tag.clone(), StatusCode::NOT_MODIFIED),
        (format!("W/{tag}"), StatusCode::NOT_MODIFIED),
        (format!("\"other\", {tag}"), StatusCode::NOT_MODIFIED),
        ("*".to_owned(), StatusCode::NOT_MODIFIED),
        ("\"other\"".to_owned(), StatusCode::OK),
        (hash(&menu), StatusCode::OK),
    ] {
        let answer = asked(&prompts, Method::GET, &path, &[(header::IF_NONE_MATCH, &known)]).await.unwrap();
        assert_eq!(answer.0, status, "{known}");
        assert_eq!(answer.1[header::ETAG], tag);
        assert_eq!(answer.2.is_empty(), status == StatusCode::NOT_MODIFIED);
    }
}

#[tokio::test]
async fn one_range_is_given_and_others_are_passed_over() {
    let prompts = prompts();
    let menu = wav(&[1; 64]);
    let path = format!("/api/calls/prompts/{}.wav", hash(&menu));
    let tag = format!("\"{}\"", hash(&menu));
    for (range, condition, given) in [
        ("bytes=0-3", None, Some((0, 3))),
        ("bytes=100-", None, Some((100, 107))),
        ("bytes=100-99999999999999999999999", None, Some((100, 107))),
        ("bytes=-8", None, Some((100, 107))),
        ("bytes=-1000", None, Some((0, 107))),
        ("bytes=0-3", Some(&*tag), Some((0, 3))),
        ("bytes=0-3", Some("\"other\""), None),
        ("bytes=0-3,5-6", None, None),
        ("bytes=3-2", None, None),
        ("bytes=+1-2", None, None),
        ("bytes=-", None, None),
        ("bytes=", None, None),
        ("lines=0-3", None, None),
    ] {
        let mut headers = vec![(header::RANGE, range)];
        headers.extend(condition.map(|tag| (header::IF_RANGE, tag)));
        let (status, headers, body) = asked(&prompts, Method::GET, &path, &headers).await.unwrap();
        if let Some((first, last)) = given {
            assert_eq!((status, &body[..]), (StatusCode::PARTIAL_CONTENT, &menu[first..=last]), "{range}");
            assert_eq!(headers[header::CONTENT_RANGE], format!("bytes {first}-{last}/108"));
            assert_eq!(headers[header::CONTENT_LENGTH], body.len().to_string());
        } else {
            assert_eq!((status, body.len()), (StatusCode::OK, 108), "{range}");
        }
    }
    for range in ["bytes=108-", "bytes=-0", "bytes=99999999999999999999999-"] {
        let (status, headers, body) =
            asked(&prompts, Method::GET, &path, &[(header::RANGE, range)]).await.unwrap();
        assert_eq!((status, body.len()), (StatusCode::RANGE_NOT_SATISFIABLE, 0), "{range}");
        assert_eq!(headers[header::CONTENT_RANGE], "bytes */108");
    }
    let head = asked(&prompts, Method::HEAD, &path, &[(header::RANGE, "bytes=0-3")]).await.unwrap();
    assert_eq!(head.0, StatusCode::OK);
}

#[tokio::test]
async fn nothing_but_the_files_can_be_had() {
    let prompts = prompts();
    let hash = hash(&wav(&[1; 64]));
    for path in [
        "/api/calls/prompts/".to_owned(),
        "/api/calls/prompts/.wav".to_owned(),
        "/api/calls/prompts/menu.wav".to_owned(),
        "/api/calls/prompts/../prompts/menu.wav".to_owned(),
        "/api/calls/prompts/..%2F..%2Fetc%2Fpasswd".to_owned(),
        "/api/calls/prompts/%2e%2e/%2e%2e/etc/passwd.wav".to_owned(),
        "/api/calls/prompts//etc/passwd.wav".to_owned(),
        format!("/api/calls/prompts/{hash}"),
        format!("/api/calls/prompts/{hash}.wav/"),
        format!("/api/calls/prompts/{hash}.wav.wav"),
        format!("/api/calls/prompts/{hash}.WAV"),
        format!("/api/calls/prompts/./{hash}.wav"),
        format!("/api/calls/prompts/%00{hash}.wav"),
        format!("/api/calls/prompts/{}.wav", hash.to_uppercase()),
        format!("/api/calls/prompts/{}.wav", "0".repeat(64)),
        format!("/api/calls/prompts/{}.wav", "a".repeat(30_000)),
    ] {
        let (status, _, body) = asked(&prompts, Method::GET, &path, &[]).await.unwrap();
        assert_eq!((status, body.len()), (StatusCode::NOT_FOUND, 0), "{path}");
    }
    for path in [
        "/".to_owned(),
        "/api/calls".to_owned(),
        "/api/calls/c/1/0".to_owned(),
        "/api/callsx/prompts/a.wav".to_owned(),
        format!("/prompts/{hash}.wav"),
        format!("/api/calls/promptsx/{hash}.wav"),
        format!("/API/calls/prompts/{hash}.wav"),
    ] {
        assert_eq!(asked(&prompts, Method::GET, &path, &[]).await, None, "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        assert_eq!(asked(&prompts, method, &format!("/api/calls/prompts/{hash}.wav"), &[]).await, None);
    }
    let request = Request::get(format!("/prompts/{hash}.wav")).body(()).unwrap();
    assert_eq!(prompts.answer("/", &request).unwrap().status(), StatusCode::OK, "at the root");
}
