//! Which locations the token of a recording may go to.

use graph_calls_core::Cloud;
use http::Uri;
use url::{Host, Url};

/// The longest location that is looked at, in bytes.
const LONGEST: usize = 8 * 1024;
/// What lives below these names is a machine or a network of one's own.
const PRIVATE: [&str; 10] =
    ["localhost", "local", "internal", "svc", "lan", "corp", "home", "localdomain", "intranet", "arpa"];
/// A public name of a cloud's own service for its machines.
const METADATA: &str = "metadata.goog";

/// The location as it is sent, or why the token may not go there. It goes where this says and nowhere else: redirects
/// are not followed.
pub(super) fn check(location: &str, cloud: &Cloud, allowed: &[String]) -> Result<Uri, &'static str> {
    if location.len() > LONGEST {
        return Err("it is longer than 8192 bytes");
    }
    // Readers of URLs disagree about everything below; nothing that the service sends has any of it.
    if !location.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err("it has characters that no URL has");
    }
    if location.contains('#') {
        return Err("it has a fragment");
    }
    let (scheme, rest) = location.split_once("://").ok_or("it is no absolute URL")?;
    let is_emulators = cloud.is_emulator() && scheme.eq_ignore_ascii_case("http");
    if !is_emulators && !scheme.eq_ignore_ascii_case("https") {
        return Err("it is not https");
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("it names a user");
    }
    let url = Url::parse(location).map_err(|_| "it is no absolute URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it names a user");
    }
    let spelled = match url.host_str() {
        Some(host) => starts_with(authority, host).ok_or("its host is not spelled as it is read")?,
        None => return Err("it names no host"),
    };
    if !spelled.is_empty() && !spelled.starts_with(':') {
        return Err("its host is not spelled as it is read");
    }
    if cloud.is_emulator() {
        if url.origin() != cloud.graph().origin() {
            return Err("it is not below the emulator's own root");
        }
    } else {
        check_host(&url, allowed)?;
    }
    let uri: Uri = url.as_str().parse().map_err(|_| "it cannot be requested")?;
    if uri.host() != url.host_str() || uri.port_u16() != url.port() || uri.scheme_str() != Some(url.scheme())
    {
        return Err("its host is not spelled as it is read");
    }
    Ok(uri)
}

fn check_host(url: &Url, allowed: &[String]) -> Result<(), &'static str> {
    if url.scheme() != "https" {
        return Err("it is not https");
    }
    let Some(Host::Domain(host)) = url.host() else { return Err("its host is an address, not a name") };
    let mut labels = host.rsplit('.');
    let last = labels.next().unwrap_or_default();
    if labels.next().is_none() || host.split('.').any(str::is_empty) || PRIVATE.contains(&last) {
        return Err("its host is no public name");
    }
    if is_below(host, METADATA) {
        return Err("its host is a cloud's own service for its machines");
    }
    if url.port() == Some(0) {
        return Err("it cannot be requested");
    }
    if allowed.is_empty() || allowed.iter().any(|suffix| is_below(host, suffix)) {
        Ok(())
    } else {
        Err("its host is none of the allowed ones")
    }
}

/// What follows the prefix, in any letter case.
fn starts_with<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(tail)
}

fn is_below(host: &str, suffix: &str) -> bool {
    let suffix = suffix.trim_matches('.').to_ascii_lowercase();
    match host.strip_suffix(&suffix) {
        Some(rest) => !suffix.is_empty() && (rest.is_empty() || rest.ends_with('.')),
        None => false,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Where no token may go, whatever answers there.
    pub(crate) const HOSTILE: [&str; 80] = [
        "",
        " ",
        "/relative",
        "//contoso.example/a",
        "contoso.example/a",
        "http://contoso.example/a",
        "HTTP://contoso.example/a",
        "ftp://contoso.example/a",
        "file:///etc/passwd",
        "data:audio/wav;base64,AAAA",
        "javascript:alert(1)",
        "ws://contoso.example/a",
        "wss://contoso.example/a",
        "https:contoso.example/a",
        "https:/contoso.example/a",
        "https:///contoso.example/a",
        "https://",
        "https:///",
        "https://?a",
        "https://:443/a",
        "https://@contoso.example/a",
        "https://user@contoso.example/a",
        "https://user:password@contoso.example/a",
        "https://:password@contoso.example/a",
        "https://contoso.example:443@contoso.example/a",
        "https://graph.microsoft.com@contoso.example/a",
        "https://graph.microsoft.com\\@contoso.example/a",
        "https://contoso.example\\@graph.microsoft.com/a",
        "https:\\\\contoso.example\\a",
        "https://graph.microsoft.com#@contoso.example/a",
        "https://contoso.example/a#fragment",
        "https://contoso.example/a\r\nHost: other.example",
        "https://contoso.example/a\tb",
        "https://contoso.example/a\\b",
        " https://contoso.example/a",
        "https://contoso.example/a ",
        "https://conto\u{ad}so.example/a",
        "https://b\u{fc}cher.example/a",
        "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/a",
        "https://contoso.example.:443/a",
        "https://contoso..example/a",
        "https://contoso.example:0/a",
        "https://contoso.example:65536/a",
        "https://contoso.example:44x/a",
        "https://%63ontoso.example/a",
        "https://contoso.example%C2%AD/a",
        "https://localhost/a",
        "https://LocalHost:8443/a",
        "https://recordings.localhost/a",
        "https://printer.local/a",
        "https://metadata.google.internal/a",
        "https://intranet/a",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://0x7f.1/a",
        "https://0177.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://%31%32%37.0.0.1/a",
        "https://127.0.0.1./a",
        "https://169.254.169.254/a",
        "https://10.0.0.1:8443/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://[fe80::1%25eth0]/a",
        "https:user:password@contoso.example/://contoso.example/a",
        "https:/user:password@contoso.example/://contoso.example/a",
        "https:///user:password@contoso.example/://contoso.example/a",
        "https:contoso.example/a://contoso.example/",
        "https:://contoso.example/a",
        "xhttps://contoso.example/a",
        "https://router.lan/a",
        "https://vault.corp/a",
        "https://nas.home/a",
        "https://host.localdomain/a",
        "https://wiki.intranet/a",
        "https://printer.home.arpa/a",
        "https://kubernetes.default.svc/a",
        "https://metadata.goog/a",
        "https://www.Metadata.Goog/a",
    ];

    #[test]
    fn a_hostile_location_is_refused() {
        for location in HOSTILE {
            assert!(check(location, &Cloud::global(), &[]).is_err(), "{location:?}");
        }
        assert!(
            check(&format!("https://contoso.example/{}", "a".repeat(LONGEST)), &Cloud::global(), &[])
                .is_err()
        );
    }

    #[test]
    fn a_public_name_over_https_is_where_the_token_goes() {
        for (location, sent) in [
            ("https://file.location/17e3b46c", "https://file.location/17e3b46c"),
            ("HTTPS://File.Location/A?b=c%20d&e", "https://file.location/A?b=c%20d&e"),
            ("https://file.location:443/a", "https://file.location/a"),
            ("https://file.location:8443/a/../b", "https://file.location:8443/b"),
            ("https://file.location?a@b", "https://file.location/?a@b"),
            ("https://xn--bcher-kva.example/a", "https://xn--bcher-kva.example/a"),
        ] {
            let uri =
                check(location, &Cloud::global(), &[]).unwrap_or_else(|why| panic!("{location}: {why}"));
            assert_eq!(uri, sent);
        }
    }

    #[test]
    fn a_list_of_hosts_is_one_of_whole_labels() {
        let allowed = ["asm.Example".to_owned(), ".media.example.".to_owned()];
        let asked = |location| check(location, &Cloud::global(), &allowed).is_ok();
        assert!(asked("https://asm.example/a") && asked("https://eu.ASM.example/a"));
        assert!(asked("https://x.media.example/a"));
        for location in [
            "https://other.example/a",
            "https://plasm.example/a",
            "https://asm.example.net/a",
            "https://x.io/asm.example",
        ] {
            assert!(!asked(location), "{location}");
        }
        assert!(check("https://asm.example/a", &Cloud::global(), &[String::new()]).is_err());
    }

    #[test]
    fn an_emulators_recordings_are_at_the_emulator_alone() {
        let cloud = Cloud::emulator("http://127.0.0.1:8080").unwrap();
        assert_eq!(check("http://127.0.0.1:8080/recordings/1", &cloud, &[]).unwrap().path(), "/recordings/1");
        for location in HOSTILE.into_iter().chain([
            "http://127.0.0.1:8081/a",
            "http://127.0.0.1/a",
            "https://127.0.0.1:8080/a",
            "http://localhost:8080/a",
            "http://[::1]:8080/a",
            "http://127.1:8080/a",
            "http://0x7f000001:8080/a",
            "http://127.0.0.1:8080@other.example/a",
            "http://127.0.0.1:8080.other.example/a",
            "http://user@127.0.0.1:8080/a",
            "http:user:password@127.0.0.1:8080/://127.0.0.1:8080",
            "http:/user:password@127.0.0.1:8080/://127.0.0.1:8080",
            "http:127.0.0.1:8080/a://127.0.0.1:8080",
            "https://file.location/17e3b46c",
        ]) {
            assert!(check(location, &cloud, &[]).is_err(), "{location:?}");
        }
    }
}
