//! The configuration as a whole: layers, mistakes, and the documented example.

use std::collections::BTreeSet;

use super::source::variable;
use super::*;

const EXAMPLE: &str = include_str!("../../config.example.toml");

fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    load_with(text, env, &Overrides::default())
}

fn load_with(text: &str, env: &[(&str, &str)], overrides: &Overrides) -> Result<Config, ConfigErrors> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load(Some(&path), env, overrides)
}

/// What is reported, without the folder of the file.
fn mistakes(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    let Err(ConfigErrors(mistakes)) = load(text, env) else { return Vec::new() };
    let shown = mistakes.iter().map(Mistake::to_string);
    shown.map(|line| line.split_once("config.toml, ").map_or(line.clone(), |(_, rest)| rest.to_owned())).collect()
}

/// The example with its settings (`#key = …`, no space) switched on.
fn example_switched_on() -> String {
    let is_setting = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
    let switch = |line: &'static str| line.strip_prefix('#').filter(|rest| is_setting(rest)).unwrap_or(line);
    EXAMPLE.lines().map(|line| format!("{}\n", switch(line))).collect()
}

/// Every key that the code reads, dotted.
fn known_keys() -> BTreeSet<String> {
    let mut source = Source::default();
    let env = BTreeMap::new();
    Config::read(&mut source, &env, Places::find(&env, false));
    source.known().clone()
}

#[test]
fn the_example_documents_every_key_with_its_default() {
    assert_eq!(load(EXAMPLE, &[]), Ok(Config::default()), "as it stands, the example changes nothing");
    let mut source = Source::default();
    source.add_file(Path::new("config.example.toml"), &example_switched_on());
    let missing: Vec<String> = known_keys().into_iter().filter(|key| !source.is_written(key)).collect();
    assert_eq!(missing, Vec::<String>::new(), "keys that config.example.toml does not document");
    assert_eq!(load(&example_switched_on(), &[]), Ok(Config::default()));
}

#[test]
fn every_key_can_be_set_in_the_environment() {
    let values = [
        "true",
        "false",
        "11",
        "30",
        "https://a.example",
        "127.0.0.1:9",
        "json",
        "tls",
        "ada@example.com",
        "/x",
        "UTC+",
    ];
    // Some keys count only beside others.
    let complete = "[mail]\nhost = \"a.example\"\nfrom = \"a@a.example\"\nuser = \"u\"\npassword = \"p\"\n\
        [providers.oidc]\nissuer = \"https://a.example/oidc\"\nclient_id = \"c\"\n\
        [providers.google]\nclient_id = \"c\"";
    let before = load(complete, &[]).unwrap();
    for key in known_keys() {
        let name = variable(&key);
        let has_effect = |value: &str| match load(complete, &[(&name, value)]) {
            Ok(config) => config != before,
            Err(errors) => {
                let shown = errors.to_string();
                shown.contains(&name) && !shown.contains("no such setting")
            }
        };
        assert!(values.iter().any(|value| has_effect(value)), "{name} changes nothing");
    }
}

#[test]
fn later_layers_win() {
    let text = "[server]\nlisten = \"127.0.0.1:1\"\nworkers = 7\n[data]\ndir = \"/a\"";
    let env = [("LAUNCHYARD_SERVER__LISTEN", "127.0.0.1:2"), ("LAUNCHYARD_DATA__DIR", "/b")];
    let overrides = Overrides { listen: None, data: Some("/c".into()) };
    let config = load_with(text, &env, &overrides).unwrap();
    assert_eq!(config.server.workers, 7);
    assert_eq!(config.server.listen.port(), 2);
    assert_eq!(config.data.dir, Path::new("/c"));
    assert_eq!(config.data.backup_dir, Path::new("/c-backups"));
}

#[test]
fn all_mistakes_are_reported_at_once_with_place_and_cure() {
    let text = "allow_loopback_provider = true\n[server]\nlisten = \"here\"\n  workers = \"two\"\n[outreach]\nhard_daily_cap = 0\n";
    let env = [("LAUNCHYARD_DATA__BACKUP_HOUR", "24"), ("LAUNCHYARD_SERVER__WORKER", "2")];
    let expected = [
        "line 1, column 1: there is no key allow_loopback_provider; did you mean allow_loopback_providers?",
        "line 3, column 1: server.listen must be an address and port such as 127.0.0.1:8080, is \"here\"",
        "line 4, column 3: server.workers must be 1 to 64, is \"two\"",
        "line 6, column 1: outreach.hard_daily_cap must be 1 to 2000, is 0",
        "environment variable LAUNCHYARD_DATA__BACKUP_HOUR: data.backup_hour must be 0 to 23, is 24",
        "environment variable LAUNCHYARD_SERVER__WORKER: there is no such setting; did you mean LAUNCHYARD_SERVER__WORKERS?",
    ];
    assert_eq!(mistakes(text, &env), expected);
}

#[test]
fn each_mistake_names_its_cure() {
    let cases: [(&str, &str); 26] = [
        ("[server]\nlisten = ", "line 2, column 10: this is not valid TOML"),
        ("[server]\nworkers = 2\nworkers = 3", "line 3, column 1: this is not valid TOML: duplicate key"),
        ("[sever]", "there is no section [sever]; did you mean [server]?"),
        ("[server]\nhard_daily_cap = 3", "did you mean outreach.hard_daily_cap?"),
        ("[server]\ncolour = 3", "there is no key server.colour; config.example.toml lists all keys"),
        ("[server]\ntls_key = \"/k\"", "server.tls_key needs server.tls_certificate beside it"),
        ("[server]\npublic_url = \"https://a.example/desk\"", "without user, path or query"),
        ("[server]\ntrusted_proxies = [\"everyone\"]", "must be a list of addresses or networks"),
        ("[data]\ndir = \"/a\"\nbackup_dir = \"/a/b\"", "must not be inside the data folder"),
        ("[data]\ndir = \"/a\"\n[key]\nfile = \"/a/k\"", "key.file must not be inside the data folder"),
        ("[data]\ncache_mib = 99999999999999999999", "must be 4 to 8192"),
        ("[data]\ncache_mib = 2.5", "data.cache_mib must be 4 to 8192, is a float"),
        ("[outreach]\nmin_gap_seconds = 4", "must be 5 to 86400, is 4"),
        ("[outreach]\ndefault_time_zone = \"Berlin\"", "must be a zone such as \"Europe/Berlin\""),
        ("[mail]\nhost = \"smtp.example.com\"", "mail.host needs mail.from beside it"),
        (
            "[mail]\nhost = \"a.example\"\nfrom = \"a@a.example\"\nsecurity = \"plain\"",
            "only for a relay on this machine",
        ),
        ("[mail]\nuser = \"ada\"", "mail.user needs mail.password beside it"),
        ("[providers.google]\napi_base = \"http://127.0.0.1:1\"", "allow_loopback_providers = true"),
        ("[providers.google]\napi_base = \"http://a.example\"", "must start with https://"),
        ("[providers.microsoft]\ntenant = \"../x\"", "must be common"),
        ("[providers.google]\nclient_secret = \"s3cr3t\"", "needs providers.google.client_id beside it"),
        ("[providers.oidc]\nissuer = \"https://a.example\"", "needs providers.oidc.client_id beside it"),
        ("[dns]\nresolver = \"9.9.9.9, dns.example\"", "must be \"system\", or addresses such as"),
        ("[log]\nformat = \"xml\"", "log.format must be \"text\" or \"json\", is \"xml\""),
        ("[log]\nfilter = \"a=b=c\"", "log.filter must be a level or a list"),
        ("[sessions]\nidle_hours = 48\nabsolute_days = 1", "must not be longer than sessions.absolute_days"),
    ];
    for (text, expected) in cases {
        let found = mistakes(text, &[]);
        assert!(found.iter().any(|line| line.contains(expected)), "{text}\n{found:?}");
        assert!(!found.concat().contains("s3cr3t"), "a secret was shown: {found:?}");
    }
}

#[test]
fn hard_limits_are_lifted_with_loopback_providers_only() {
    let text = "[outreach]\nhard_daily_cap = 100000\nmin_gap_seconds = 0\n[providers.google]\ntoken_base = \"http://localhost:9/oauth2\"";
    assert_eq!(mistakes(text, &[]).len(), 3);
    let config = load(text, &[("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS", "true")]).unwrap();
    assert_eq!(config.outreach.hard_daily_cap, 100_000);
    assert!(config.outreach.min_gap.is_zero());
    assert_eq!(config.providers.google.token_base.at("/token"), "http://localhost:9/oauth2/token");
}

#[test]
fn variables_of_others_are_left_alone_but_near_misses_are_not() {
    let cases = [
        ("LAUNCHYARD_TEST_MAIL", "/x", ""),
        ("LAUNCHYARD_BIN", "/x", ""),
        ("SERVER__LISTEN", "x", ""),
        ("LAUNCHYARD_SERVER_LISTEN", "x", "did you mean LAUNCHYARD_SERVER__LISTEN?"),
        ("LAUNCHYARD_ALLOW_LOOPBACK_PROVIDER", "x", "did you mean LAUNCHYARD_ALLOW_LOOPBACK_PROVIDERS?"),
        ("LAUNCHYARD_COLOUR__SCHEME", "x", "there is no such setting; config.example.toml lists all"),
        ("LAUNCHYARD_FOO", "1", "there is no such setting; config.example.toml lists all"),
        ("LAUNCHYARD_BENCH_ROWS", "1", ""),
    ];
    for (name, value, expected) in cases {
        let found = mistakes("", &[(name, value)]).concat();
        assert_eq!(found.is_empty(), expected.is_empty(), "{name}: {found}");
        assert!(found.contains(expected), "{name}: {found}");
    }
}

#[test]
fn a_relative_data_folder_has_its_backups_beside_it() {
    let here = std::env::current_dir().unwrap();
    let overrides = Overrides { data: Some("./desk/".into()), ..Overrides::default() };
    let data = load_with("", &[], &overrides).unwrap().data;
    assert_eq!((data.dir, data.backup_dir), (here.join("desk"), here.join("desk-backups")));
}

#[test]
fn a_list_in_a_variable_is_divided_by_commas() {
    let env = [("LAUNCHYARD_OUTBOUND__ALLOW_PRIVATE_HOSTS", "mail.internal, 10.0.0.0/8")];
    let config = load("", &env).unwrap();
    let [name, network] = &config.outbound.allow_private_hosts[..] else { panic!("{:?}", config.outbound) };
    assert!(name.is_named("mail.internal", 25));
    assert!(network.is_reached_at([10, 1, 1, 1].into(), 25));
}

#[test]
fn a_file_that_was_named_must_be_there() {
    let missing = Path::new("/nonexistent/config.toml");
    let errors = Config::load(Some(missing), std::iter::empty(), &Overrides::default()).unwrap_err();
    assert!(errors.to_string().contains("/nonexistent/config.toml"), "{errors}");
}

#[test]
fn links_use_the_public_address_or_else_the_one_listened_on() {
    let cases = [
        ("", "127.0.0.1:4321", "http://127.0.0.1:4321", false),
        ("", "0.0.0.0:8080", "http://127.0.0.1:8080", false),
        ("tls_certificate = \"/c\"\ntls_key = \"/k\"", "[::1]:8443", "https://[::1]:8443", true),
        ("public_url = \"https://desk.example.com/\"", "127.0.0.1:8080", "https://desk.example.com", true),
    ];
    for (text, bound, url, is_https) in cases {
        let server = load(&format!("[server]\n{text}"), &[]).unwrap().server;
        assert_eq!(server.public_url(bound.parse().unwrap()), url);
        assert_eq!(server.is_https(), is_https, "{url}");
    }
}

#[test]
fn a_configuration_in_a_log_shows_no_secret() {
    let text = "[providers.google]\nclient_id = \"id\"\nclient_secret = \"s3cr3t\"\n[mail]\nhost = \"a.example\"\nfrom = \"a@a.example\"\nuser = \"u\"\npassword = \"s3cr3t\"";
    let config = load(text, &[("LAUNCHYARD_MASTER_KEY", "s3cr3t")]).unwrap();
    assert!(!format!("{config:?}").contains("s3cr3t"));
}

/// Keys that reach the program under another name than their own.
const READ_AS: &[(&str, &str)] = &[
    ("key.file", "key.path("),
    ("mail.user", "mail.login"),
    ("mail.password", "mail.login"),
    ("providers.google.client_id", "google.client"),
    ("providers.google.client_secret", "google.client"),
    ("providers.microsoft.client_id", "microsoft.client"),
    ("providers.microsoft.client_secret", "microsoft.client"),
    ("providers.oidc.client_id", "client.id"),
    ("providers.oidc.client_secret", "client.secret"),
    ("providers.ai.anthropic_base", "ai.anthropic"),
    ("providers.ai.openai_base", "ai.openai"),
    ("providers.ai.gemini_base", "ai.gemini"),
    ("jobs.engine_workers", "config.engine_workers"),
    ("providers.hubspot.api_base", "bases.hubspot"),
    ("providers.pipedrive.api_base", "bases.pipedrive"),
    ("providers.zoom.client_id", "hosts.zoom)"),
    ("providers.zoom.client_secret", "hosts.zoom)"),
    ("providers.zoom.auth_base", "host.auth_base"),
    ("providers.zoom.token_base", "host.token_base"),
    ("providers.zoom.api_base", "host.api_base"),
    ("providers.webex.client_id", "hosts.webex)"),
    ("providers.webex.client_secret", "hosts.webex)"),
    ("providers.webex.auth_base", "host.auth_base"),
    ("providers.webex.token_base", "host.token_base"),
    ("providers.webex.api_base", "host.api_base"),
    ("providers.goto.client_id", "hosts.goto)"),
    ("providers.goto.client_secret", "hosts.goto)"),
    ("providers.goto.auth_base", "host.auth_base"),
    ("providers.goto.token_base", "host.token_base"),
    ("providers.goto.api_base", "host.api_base"),
    ("jobs.mail_workers", "config.mail_workers"),
    ("jobs.mailbox_workers", "config.mailbox_workers"),
    ("jobs.calendar_workers", "config.calendar_workers"),
    ("jobs.general_workers", "config.general_workers"),
    ("sessions.idle_hours", "config.idle_hours"),
];

/// All of the program but its configuration, without spaces and line ends, so that a chain of calls is one text.
fn program(dir: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("config") {
            text += &program(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.extend(std::fs::read_to_string(&path).unwrap().split_whitespace());
        }
    }
    text
}

#[test]
fn every_key_is_read_by_something_so_that_none_promises_what_does_not_happen() {
    let program = program(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let is_read = |key: &str| {
        let named = READ_AS.iter().find(|(known, _)| *known == key).map(|(_, name)| (*name).to_owned());
        let (section, field) = key.rsplit_once('.').unwrap_or(("config", key));
        let section = section.rsplit('.').next().unwrap_or(section);
        program.contains(&named.unwrap_or_else(|| format!("{section}.{}", field.trim_end_matches("_seconds"))))
    };
    let idle: Vec<String> = known_keys().into_iter().filter(|key| !is_read(key)).collect();
    assert_eq!(idle, Vec::<String>::new(), "nothing reads these keys");
    assert!(!is_read("outbound.no_such_key"));
}
