//! An app that proves itself with a certificate.

use std::{
    error, fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use aws_lc_rs::{
    digest,
    rand::{self, SystemRandom},
    signature::{RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL},
};
use graph_calls_core::{
    Wall,
    model::{AppId, TenantId},
};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use secrecy::SecretString;
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use super::{
    credential::{Credential, Proof},
    der,
    failure::Failure,
};

/// What is signed to see whether key and certificate belong together.
const TRIAL: &[u8] = b"graph-calls";
/// How long a statement holds. Entra advises 5 to 10 minutes.
const HOLDS: Duration = Duration::from_secs(600);

/// An app registration, a certificate of it and the private key.
///
/// For each token a short statement is signed (a JWT with PS256, good for 10 minutes and for one address); the key never
/// leaves the process. Entra must know the certificate: it is uploaded to the app registration. The key is RSA of 2048
/// bits or more. `Debug` does not print it.
///
/// Graph reference: [certificate
/// credentials](https://learn.microsoft.com/entra/identity-platform/certificate-credentials).
///
/// # Examples
///
/// ```
/// use graph_calls_core::model::{AppId, TenantId};
/// use graph_calls_http::{ClientCertificate, EntraCredential};
/// # let pem = concat!("-----BEGIN ", "PRIVATE KEY-----\n",
/// #     include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/key.b64")), "-----END ", "PRIVATE KEY-----\n",
/// #     include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/certificate.pem")));
///
/// let tenant = TenantId::new("contoso.example")?;
/// let app = AppId::new("2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b")?;
/// // `pem` is the text of a file that has both.
/// let credential = EntraCredential::from(ClientCertificate::from_pem(tenant, app, pem)?);
/// # let _ = credential;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ClientCertificate {
    tenant: TenantId,
    app_id: AppId,
    key: Arc<RsaKeyPair>,
    /// SHA-256 of the certificate, base64url.
    thumbprint: String,
    /// The certificate and those above it, base64.
    chain: Vec<String>,
    with_x5c: bool,
}

/// Why a certificate and a key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidCertificate {
    /// There is no PEM in the text, or it is damaged.
    NotPem,
    /// There is no private key.
    NoKey,
    /// There is more than one private key.
    ManyKeys,
    /// The private key is under a password.
    EncryptedKey,
    /// The private key is not RSA: elliptic curves are not supported.
    NotRsa,
    /// The private key is damaged, or not of 2048 to 8192 bits.
    UnusableKey,
    /// There is no certificate.
    NoCertificate,
    /// A certificate is damaged.
    UnusableCertificate,
    /// The certificate is of another key.
    OtherKey,
}

impl ClientCertificate {
    /// Reads a certificate and its private key from one PEM text, in any order.
    ///
    /// The key may be PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`). The certificate is the one that fits the
    /// key; any others count as its chain.
    ///
    /// # Errors
    ///
    /// When key or certificate are missing, cannot be used, or do not belong together.
    pub fn from_pem(tenant: TenantId, app_id: AppId, pem: &str) -> Result<Self, InvalidCertificate> {
        Self::read(tenant, app_id, &[pem])
    }

    /// As [`from_pem`](Self::from_pem), from two texts.
    ///
    /// # Errors
    ///
    /// As for [`from_pem`](Self::from_pem).
    pub fn from_pem_parts(
        tenant: TenantId,
        app_id: AppId,
        certificate: &str,
        key: &str,
    ) -> Result<Self, InvalidCertificate> {
        Self::read(tenant, app_id, &[certificate, key])
    }

    /// Sends the certificate and its chain along (`x5c`), for app registrations that trust a subject name and issuer
    /// instead of one certificate.
    #[must_use]
    pub fn with_x5c(self) -> Self {
        Self { with_x5c: true, ..self }
    }

    fn read(tenant: TenantId, app_id: AppId, texts: &[&str]) -> Result<Self, InvalidCertificate> {
        let Sections { key, certificates } = Sections::read(texts)?;
        let key = key.ok_or(InvalidCertificate::NoKey)?;
        if certificates.is_empty() {
            return Err(InvalidCertificate::NoCertificate);
        }
        let proof = sign(&key, TRIAL).ok_or(InvalidCertificate::UnusableKey)?;
        let mut chain = Vec::new();
        let mut thumbprint = None;
        for certificate in &certificates {
            let public = der::public_key(certificate).ok_or(InvalidCertificate::UnusableCertificate)?;
            let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public);
            if thumbprint.is_none() && public.verify(TRIAL, &proof).is_ok() {
                thumbprint = Some(BASE64_URL.encode(digest::digest(&digest::SHA256, certificate)));
                // Whoever reads the chain begins with the app's own.
                chain.insert(0, BASE64.encode(certificate));
            } else {
                chain.push(BASE64.encode(certificate));
            }
        }
        let thumbprint = thumbprint.ok_or(InvalidCertificate::OtherKey)?;
        Ok(Self { tenant, app_id, key: Arc::new(key), thumbprint, chain, with_x5c: false })
    }

    /// The statement for one request to this address.
    fn assertion(&self, address: &Url, now: SystemTime) -> Result<SecretString, Failure> {
        let failed = || Failure::new("the statement for the login cannot be signed");
        let now = now.duration_since(UNIX_EPOCH).map_err(|_| {
            Failure::new(
                "the clock of this machine is before 1970: set it, the login compares it with its own",
            )
        })?;
        let mut random = [0; 16];
        rand::fill(&mut random).map_err(|_| failed())?;
        let mut header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        if let (true, Some(header)) = (self.with_x5c, header.as_object_mut()) {
            header.insert("x5c".to_owned(), json!(self.chain));
        }
        let claims = json!({
            "aud": address.as_str(),
            "iss": self.app_id.as_str(),
            "sub": self.app_id.as_str(),
            "jti": uuid::Builder::from_random_bytes(random).into_uuid().to_string(),
            "nbf": now.as_secs(),
            "exp": (now + HOLDS).as_secs(),
        });
        let mut text =
            format!("{}.{}", BASE64_URL.encode(header.to_string()), BASE64_URL.encode(claims.to_string()));
        let signature = sign(&self.key, text.as_bytes()).ok_or_else(failed)?;
        text.push('.');
        BASE64_URL.encode_string(signature, &mut text);
        Ok(text.into())
    }
}

fn sign(key: &RsaKeyPair, message: &[u8]) -> Option<Vec<u8>> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
    Some(signature)
}

#[async_trait]
impl Credential for ClientCertificate {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    fn app_id(&self) -> &AppId {
        &self.app_id
    }

    async fn proof(&self, address: &Url) -> Result<Proof, Failure> {
        self.assertion(address, Wall::system().now()).map(Proof::Assertion)
    }
}

/// What PEM texts have that is of use here.
struct Sections {
    key: Option<RsaKeyPair>,
    certificates: Vec<Vec<u8>>,
}

impl Sections {
    fn read(texts: &[&str]) -> Result<Self, InvalidCertificate> {
        // Both would else look like no key, or like a damaged one.
        let encrypted = ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"];
        if texts.iter().any(|text| encrypted.iter().any(|sign| text.contains(sign))) {
            return Err(InvalidCertificate::EncryptedKey);
        }
        if !texts.iter().all(|text| text.contains("-----BEGIN ")) {
            return Err(InvalidCertificate::NotPem);
        }
        let mut read = Self { key: None, certificates: Vec::new() };
        for text in texts {
            for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()) {
                let (kind, der) = section.map_err(|_| InvalidCertificate::NotPem)?;
                let der = Zeroizing::new(der);
                match kind {
                    SectionKind::Certificate => read.certificates.push(der.to_vec()),
                    SectionKind::PrivateKey => read.take(RsaKeyPair::from_pkcs8(&der))?,
                    SectionKind::RsaPrivateKey => read.take(RsaKeyPair::from_der(&der))?,
                    SectionKind::EcPrivateKey => return Err(InvalidCertificate::NotRsa),
                    _ => {}
                }
            }
        }
        Ok(read)
    }

    fn take(
        &mut self,
        key: Result<RsaKeyPair, aws_lc_rs::error::KeyRejected>,
    ) -> Result<(), InvalidCertificate> {
        let key = key.map_err(|rejected| match rejected.description_() {
            "WrongAlgorithm" => InvalidCertificate::NotRsa,
            _ => InvalidCertificate::UnusableKey,
        })?;
        match self.key.replace(key) {
            None => Ok(()),
            Some(_) => Err(InvalidCertificate::ManyKeys),
        }
    }
}

impl fmt::Display for InvalidCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidCertificate::NotPem => {
                "there is no whole PEM text: a PFX file becomes one by `openssl pkcs12 -in app.pfx -nodes`"
            }
            InvalidCertificate::NoKey => "there is no private key: add the section `PRIVATE KEY`",
            InvalidCertificate::ManyKeys => "there are several private keys: leave only the certificate's",
            InvalidCertificate::EncryptedKey => {
                "the private key is under a password: take that off with `openssl pkey`, and guard the file"
            }
            InvalidCertificate::NotRsa => "the private key is not RSA: make a certificate with an RSA key",
            InvalidCertificate::UnusableKey => "the private key is damaged, or not RSA of 2048 to 8192 bits",
            InvalidCertificate::NoCertificate => "there is no certificate: add the section `CERTIFICATE`",
            InvalidCertificate::UnusableCertificate => "a certificate is damaged: export it again",
            InvalidCertificate::OtherKey => "the private key does not belong to the certificate",
        })
    }
}

impl error::Error for InvalidCertificate {}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate")
            .field("tenant", &self.tenant)
            .field("app_id", &self.app_id)
            .field("thumbprint", &self.thumbprint)
            .field("key", &"[redacted]")
            .field("x5c", &self.with_x5c)
            .finish_non_exhaustive()
    }
}
