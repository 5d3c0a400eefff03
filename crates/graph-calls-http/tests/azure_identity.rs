//! A credential of the Azure SDK that is no more than a counter.

#![cfg(feature = "azure-identity")]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may fail the test"
)]

mod fake_login;

use std::{
    error::Error as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use azure_core::{
    credentials::{AccessToken, TokenCredential, TokenRequestOptions},
    error::{Error, ErrorKind},
    time::{Duration as Span, OffsetDateTime},
};
use fake_login::{bearer, settle, tenant, wanted};
use futures_util::future::join_all;
use graph_calls_core::{TokenProvider as _, model::TenantId};
use graph_calls_http::AzureIdentityTokens;
use tokio::time::{Instant, advance, sleep};

/// What the credential does.
#[derive(Debug, Clone, Copy)]
enum Answer {
    /// Another token each time, that lives so many seconds.
    Token(i64),
    /// One and the same.
    Same,
    Garbage,
    Failure,
    Silence,
}

#[derive(Debug)]
struct FakeCredential {
    answer: Mutex<Answer>,
    asked: AtomicU64,
    scopes: Mutex<Vec<String>>,
}

impl FakeCredential {
    fn answering(answer: Answer) -> Arc<Self> {
        Arc::new(Self { answer: Mutex::new(answer), asked: AtomicU64::new(0), scopes: Mutex::default() })
    }

    fn tokens(self: &Arc<Self>) -> AzureIdentityTokens {
        AzureIdentityTokens::new(tenant(), Arc::clone(self) as Arc<dyn TokenCredential>)
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl TokenCredential for FakeCredential {
    async fn get_token(
        &self,
        scopes: &[&str],
        _options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let number = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        *self.scopes.lock().unwrap() = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let answer = *self.answer.lock().unwrap();
        sleep(Duration::from_millis(300)).await;
        let (token, lives) = match answer {
            Answer::Token(lives) => (format!("token-{number}"), lives),
            Answer::Same => ("same".to_owned(), 3600),
            Answer::Garbage => ("a\r\nX: y".to_owned(), 3600),
            Answer::Failure => return Err(Error::with_message(ErrorKind::Credential, "no login here")),
            Answer::Silence => std::future::pending().await,
        };
        Ok(AccessToken::new(token, OffsetDateTime::now_utc() + Span::seconds(lives)))
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_cold_callers_ask_the_credential_once() {
    let credential = FakeCredential::answering(Answer::Token(3600));
    let tokens = credential.tokens();
    let wanted = wanted();
    let got = join_all((0..1_000).map(|_| tokens.token(&wanted))).await;
    assert!(got.iter().all(|token| token.as_ref().is_ok_and(|token| bearer(token) == "Bearer token-1")));
    assert_eq!((credential.asked(), tokens.stats().asked), (1, 1));
    assert_eq!(*credential.scopes.lock().unwrap(), ["https://graph.microsoft.com/.default"]);
}

#[tokio::test(start_paused = true)]
async fn the_next_token_is_fetched_ahead_and_nobody_waits_for_it() {
    let credential = FakeCredential::answering(Answer::Token(3600));
    let tokens = credential.tokens();
    tokens.token(&wanted()).await.unwrap();
    *credential.answer.lock().unwrap() = Answer::Silence;
    advance(Duration::from_secs(3005)).await;
    let began = Instant::now();
    assert_eq!(bearer(&tokens.token(&wanted()).await.unwrap()), "Bearer token-1");
    assert_eq!(began.elapsed(), Duration::ZERO);
    settle().await;
    assert_eq!(credential.asked(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_life_of_more_than_a_day_is_cut_to_one_and_none_at_all_is_an_error() {
    let credential = FakeCredential::answering(Answer::Token(7 * 86_400));
    let token = credential.tokens().token(&wanted()).await.unwrap();
    let lives = token.expires() - Instant::now();
    assert_eq!(lives, Duration::from_secs(86_400));
    for answer in [Answer::Token(0), Answer::Token(-3600), Answer::Garbage] {
        let error = FakeCredential::answering(answer).tokens().token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains("gave a token"), "{answer:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_never_given_again_and_the_credential_is_asked_anew_with_breaks() {
    let credential = FakeCredential::answering(Answer::Token(3600));
    let tokens = credential.tokens();
    let mut request = wanted();
    request.refused = Some(tokens.token(&request).await.unwrap());
    assert!(tokens.cached(&request).is_none());
    assert_eq!(bearer(&tokens.token(&request).await.unwrap()), "Bearer token-2");

    let stubborn = FakeCredential::answering(Answer::Same);
    let tokens = stubborn.tokens();
    request.refused = Some(tokens.token(&wanted()).await.unwrap());
    for asked in [2, 3] {
        for _ in 0..100 {
            let error = tokens.token(&request).await.unwrap_err();
            assert!(error.to_string().contains("refused"), "{error}");
        }
        assert_eq!(stubborn.asked(), asked);
        advance(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_of_another_tenant_is_an_error_and_the_credential_is_not_asked() {
    let credential = FakeCredential::answering(Answer::Token(3600));
    let mut other = wanted();
    other.tenant = Some(TenantId::new("fabrikam.example").unwrap());
    let error = credential.tokens().token(&other).await.unwrap_err();
    assert!(error.to_string().contains("not of fabrikam.example"), "{error}");
    assert_eq!(credential.asked(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_credential_that_fails_or_is_silent_is_asked_again_after_a_break() {
    for (answer, says) in [(Answer::Failure, "gave no token"), (Answer::Silence, "did not answer in time")] {
        let credential = FakeCredential::answering(answer);
        let tokens = credential.tokens();
        let error = tokens.token(&wanted()).await.unwrap_err();
        assert!(error.to_string().contains(says) && error.is_transient(), "{error}");
        let source = error.source().map(ToString::to_string);
        assert_eq!(source.is_some_and(|it| it.contains("no login here")), matches!(answer, Answer::Failure));
        tokens.token(&wanted()).await.unwrap_err();
        assert_eq!(credential.asked(), 1);
        *credential.answer.lock().unwrap() = Answer::Token(3600);
        advance(Duration::from_secs(1)).await;
        assert_eq!(bearer(&tokens.token(&wanted()).await.unwrap()), "Bearer token-2");
        assert_eq!((tokens.stats().asked, tokens.stats().failed), (2, 1));
    }
}
