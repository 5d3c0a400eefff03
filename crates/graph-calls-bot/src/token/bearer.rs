//! The token in a request's headers.

use http::{HeaderMap, header::AUTHORIZATION};

use super::RefusalReason;

/// The token of the one `Authorization` header.
pub(super) fn bearer(headers: &HeaderMap, limit: usize) -> Result<&[u8], RefusalReason> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(RefusalReason::Missing)?.as_bytes();
    if values.next().is_some() {
        return Err(RefusalReason::Several);
    }
    let (scheme, rest) = value.split_at_checked(6).ok_or(RefusalReason::NotBearer)?;
    let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
    let token = rest.get(spaces..).unwrap_or_default();
    if !scheme.eq_ignore_ascii_case(b"bearer") || spaces == 0 || token.is_empty() {
        return Err(RefusalReason::NotBearer);
    }
    if token.len() > limit { Err(RefusalReason::TooLong) } else { Ok(token) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<String, RefusalReason> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
        bearer(&headers, 8).map(|token| String::from_utf8(token.to_vec()).unwrap())
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        for good in ["Bearer abc", "bearer abc", "BEARER  abc"] {
            assert_eq!(read(good), Ok("abc".to_owned()), "{good}");
        }
        for bad in ["", "abc", "Bearer", "Bearer ", "Bearerabc", "Basic abc", "Bearer\tabc"] {
            assert_eq!(read(bad), Err(RefusalReason::NotBearer), "{bad}");
        }
    }

    #[test]
    fn the_limit_holds_exactly() {
        assert!(read("Bearer 12345678").is_ok());
        assert_eq!(read("Bearer 123456789"), Err(RefusalReason::TooLong));
    }

    #[test]
    fn there_is_one_header_and_no_other() {
        let mut headers = HeaderMap::new();
        assert_eq!(bearer(&headers, 8), Err(RefusalReason::Missing));
        headers.append(AUTHORIZATION, "Bearer a".parse().unwrap());
        headers.append(AUTHORIZATION, "Bearer a".parse().unwrap());
        assert_eq!(bearer(&headers, 8), Err(RefusalReason::Several));
    }
}
