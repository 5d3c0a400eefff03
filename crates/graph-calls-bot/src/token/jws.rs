//! A signed token, taken apart. Nothing in it is believed yet.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::{RefusalReason, json::Object};

/// One text per value: no padding, no stray bits at the end.
pub(super) const CANONICAL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(false),
);

/// The most bytes of a key id.
pub(super) const MAX_KEY_ID: usize = 256;

/// The parts of a signed token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'t> {
    header: &'t [u8],
    claims: &'t [u8],
    signature: &'t [u8],
    pub(super) signed: &'t [u8],
}

impl<'t> Parts<'t> {
    pub(super) fn split(token: &'t [u8]) -> Result<Self, RefusalReason> {
        let mut parts = token.split(|&byte| byte == b'.');
        let (Some(header), Some(claims), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(RefusalReason::NotSigned);
        };
        match parts.count() {
            0 => {}
            2 => return Err(RefusalReason::Encrypted),
            _ => return Err(RefusalReason::NotSigned),
        }
        if header.is_empty() || claims.is_empty() || signature.is_empty() {
            return Err(RefusalReason::NotSigned);
        }
        let signed = token.get(..header.len() + 1 + claims.len()).ok_or(RefusalReason::NotSigned)?;
        Ok(Self { header, claims, signature, signed })
    }

    pub(super) fn header(&self) -> Result<Vec<u8>, RefusalReason> {
        decode(self.header)
    }

    pub(super) fn claims(&self) -> Result<Vec<u8>, RefusalReason> {
        decode(self.claims)
    }

    pub(super) fn signature(&self) -> Result<Vec<u8>, RefusalReason> {
        decode(self.signature)
    }
}

fn decode(part: &[u8]) -> Result<Vec<u8>, RefusalReason> {
    CANONICAL.decode(part).map_err(|_| RefusalReason::NotCanonical)
}

/// The key id out of a header that asks for nothing unusual.
///
/// `jku`, `x5u`, `x5c` and `jwk` would let the token bring its own key: nobody looks at them. `typ` and `cty` say
/// nothing that matters; real tokens carry `cty: JWT` although they are not nested.
pub(super) fn key_id(header: &[u8]) -> Result<String, RefusalReason> {
    let header = Object::read(header).ok_or(RefusalReason::NotStrictJson)?;
    if header.has("enc") || header.has("zip") {
        return Err(RefusalReason::Encrypted);
    }
    if header.has("crit") {
        return Err(RefusalReason::Critical);
    }
    if header.text("alg") != Some("RS256") {
        return Err(RefusalReason::Algorithm);
    }
    match header.text("kid") {
        Some(id) if id.len() <= MAX_KEY_ID => Ok(id.to_owned()),
        _ => Err(RefusalReason::KeyId),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_token_has_three_parts() {
        let parts = Parts::split(b"aa.bb.cc").unwrap();
        assert_eq!(parts.signed, b"aa.bb");
        for bad in ["", ".", "..", "aa.bb", "aa.bb.", ".bb.cc", "aa..cc", "aa.bb.cc.dd", "a.b.c.d.e.f"] {
            assert_eq!(Parts::split(bad.as_bytes()).unwrap_err(), RefusalReason::NotSigned, "{bad}");
        }
        assert_eq!(Parts::split(b"a.b.c.d.e").unwrap_err(), RefusalReason::Encrypted);
    }

    #[test]
    fn one_value_has_one_spelling() {
        assert_eq!(decode(b"YQ").unwrap(), b"a");
        for bad in ["YQ==", "YR", "Y", "Y Q", "YQ\n", "+/", "YQ="] {
            assert_eq!(decode(bad.as_bytes()), Err(RefusalReason::NotCanonical), "{bad}");
        }
    }
}
