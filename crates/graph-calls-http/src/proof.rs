//! What the environment says of how an app proves who it is.

use std::path::Path;

use graph_calls_core::model::{AppId, TenantId};
use secrecy::SecretString;

use crate::{
    ClientCertificate, ClientSecret, EntraCredential, Error, FederatedToken, ManagedIdentity, Result,
    small_file,
    variables::{
        APP, CERTIFICATE, FEDERATED, Found, IDENTITY_ENDPOINT, IDENTITY_HEADER, MANAGED, SECRET, SEND_CHAIN,
        Variables,
    },
};

/// The longest file with a certificate that is read.
const LONGEST: usize = 256 * 1024;

/// The one proof that the environment names.
pub(crate) enum Proof {
    Secret(Found),
    Certificate(Found),
    Federated(Found),
    System,
    UserAssigned { found: Found, client_id: AppId },
}

impl Proof {
    /// The proof that is named; two are an error, because nobody could tell which one counts.
    pub(crate) fn find<L: Fn(&str) -> Option<String>>(variables: &Variables<L>) -> Result<Option<Self>> {
        let secret = variables.find(SECRET, |one, two| one == two)?;
        let (certificate, federated) = (variables.get(CERTIFICATE), variables.get(FEDERATED));
        let managed = variables.get(MANAGED);
        let names: Vec<_> = [&secret, &certificate, &federated, &managed]
            .into_iter()
            .flatten()
            .map(|found| found.name)
            .collect();
        if names.len() > 1 {
            let message = format!(
                "{} are set at once: set the one that this app proves itself by",
                names.join(" and ")
            );
            return Err(Error::invalid(message).with_variables(names));
        }
        Ok(match (secret, certificate, federated, managed) {
            (Some(found), ..) => Some(Self::Secret(found)),
            (_, Some(found), ..) => Some(Self::Certificate(found)),
            (_, _, Some(found), _) => Some(Self::Federated(found)),
            (.., Some(found)) => Some(Self::managed(found)?),
            _ => None,
        })
    }

    fn managed(found: Found) -> Result<Self> {
        if found.value.eq_ignore_ascii_case("system") {
            return Ok(Self::System);
        }
        match AppId::new(&found.value) {
            Ok(client_id) => Ok(Self::UserAssigned { found, client_id }),
            Err(error) => {
                let message =
                    format!("{} must be `system` or the client id of an identity: {error}", found.name);
                Err(Error::invalid(message).with_variables(vec![found.name]))
            }
        }
    }

    /// The app that proves itself: an assigned identity is one of its own.
    pub(crate) fn app(&self, named: Option<AppId>) -> Result<Option<AppId>> {
        match (self, named) {
            (Self::UserAssigned { found, client_id }, Some(named)) if *client_id != named => {
                let message = format!(
                    "{} and {} differ: tokens of a managed identity are those of its own client id",
                    found.name, APP.name
                );
                Err(Error::invalid(message).with_variables(vec![found.name, APP.name]))
            }
            (Self::UserAssigned { client_id, .. }, None) => Ok(Some(client_id.clone())),
            (_, named) => Ok(named),
        }
    }

    /// The credential. A certificate is read here, a federated token only when it is wanted.
    pub(crate) fn credential<L: Fn(&str) -> Option<String>>(
        self,
        tenant: TenantId,
        app: AppId,
        variables: &Variables<L>,
    ) -> Result<EntraCredential> {
        Ok(match self {
            Self::Secret(found) => ClientSecret::new(tenant, app, SecretString::from(found.value)).into(),
            Self::Certificate(found) => {
                let certificate = certificate(&found, tenant, app)?;
                let sends = |found: &Found| matches!(found.value.to_ascii_lowercase().as_str(), "1" | "true");
                match variables.get(SEND_CHAIN).filter(sends) {
                    Some(_) => certificate.with_x5c().into(),
                    None => certificate.into(),
                }
            }
            Self::Federated(found) => FederatedToken::from_file(tenant, app, found.value).into(),
            Self::System => near(ManagedIdentity::system(tenant, app), variables)?.into(),
            Self::UserAssigned { .. } => near(ManagedIdentity::user_assigned(tenant, app), variables)?.into(),
        })
    }
}

fn certificate(found: &Found, tenant: TenantId, app: AppId) -> Result<ClientCertificate> {
    let wrong = |message: String| Error::invalid(message).with_variables(vec![found.name]);
    let text = small_file::read(Path::new(&found.value), LONGEST)
        .map_err(|error| wrong(format!("the file named by {} cannot be read: {error}", found.name)))?;
    ClientCertificate::from_pem(tenant, app, &text)
        .map_err(|error| wrong(format!("the file named by {} cannot be used: {error}", found.name)))
}

/// The endpoint that the platform names, if it does.
fn near<L: Fn(&str) -> Option<String>>(
    identity: ManagedIdentity,
    variables: &Variables<L>,
) -> Result<ManagedIdentity> {
    match (variables.get(IDENTITY_ENDPOINT), variables.get(IDENTITY_HEADER)) {
        (Some(endpoint), Some(header)) => identity
            .with_endpoint(&endpoint.value, &header.value)
            .map_err(|error| error.with_variables(vec![endpoint.name, header.name])),
        // Azure Arc sets the first alone, and has a way of its own.
        _ => Ok(identity),
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs, process};

    use super::*;
    use crate::{Config, ErrorKind};

    const TENANT_ID: &str = "2f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
    const APP_ID: &str = "3f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
    const OTHER_ID: &str = "4f1a0b00-1c2d-4e3f-8a9b-0c1d2e3f4a5b";
    const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys");

    /// What a variable may be set to, in the order in which they are named.
    const PROOFS: [(&str, &str); 4] = [
        ("AZURE_CLIENT_SECRET", "s3cret"),
        ("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere/app.pem"),
        ("AZURE_FEDERATED_TOKEN_FILE", "/nowhere/token"),
        ("GRAPH_CALLS_MANAGED_IDENTITY", "system"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Config> {
        Config::from_lookup(|wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn app(more: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
        let mut variables = vec![("AZURE_TENANT_ID", TENANT_ID), ("AZURE_CLIENT_ID", APP_ID)];
        variables.extend(more);
        variables
    }

    #[test]
    fn two_proofs_at_once_are_an_error_that_names_both() {
        for (index, one) in PROOFS.iter().enumerate() {
            for two in &PROOFS[index + 1..] {
                let error = read(&app(&[*two, *one])).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Invalid);
                assert_eq!(error.variables(), [one.0, two.0]);
                let shown = format!("{error} {error:?}");
                assert!(shown.contains(one.0) && shown.contains(two.0), "{shown}");
                assert!(!shown.contains("s3cret"), "{shown}");
            }
        }
        let alias = ("MicrosoftAppPassword", "s3cret");
        let error = read(&app(&[alias, PROOFS[3]])).unwrap_err();
        assert_eq!(error.variables(), [alias.0, PROOFS[3].0]);
    }

    #[test]
    fn tenant_and_app_are_missed_whatever_the_proof() {
        for proof in PROOFS {
            let error = read(&[proof]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Missing, "{error}");
            assert_eq!(error.variables(), ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"]);
        }
        // With a token of one's own nobody has to prove anything.
        let tokens = graph_calls_core::FixedToken::new("t").unwrap();
        let two = |wanted: &str| {
            PROOFS.iter().find(|(name, _)| *name == wanted).map(|(_, value)| (*value).to_owned())
        };
        assert!(Config::from_lookup_with_token(two, tokens).is_ok());
    }

    #[test]
    fn a_certificate_comes_from_one_file_and_what_is_wrong_with_it_is_told() {
        let path = env::temp_dir().join(format!("graph-calls-config-{}.pem", process::id()));
        let shown = path.to_str().unwrap();
        let text = |name: &str| fs::read_to_string(format!("{KEYS}/{name}")).unwrap();
        let key = |name: &str| {
            let label = "PRIVATE KEY";
            format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", text(name))
        };
        let config = |chain: &str| {
            read(&[
                ("AZURE_TENANT_ID", TENANT_ID),
                ("AZURE_CLIENT_ID", APP_ID),
                ("AZURE_CLIENT_CERTIFICATE_PATH", shown),
                ("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", chain),
            ])
        };
        fs::write(&path, format!("{}{}", key("key.b64"), text("certificate.pem"))).unwrap();
        for (chain, sent) in [("", false), ("0", false), ("false", false), ("1", true), ("True", true)] {
            let shown = format!("{:?}", config(chain).unwrap().credential());
            assert!(shown.contains(&format!("x5c: {sent}")), "{chain}: {shown}");
        }
        for (content, says) in [
            (key("key.b64"), "no certificate"),
            (text("certificate.pem"), "no private key"),
            (format!("{}{}", key("other_key.b64"), text("certificate.pem")), "does not belong"),
            ("x".repeat(256 * 1024 + 1), "longer than"),
        ] {
            fs::write(&path, content).unwrap();
            let error = config("").unwrap_err();
            assert_eq!(error.variables(), ["AZURE_CLIENT_CERTIFICATE_PATH"]);
            assert!(error.to_string().contains(says), "{error}");
        }
        fs::remove_file(&path).unwrap();
        assert!(config("").unwrap_err().to_string().contains("cannot be read"));
    }

    #[test]
    fn a_federated_token_is_not_read_before_it_is_wanted() {
        let config = read(&app(&[PROOFS[2]])).unwrap();
        assert!(format!("{:?}", config.credential()).contains("/nowhere/token"));
    }

    #[test]
    fn a_managed_identity_is_the_machines_own_or_goes_by_its_client_id() {
        let own = read(&app(&[("GRAPH_CALLS_MANAGED_IDENTITY", "System")])).unwrap();
        let shown = format!("{:?}", own.credential());
        assert!(shown.contains("user_assigned: false") && shown.contains("MetadataService"), "{shown}");

        let named = ("GRAPH_CALLS_MANAGED_IDENTITY", APP_ID);
        for variables in [vec![("AZURE_TENANT_ID", TENANT_ID), named], app(&[named])] {
            let config = read(&variables).unwrap();
            let shown = format!("{:?}", config.credential());
            assert!(shown.contains("user_assigned: true") && shown.contains(APP_ID), "{shown}");
            assert!(format!("{config:?}").contains(APP_ID));
        }
        let error = read(&app(&[("GRAPH_CALLS_MANAGED_IDENTITY", OTHER_ID)])).unwrap_err();
        assert_eq!(error.variables(), ["GRAPH_CALLS_MANAGED_IDENTITY", "AZURE_CLIENT_ID"]);
        let error = read(&app(&[("GRAPH_CALLS_MANAGED_IDENTITY", "yes")])).unwrap_err();
        assert_eq!(error.variables(), ["GRAPH_CALLS_MANAGED_IDENTITY"]);
    }

    #[test]
    fn the_endpoint_is_the_platforms_if_it_names_one_and_never_guessed_at() {
        let (endpoint, header) =
            (("IDENTITY_ENDPOINT", "http://169.254.130.6:8081/msi/token"), ("IDENTITY_HEADER", "s3cret"));
        let managed = PROOFS[3];
        let shown = |variables: &[_]| format!("{:?}", read(&app(variables)).unwrap().credential());
        let platform = shown(&[managed, endpoint, header]);
        assert!(platform.contains("169.254.130.6") && !platform.contains("s3cret"), "{platform}");
        assert!(shown(&[managed, endpoint]).contains("MetadataService"));
        // They are there wherever Azure runs a container: alone they are no wish.
        let error = read(&app(&[endpoint, header])).unwrap_err();
        assert_eq!(error.variables(), ["AZURE_CLIENT_SECRET"]);
        let elsewhere = ("IDENTITY_ENDPOINT", "http://10.0.0.1/token");
        let error = read(&app(&[managed, elsewhere, header])).unwrap_err();
        assert_eq!(error.variables(), ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"]);
        assert!(!format!("{error} {error:?}").contains("s3cret"));
    }
}
