//! Every command, as a person types it.

use std::path::Path;

use serde_json::{json, Value};

use super::browser::Browser;
use super::program::{eventually, mode, Home, Ran, Served};
use super::support::PASSWORD;

const OWNER: &str = "nora@fernhill.example";
/// A key that opens nothing of ours: 32 zeros.
const WRONG_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

fn keys_of(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn assert_says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "{part:?} is missing in: {said}");
    }
}

#[test]
fn init_makes_folder_and_key_apart_from_each_other_and_for_their_owner_only() {
    let home = Home::new();
    let first = home.run(&["init"]);
    assert!(first.ok, "{first:?}");
    let (key, data) = (home.path("master.key"), home.path("data"));
    assert_says(&first.out, &[&key.display().to_string(), &data.display().to_string()]);
    assert_eq!((mode(&key), mode(&data)), (0o600, 0o700));
    let made = std::fs::read(&key).unwrap();
    assert!(home.run(&["init"]).ok);
    assert_eq!(std::fs::read(&key).unwrap(), made, "what exists stays");
}

#[test]
fn every_mistake_of_a_configuration_is_told_at_once_with_its_place() {
    // The first five lines are the places of this test.
    let wrong = "allow_loopback_provider = true\n[outreach]\nhard_daily_cap = 0\n[jobs]\n  mail_workers = \"two\"\n\
                 [colours]\nred = 1\n";
    let home = Home::with(wrong)
        .variable("LAUNCHYARD_DATA__BACKUP_HOUR", "24")
        .variable("LAUNCHYARD_OUTREACH__HARD_DAILY_CAPS", "30");
    let expected = [
        "line 6, column 1: there is no key allow_loopback_provider; did you mean allow_loopback_providers?",
        "line 8, column 1: outreach.hard_daily_cap must be 1 to 2000, is 0",
        "line 10, column 3: jobs.mail_workers must be 1 to 64, is \"two\"",
        "line 12, column 1: there is no key colours.red",
        "environment variable LAUNCHYARD_DATA__BACKUP_HOUR: data.backup_hour must be 0 to 23, is 24",
        "environment variable LAUNCHYARD_OUTREACH__HARD_DAILY_CAPS: there is no such setting; did you mean \
         LAUNCHYARD_OUTREACH__HARD_DAILY_CAP?",
        "config.toml",
    ];
    for command in ["check-config", "doctor", "serve"] {
        assert_says(home.run(&[command]).refusal(), &expected);
    }
    assert!(!home.path("data").exists() && !home.path("master.key").exists(), "nothing was begun");
}

#[test]
fn the_environment_goes_before_the_file_and_the_command_line_before_both() {
    let home = Home::new();
    let elsewhere = home.path("elsewhere").display().to_string();
    let home = home.variable("LAUNCHYARD_DATA__DIR", &elsewhere);
    assert_says(&home.run(&["check-config"]).out, &["sound", &elsewhere]);
    let third = home.path("third").display().to_string();
    assert_says(&home.run(&["check-config", "--data", &third]).out, &["sound", &third]);
    let named = home.run(&["check-config", "--config", "missing.toml"]);
    assert_says(named.refusal(), &["missing.toml"]);
}

#[test]
fn the_doctor_says_what_is_there_and_what_is_missing() {
    let home = Home::new();
    let fresh = home.run(&["doctor"]);
    assert!(fresh.ok, "{fresh:?}");
    assert_says(&fresh.out, &["the first start fills it", "the first start makes it", "no client id"]);
    assert!(!home.path("data").exists() && !home.path("master.key").exists(), "the doctor only looks");
    let server = home.serve();
    assert_says(&home.run(&["doctor"]).out, &["a server is running on it"]);
    server.stop();
    std::fs::remove_file(home.path("master.key")).unwrap();
    let sick = home.run(&["doctor"]);
    assert_says(sick.refusal(), &["1 of these would keep the server from working"]);
    assert_says(&sick.out, &["FAIL  master key", "put it back"]);
}

#[test]
fn people_are_added_before_the_first_start_and_while_the_server_runs() {
    let home = Home::new();
    let added = home.add_user(OWNER, "fernhill");
    assert_eq!(keys_of(&added), ["api_key", "email", "role", "user_id", "workspace_sid", "workspace_slug"]);
    assert_eq!((&added["email"], &added["role"]), (&json!(OWNER), &json!("owner")));
    let (sid, key) = (added["workspace_sid"].as_str().unwrap(), added["api_key"].as_str().unwrap());
    assert!(sid.starts_with("AC"), "{sid}");
    assert_eq!(added["workspace_slug"], "fernhill");

    let server = home.serve();
    assert_eq!(server.api(key, "GET", "/v1/contacts", None).0, 200);
    assert_eq!(mode(&home.path("data/launchyard.sock")), 0o600);
    let args = ["--email", "sam@fernhill.example", "--name", "Sam", "--workspace", sid, "--role", "viewer"];
    let more = [&["user", "add"], &args[..], &["--password-stdin"]].concat();
    let second = home.run_with(&more, PASSWORD).json();
    assert_eq!((&second["workspace_sid"], &second["role"]), (&added["workspace_sid"], &json!("viewer")));
    assert!(second["api_key"].is_null(), "no key was asked for");
    for login in [OWNER, "sam@fernhill.example"] {
        let mut browser = Browser::new(&server.url);
        browser.sign_in(login, PASSWORD);
        assert_eq!(browser.get("/").status, 200, "{login}");
    }
    assert_says(home.run_with(&more, PASSWORD).refusal(), &["sam@fernhill.example", "already"]);
    let elsewhere = home.run_with(
        &[
            "user",
            "add",
            "--email",
            "sam@fernhill.example",
            "--name",
            "Sam",
            "--workspace",
            "other",
            "--password-stdin",
        ],
        "another-lantern-rowboat-18",
    );
    assert_eq!(keys_of(&elsewhere.json()), ["email", "role", "user_id", "workspace_sid", "workspace_slug"]);
    assert_says(&elsewhere.err, &["sam@fernhill.example has an account already", "was not used"]);
    assert_says(home.run_with(&more, "").refusal(), &["no password on standard input"]);
    let third = more.iter().map(|word| word.replace("sam@", "kim@")).collect::<Vec<_>>();
    let third: Vec<&str> = third.iter().map(String::as_str).collect();
    assert_says(home.run_with(&third, "password123").refusal(), &["assword"]);
    assert!(!server.said().contains("/setup"), "somebody has an account: {}", server.said());
    server.stop();
}

#[test]
fn a_fresh_server_prints_the_way_to_the_owners_account_and_it_works_once() {
    let home = Home::new();
    let server = home.serve();
    let link = eventually("the link on the console", || server.link());
    let path = link.strip_prefix(&server.url).unwrap().to_owned();
    let mut browser = Browser::new(&server.url);
    assert_eq!(browser.get(&path).status, 200);
    let wrong = [("email", "nora"), ("password", "short"), ("time_zone", "Mars/Olympus")];
    let again = browser.post(&path, &wrong);
    assert_eq!(again.status, 422);
    assert_says(
        &again.body,
        &[
            "5 things to look at",
            "so that others know who it is",
            "Use at least",
            "so that others know it",
            "Choose a time zone",
            "value=\"nora\"",
        ],
    );
    let form = [
        ("name", "Nora Whitfield"),
        ("email", OWNER),
        ("password", PASSWORD),
        ("workspace", "Fernhill"),
        ("time_zone", "Europe/London"),
    ];
    browser.submit(&path, &form);
    assert_eq!(browser.get("/").status, 200, "the owner is signed in");
    let mut late = Browser::new(&server.url);
    assert_ne!(late.get(&path).status, 200, "the link is used up");
    assert_says(home.run(&["owner-link"]).refusal(), &["exists already"]);
    server.stop();
}

#[test]
fn a_second_server_on_the_same_folder_refuses_to_start() {
    let home = Home::new();
    let server = home.serve();
    let second = home.run(&["serve"]);
    assert_says(second.refusal(), &["another Launchyard is running on", &home.path("data").display().to_string()]);
    assert_eq!(super::browser::api(&server.url, "", "GET", "/healthz", None).0, 200, "the first is undisturbed");
    server.stop();
}

#[test]
fn the_demo_tells_programs_how_to_get_in_and_is_found_again_as_it_was_left() {
    let home = Home::new();
    let data = home.path("demo").display().to_string();
    let args = ["--no-people", "--data", &data];
    let (demo, way_in) = home.demo(&args);
    assert_eq!(keys_of(&way_in), ["api_key", "email", "password", "sandbox_url", "url", "workspace"]);
    let text = |name: &str| way_in[name].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&demo.url);
    browser.sign_in(&text("email"), &text("password"));
    let (key, sandbox) = (text("api_key"), text("sandbox_url"));
    let advance = |sandbox: &str, seconds: u32| -> jiff::Timestamp {
        let body = json!({ "advance_seconds": seconds });
        let (status, answer) = super::browser::api(sandbox, "", "POST", "/control/clock", Some(body));
        assert_eq!(status, 200, "{answer}");
        answer["now"].as_str().unwrap().parse().unwrap()
    };
    let sent = |demo: &Served| {
        let (status, page) = demo.api(&key, "GET", "/v1/messages", None);
        assert_eq!(status, 200, "{page}");
        page["data"].as_array().unwrap().iter().filter(|message| message["state"] == "sent").count()
    };
    let start = advance(&sandbox, 0);
    let end = advance(&sandbox, 3600);
    assert!(end.duration_since(start).as_secs() >= 3600, "{start} {end}");
    let left = sent(&demo);
    assert!(left >= 10, "an hour is enough for the first mails: {left}");
    demo.stop();

    let (again, second) = home.demo(&args);
    for name in ["email", "password", "workspace", "api_key"] {
        assert_eq!(second[name], way_in[name], "{name}");
    }
    assert_eq!(sent(&again), left, "nothing is lost and nothing left twice");
    let now = advance(second["sandbox_url"].as_str().unwrap(), 0);
    assert!(now.duration_since(start).as_secs() > 0, "time goes on where it had come to: {start} {now}");
    again.stop();
    assert!(home.run(&["init"]).ok);
    let real = home.path("data").display().to_string();
    assert_says(
        home.run(&["demo", "--listen", "127.0.0.1:0", "--data", &real]).refusal(),
        &["holds data that no demo made"],
    );
}

#[test]
fn a_demo_that_was_killed_goes_on_with_every_account_that_was_connected() {
    let home = Home::new();
    let data = home.path("demo").display().to_string();
    let args = ["--no-people", "--data", &data];
    let (demo, way_in) = home.demo(&args);
    let text = |way_in: &serde_json::Value, name: &str| way_in[name].as_str().unwrap().to_owned();
    let mut browser = Browser::new(&demo.url);
    browser.sign_in(&text(&way_in, "email"), &text(&way_in, "password"));
    let consent = url::Url::parse(&browser.get("/connections/microsoft/start?use=outreach").location.unwrap()).unwrap();
    let mut fields: Vec<(String, String)> = consent.query_pairs().into_owned().collect();
    fields.extend([("account".into(), "team@fernhill.example".into()), ("decision".into(), "allow".into())]);
    fields.extend(["User.Read", "Mail.Send", "Mail.Read"].map(|scope| ("grant".to_owned(), scope.to_owned())));
    let mut page = consent.clone();
    page.set_query(None);
    let form = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let answer = super::browser::agent().post(page.as_str()).send_form(form).unwrap();
    let back = answer.headers()["location"].to_str().unwrap().to_owned();
    let connection = browser.get(back.strip_prefix(demo.url.as_str()).unwrap()).location.unwrap();
    demo.kill();

    let (again, way_in) = home.demo(&args);
    let mut browser = Browser::new(&again.url);
    browser.sign_in(&text(&way_in, "email"), &text(&way_in, "password"));
    let body = json!({ "advance_seconds": 4000 });
    let (status, _) = super::browser::api(&text(&way_in, "sandbox_url"), "", "POST", "/control/clock", Some(body));
    assert_eq!(status, 200);
    let checked = browser.post(&format!("{connection}/check"), &[]);
    assert!(checked.body.contains("The mailbox of team@fernhill.example answers."), "{}", checked.body);
    assert!(browser.get("/connections").body.matches("Working").count() >= 2, "both accounts go on");
    again.stop();
}

/// One way of giving the master key: the variable that names it, or none for the configured file.
struct KeyFrom {
    variable: Option<&'static str>,
    /// The file that the key lies in; none for a variable that holds the key itself.
    file: Option<&'static str>,
}

impl KeyFrom {
    fn put(&self, home: &Home, key: &str) {
        use std::os::unix::fs::PermissionsExt;
        if let Some(file) = self.file {
            let path = home.path(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, key).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    fn run(&self, home: &Home, args: &[&str], key: &str) -> Ran {
        let value = match (self.variable, self.file) {
            (Some("CREDENTIALS_DIRECTORY"), _) => home.path("credentials").display().to_string(),
            (_, Some(file)) => home.path(file).display().to_string(),
            (_, None) => key.to_owned(),
        };
        let mut command = home.command(args);
        if let Some(variable) = self.variable {
            command.env(variable, value);
        }
        Ran::of(command)
    }
}

#[test]
fn without_its_own_key_the_data_stays_closed_and_no_new_key_is_made() {
    let sources = [
        KeyFrom { variable: None, file: Some("master.key") },
        KeyFrom { variable: Some("LAUNCHYARD_MASTER_KEY"), file: None },
        KeyFrom { variable: Some("LAUNCHYARD_MASTER_KEY_FILE"), file: Some("keys/own.key") },
        KeyFrom { variable: Some("CREDENTIALS_DIRECTORY"), file: Some("credentials/master.key") },
    ];
    let right = "xH0mGgk1F2o3nq0J8Z3rY2xwS1u4Vb7d9Kc5Te6LpQs=";
    for source in sources {
        let name = source.variable.unwrap_or("the configured file");
        let home = Home::new();
        source.put(&home, right);
        assert!(source.run(&home, &["init"], right).ok, "{name}");
        let own_file = source.variable.is_none();
        assert_eq!(home.path("master.key").exists(), own_file, "{name}: no other key is made");

        source.put(&home, WRONG_KEY);
        for command in ["serve", "verify", "init", "backup"] {
            let refused = source.run(&home, &[command], WRONG_KEY);
            assert_says(refused.refusal(), &["does not open with this master key"]);
        }
        if let Some(file) = source.file {
            std::fs::remove_file(home.path(file)).unwrap();
        }
        for command in ["serve", "verify", "init", "backup"] {
            let refused = if source.file.is_some() { source.run(&home, &[command], "") } else { home.run(&[command]) };
            assert_says(refused.refusal(), &["is missing"]);
        }
        assert!(!home.path("master.key").exists(), "{name}: a new key would open nothing");

        source.put(&home, right);
        assert_eq!(source.run(&home, &["verify"], right).json()["unreadable"], 0, "{name}");
    }
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    assert!(home.run(&["init"]).ok);
    std::fs::set_permissions(home.path("master.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_says(home.run(&["serve"]).refusal(), &["can be read by others", "chmod 600"]);
}

fn with_contacts() -> (Home, String) {
    let home = Home::new();
    let key = home.add_user(OWNER, "fernhill")["api_key"].as_str().unwrap().to_owned();
    let file = home.write("leads.csv", "email,first name\nada@larkfield.example,Ada\nben@larkfield.example,Ben\n");
    assert_eq!(home.run(&["import", "contacts", "--workspace", "fernhill", &file]).json()["added"], 2);
    (home, key)
}

/// Another place for the same installation, as on a new machine: only the key was brought along.
fn new_machine(home: &Home) -> Home {
    let other = Home::new();
    std::fs::copy(home.path("master.key"), other.path("master.key")).unwrap();
    other
}

#[test]
fn a_backup_of_a_running_or_a_stopped_server_fills_a_new_folder() {
    let (home, key) = with_contacts();
    let stopped = home.run(&["backup"]).json();
    assert_eq!(keys_of(&stopped), ["file", "keys", "rows"]);
    assert!(Path::new(stopped["file"].as_str().unwrap()).starts_with(home.path("backups")), "{stopped}");
    assert_says(&home.run(&["doctor"]).out, &[&format!("newest {}", stopped["file"].as_str().unwrap())]);
    let server = home.serve();
    let file = home.path("now.backup").display().to_string();
    let running = home.run(&["backup", &file]).json();
    assert_eq!(running["file"], file.as_str());
    server.stop();
    assert_eq!(mode(Path::new(&file)), 0o600);

    for backup in [stopped["file"].as_str().unwrap(), &file] {
        assert!(home.run(&["verify", backup]).json()["trees"].is_array());
        let other = new_machine(&home);
        let restored = other.run(&["restore", backup]);
        assert_says(&restored.err, &["Workers stay off until you switch them on"]);
        restored.json();
        assert_says(other.run(&["restore", backup]).refusal(), &["already holds data"]);
        assert_eq!(other.run(&["verify"]).json()["unreadable"], 0);
        let server = other.serve();
        let (status, contacts) = server.api(&key, "GET", "/v1/contacts", None);
        assert_eq!((status, contacts["data"].as_array().unwrap().len()), (200, 2), "{contacts}");
        let mut browser = Browser::new(&server.url);
        browser.sign_in(OWNER, PASSWORD);
        server.stop();
    }
}

#[test]
fn a_backup_that_was_changed_cut_or_opened_with_another_key_is_refused() {
    let (home, _) = with_contacts();
    let file = home.path("one.backup");
    let name = file.display().to_string();
    home.run(&["backup", &name]).json();
    let whole = std::fs::read(&file).unwrap();
    let changed = {
        let mut bytes = whole.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        bytes
    };
    let cases: [(&[u8], &str); 3] = [
        (&changed, "does not open with this master key, or was changed"),
        (&whole[..whole.len() - 40], "ends early"),
        (b"PK\x03\x04", "is not a backup of Launchyard"),
    ];
    for (bytes, words) in cases {
        std::fs::write(&file, bytes).unwrap();
        assert_says(home.run(&["verify", &name]).refusal(), &[words, "must not be relied on"]);
        let other = new_machine(&home);
        assert_says(other.run(&["restore", &name]).refusal(), &[words]);
        assert!(!other.path("data/store").exists(), "nothing half done");
    }
    std::fs::write(&file, &whole).unwrap();
    let stranger = Home::new();
    assert_says(stranger.run(&["restore", &name]).refusal(), &["master key", "is missing"]);
    assert!(stranger.run(&["init"]).ok);
    std::fs::remove_dir_all(stranger.path("data")).unwrap();
    assert_says(stranger.run(&["restore", &name]).refusal(), &["does not open with this master key"]);
}

#[test]
fn records_are_shown_by_table_and_key_from_the_folder_or_the_running_server() {
    let (home, _) = with_contacts();
    let rows = |ran: Ran| -> Vec<Value> {
        assert!(ran.ok, "{ran:?}");
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let server = home.serve();
    let running = rows(home.run(&["dump", "--table", "contacts"]));
    server.stop();
    let stopped = rows(home.run(&["dump", "--table", "contacts"]));
    assert_eq!(running, stopped);
    assert_eq!(stopped.len(), 2);
    assert_eq!(keys_of(&stopped[0]), ["key", "value", "workspace"]);
    let key = stopped[1]["key"].as_str().unwrap();
    assert_eq!(rows(home.run(&["dump", "--table", "contacts", "--key", key])), stopped[1..]);
    assert_says(home.run(&["dump", "--table", "people"]).refusal(), &["no table people", "contacts", "suppressions"]);
    assert_says(home.run(&["dump", "--table", "contacts", "--key", "xyz"]).refusal(), &["not hexadecimal"]);
}

#[test]
fn an_import_is_tried_dry_corrected_and_then_done() {
    let home = Home::new();
    home.add_user(OWNER, "fernhill");
    let file = home.write("a.csv", "Kontakt;Vorname;Stadt\nada@larkfield.example;Ada;Kiel\nnobody;Ben;Bonn\n");
    let import = |more: &[&str]| home.run(&[&["import", "contacts", "--workspace", "fernhill", &file], more].concat());
    let mapped = ["--map", "Kontakt=email", "--map", "Stadt=custom.town"];
    let dry = import(&[&mapped[..], &["--dry-run"]].concat()).json();
    assert_eq!((&dry["dry_run"], &dry["import"], &dry["added"]), (&json!(true), &Value::Null, &json!(1)));
    assert_eq!((&dry["rejected"], &dry["rejected_rows"][0]["line"]), (&json!(1), &json!(3)), "{dry}");
    assert_eq!(home.run(&["dump", "--table", "contacts"]).out, "", "a dry run changes nothing");
    let done = import(&mapped).json();
    for field in ["rows", "added", "updated", "skipped", "rejected", "delimiter", "encoding", "columns"] {
        assert_eq!(done[field], dry[field], "{field}");
    }
    assert_eq!(home.run(&["dump", "--table", "contacts"]).out.lines().count(), 1);
    let again = import(&mapped).json();
    assert_eq!((&again["added"], &again["skipped"]), (&json!(0), &json!(1)), "known already: {again}");
}

#[test]
fn a_bad_file_names_the_place_and_imports_nothing() {
    let home = Home::new();
    home.add_user(OWNER, "fernhill");
    let cases: [(&str, &[&str], &[&str]); 6] = [
        ("", &[], &["The file is empty"]),
        ("email\nada@larkfield.example\n\"ben@", &[], &["Line 3", "a quote is opened and never closed"]),
        ("colour,size\nred,4\n", &[], &["No column holds e-mail addresses", "colour, size"]),
        ("email\nada@larkfield.example\n", &["--map", "Mail=email"], &["no column “Mail”", "email"]),
        ("email,x\nada@larkfield.example,1\n", &["--map", "x=E-Mail!"], &["is no field"]),
        ("email\nada@larkfield.example\n", &["--map", "email"], &["--map email", "equals sign"]),
    ];
    for (text, more, words) in cases {
        let file = home.write("bad.csv", text);
        let args = [&["import", "contacts", "--workspace", "fernhill", &file], more].concat();
        assert_says(home.run(&args).refusal(), words);
    }
    let file = home.write("good.csv", "email\nada@larkfield.example\n");
    let lost = home.run(&["import", "contacts", "--workspace", "nowhere", &file]);
    assert_says(lost.refusal(), &["no workspace nowhere", "account SID"]);
    let missing = home.run(&["import", "contacts", "--workspace", "fernhill", "missing.csv"]);
    assert_says(missing.refusal(), &["missing.csv"]);
    assert_eq!(home.run(&["dump", "--table", "contacts"]).out, "");
}

#[test]
fn slots_answers_each_line_and_says_at_the_end_that_one_could_not_be_used() {
    let home = Home::new();
    let question = json!({
        "now": "2026-05-01T08:00:00Z",
        "event_type": {
            "duration": 60, "step": 60, "time_zone": "Europe/Berlin", "weekly_hours": { "tue": [["09:00", "11:00"]] },
        },
        "busy": [{ "start": "2026-05-12T08:00:00Z", "end": "2026-05-12T08:30:00Z" }],
        "query": { "from": "2026-05-12", "to": "2026-05-12", "time_zone": "Asia/Kolkata" },
    });
    let lines = format!("{question}\n\n{{\"now\": 1}}\n{question}\n");
    let answered = home.run_with(&["slots"], lines.clone());
    let said: Vec<Value> = answered.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said[0], json!({ "slots": ["2026-05-12T07:00:00Z"] }));
    assert!(said[1]["error"].as_str().unwrap().starts_with("now: "), "{}", said[1]);
    assert_eq!((&said[2], answered.ok), (&said[0], false));
    let explained = home.run_with(&["slots", "--explain", "2026-05-12T08:00:00Z"], format!("{question}\n"));
    let said: Value = serde_json::from_str(&explained.out).unwrap();
    assert_eq!((said["rule"].as_str(), said["offered"].as_bool(), explained.ok), (Some("busy"), Some(false), true));
    assert_says(home.run(&["slots", "--explain", "noon"]).refusal(), &["--explain: noon is no instant"]);
    assert_says(&home.run(&["slots", "--help"]).out, &["rolling_business_days", "hold_expires", "RFC 5545"]);
}

#[test]
fn replies_are_read_line_by_line() {
    let home = Home::new();
    let line = json!({
        "id": 7,
        "text": "Sounds good. Tuesday 1 December at 10:00 works for me.",
        "sent_at": "2026-11-24T09:00:00+01:00",
        "sender_time_zone": "Europe/Berlin",
    });
    let opt_out = json!({ "id": "b", "text": "Please remove me from your list." });
    let answers = home.run_with(&["classify"], format!("{line}\n\n{opt_out}\n"));
    assert!(answers.ok, "{answers:?}");
    let answers: Vec<Value> = answers.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 2);
    for answer in &answers {
        assert_eq!(keys_of(answer), ["confidence", "id", "label", "language", "reasons", "times"]);
        assert!((0.0..=1.0).contains(&answer["confidence"].as_f64().unwrap()), "{answer}");
    }
    assert_eq!((&answers[0]["id"], &answers[0]["label"]), (&json!(7), &json!("meeting_proposed")));
    let time = json!([{ "start": "2026-12-01T09:00:00Z", "end": null, "kind": "exact" }]);
    assert_eq!(answers[0]["times"], time);
    assert_eq!((&answers[1]["id"], &answers[1]["label"]), (&json!("b"), &json!("unsubscribe")));
    assert_eq!(answers[1]["language"], "en");

    // Each bad line is told, and spoils no other; a file may begin with a byte order mark.
    let opt_out = opt_out.to_string();
    let lines: [&[u8]; 6] = [
        opt_out.as_bytes(),
        b"{\"id\": 1}",
        b"{\"text\": \"caf\xe9\"}",
        b"{\"\\ud83d\": 1}",
        b"nonsense",
        opt_out.as_bytes(),
    ];
    let bad = home.run_with(&["classify"], [&b"\xef\xbb\xbf"[..], &lines.join(&b"\r\n"[..])].concat());
    let said =
        ["line 2: \"text\" is missing", "line 3: it is not UTF-8", "line 4: it is not JSON", "line 5: it is not JSON"];
    assert_says(bad.refusal(), &said);
    assert_says(&bad.err, &["4 lines could not be read"]);
    assert_eq!(bad.out.lines().count(), 2, "{bad:?}");
}

#[test]
fn mail_files_are_told_apart() {
    let home = Home::new();
    let reply = home.write(
        "reply.eml",
        "From: Ada <ada@larkfield.example>\r\nTo: nora@fernhill.example\r\nSubject: Re: A question\r\n\
         In-Reply-To: <one@fernhill.example>\r\nMessage-ID: <two@larkfield.example>\r\n\r\n\
         Yes, please.\r\n\r\nOn Tue, 24 Nov 2026, Nora wrote:\r\n> A question\r\n",
    );
    let bounce = home.write(
        "bounce.eml",
        "From: MAILER-DAEMON@mx.example\r\nTo: nora@fernhill.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNobody there.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; ben@larkfield.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <three@fernhill.example>\r\n\
         To: ben@larkfield.example\r\n\r\n--b--\r\n",
    );
    let ran = home.run(&["inspect-mail", &reply, &bounce]);
    assert!(ran.ok, "{ran:?}");
    let lines: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = [
        json!({"file": reply, "kind": "reply", "reply_text": "Yes, please.", "recipients": [], "status": null,
            "message_ids": ["one@fernhill.example"]}),
        json!({"file": bounce, "kind": "hard", "reply_text": "", "recipients": ["ben@larkfield.example"],
            "status": "5.1.1", "message_ids": ["three@fernhill.example"]}),
    ];
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(keys_of(line), ["file", "kind", "message_ids", "recipients", "reply_text", "status"]);
        assert_eq!(line, expected);
    }
    let some = home.run(&["inspect-mail", &reply, "missing.eml", ".", &bounce]);
    assert_says(some.refusal(), &["missing.eml: ", ".: ", "2 files could not be read"]);
    assert_eq!(some.out.lines().count(), 2, "those that can be read are: {some:?}");
}
