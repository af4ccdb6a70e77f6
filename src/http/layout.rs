//! The frame around every page, and what a page template may use.
//!
//! A page's struct holds `layout: Layout` (or `layout: PublicLayout` where nobody is signed in), its template says:
//! ```text
//! {% extends "layout/app.html" %}                {# public.html: sheets for visitors; plain.html: sign-in, errors, confirmations #}
//! {% import "ui/macros.html" as ui %}
//! {% block page_class %}page-mid{% endblock %}    {# nothing, page-mid (58rem), page-wide, page-full (a bar instead of a head) #}
//! {% block main %}…{% endblock %}                {# blocks: title, head (more <meta>), page_class, main #}
//! ```
//! Macros of `ui/macros.html`. Arguments have names, those with a default may be left out, an empty text means "absent":
//! ```text
//! icon("mail")  icon("x", small=true)                names are the symbols of static/img/icons.svg without "i-"
//! csrf(layout.csrf)                                   hidden input, first in every form that posts
//! button("Approve and send", kind="primary", icon="", key="A", name="", value="", busy="Sending…")
//!                                                    kind: "" primary quiet danger danger-fill; size: s l; key shows and binds a letter
//! post("/sending/pause", layout.csrf, "Pause all")    a form that is one button; also kind, size, icon, key, name, value, busy
//! link("/contacts/new", "Add contact", kind="primary", icon="plus")      also size, key; confirm=true asks first
//! field("email", "E-mail", value, error=errors.of("email"), hint="", kind="email", autocomplete="email", optional=false)
//! password("password", "Password", error="", hint="", autocomplete="new-password", forgotten="/sign-in/forgotten")
//! textarea("intro", "Whom to write to and why", value, error="", hint="", rows=4)
//! select("zone", "Time zone", choices, chosen, error="", hint="")          choices: &[Choice]
//! check("news", "Send me news", checked, hint="", kind="checkbox")         kind="radio" with value="…"
//! switch("digest", "Send me the day’s summary", on, hint="")               a checkbox of its form, drawn as a switch
//! code_field("code", "Six-digit code", error="", hint="")                 one-time codes
//! search("/contacts", "q", "Find a contact", typed, placeholder="")       a GET form; "/" leads to it
//! error_summary(errors)  form_error("That did not match.")               `FieldErrors`: more than one / of the whole form
//! badge("Working", tone="ok", icon="")                tone: ok warn bad plum brand flare line, or ""
//! reply_badge("meeting_proposed")                     the classifier's label as a pill
//! state("ok", "Working")                              dot and word: ok ● warn ◆ bad ■ off ○
//! avatar("Anna Lund", size="", channel="mail")        initials; size s l
//! person("Anna Lund", "anna@fellside.example", href="/contacts/…")
//! time(iso, "Tue 24 Nov, 10:30")                      <time datetime>
//! meter(61, 120, tone="ok")                           bar of a share (u64, u64); decoration, so the numbers stand beside it
//! tabs("Worker", tabs)  segments("Period", tabs)      &[Tab]
//! pager(pager, "Pages")                               Newer, Older
//! empty("inbox", "Nothing waits.", href="", action="")
//! note("Copy it now.", tone="warn", icon="alert")     tone: "" ok warn bad brand flare
//! attention("/approvals", "5 drafts wait for you.", "First mails need approval.", "Review")    one per page
//! crumb("/outreach", "Outreach")
//! stat("Replies", "19", "7.7 %, was 6.3 %")           inside <dl class="card stats">
//! round("mail", tone="brand")                        icon in a tinted round
//! copy("key")                                         button that copies the element #key; hidden without script
//! codebox("key", "Secret key", secret)                a value with its copy button
//! checked("Never opted out", no=false)                line of <ul class="checks">
//! ```
//! With a body, `{% call ui::need(…) %}buttons{% endcall %}`:
//! ```text
//! need(icon, tone, fact, context, href="")            row of "Needs you"; body: at most two buttons, the safe one first
//! gate_check("stop", fact, context)                   pass, stop or later, in <ol class="gate">; body: the button that helps
//! guide_step("now", title, words)                     done, now or later, in <ol class="guide">; body: the open step's form
//! connection(icon, name, purpose, tone, state_words)  an account outside; body: its facts as <span> and <a>
//! note_box(tone="brand", icon="shield")               a note of several paragraphs
//! ```
//! Behaviour by data attributes (static/js, one module each): `data-confirm` on a link to a page with a
//! `ConfirmPage`; `Layout::live` with `id` and `data-src` on what may change; `data-keys-list` on a list for J and K;
//! `data-select-all="name"`, `data-selected`, `data-bulk` around a table's checkboxes; `data-draft="key"` on a textarea;
//! `data-send-on-change` on a select; `data-count="/approvals"` on a counter; `data-copy`, `data-busy-words` by macro.
//! Charts: `{{ chart }}` with a value of `http::charts`. Queue and letter (`desk`), week (`cal`), slots (`book`), steps,
//! import report, conversation, recovery codes and the danger zone are plain markup with the classes shown in
//! `ui/gallery*.html`, where every part is drawn once: read them before inventing markup.

use askama::Template;

use super::ui::{initials, percent, Tab};

/// What the frame shows: made once per request by the session, filled by the room's handler with
/// `title` and `live`.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    /// Name of the page, without the product's name.
    pub title: String,
    /// BCP 47, for `<html lang>`.
    pub lang: String,
    /// `light` or `dark`; empty follows the system.
    pub theme: String,
    pub keys_off: bool,
    pub csrf: String,
    pub nav: Vec<NavGroup>,
    /// The first places of the phone's tab bar, at most four; "More" always follows.
    pub tabbar: Vec<NavEntry>,
    /// Pages that belong together under the current place, as tabs; empty where the place is one page.
    pub within: Vec<Tab>,
    pub workspace_name: String,
    /// In words: "Owner".
    pub workspace_role: String,
    /// All workspaces of the person, the current one among them.
    pub workspaces: Vec<WorkspaceLink>,
    pub user_name: String,
    pub user_email: String,
    pub is_operator: bool,
    pub sending: Option<SendingState>,
    /// Stands above each page until the guide to the first mail is done.
    pub guide: Option<GuideBar>,
    /// No worker was ever switched on: the way to the first mail is offered.
    pub in_setup: bool,
    pub toast: Option<Toast>,
    /// The workspace is being closed.
    pub closing: Option<ClosingBar>,
    pub demo: Option<DemoBar>,
    /// Address of the page's event stream; its events name elements to replace (static/js/live.js).
    pub live: Option<String>,
}

/// What stands above a page's own content. A template of its own, so that its code is in the program once and not in
/// each page.
#[derive(Template)]
#[template(path = "layout/_above.html")]
pub struct Above<'a> {
    layout: &'a Layout,
}

/// What stands below it.
#[derive(Template)]
#[template(path = "layout/_below.html")]
pub struct Below<'a> {
    layout: &'a Layout,
}

/// Entries under one label; the first group has none.
#[derive(Clone, Debug, Default)]
pub struct NavGroup {
    pub label: String,
    pub entries: Vec<NavEntry>,
}

#[derive(Clone, Debug, Default)]
pub struct NavEntry {
    pub href: String,
    pub label: String,
    /// Symbol of the icon file.
    pub icon: String,
    pub count: Option<u32>,
    /// The count means that a person must decide.
    pub flare: bool,
    pub current: bool,
    /// Letter that leads here after `G`; empty for none.
    pub key: String,
}

#[derive(Clone, Debug, Default)]
pub struct WorkspaceLink {
    pub name: String,
    pub href: String,
    pub current: bool,
}

/// "Sending is on, 61 of 120 in 24 hours, Pause all". `words` is the whole state: "Sending is on",
/// "Sending is paused", "Nothing leaves yet".
#[derive(Clone, Debug, Default)]
pub struct SendingState {
    pub on: bool,
    pub words: String,
    pub sent_today: u32,
    pub cap_today: u32,
    /// Something leaves that "Pause all" would stop.
    pub can_pause: bool,
    /// "Pause all" had stopped everything, and nothing was switched on since.
    pub can_resume: bool,
    /// The page that helps where neither does; empty when none is needed.
    pub cure: String,
}

impl SendingState {
    /// "61 of 120"; only what was sent where no mailbox works.
    pub fn count(&self) -> String {
        match self.cap_today {
            0 => format!("{} sent", self.sent_today),
            cap => format!("{} of {cap}", self.sent_today),
        }
    }

    pub fn percent(&self) -> u64 {
        percent(u64::from(self.sent_today), u64::from(self.cap_today))
    }
}

/// Said after an act that can be taken back; `undo_action` is the address that takes it back by POST.
#[derive(Clone, Debug, Default)]
pub struct Toast {
    pub text: String,
    pub undo_action: Option<String>,
}

/// "Step 4 of 8, next: Your leads", with the way back to the guide.
#[derive(Clone, Debug, Default)]
pub struct GuideBar {
    pub step: u64,
    pub all: u64,
    pub next: String,
}

/// Stands above every page of a workspace that is being closed.
#[derive(Clone, Debug, Default)]
pub struct ClosingBar {
    /// When everything is erased, in words.
    pub until: String,
    /// This person may take it back.
    pub may_keep: bool,
}

/// Shown while the product runs on a clock that can be moved: the time it is there, in words.
#[derive(Clone, Debug, Default)]
pub struct DemoBar {
    pub now_words: String,
}

/// The frame for visitors: the business's own name first, no rail.
#[derive(Clone, Debug, Default)]
pub struct PublicLayout {
    pub title: String,
    pub lang: String,
    pub theme: String,
    /// Hidden in forms; empty where there is no session to protect.
    pub csrf: String,
    /// Kept out of search results, as everything behind a token must be.
    pub no_index: bool,
    pub footer: Vec<FooterLink>,
    pub demo: Option<DemoBar>,
}

#[derive(Clone, Debug, Default)]
pub struct FooterLink {
    pub href: String,
    pub label: String,
}

/// Label of a group, then address, name, icon and key of its places.
type PlaceGroup = (&'static str, &'static [(&'static str, &'static str, &'static str, &'static str)]);

/// The places of the product in their order; a room's place exists only while the room does.
const PLACES: &[PlaceGroup] = &[
    (
        "",
        &[
            ("/", "Today", "today", "T"),
            ("/approvals", "Approvals", "approve", "A"),
            ("/calendar", "Calendar", "calendar", "C"),
        ],
    ),
    ("Reach", &[("/outreach", "Outreach", "outreach", "O"), ("/contacts", "Contacts", "contacts", "P")]),
    ("Run", &[("/connections", "Connections", "plug", "N"), ("/settings", "Settings", "settings", "S")]),
];
/// Pages that belong to a place under another address, or beside its own: address and name, the place's own first.
const WITHIN: &[(&str, &[(&str, &str)])] = &[
    (
        "/outreach",
        &[
            ("/outreach", "Workers"),
            ("/outreach/sequences", "Sequences"),
            ("/outreach/analytics", "Analytics"),
            ("/outreach/forecast", "Forecast"),
            ("/replies", "Replies"),
            ("/snippets", "Snippets"),
            ("/suppressions", "Opt-outs"),
        ],
    ),
    (
        "/calendar",
        &[
            ("/calendar", "Calendar"),
            ("/event-types", "Event types"),
            ("/routing-forms", "Routing forms"),
            ("/availability", "Availability"),
            ("/booking-messages", "Messages"),
            ("/calendar/figures", "Figures"),
            ("/payments", "Payments"),
        ],
    ),
    ("/contacts", &[("/contacts", "Contacts"), ("/leads", "Scores")]),
    (
        "/connections",
        &[
            ("/connections", "Accounts"),
            ("/domains", "Sending domains"),
            ("/crm", "Customer systems"),
            ("/hook", "Leads by post"),
            ("/webhook", "Webhook"),
        ],
    ),
];
const TABBAR: &[&str] = &["/", "/approvals", "/contacts", "/calendar"];

impl Layout {
    pub fn above(&self) -> Above<'_> {
        Above { layout: self }
    }

    pub fn below(&self) -> Below<'_> {
        Below { layout: self }
    }

    /// Fills `nav` and `tabbar` for a page at `path`. `may_open` leaves out what the person's role
    /// may not see; `count` gives the number beside an entry, with true when it waits for a decision.
    pub fn with_places(
        mut self,
        path: &str,
        may_open: impl Fn(&str) -> bool,
        count: impl Fn(&str) -> Option<(u32, bool)>,
    ) -> Self {
        let entry = |&(href, label, icon, key): &(&str, &str, &str, &str)| {
            let counted = count(href);
            NavEntry {
                href: href.to_owned(),
                label: label.to_owned(),
                icon: icon.to_owned(),
                count: counted.map(|(number, _)| number).filter(|number| *number > 0),
                flare: counted.is_some_and(|(_, flare)| flare),
                current: belongs_to(path, href),
                key: key.to_owned(),
            }
        };
        let groups = PLACES.iter().map(|(label, places)| NavGroup {
            label: (*label).to_owned(),
            entries: places.iter().filter(|(href, ..)| may_open(href)).map(entry).collect(),
        });
        self.nav = groups.filter(|group| !group.entries.is_empty()).collect();
        self.within = within(path, &may_open);
        self.tabbar = TABBAR.iter().filter_map(|href| self.entry(href).cloned()).collect();
        self
    }

    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    pub fn initials(&self) -> String {
        initials(&self.user_name)
    }

    /// The current place is not in the tab bar, so "More" is where the person is.
    pub fn is_in_more(&self) -> bool {
        !self.tabbar.iter().any(|entry| entry.current)
    }

    /// The place that the page belongs to: the tab where it has one, else the entry of the list. Address and name.
    pub fn place(&self) -> Option<(&str, &str)> {
        let tab = self.within.iter().find(|tab| tab.current).map(|tab| (tab.href.as_str(), tab.label.as_str()));
        let mut entries = self.nav.iter().flat_map(|group| &group.entries);
        tab.or_else(|| entries.find(|entry| entry.current).map(|entry| (entry.href.as_str(), entry.label.as_str())))
    }

    fn entry(&self, href: &str) -> Option<&NavEntry> {
        self.nav.iter().flat_map(|group| &group.entries).find(|entry| entry.href == href)
    }
}

/// A page below a place belongs to it: `/contacts/new` to `/contacts`, but nothing but itself to `/`.
fn is_under(path: &str, place: &str) -> bool {
    path == place || (place != "/" && path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/')))
}

/// A page below a place, or below one of those that belong to it.
fn belongs_to(path: &str, place: &str) -> bool {
    let mut others = WITHIN.iter().filter(|(of, _)| *of == place).flat_map(|(_, pages)| pages.iter());
    is_under(path, place) || others.any(|(page, _)| is_under(path, page))
}

/// The tabs of the place that `path` belongs to. Of two that fit, the longer address is meant.
fn within(path: &str, may_open: impl Fn(&str) -> bool) -> Vec<Tab> {
    let Some((_, pages)) = WITHIN.iter().find(|(place, _)| belongs_to(path, place)) else { return Vec::new() };
    let current = pages.iter().map(|(href, _)| *href).filter(|href| is_under(path, href)).max_by_key(|href| href.len());
    let tab = |(href, label): &(&str, &str)| Tab {
        href: (*href).to_owned(),
        label: (*label).to_owned(),
        count: String::new(),
        current: current == Some(*href),
    };
    pages.iter().filter(|(href, _)| may_open(href)).map(tab).collect()
}

/// Asks before what cannot be undone, and is the same question as the dialog that scripts show.
/// GET of the act's address; the form posts to `action`.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/confirm.html")]
pub struct ConfirmPage {
    pub layout: Layout,
    /// "Erase Tom Aldridge?"
    pub question: String,
    /// What is gone, with numbers, and until when it can be seen in backups.
    pub consequence: String,
    /// Named after the act: "Erase 3 contacts".
    pub button: String,
    pub action: String,
    /// Hidden fields that the act needs.
    pub fields: Vec<(String, String)>,
    /// Where "Keep it" leads.
    pub back: String,
}

/// Stands where a [`ConfirmPage`] would ask, while the act is not possible yet: why, and what to do first. Nothing was
/// tried, so it is no error.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/first.html")]
pub struct FirstPage {
    pub layout: Layout,
    /// "Hotels cannot be deleted yet".
    pub heading: String,
    pub why: String,
    /// What is in the way: name, and the page where that is changed.
    pub in_use_by: Vec<(String, String)>,
    pub cure: String,
    /// The act that clears the way, where one button does: address and words.
    pub act: Option<(String, String)>,
    pub back: String,
}

/// What happened (the layout's title, as a sentence), what was kept, one way on, an id for the log.
#[derive(Clone, Debug, Template)]
#[template(path = "ui/error.html")]
pub struct ErrorPage {
    pub layout: PublicLayout,
    pub kept: String,
    pub href: String,
    pub action: String,
    /// Empty when nothing was logged.
    pub log_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(path: &str) -> Layout {
        Layout { user_name: "Nora Whitfield".to_owned(), ..Layout::default() }.with_places(
            path,
            |href| href != "/connections",
            |href| (href == "/approvals").then_some((7, true)),
        )
    }

    fn current(path: &str) -> Vec<String> {
        let layout = layout(path);
        let entries = layout.nav.iter().flat_map(|group| &group.entries).filter(|entry| entry.current);
        entries.map(|entry| entry.href.clone()).collect()
    }

    #[test]
    fn a_page_marks_the_place_it_belongs_to() {
        let cases = [
            ("/", vec!["/"]),
            ("/contacts", vec!["/contacts"]),
            ("/contacts/01h", vec!["/contacts"]),
            ("/outreach/sequences/01h", vec!["/outreach"]),
            ("/replies/01h", vec!["/outreach"]),
            ("/snippets", vec!["/outreach"]),
            ("/suppressions/01h/lift", vec!["/outreach"]),
            ("/routing-forms/new", vec!["/calendar"]),
            ("/contactsheet", vec![]),
            ("/operator", vec![]),
        ];
        for (path, expected) in cases {
            assert_eq!(current(path), expected, "{path}");
        }
    }

    #[test]
    fn pages_that_belong_together_stand_as_tabs_of_which_one_is_current() {
        let cases = [
            ("/outreach", Some("Workers")),
            ("/outreach/sequences", Some("Sequences")),
            ("/replies", Some("Replies")),
            ("/snippets/01h", Some("Snippets")),
            ("/suppressions", Some("Opt-outs")),
            ("/contacts", Some("Contacts")),
            ("/leads/weights", Some("Scores")),
            ("/calendar", Some("Calendar")),
            ("/calendar/figures", Some("Figures")),
            ("/event-types/01h/waitlist", Some("Event types")),
            ("/routing-forms/01h", Some("Routing forms")),
        ];
        for (path, expected) in cases {
            let tabs = layout(path).within;
            let current: Vec<&str> = tabs.iter().filter(|tab| tab.current).map(|tab| tab.label.as_str()).collect();
            assert_eq!(current, expected.into_iter().collect::<Vec<_>>(), "{path}");
        }
        let some = Layout::default().with_places("/replies", |href| href != "/suppressions", |_| None).within;
        assert!(some.iter().all(|tab| tab.label != "Opt-outs"), "not for those who may not open it");
    }

    #[test]
    fn what_a_role_may_not_open_is_absent() {
        let layout = layout("/");
        let labels: Vec<&str> = layout.nav.iter().flat_map(|g| &g.entries).map(|e| e.label.as_str()).collect();
        assert!(!labels.contains(&"Connections"), "{labels:?}");
        let agent = Layout::default().with_places("/", |href| href == "/calendar", |_| None);
        assert_eq!(agent.nav.len(), 1, "groups without entries have no label either");
        assert_eq!(agent.tabbar.len(), 1);
    }

    #[test]
    fn only_what_waits_for_a_decision_is_in_flare() {
        let layout = layout("/");
        let approvals = layout.entry("/approvals").unwrap();
        assert_eq!((approvals.count, approvals.flare), (Some(7), true));
        let decided = Layout::default().with_places("/", |_| true, |_| Some((0, true)));
        let approvals = decided.entry("/approvals").unwrap();
        assert_eq!(approvals.count, None, "nothing waits");
    }

    #[test]
    fn a_confirmation_names_its_button_after_the_act_and_carries_its_fields() {
        let page = ConfirmPage {
            layout: Layout { csrf: "token-1".to_owned(), ..layout("/contacts") },
            question: "Erase Tom Aldridge?".to_owned(),
            consequence: "9 fields, 1 excerpt and 1 note are gone at once, from backups by 21 December.".to_owned(),
            button: "Erase 1 contact".to_owned(),
            action: "/contacts/01h/erase".to_owned(),
            fields: vec![("reason".to_owned(), "asked \"by mail\"".to_owned())],
            back: "/contacts/01h".to_owned(),
        };
        let html = page.render().unwrap();
        assert!(html.contains(r#"action="/contacts/01h/erase""#), "{html}");
        assert!(html.contains(r#"name="_csrf" value="token-1""#), "{html}");
        assert!(html.contains(r#"name="reason" value="asked &#34;by mail&#34;""#), "{html}");
        assert!(html.contains("Erase 1 contact"), "{html}");
    }
}
