//! As much of DER as it takes to find the public key in a certificate.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
/// The version of a certificate, which version 1 leaves out.
const VERSION: u8 = 0xA0;

/// The `SubjectPublicKeyInfo` of a certificate (RFC 5280, section 4.1); none where the bytes are no certificate.
pub(super) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let mut outer = Reader(certificate);
    let mut certificate = Reader(outer.next(SEQUENCE)?.content);
    let mut signed = Reader(certificate.next(SEQUENCE)?.content);
    certificate.next(SEQUENCE)?;
    certificate.next(BIT_STRING)?;
    if !outer.0.is_empty() || !certificate.0.is_empty() {
        return None;
    }
    if signed.0.first() == Some(&VERSION) {
        signed.next(VERSION)?;
    }
    signed.next(INTEGER)?;
    // The algorithm of the signature, the issuer, the validity, the subject.
    for _ in 0..4 {
        signed.next(SEQUENCE)?;
    }
    Some(signed.next(SEQUENCE)?.whole)
}

struct Value<'a> {
    /// With tag and length.
    whole: &'a [u8],
    content: &'a [u8],
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next value, which must have this tag.
    fn next(&mut self, tag: u8) -> Option<Value<'a>> {
        let (&[found, length], rest) = self.0.split_first_chunk()?;
        if found != tag {
            return None;
        }
        let (length, rest) = match length {
            short @ 0..=0x7F => (usize::from(short), rest),
            0x81 => {
                let (&[length], rest) = rest.split_first_chunk()?;
                (usize::from(length), rest)
            }
            0x82 => {
                let (length, rest) = rest.split_first_chunk()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            // An indefinite length, or more than anybody puts into a certificate.
            _ => return None,
        };
        let head = self.0.len() - rest.len();
        // DER has one way to write a length: the shortest.
        if head != head_of(length) {
            return None;
        }
        let (content, behind) = rest.split_at_checked(length)?;
        let whole = self.0.get(..head + length)?;
        self.0 = behind;
        Some(Value { whole, content })
    }
}

fn head_of(length: usize) -> usize {
    match length {
        0..=0x7F => 2,
        0x80..=0xFF => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::{CertificateDer, pem::PemObject as _};

    use super::*;

    fn certificate(pem: &str) -> Vec<u8> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap().to_vec()
    }

    #[test]
    fn the_key_is_found_with_and_without_a_version() {
        let (three, one) = (
            certificate(include_str!("../../tests/keys/certificate.pem")),
            certificate(include_str!("../../tests/keys/certificate.v1.pem")),
        );
        let key = public_key(&three).unwrap();
        assert_eq!(Some(key), public_key(&one));
        // An RSA key of 2048 bits takes 294 bytes.
        assert_eq!((key.len(), key[0]), (294, SEQUENCE));
    }

    #[test]
    fn what_is_cut_or_longer_or_not_der_is_no_certificate() {
        let whole = certificate(include_str!("../../tests/keys/certificate.pem"));
        for length in 0..whole.len() {
            assert_eq!(public_key(&whole[..length]), None, "{length}");
        }
        assert_eq!(public_key(&[&whole[..], b"\0"].concat()), None);
        for junk in [
            &b"\x30\x80\0\0"[..],
            b"\x30\x81\x01\0",
            b"\x30\x82\0\x80",
            b"\x30\x84\xFF\xFF\xFF\xFF",
            b"\x02\0",
        ] {
            assert_eq!(public_key(junk), None, "{junk:?}");
        }
    }

    #[test]
    fn no_changed_byte_makes_it_panic() {
        let whole = certificate(include_str!("../../tests/keys/certificate.pem"));
        let mut found = 0;
        for at in 0..whole.len() {
            for byte in [0, 0x30, 0x7F, 0x80, 0x82, 0xFF] {
                let mut changed = whole.clone();
                changed[at] = byte;
                found += usize::from(public_key(&changed).is_some());
            }
        }
        assert!(found > whole.len(), "most bytes do not matter here");
    }
}
