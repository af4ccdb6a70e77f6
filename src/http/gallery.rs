//! Draws every part of the design once, to be looked at and checked: nothing of this is in the product.
//!
//! `LAUNCHYARD_GALLERY=<folder> cargo test gallery` writes the pages and the files they need there;
//! any static server shows them.

use std::collections::BTreeSet;
use std::path::Path;

use askama::Template;
use rust_embed::RustEmbed;

use super::charts::{Bar, BarChart, Funnel, Sparkline};
use super::layout::{
    ConfirmPage, DemoBar, ErrorPage, FooterLink, Layout, PublicLayout, SendingState, Toast, WorkspaceLink,
};
use super::ui::{Choice, FieldErrors, Pager, Tab};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

#[derive(Template)]
#[template(path = "ui/gallery.html")]
struct GalleryPage {
    layout: Layout,
    tabs: Vec<Tab>,
    periods: Vec<Tab>,
    pager: Pager,
    zones: Vec<Choice>,
    errors: FieldErrors,
    sent: BarChart,
    funnel: Funnel,
    replies: Sparkline,
}

#[derive(Template)]
#[template(path = "ui/gallery_desk.html")]
struct DeskPage {
    layout: Layout,
}

#[derive(Template)]
#[template(path = "ui/gallery_calendar.html")]
struct CalendarPage {
    layout: Layout,
}

#[derive(Template)]
#[template(path = "ui/gallery_settings.html")]
struct SettingsPage {
    layout: Layout,
}

#[derive(Template)]
#[template(path = "ui/gallery_booking.html")]
struct BookingPage {
    layout: PublicLayout,
}

#[derive(Template)]
#[template(path = "ui/gallery_sign_in.html")]
struct SignInPage {
    layout: PublicLayout,
    errors: FieldErrors,
}

fn layout(title: &str, path: &str, theme: &str) -> Layout {
    let workspace = |name: &str, current| WorkspaceLink { name: name.to_owned(), href: "/switch".to_owned(), current };
    Layout {
        lang: "en-GB".to_owned(),
        theme: theme.to_owned(),
        csrf: "token".to_owned(),
        workspace_name: "Fernhill Heat Pumps".to_owned(),
        workspace_role: "Owner".to_owned(),
        workspaces: vec![workspace("Fernhill Heat Pumps", true), workspace("Fernhill Training", false)],
        user_name: "Nora Whitfield".to_owned(),
        user_email: "nora@fernhill.example".to_owned(),
        is_operator: true,
        sending: Some(SendingState {
            on: true,
            words: "Sending is on".to_owned(),
            sent_today: 61,
            cap_today: 120,
            can_pause: true,
            can_resume: false,
            cure: String::new(),
        }),
        ..Layout::default()
    }
    .with_places(path, |_| true, |href| (href == "/approvals").then_some((7, true)))
    .titled(title)
}

fn public_layout(title: &str, theme: &str) -> PublicLayout {
    let link = |href: &str, label: &str| FooterLink { href: href.to_owned(), label: label.to_owned() };
    PublicLayout {
        title: title.to_owned(),
        lang: "en-GB".to_owned(),
        theme: theme.to_owned(),
        no_index: true,
        footer: vec![link("/promises", "Privacy"), link("", "Runs on Fernhill’s own server")],
        ..PublicLayout::default()
    }
}

fn bars(counts: &[(&str, u64)]) -> Vec<Bar> {
    counts.iter().map(|(label, count)| Bar { label: (*label).to_owned(), count: *count }).collect()
}

fn tab(label: &str, count: &str, current: bool) -> Tab {
    Tab { href: format!("#{label}"), label: label.to_owned(), count: count.to_owned(), current }
}

fn components(theme: &str) -> GalleryPage {
    let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
    let mut errors = FieldErrors::default();
    errors.add("email", "Add the ending, for example “.co.uk”.");
    errors.add("guest", "Write a name, so that Tom knows who is asking.");
    GalleryPage {
        layout: Layout {
            toast: Some(Toast { text: "Draft to Anna Lund sent".to_owned(), undo_action: Some("/undo".to_owned()) }),
            demo: Some(DemoBar { now_words: "Thu 19 Nov, 09:15".to_owned() }),
            ..layout("Gallery", "/outreach", theme)
        },
        tabs: vec![
            tab("Overview", "", true),
            tab("Leads", "412", false),
            tab("Sequence", "4", false),
            tab("Replies", "31", false),
        ],
        periods: vec![tab("7 days", "", false), tab("30 days", "", true), tab("All", "", false)],
        pager: Pager { shown: "1 to 8 of 412".to_owned(), newer: None, older: Some("?after=x".to_owned()) },
        zones: vec![choice("Europe/London", "London, Dublin"), choice("Europe/Berlin", "Berlin, Paris")],
        errors,
        sent: BarChart {
            title: "Mails sent".to_owned(),
            sentence: "between 38 and 74 on working days, none at weekends".to_owned(),
            bars: bars(&[
                ("6 Nov", 46),
                ("7 Nov", 0),
                ("8 Nov", 0),
                ("9 Nov", 50),
                ("10 Nov", 54),
                ("11 Nov", 42),
                ("12 Nov", 58),
                ("13 Nov", 52),
                ("14 Nov", 0),
                ("15 Nov", 0),
                ("16 Nov", 70),
                ("17 Nov", 66),
                ("18 Nov", 74),
                ("19 Nov", 61),
            ]),
            is_ahead: false,
        },
        funnel: Funnel {
            steps: bars(&[
                ("Leads added", 412),
                ("Written to", 317),
                ("Replied", 31),
                ("Interested", 14),
                ("Meetings", 9),
            ]),
            base: 1,
            hrefs: Vec::new(),
        },
        replies: Sparkline {
            sentence: "Replies per week, rising from 6 to 19".to_owned(),
            values: vec![6, 9, 7, 12, 11, 15, 19],
        },
    }
}

fn confirmation(theme: &str) -> ConfirmPage {
    ConfirmPage {
        layout: layout("Erase", "/contacts", theme),
        question: "Erase 3 contacts?".to_owned(),
        consequence: "27 fields, 4 excerpts and 1 note are gone at once, from backups by 21 December. \
                      Their addresses stay on the list of people who are not written to."
            .to_owned(),
        button: "Erase 3 contacts".to_owned(),
        action: "/contacts/erase".to_owned(),
        fields: vec![("contact".to_owned(), "1".to_owned())],
        back: "/contacts".to_owned(),
    }
}

fn error(theme: &str) -> ErrorPage {
    ErrorPage {
        layout: public_layout("The mailbox did not answer for 30 s", theme),
        kept: "Nothing was sent, and your draft is kept. We try again at 09:45.".to_owned(),
        href: "/approvals".to_owned(),
        action: "Back to approvals".to_owned(),
        log_id: "01J9-4K7Q".to_owned(),
    }
}

fn pages(theme: &str) -> Vec<(&'static str, String)> {
    let mut errors = FieldErrors::default();
    errors.add("login", "That did not match. Check the address and the password.");
    vec![
        ("components", components(theme).render().unwrap()),
        ("desk", DeskPage { layout: layout("Approvals", "/approvals", theme) }.render().unwrap()),
        ("calendar", CalendarPage { layout: layout("Calendar", "/calendar", theme) }.render().unwrap()),
        ("booking", BookingPage { layout: public_layout("A call about your heating", theme) }.render().unwrap()),
        ("settings", SettingsPage { layout: layout("Profile", "/settings", theme) }.render().unwrap()),
        ("confirm", confirmation(theme).render().unwrap()),
        ("error", error(theme).render().unwrap()),
        ("sign-in", SignInPage { layout: public_layout("Sign in to Launchyard", theme), errors }.render().unwrap()),
    ]
}

fn all_pages() -> String {
    pages("").into_iter().map(|(_, html)| html).collect()
}

/// The values of every `name="…"` in `html`, split at spaces.
fn values<'a>(html: &'a str, attribute: &str) -> BTreeSet<&'a str> {
    let marker = format!(" {attribute}=\"");
    html.split(marker.as_str())
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .flat_map(str::split_whitespace)
        .collect()
}

fn style_sheet() -> String {
    let files = Files::iter().filter(|path| path.ends_with(".css")).filter_map(|path| Files::get(&path));
    files.map(|file| String::from_utf8(file.data.into_owned()).unwrap()).collect()
}

#[test]
fn no_page_has_inline_style_or_script() {
    let html = all_pages();
    for forbidden in [" style=\"", "<style", "javascript:", " onclick="] {
        assert!(!html.contains(forbidden), "a page contains {forbidden}");
    }
    let scripts: Vec<&str> = html.split("<script").skip(1).filter_map(|rest| rest.split('>').next()).collect();
    assert!(scripts.iter().all(|script| script.contains(" src=")), "{scripts:?}");
}

#[test]
fn every_icon_on_the_pages_is_drawn_in_the_icon_file() {
    let sprite = String::from_utf8(Files::get("img/icons.svg").unwrap().data.into_owned()).unwrap();
    for href in values(&all_pages(), "href").into_iter().filter(|href| href.contains("icons.svg")) {
        let symbol = href.split_once('#').unwrap().1;
        assert!(sprite.contains(&format!("id=\"{symbol}\"")), "{symbol} is missing");
    }
}

#[test]
fn every_class_on_the_pages_is_in_the_style_sheet() {
    let css = style_sheet();
    let known = |class: &str| {
        css.match_indices(&format!(".{class}"))
            .any(|(at, found)| !css[at + found.len()..].starts_with(|next: char| next.is_alphanumeric() || next == '-'))
    };
    let html = all_pages();
    let unknown: Vec<&str> =
        values(&html, "class").into_iter().filter(|class| !is_calendar_place(class) && !known(class)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// `at-0930` and `for-60` are written by `assets`, not found in a file.
fn is_calendar_place(class: &str) -> bool {
    ["at-", "for-"].iter().any(|kind| class.strip_prefix(kind).is_some_and(|n| n.parse::<u32>().is_ok()))
}

#[test]
fn ids_are_given_once_per_page() {
    for (name, html) in pages("") {
        let ids: Vec<&str> = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let once: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), once.len(), "{name}: {ids:?}");
    }
}

#[test]
fn the_gallery_is_written_where_it_can_be_looked_at() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = std::env::var("LAUNCHYARD_GALLERY").map_or(temporary.path().to_owned(), Into::into);
    for (theme, suffix) in [("light", ""), ("dark", "-dark")] {
        for (name, html) in pages(theme) {
            std::fs::write(folder.join(format!("{name}{suffix}.html")), html).unwrap();
        }
    }
    super::assets::write_to(&folder);
    assert!(Path::new(&folder).join("components.html").is_file());
}
