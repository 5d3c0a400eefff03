//! The WAV files of a folder, and their names.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{
    LARGEST_FILE, MOST_FILES,
    error::{PromptError, Reason},
};

/// How many folders may lie inside each other. A link that leads back up would never end.
const DEEPEST: usize = 8;

/// The WAV files of a folder and of the folders in it, by name.
pub(super) fn files(folder: &Path) -> Result<BTreeMap<String, PathBuf>, PromptError> {
    let mut found = BTreeMap::new();
    collect(folder, "", DEEPEST, &mut found)?;
    if found.is_empty() {
        return Err(PromptError::new(folder, Reason::Empty));
    }
    Ok(found)
}

fn collect(
    folder: &Path,
    within: &str,
    deeper: usize,
    found: &mut BTreeMap<String, PathBuf>,
) -> Result<(), PromptError> {
    let unreadable = |error| unreadable(folder, &error);
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_wav = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wav"));
        // Hidden ones too: a mounted volume keeps its files a second time in a folder whose name begins with two dots.
        if path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if path.is_dir() {
            let deeper = deeper.checked_sub(1).ok_or_else(|| PromptError::new(&path, Reason::TooDeep))?;
            let within = format!("{within}{}/", text(path.file_name(), &path)?);
            collect(&path, &within, deeper, found)?;
        } else if is_wav {
            let name = format!("{within}{}", text(path.file_stem(), &path)?);
            if let Some(other) = found.insert(name, path.clone()) {
                return Err(PromptError::new(path, Reason::Twice(other)));
            }
            if found.len() > MOST_FILES {
                return Err(PromptError::new(folder, Reason::TooMany));
            }
        }
    }
    Ok(())
}

fn text<'a>(name: Option<&'a OsStr>, path: &Path) -> Result<&'a str, PromptError> {
    name.and_then(OsStr::to_str).ok_or_else(|| PromptError::new(path, Reason::Unnamed))
}

/// A file's content, unless it is too large.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, PromptError> {
    let unreadable = |error| unreadable(path, &error);
    // A pipe would keep us waiting.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(PromptError::new(path, Reason::NotAFile));
    }
    let mut content = Vec::new();
    let limit = LARGEST_FILE as u64;
    File::open(path).and_then(|file| file.take(limit + 1).read_to_end(&mut content)).map_err(unreadable)?;
    if content.len() > LARGEST_FILE {
        return Err(PromptError::new(path, Reason::TooLarge));
    }
    Ok(content)
}

fn unreadable(path: &Path, error: &io::Error) -> PromptError {
    PromptError::new(path, Reason::Unreadable(error.to_string()))
}
