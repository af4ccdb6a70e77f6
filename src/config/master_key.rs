//! The master key: 32 random bytes that open everything stored.
//!
//! It comes, in this order, from `LAUNCHYARD_MASTER_KEY` (base64), from the file named by
//! `LAUNCHYARD_MASTER_KEY_FILE`, from systemd's credential `master.key`, or from `[key] file`.
//! Only the last is ever made by us, and only when the data folder is still empty: with data there, a
//! missing key is a refusal, because a new one would open nothing. The key never lies in the data
//! folder, so that a copy of the folder is useless without it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::prelude::{Engine, BASE64_STANDARD};
use zeroize::{Zeroize, Zeroizing};

use super::source::Section;
use super::{places, Secret};

/// Never printed; wiped from memory when dropped.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Where the key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// `LAUNCHYARD_MASTER_KEY`.
    Variable(Secret),
    /// `LAUNCHYARD_MASTER_KEY_FILE`: somebody else's file, which we only read.
    NamedFile(PathBuf),
    /// systemd's `LoadCredential=master.key:…`. systemd sets its permissions.
    Credential(PathBuf),
    /// `[key] file`, made on first run.
    OwnFile(PathBuf),
}

/// Each says what to do about it. None shows the key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error(
        "the master key {path} is missing. Neither data nor backups can be opened without the key they were made \
         with: put it back from where you keep its copy. A new key would open nothing, so none was made"
    )]
    Missing { path: PathBuf },
    #[error(
        "the master key file {path}, named by LAUNCHYARD_MASTER_KEY_FILE, is missing. Make it with: \
             (umask 077; head -c 32 /dev/urandom | base64 > {path})"
    )]
    NamedFileMissing { path: PathBuf },
    #[error("the master key in {origin} is not 32 bytes in base64 (44 characters). Put the right key there")]
    WrongFormat { origin: String },
    #[error("the master key {path} can be read by others (mode {mode:04o}). Close it with: chmod 600 {path}")]
    TooOpen { path: PathBuf, mode: u32 },
    #[error(
        "the master key {path} lies inside the data folder {folder}. Move it out and set [key] file, so that a \
             copy of the folder cannot be opened without it"
    )]
    InsideData { path: PathBuf, folder: PathBuf },
    #[error("the master key {path} cannot be read or written; check that this user may")]
    Io { path: PathBuf, source: io::Error },
}

impl MasterKey {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// From 44 characters of base64, white space around them ignored.
    fn decode(text: &str) -> Option<Self> {
        let mut decoded = BASE64_STANDARD.decode(text.trim()).ok()?;
        let key = decoded.as_slice().try_into().ok().map(Self::from_bytes);
        decoded.zeroize();
        key
    }

    fn encode(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n", BASE64_STANDARD.encode(self.as_bytes())))
    }
}

impl KeySource {
    pub(super) fn read(
        from: &mut Section<'_>,
        env: &BTreeMap<String, String>,
        default_file: PathBuf,
        data_dir: &Path,
    ) -> Self {
        let file = from.path("file").unwrap_or(default_file);
        let chosen = Self::choose(env, file);
        if env.contains_key("LAUNCHYARD_MASTER_KEY") && env.contains_key("LAUNCHYARD_MASTER_KEY_FILE") {
            let message = "is given twice, by LAUNCHYARD_MASTER_KEY and LAUNCHYARD_MASTER_KEY_FILE; unset one of them";
            from.mistake("file", message);
        }
        if let Some(path) = chosen.path().filter(|path| places::is_inside(path, data_dir)) {
            let cure = "move it out, so that a copy of the folder cannot be opened without it";
            from.mistake("file", format_args!("must not be inside the data folder, is {}; {cure}", path.display()));
        }
        chosen
    }

    fn choose(env: &BTreeMap<String, String>, file: PathBuf) -> Self {
        let credential = || env.get("CREDENTIALS_DIRECTORY").map(|dir| Path::new(dir).join("master.key"));
        if let Some(key) = env.get("LAUNCHYARD_MASTER_KEY") {
            Self::Variable(Secret::new(key.clone()))
        } else if let Some(path) = env.get("LAUNCHYARD_MASTER_KEY_FILE") {
            Self::NamedFile(path.into())
        } else if let Some(path) = credential().filter(|path| path.exists()) {
            Self::Credential(path)
        } else {
            Self::OwnFile(file)
        }
    }

    /// The file that holds the key, unless a variable does.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Variable(_) => None,
            Self::NamedFile(path) | Self::Credential(path) | Self::OwnFile(path) => Some(path),
        }
    }
}

/// The key of this installation. On a `first_run` (the data folder is empty) a missing `[key] file`
/// is made, mode 0600, with its folder; an existing one is used. Of two processes that make it at
/// once, both get the same key. `data_dir` is looked at again, because links may have changed.
pub fn find_or_create(source: &KeySource, data_dir: &Path, first_run: bool) -> Result<MasterKey, MasterKeyError> {
    if let Some(path) = source.path().filter(|path| places::is_inside(path, data_dir)) {
        return Err(MasterKeyError::InsideData { path: path.to_owned(), folder: data_dir.to_owned() });
    }
    match source {
        KeySource::Variable(text) => MasterKey::decode(text.expose())
            .ok_or(MasterKeyError::WrongFormat { origin: "LAUNCHYARD_MASTER_KEY".to_owned() }),
        KeySource::NamedFile(path) => {
            check_mode(path)?;
            read(path)?.ok_or_else(|| match first_run {
                true => MasterKeyError::NamedFileMissing { path: path.clone() },
                false => MasterKeyError::Missing { path: path.clone() },
            })
        }
        KeySource::Credential(path) => read(path)?.ok_or_else(|| MasterKeyError::Missing { path: path.clone() }),
        KeySource::OwnFile(path) => {
            check_mode(path)?;
            match read(path)? {
                Some(key) => Ok(key),
                None if first_run => create(path),
                None => Err(MasterKeyError::Missing { path: path.clone() }),
            }
        }
    }
}

/// None when there is no such file.
fn read(path: &Path) -> Result<Option<MasterKey>, MasterKeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::InvalidData => Zeroizing::default(),
        Err(source) => return Err(MasterKeyError::Io { path: path.to_owned(), source }),
    };
    let origin = || path.display().to_string();
    MasterKey::decode(&text).map(Some).ok_or_else(|| MasterKeyError::WrongFormat { origin: origin() })
}

fn check_mode(path: &Path) -> Result<(), MasterKeyError> {
    match fs::metadata(path) {
        Ok(found) if found.mode() & 0o077 != 0 => {
            Err(MasterKeyError::TooOpen { path: path.to_owned(), mode: found.mode() & 0o7777 })
        }
        _ => Ok(()),
    }
}

/// The key appears under its name complete and on disk, or not at all: written beside, then linked,
/// which fails where a file stands already. That one is then the key.
fn create(path: &Path) -> Result<MasterKey, MasterKeyError> {
    let key = MasterKey::from_bytes(rand::random());
    match place(path, &key) {
        Ok(()) => Ok(key),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| MasterKeyError::Missing { path: path.to_owned() })
        }
        Err(source) => Err(MasterKeyError::Io { path: path.to_owned(), source }),
    }
}

fn place(path: &Path, key: &MasterKey) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = folder.join(format!(".master-key-{:016x}", rand::random::<u64>()));
    let written = write_synced(&beside, key).and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside).or_else(|error| if written.is_ok() { Err(error) } else { Ok(()) })?;
    written?;
    File::open(folder)?.sync_all()
}

fn write_synced(path: &Path, key: &MasterKey) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(key.encode().as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Folders {
        root: tempfile::TempDir,
    }

    impl Folders {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            fs::create_dir(root.path().join("data")).unwrap();
            Self { root }
        }
        fn data(&self) -> PathBuf {
            self.root.path().join("data")
        }
        fn key(&self) -> PathBuf {
            self.root.path().join("etc/master.key")
        }
        fn find(&self, first_run: bool) -> Result<MasterKey, MasterKeyError> {
            find_or_create(&KeySource::OwnFile(self.key()), &self.data(), first_run)
        }
    }

    #[test]
    fn the_first_run_makes_a_key_only_its_owner_can_read_and_later_runs_use_it() {
        let folders = Folders::new();
        let made = folders.find(true).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        assert_eq!(mode(&folders.key()), 0o600);
        assert_eq!(mode(folders.key().parent().unwrap()), 0o700);
        assert_eq!(fs::read_dir(folders.key().parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
        for first_run in [true, false] {
            assert_eq!(folders.find(first_run).unwrap().as_bytes(), made.as_bytes());
        }
    }

    #[test]
    fn two_first_runs_at_once_get_the_same_key() {
        let folders = Folders::new();
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| *folders.find(true).unwrap().as_bytes())).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| key == &keys[0]));
    }

    #[test]
    fn a_missing_key_beside_existing_data_is_refused_and_none_is_made() {
        let folders = Folders::new();
        let refusal = folders.find(false).err().unwrap();
        assert!(matches!(refusal, MasterKeyError::Missing { .. }), "{refusal}");
        assert!(refusal.to_string().contains("put it back"));
        assert!(!folders.key().exists());
    }

    #[test]
    fn a_key_that_cannot_be_trusted_is_refused_even_on_the_first_run() {
        let good = MasterKey::from_bytes([7; 32]).encode();
        let cases: [(&str, &[u8], u32, &str); 5] = [
            ("readable by the group", good.as_bytes(), 0o640, "chmod 600"),
            ("readable by all", good.as_bytes(), 0o604, "chmod 600"),
            ("empty", b"", 0o600, "not 32 bytes"),
            ("too short", b"c2hvcnQ=", 0o600, "not 32 bytes"),
            ("not text", b"\xff\xfe\x00", 0o600, "not 32 bytes"),
        ];
        for (name, content, mode, cure) in cases {
            let folders = Folders::new();
            fs::create_dir(folders.key().parent().unwrap()).unwrap();
            fs::write(folders.key(), content).unwrap();
            fs::set_permissions(folders.key(), fs::Permissions::from_mode(mode)).unwrap();
            let refusal = folders.find(true).err().unwrap().to_string();
            assert!(refusal.contains(cure), "{name}: {refusal}");
            assert_eq!(fs::read(folders.key()).unwrap(), content, "{name}: the file is untouched");
        }
    }

    #[test]
    fn a_key_inside_the_data_folder_is_refused_also_through_a_link() {
        let folders = Folders::new();
        std::os::unix::fs::symlink(folders.data(), folders.root.path().join("etc")).unwrap();
        assert!(matches!(folders.find(true), Err(MasterKeyError::InsideData { .. })));
        assert_eq!(fs::read_dir(folders.data()).unwrap().count(), 0);
    }

    #[test]
    fn the_environment_goes_before_the_file_and_is_never_written_to() {
        let folders = Folders::new();
        let encoded = MasterKey::from_bytes([7; 32]).encode().trim().to_owned();
        let credentials = folders.root.path().join("credentials");
        fs::create_dir(&credentials).unwrap();
        fs::write(credentials.join("master.key"), &encoded).unwrap();
        fs::set_permissions(credentials.join("master.key"), fs::Permissions::from_mode(0o440)).unwrap();
        let missing = folders.root.path().join("missing").display().to_string();
        let choose = |name: &str, value: &str| {
            let env = BTreeMap::from([(name.to_owned(), value.to_owned())]);
            find_or_create(&KeySource::choose(&env, folders.key()), &folders.data(), true)
        };
        assert_eq!(choose("LAUNCHYARD_MASTER_KEY", &encoded).unwrap().as_bytes(), &[7; 32]);
        assert_eq!(choose("CREDENTIALS_DIRECTORY", &credentials.display().to_string()).unwrap().as_bytes(), &[7; 32]);
        let wrong = choose("LAUNCHYARD_MASTER_KEY", "hunter2").err().unwrap().to_string();
        assert!(wrong.contains("LAUNCHYARD_MASTER_KEY") && !wrong.contains("hunter2"), "{wrong}");
        assert!(matches!(choose("LAUNCHYARD_MASTER_KEY_FILE", &missing), Err(MasterKeyError::NamedFileMissing { .. })));
        let named = KeySource::NamedFile(missing.clone().into());
        let in_use = find_or_create(&named, &folders.data(), false).err().unwrap().to_string();
        assert!(in_use.contains("put it back") && !in_use.contains("urandom"), "of data in use: {in_use}");
        assert!(!folders.key().exists(), "nothing of this made a key file");
    }
}
