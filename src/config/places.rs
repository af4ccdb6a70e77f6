//! Where data and key lie when nobody says: the system's folders for a service, the user's own otherwise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The configuration a packaged installation reads when no `--config` is given.
pub const SYSTEM_FILE: &str = "/etc/launchyard/config.toml";
const SYSTEM_DATA: &str = "/var/lib/launchyard";
const SYSTEM_KEY: &str = "/etc/launchyard/master.key";

/// The folders that apply to this process. Data and key are always in different trees, so that a
/// copy of the data folder never carries the key that opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places {
    pub data: PathBuf,
    pub key: PathBuf,
}

impl Places {
    /// A systemd service (`STATE_DIRECTORY`), root and readers of `SYSTEM_FILE` (`is_system`), and a
    /// process without a home use the system's folders; everybody else the XDG base directories.
    pub fn find(env: &BTreeMap<String, String>, is_system: bool) -> Self {
        let absolute = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
        if let Some(state) = env.get("STATE_DIRECTORY").and_then(|list| list.split(':').next()) {
            return Self { data: PathBuf::from(state), key: PathBuf::from(SYSTEM_KEY) };
        }
        let home = absolute("HOME").filter(|_| !is_system);
        let folder = |variable, below_home| absolute(variable).or_else(|| home.as_ref().map(|h| h.join(below_home)));
        match (home.is_some(), folder("XDG_DATA_HOME", ".local/share"), folder("XDG_CONFIG_HOME", ".config")) {
            (true, Some(data), Some(config)) => {
                Self { data: data.join("launchyard"), key: config.join("launchyard/master.key") }
            }
            _ => Self { data: PathBuf::from(SYSTEM_DATA), key: PathBuf::from(SYSTEM_KEY) },
        }
    }
}

/// Backups lie beside the data folder, not in it: removing a broken folder must not remove its backups.
pub(super) fn backups_beside(data: &Path) -> PathBuf {
    let mut name = data.file_name().unwrap_or_default().to_owned();
    name.push("-backups");
    data.with_file_name(name)
}

/// True when `path` is `folder` or lies below it. Links are followed as far as the path exists.
pub(super) fn is_inside(path: &Path, folder: &Path) -> bool {
    real(path).starts_with(real(folder))
}

/// The path with its existing part resolved, and what does not exist yet behind that.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let resolved = path.ancestors().find_map(|existing| {
        let behind = path.strip_prefix(existing).ok()?;
        Some(existing.canonicalize().ok()?.join(behind))
    });
    resolved.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_uses_the_systems_folders_and_a_person_their_own() {
        let home = [("HOME", "/home/ada")];
        let xdg = [("HOME", "/home/ada"), ("XDG_DATA_HOME", "/data"), ("XDG_CONFIG_HOME", "relative")];
        let service = [("HOME", "/var/lib/launchyard"), ("STATE_DIRECTORY", "/var/lib/private/launchyard:/x")];
        let cases = [
            ("nothing known", &home[..0], false, SYSTEM_DATA, SYSTEM_KEY),
            ("root, or the packaged configuration", &home[..], true, SYSTEM_DATA, SYSTEM_KEY),
            (
                "a person",
                &home[..],
                false,
                "/home/ada/.local/share/launchyard",
                "/home/ada/.config/launchyard/master.key",
            ),
            (
                "relative XDG paths are invalid",
                &xdg,
                false,
                "/data/launchyard",
                "/home/ada/.config/launchyard/master.key",
            ),
            ("systemd", &service[..], false, "/var/lib/private/launchyard", SYSTEM_KEY),
        ];
        for (name, env, is_system, data, key) in cases {
            let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let expected = Places { data: data.into(), key: key.into() };
            assert_eq!(Places::find(&env, is_system), expected, "{name}");
        }
    }

    #[test]
    fn a_link_into_a_folder_is_inside_it() {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::os::unix::fs::symlink(&data, root.path().join("link")).unwrap();
        let cases =
            [("data/master.key", true), ("link/new/master.key", true), ("data", true), ("data2/master.key", false)];
        for (path, expected) in cases {
            assert_eq!(is_inside(&root.path().join(path), &data), expected, "{path}");
        }
    }

    #[test]
    fn backups_lie_beside_the_data_folder() {
        assert_eq!(backups_beside(Path::new("/srv/desk")), Path::new("/srv/desk-backups"));
    }
}
