//! What becomes of a prompt's source when a command is made.

use std::sync::Arc;

use graph_calls_core::model::{CallbackUri, MediaConfig, MediaInfo};
use url::Url;

use super::Prompts;
use crate::command::Source;

/// What a bot can play.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sounds {
    /// The folder's, where there is one.
    pub(crate) prompts: Option<Arc<Prompts>>,
    /// The emulator that the bot talks to: what it fetches may be plain http.
    pub(crate) emulator: Option<Arc<str>>,
    /// Any name is taken: a test of a handler needs no files.
    pub(crate) any_name: bool,
}

impl Sounds {
    /// Where the service fetches it, or why it cannot and what to do.
    pub(crate) fn resolve(
        &self,
        callback: &CallbackUri,
        source: &Source,
    ) -> Result<MediaInfo<'static>, String> {
        match source {
            Source::Url(url) => self.allowed(url).map(|()| MediaInfo::new(url)),
            Source::File(name) => self.file(callback, name),
        }
    }

    /// The configuration of media with these files fetched ahead.
    pub(crate) fn prefetched(
        &self,
        callback: &CallbackUri,
        config: MediaConfig<'static>,
        names: &[String],
    ) -> Result<MediaConfig<'static>, String> {
        if names.is_empty() {
            return Ok(config);
        }
        let MediaConfig::ServiceHosted(mut config) = config else {
            return Err(
                "prompts are fetched ahead only where the service hosts the media: leave `prefetch` out"
                    .to_owned(),
            );
        };
        for name in names {
            config.pre_fetch_media.push(self.file(callback, name)?);
        }
        Ok(MediaConfig::ServiceHosted(config))
    }

    fn file(&self, callback: &CallbackUri, name: &str) -> Result<MediaInfo<'static>, String> {
        match &self.prompts {
            Some(prompts) => prompts.media(callback, name).ok_or_else(|| prompts.unknown(name)),
            None if self.any_name => {
                let uri = callback.below(&["prompts", &format!("{name}.wav")]);
                Ok(MediaInfo::new(uri.as_str()).with_resource_id(name))
            }
            None => Err(format!(
                "there is no prompt `{name}`: name the folder of prompts with `BotBuilder::prompts`"
            )),
        }
    }

    // The URL is not repeated: its query may be what grants access.
    fn allowed(&self, url: &str) -> Result<(), String> {
        let Ok(url) = Url::parse(url) else {
            return Err("a prompt's URL is none: give an absolute https URL, or `Prompt::file`".to_owned());
        };
        let host = url.host_str().unwrap_or_default();
        let emulator = self.emulator.as_deref().and_then(|emulator| Url::parse(emulator).ok());
        match (url.scheme(), emulator) {
            ("https", _) => Ok(()),
            ("http", Some(emulator)) if emulator.host_str() == Some(host) => Ok(()),
            ("http", Some(emulator)) => Err(format!(
                "a prompt's URL is plain http to {host}, allowed is the emulator's host {} alone: use https, or put \
                 the file into the folder of prompts and play it with `Prompt::file`",
                emulator.host_str().unwrap_or_default()
            )),
            (scheme, _) => Err(format!(
                "a prompt's URL begins with {scheme}: the service fetches over https alone; put the file into the \
                 folder of prompts and play it with `Prompt::file`, or name the emulator with `BotBuilder::emulator`"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn callback() -> CallbackUri {
        CallbackUri::new("https://bot.example/api/calls").unwrap()
    }

    #[test]
    fn plain_http_goes_to_the_emulator_and_nowhere_else() {
        let alone = Sounds::default();
        let emulated = Sounds { emulator: Some("http://127.0.0.1:4000".into()), ..Sounds::default() };
        let remote = Sounds { emulator: Some("http://emulator.test".into()), ..Sounds::default() };
        for (sounds, url, taken) in [
            (&alone, "https://cdn.example/a.wav?sig=s3cret", true),
            (&alone, "HTTPS://cdn.example/a.wav", true),
            (&alone, "http://cdn.example/a.wav?sig=s3cret", false),
            (&alone, "http://127.0.0.1:4000/a.wav?sig=s3cret", false),
            (&alone, "file:///etc/passwd?sig=s3cret", false),
            (&alone, "/a.wav?sig=s3cret", false),
            (&alone, "", false),
            (&emulated, "http://127.0.0.1:4000/prompts/welcome.wav", true),
            (&emulated, "http://127.0.0.1:4001/a.wav", true),
            (&emulated, "http://127.0.0.1.example/a.wav?sig=s3cret", false),
            (&emulated, "http://127.0.0.1@cdn.example/a.wav?sig=s3cret", false),
            (&emulated, "ftp://127.0.0.1:4000/a.wav?sig=s3cret", false),
            (&emulated, "https://cdn.example/a.wav", true),
            (&remote, "http://EMULATOR.test/a.wav", true),
            (&remote, "http://127.0.0.1/a.wav?sig=s3cret", false),
        ] {
            match sounds.resolve(&callback(), &Source::Url(url.to_owned())) {
                Ok(media) => {
                    assert!(taken, "{url}");
                    assert_eq!(media, MediaInfo::new(url));
                }
                Err(why) => {
                    assert!(!taken, "{url}: {why}");
                    assert!(why.contains("https") && !why.contains("s3cret"), "{why}");
                }
            }
        }
    }

    #[test]
    fn without_a_folder_no_file_is_known() {
        let why = Sounds::default().resolve(&callback(), &Source::File("menu".to_owned())).unwrap_err();
        assert!(why.contains("`menu`") && why.contains("BotBuilder::prompts"), "{why}");
    }

    #[test]
    fn a_media_host_fetches_no_prompts() {
        let any = Sounds { any_name: true, ..Sounds::default() };
        let names = ["menu".to_owned()];
        assert!(any.prefetched(&callback(), MediaConfig::app_hosted("blob"), &names).is_err());
        assert!(any.prefetched(&callback(), MediaConfig::app_hosted("blob"), &[]).is_ok());
        let config = any.prefetched(&callback(), MediaConfig::service_hosted(), &names).unwrap();
        let MediaConfig::ServiceHosted(config) = config else { panic!("{config:?}") };
        assert_eq!(config.pre_fetch_media.len(), 1);
    }
}
