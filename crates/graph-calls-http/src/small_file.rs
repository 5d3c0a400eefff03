//! Files that hold a credential.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::Path,
};

use zeroize::Zeroizing;

/// Reads a text of at most so many bytes.
pub(crate) fn read(path: &Path, longest: usize) -> io::Result<Zeroizing<String>> {
    // To open a pipe that nobody writes to would take for ever.
    only_a_regular(&fs::metadata(path)?)?;
    read_open(File::open(path)?, longest)
}

fn read_open(file: File, longest: usize) -> io::Result<Zeroizing<String>> {
    // By now the path may have led to something else.
    only_a_regular(&file.metadata()?)?;
    let mut bytes = Zeroizing::new(Vec::new());
    let longest = u64::try_from(longest).unwrap_or(u64::MAX);
    let read = file.take(longest.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > longest {
        return Err(io::Error::other(format!("it is longer than {longest} bytes")));
    }
    let text = str::from_utf8(&bytes).map_err(|_| io::Error::other("it is no text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn only_a_regular(found: &Metadata) -> io::Result<()> {
    if found.is_file() { Ok(()) } else { Err(io::Error::other("it is no regular file")) }
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn only_a_text_of_that_length_is_read() {
        let path = env::temp_dir().join(format!("graph-calls-small-file-{}", std::process::id()));
        fs::write(&path, "12345").unwrap();
        assert_eq!(&**read(&path, 5).unwrap(), "12345");
        assert!(read(&path, 4).unwrap_err().to_string().contains("longer than 4 bytes"));
        fs::write(&path, b"\xFF").unwrap();
        assert!(read(&path, 4).unwrap_err().to_string().contains("no text"));
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&path, 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(read(&env::temp_dir(), 4).unwrap_err().to_string().contains("no regular file"));
    }

    #[cfg(unix)]
    #[test]
    fn what_was_opened_is_looked_at_and_not_only_its_path() {
        for endless in ["/dev/zero", "/"] {
            let error = read_open(File::open(endless).unwrap(), 4).unwrap_err();
            assert!(error.to_string().contains("no regular file"), "{endless}: {error}");
        }
    }
}
