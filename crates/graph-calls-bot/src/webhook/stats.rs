//! What a webhook's answers have come to so far.

use std::sync::atomic::{AtomicU64, Ordering};

use super::answer::Answer;
use crate::token::TokenStats;

macro_rules! counters {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// How many POSTs a [`Webhook`](super::Webhook) has answered, and how.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct WebhookStats {
            $($(#[$meta])* pub $name: u64,)*
            /// What its token checks have come to; why tokens were refused, too.
            pub token: TokenStats,
        }

        /// The counters behind it.
        #[derive(Debug, Default)]
        pub(super) struct Counters {
            $($name: AtomicU64,)*
        }

        impl Counters {
            pub(super) fn read(&self, token: TokenStats) -> WebhookStats {
                WebhookStats {
                    $($name: self.$name.load(Ordering::Relaxed),)*
                    token,
                }
            }
        }
    };
}

counters! {
    /// 202: taken over.
    accepted,
    /// 200: taken over, and answered.
    joining,
    /// Notifications in those.
    items,
    /// Notifications in those that name no resource.
    unrecognized,
    /// 204: the form before Graph's.
    bot_framework,
    /// 204: authenticated, and nothing in it.
    empty,
    /// 400: a body that makes no sense.
    malformed,
    /// 401: no token, or a bad one.
    unauthorized,
    /// 403: a tenant that is not allowed, or none.
    forbidden,
    /// 403: nothing but items for another tenant's calls.
    foreign,
    /// 404: a path that is no callback.
    not_found,
    /// 405: not a POST.
    method_not_allowed,
    /// 408: a slow body.
    too_slow,
    /// 413: too large, or too many items.
    too_large,
    /// 415: no JSON, or encoded.
    unsupported_media_type,
    /// 431: too large headers.
    headers_too_large,
    /// 503: no keys to check tokens with.
    no_keys,
    /// 503: a call's queue was full.
    full,
    /// 503: the store was not available.
    unavailable,
}

impl Counters {
    pub(super) fn count(&self, answer: Answer) {
        let counter = match answer {
            Answer::Accepted => &self.accepted,
            Answer::Joining => &self.joining,
            Answer::BotFramework => &self.bot_framework,
            Answer::Empty => &self.empty,
            Answer::Malformed => &self.malformed,
            Answer::Unauthorized => &self.unauthorized,
            Answer::TenantNotAllowed | Answer::NoTenant => &self.forbidden,
            Answer::OtherTenant => &self.foreign,
            Answer::NotFound => &self.not_found,
            Answer::MethodNotAllowed => &self.method_not_allowed,
            Answer::TooSlow => &self.too_slow,
            Answer::TooLarge => &self.too_large,
            Answer::UnsupportedMediaType => &self.unsupported_media_type,
            Answer::HeadersTooLarge => &self.headers_too_large,
            Answer::NoKeys(_) => &self.no_keys,
            Answer::Full(_) => &self.full,
            Answer::Unavailable(_) => &self.unavailable,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_items(&self, items: usize, unrecognized: usize) {
        self.items.fetch_add(items as u64, Ordering::Relaxed);
        self.unrecognized.fetch_add(unrecognized as u64, Ordering::Relaxed);
    }
}
