//! Forms that hold several mistakes.

use super::browser::Browser;
use super::support::TestServer;

type Fields = &'static [(&'static str, &'static str)];

/// Posts and expects the form again with each of the words, and with what was typed.
fn expect_again(browser: &mut Browser, path: &str, fields: Fields, words: &[&str], kept: &str) {
    let page = browser.post(path, fields);
    assert_eq!(page.status, 422, "{path}: {}", page.body);
    for words in words {
        assert!(page.body.contains(words), "{path}: “{words}” is missing in {}", page.body);
    }
    assert!(page.body.contains(kept), "{path}: “{kept}” was not kept");
}

#[test]
fn all_mistakes_of_a_form_are_told_at_once_and_what_was_typed_is_kept() {
    let server = TestServer::start();
    let mut owner = server.owner_browser();
    let number = "Write a whole number, for example 30.";
    let cases: &[(&str, Fields, &[&str], &str)] = &[
        (
            "/outreach/new",
            &[
                ("name", ""),
                ("goal", "Invite hotels"),
                ("meeting_minutes", "2"),
                ("per_day", "many"),
                ("from", "09:00"),
                ("to", "08:00"),
                ("mailbox", "0199a2b7d0007000800000000000000f"),
                ("sequence", "0199a2b7d0007000800000000000000f"),
            ],
            &[
                "Write a name, so that you know it in lists.",
                "A meeting has 5 to 480 minutes.",
                number,
                "Choose at least one day.",
                "The end must be later than the beginning.",
                "There is no connected account here that can be its mailbox.",
                "There is no such sequence here.",
            ],
            "Invite hotels",
        ),
        (
            "/settings/workspace",
            &[
                ("name", " "),
                ("slug", "A b"),
                ("time_zone", "Mars/Olympus"),
                ("postal_address", "1 Mill Lane"),
                ("link_hosts", "nowhere"),
                ("opt_out", "90"),
                ("absence", "x"),
                ("snooze", "80"),
                ("send", "10"),
                ("book", "90"),
            ],
            &[
                "Write a name, so that others know it.",
                "Use 2 to 44 small letters",
                "Choose a time zone of the list",
                "“nowhere” is no host",
                "Between 30 and 70 percent.",
                "Write a whole number, for example 90.",
                "Between 90 and 99 percent.",
            ],
            "1 Mill Lane",
        ),
        (
            "/settings",
            &[("name", ""), ("email", "nobody"), ("username", "a b"), ("time_zone", "Mars/Olympus"), ("theme", "dark")],
            &["Write a name, so that others know who it is.", "address", "Choose a time zone of the list"],
            "nobody",
        ),
        (
            "/settings/security/password",
            &[("current", "wrong"), ("password", "short")],
            &["That is not your current password.", "at least"],
            "",
        ),
        (
            "/snippets",
            &[("title", ""), ("text", "It costs {{grant."), ("language", "xx")],
            &["Write the question that it answers.", "a snippet is quoted word for word", "Choose the language"],
            "It costs {{grant.",
        ),
        (
            "/workspaces/new",
            &[("name", ""), ("time_zone", "Mars/Olympus")],
            &["Write a name", "Choose a time zone of the list"],
            "",
        ),
    ];
    for (path, fields, words, kept) in cases {
        expect_again(&mut owner, path, fields, words, kept);
    }
}
