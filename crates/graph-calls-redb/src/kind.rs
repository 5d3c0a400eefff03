//! The store, named by a URL.

use std::{path::Path, sync::Arc};

use graph_calls_bot::store::StoreKind;

use crate::RedbStore;

const SCHEME: &str = "redb";

/// Lets a bot be told by its environment to keep calls in a file: `GRAPH_CALLS_STORE=redb:PATH`.
///
/// The path is all that comes after the colon, as the system takes it: `redb:calls.redb` lies in the working directory,
/// `redb:/var/lib/bot/calls.redb` does not. The file is opened when the bot is built ([`RedbStore::open`]), and a bot that
/// another process keeps from it is not built.
///
/// # Examples
///
/// A bot that is configured by its environment takes it in the same way, by `Bot::builder_from_env(handler).await?`.
///
/// ```
/// use graph_calls_bot::{Bot, BuildError};
///
/// let bot = Bot::builder().store_kind(graph_calls_redb::kind()).store_url("redb:calls.redb");
/// # let _runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # let _entered = _runtime.enter();
/// // No file is made before the rest of the bot is there.
/// assert!(matches!(bot.build(), Err(BuildError::Missing(..))));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn kind() -> StoreKind {
    StoreKind::new(SCHEME, |url| {
        let path = url.split_once(':').map_or("", |(_, path)| path);
        if path.is_empty() {
            return Err("it names no file: write `redb:PATH`, such as redb:calls.redb".into());
        }
        Ok(Arc::new(RedbStore::open(Path::new(path))?))
    })
}
