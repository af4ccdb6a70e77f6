//! A worker's settings: the guided form of a new one, and the same form later.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{web, HttpResponse};
use askama::Template;

use super::super::enrol::begin_waiting;
use super::super::{list_sequences, sequences, want_tagged, OutreachError};
use super::{head, overview::clock, Head};
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::base::{ConnectionId, Mistakes, WorkerId};
use crate::connections::{self, Connection, Use};
use crate::contacts;
use crate::http::charts::grouped;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{Choice, FieldErrors};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};
use crate::meetings::{self, Location};
use crate::workers::{self, Hours, Limits, Meeting, Sender, Tone, WorkerError, WorkerForm};

#[derive(Template)]
#[template(path = "outreach/settings.html")]
pub struct SettingsPage {
    pub layout: Layout,
    /// Absent for a new worker.
    pub head: Option<Head>,
    pub action: String,
    pub form: Typed,
    pub errors: FieldErrors,
    pub mailboxes: Vec<Choice>,
    pub calendars: Vec<Choice>,
    pub sequences: Vec<Choice>,
    pub tones: Vec<Choice>,
    pub places: Vec<Choice>,
    pub days: Vec<(u8, &'static str)>,
    pub cap_hint: String,
    /// Which tags there are, with how many have each, so that one can be chosen knowing whom it adds.
    pub tags_hint: String,
}

/// What stands in the fields, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Typed(BTreeMap<String, String>, Vec<u8>, Vec<String>);

impl Typed {
    pub fn of(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    pub fn has_day(&self, day: &u8) -> bool {
        self.1.contains(day)
    }

    pub fn has_mailbox(&self, id: &str) -> bool {
        self.2.iter().any(|own| own == id)
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn read(pairs: &[(String, String)]) -> Self {
        let days = pairs.iter().filter(|(name, _)| name == "day").filter_map(|(_, day)| day.parse().ok());
        let more = pairs.iter().filter(|(name, _)| name == "more_mailboxes").map(|(_, id)| id.clone());
        Self(pairs.iter().cloned().collect(), days.collect(), more.collect())
    }

    fn show(form: &WorkerForm) -> Self {
        let id = |id: Option<String>| id.unwrap_or_default();
        let tone = tone_name(form.tone).to_owned();
        let mut values = BTreeMap::from(
            [
                ("name", form.name.clone()),
                ("goal", form.goal.clone()),
                ("audience_tag", form.audience_tag.clone()),
                ("sequence", id(form.sequence.map(|id| id.to_string()))),
                ("mailbox", id(form.mailbox.map(|id| id.to_string()))),
                ("calendar", id(form.calendar.map(|id| id.to_string()))),
                ("meeting_title", form.meeting.title.clone()),
                ("meeting_minutes", form.meeting.minutes.to_string()),
                ("buffer_before", form.meeting.buffer_before.to_string()),
                ("buffer_after", form.meeting.buffer_after.to_string()),
                ("notice", (form.meeting.notice / 60).to_string()),
                ("where", meetings::value_of(&form.meeting.location())),
                ("place", form.meeting.location().detail().to_owned()),
                ("per_day", form.limits.per_day.to_string()),
                ("per_domain_day", form.limits.per_domain_day.to_string()),
                ("per_contact", form.limits.per_contact.to_string()),
                ("follow_up_percent", form.limits.follow_up_percent.to_string()),
                ("from", clock_field(form.hours.from)),
                ("to", clock_field(form.hours.to)),
                ("sender_name", form.sender.name.clone()),
                ("sender_role", form.sender.role.clone()),
                ("signature", form.sender.signature.clone()),
                ("tone", tone),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        // Ticked until somebody takes it out: a tag is chosen for those who have it.
        values.insert("add_tagged".into(), "on".into());
        for (name, is_on) in [("company_stops", form.limits.company_stops), ("review", form.review)] {
            if is_on {
                values.insert(name.into(), "on".into());
            }
        }
        let more = form.more_mailboxes.iter().map(|id| id.to_string());
        Self(values, form.hours.days.clone(), more.collect())
    }

    /// Numbers and times that do not parse are errors beside their fields.
    fn parse(&self) -> (WorkerForm, FieldErrors) {
        let mut errors = FieldErrors::default();
        let mut number = |name: &'static str| match self.of(name).trim().parse::<u32>() {
            Ok(number) => number,
            Err(_) => {
                errors.add(name, "Write a whole number, for example 30.");
                0
            }
        };
        let place = self.place();
        let meeting = Meeting {
            title: self.of("meeting_title").trim().to_owned(),
            minutes: number("meeting_minutes"),
            buffer_before: number("buffer_before"),
            buffer_after: number("buffer_after"),
            notice: number("notice").saturating_mul(60),
            ..Meeting::default()
        }
        .at(place.clone().unwrap_or_default());
        let limits = Limits {
            per_day: number("per_day"),
            per_domain_day: number("per_domain_day"),
            per_contact: number("per_contact"),
            company_stops: self.is_on("company_stops"),
            // A form that was opened before there was such a field is read as it stood.
            follow_up_percent: match self.0.contains_key("follow_up_percent") {
                true => number("follow_up_percent"),
                false => Limits::default().follow_up_percent,
            },
        };
        let mut minute = |name: &'static str| {
            let minute = parse_clock(self.of(name));
            if minute.is_none() {
                errors.add(name, "Write a time of day, for example 09:00.");
            }
            minute.unwrap_or_default()
        };
        let hours = Hours { days: self.1.clone(), from: minute("from"), to: minute("to") };
        let form = WorkerForm {
            name: self.of("name").to_owned(),
            goal: self.of("goal").to_owned(),
            audience_tag: self.of("audience_tag").trim().to_lowercase(),
            sequence: self.of("sequence").parse().ok(),
            mailbox: self.of("mailbox").parse().ok(),
            more_mailboxes: self.2.iter().filter_map(|id| id.parse().ok()).collect(),
            review: self.is_on("review"),
            calendar: self.of("calendar").parse().ok(),
            meeting,
            limits,
            hours,
            sender: Sender {
                name: self.of("sender_name").trim().to_owned(),
                role: self.of("sender_role").trim().to_owned(),
                signature: self.of("signature").replace("\r\n", "\n").trim().to_owned(),
            },
            tone: tone_of(self.of("tone")),
        };
        if place.is_none() {
            errors.add("where", "Choose where you meet.");
        }
        (form, errors)
    }

    /// A form from before there was a choice says it by a tick and a text.
    fn place(&self) -> Option<Location> {
        match (self.0.get("where"), self.of("place").trim()) {
            (Some(chosen), detail) => meetings::read_choice(chosen, detail),
            (None, _) if self.is_on("video") => Some(Location::GoogleMeet),
            (None, "") => Some(Location::Unsaid),
            (None, address) => Some(Location::Place { address: address.to_owned() }),
        }
    }
}

const TONES: [(&str, &str, Tone); 3] =
    [("plain", "Plain", Tone::Plain), ("warm", "Warm", Tone::Warm), ("formal", "Formal", Tone::Formal)];

fn tone_name(tone: Tone) -> &'static str {
    TONES.iter().find(|(_, _, each)| *each == tone).map_or("plain", |(name, ..)| name)
}

fn tone_of(name: &str) -> Tone {
    TONES.iter().find(|(each, ..)| *each == name).map_or(Tone::Plain, |(_, _, tone)| *tone)
}

fn clock_field(minutes: u16) -> String {
    format!("{:0>5}", clock(minutes))
}

/// Minutes after midnight of "9:00", "09:00", "17"; 24:00 is the end of the day.
fn parse_clock(text: &str) -> Option<u16> {
    let (hours, minutes) = text.trim().split_once(':').unwrap_or((text.trim(), "0"));
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60 || (hours, minutes) == (24, 0)).then_some(hours * 60 + minutes)
}

type Pairs = web::Form<Vec<(String, String)>>;

/// GET /outreach/new
pub async fn new(app: web::Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let page = run(move || {
        actor.require(Permission::EditOutreach).map_err(OutreachError::from)?;
        let accounts = connections::list(&app.store, actor.workspace).map_err(OutreachError::from)?;
        let fresh = WorkerForm {
            mailbox: the_only(&accounts, Use::Outreach),
            calendar: the_only(&accounts, Use::Calendar),
            ..WorkerForm::fresh(&frame.0.user_name)
        };
        new_page(&app, &actor, &frame, Typed::show(&fresh), FieldErrors::default())
    });
    html(StatusCode::OK, &page.await??)
}

/// Where there is no choice it is made already.
fn the_only(accounts: &[Connection], wanted: Use) -> Option<ConnectionId> {
    let mut usable = accounts.iter().filter(|account| account.can(wanted) && account.state.is_working());
    usable.next().filter(|_| usable.next().is_none()).map(|account| account.id)
}

pub fn new_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    form: Typed,
    errors: FieldErrors,
) -> Result<SettingsPage, OutreachError> {
    settings(app, actor, frame, None, form, errors)
}

/// POST /outreach/new: 303 to the sequence of the new worker.
pub async fn create(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    form: Pairs,
) -> Result<HttpResponse, PageError> {
    let typed = Typed::read(&form);
    let made = run(move || {
        let (wanted, errors) = typed.parse();
        let made = match all_mistakes(&app, &actor, None, &wanted, &errors)? {
            wrong if wrong.is_empty() => workers::create(&app, &actor, &wanted),
            wrong => Err(wrong.into()),
        };
        let with_tagged = made.is_ok() && typed.is_on("add_tagged");
        let made = answer(made, errors, |errors| new_page(&app, &actor, &frame, typed, errors))?;
        add_tagged(&app, &actor, made, with_tagged)
    });
    match made.await?? {
        Ok((worker, tagged)) => {
            let next = if worker.sequence.is_some() { "leads" } else { "sequence" };
            let said = "The worker is made. Nothing leaves before you switch it on.";
            let toast = Toast::new([said.to_owned(), tagged_words(&worker, tagged)].join(" ").trim_end().to_owned());
            Ok(with_toast(see_other(&format!("/outreach/{}/{next}", worker.id)), &cookies, &toast))
        }
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// GET /outreach/{worker}/settings
pub async fn edit(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    worker: web::Path<WorkerId>,
) -> Result<HttpResponse, PageError> {
    let page = run(move || edit_page(&app, &actor, &frame, *worker, None, FieldErrors::default())).await??;
    html(StatusCode::OK, &page)
}

pub fn edit_page(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    worker: WorkerId,
    typed: Option<Typed>,
    errors: FieldErrors,
) -> Result<SettingsPage, OutreachError> {
    let head = head(app, actor, worker, "settings")?;
    let form = typed.unwrap_or_else(|| Typed::show(&WorkerForm::of(&head.worker)));
    settings(app, actor, frame, Some(head), form, errors)
}

/// POST /outreach/{worker}/settings
pub async fn save(
    app: web::Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: web::Data<Cookies>,
    worker: web::Path<WorkerId>,
    form: Pairs,
) -> Result<HttpResponse, PageError> {
    let (typed, id) = (Typed::read(&form), *worker);
    let saved = run(move || {
        let before = workers::get(&app.store, actor.workspace, id)?.map(|worker| worker.audience_tag);
        let (wanted, errors) = typed.parse();
        let saved = match all_mistakes(&app, &actor, Some(id), &wanted, &errors)? {
            wrong if wrong.is_empty() => workers::update(&app, &actor, id, &wanted),
            wrong => Err(wrong.into()),
        };
        // Leads that were taken out come back only with another tag.
        let is_new_tag = saved.as_ref().is_ok_and(|saved| before.as_deref() != Some(saved.audience_tag.as_str()));
        let with_tagged = is_new_tag && typed.is_on("add_tagged");
        let saved = answer(saved, errors, |errors| edit_page(&app, &actor, &frame, id, Some(typed), errors))?;
        if let Ok(worker) = &saved {
            begin_waiting(&app, worker, actor.workspace)?;
        }
        add_tagged(&app, &actor, saved, with_tagged)
    });
    match saved.await?? {
        Ok((worker, tagged)) => {
            let toast =
                Toast::new(["Saved.".to_owned(), tagged_words(&worker, tagged)].join(" ").trim_end().to_owned());
            Ok(with_toast(see_other(&format!("/outreach/{id}/settings")), &cookies, &toast))
        }
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// Fields that did not parse, and what is wrong with those that did.
fn all_mistakes(
    app: &App,
    actor: &Actor,
    id: Option<WorkerId>,
    form: &WorkerForm,
    unread: &FieldErrors,
) -> Result<Mistakes, OutreachError> {
    let mut wrong: Mistakes = Mistakes::default();
    wrong.extend(unread.iter().cloned());
    let of_hours = unread.iter().any(|(field, _)| matches!(*field, "from" | "to"));
    for checked in [workers::check(app, actor, id, form), sequences::check_chosen(app, actor, form)] {
        match checked {
            Ok(()) => {}
            // Times that were not read are compared with nothing.
            Err(WorkerError::Invalid(more)) => {
                wrong.extend(more.into_iter().filter(|(field, _)| !(of_hours && *field == "hours")))
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(wrong)
}

type Made = Result<workers::Worker, Box<SettingsPage>>;

/// Adds those who have the tag already, where that was asked for; their number stands beside the worker.
fn add_tagged(
    app: &App,
    actor: &Actor,
    made: Made,
    is_wanted: bool,
) -> Result<Result<(workers::Worker, u64), Box<SettingsPage>>, OutreachError> {
    Ok(match made {
        Ok(worker) if is_wanted && !worker.audience_tag.is_empty() => {
            let tagged = want_tagged(app, actor, &worker)?;
            Ok((worker, tagged))
        }
        Ok(worker) => Ok((worker, 0)),
        Err(page) => Err(page),
    })
}

/// What becomes of those who have the tag already; empty when nobody is added.
fn tagged_words(worker: &workers::Worker, tagged: u64) -> String {
    let who = match tagged {
        0 => return String::new(),
        1 => "The contact".to_owned(),
        many => format!("The {} contacts", grouped(many)),
    };
    let becomes = if tagged == 1 { "becomes a lead" } else { "become leads" };
    let when = if worker.sequence.is_some() { "now" } else { "once its mails are written" };
    format!("{who} tagged “{}” {becomes} {when}.", worker.audience_tag)
}

/// A worker, or the form again with what is wrong.
fn answer(
    made: Result<workers::Worker, WorkerError>,
    mut errors: FieldErrors,
    page: impl FnOnce(FieldErrors) -> Result<SettingsPage, OutreachError>,
) -> Result<Made, OutreachError> {
    match made {
        Ok(worker) => Ok(Ok(worker)),
        Err(WorkerError::Invalid(mistakes)) => {
            errors.add_mistakes(mistakes);
            Ok(Err(Box::new(page(errors)?)))
        }
        Err(error) => Err(error.into()),
    }
}

fn settings(
    app: &App,
    actor: &Actor,
    frame: &Frame,
    head: Option<Head>,
    form: Typed,
    errors: FieldErrors,
) -> Result<SettingsPage, OutreachError> {
    let accounts = connections::list(&app.store, actor.workspace)?;
    let choices = |wanted: Use, none: &str| {
        let usable = accounts.iter().filter(|account| account.can(wanted) && account.state.is_working());
        let each = usable.map(|account| Choice {
            value: account.id.to_string(),
            label: format!("{} ({})", account.address.display(), account.kind_words()),
        });
        std::iter::once(Choice { value: String::new(), label: none.to_owned() }).chain(each).collect::<Vec<_>>()
    };
    let written = list_sequences(&app.store, actor.workspace)?.into_iter();
    let written = written.map(|sequence| Choice { value: sequence.id.to_string(), label: sequence.name });
    let none = Choice { value: String::new(), label: "A new one, written next".into() };
    let tone = |(value, label, _): &(&str, &str, Tone)| Choice { value: (*value).into(), label: (*label).into() };
    Ok(SettingsPage {
        layout: frame.layout(head.as_ref().map_or("New worker".into(), |head| head.worker.name.clone())),
        action: head.as_ref().map_or("/outreach/new".into(), |head| format!("/outreach/{}/settings", head.worker.id)),
        mailboxes: choices(Use::Outreach, "None yet"),
        calendars: choices(Use::Calendar, "None: offer no times"),
        sequences: std::iter::once(none).chain(written).collect(),
        tones: TONES.iter().map(tone).collect(),
        places: meetings::choices(&accounts, &meetings::read_choice(form.of("where"), "").unwrap_or_default()),
        days: (1..).zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]).collect(),
        tags_hint: tags_hint(app, actor)?,
        cap_hint: format!("At most {} on this server.", app.config.outreach.hard_daily_cap),
        head,
        form,
        errors,
    })
}

/// Tags named below the field.
const MOST_TAGS: usize = 8;

fn tags_hint(app: &App, actor: &Actor) -> Result<String, OutreachError> {
    let tags = contacts::list_tags(&app.store, actor.workspace)?;
    let each = tags.iter().take(MOST_TAGS).map(|tag| format!("{} ({})", tag.name, grouped(tag.contacts)));
    let named = each.collect::<Vec<_>>().join(", ");
    Ok(match named.as_str() {
        "" => "Empty: you add each lead by hand or from a file. No contact has a tag yet.".to_owned(),
        named => format!("Empty: you add each lead by hand or from a file. Tags now: {named}."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_as_people_write_them() {
        let cases = [
            ("9:00", Some(540)),
            ("09:05", Some(545)),
            (" 17 ", Some(1020)),
            ("24:00", Some(1440)),
            ("24:01", None),
            ("9:60", None),
            ("nine", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_clock(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_shown_in_the_form_is_read_back_unchanged() {
        let form = WorkerForm { name: "Hotels".into(), tone: Tone::Warm, ..WorkerForm::fresh("Nora") };
        let shown = Typed::show(&form);
        let (read, errors) = shown.parse();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(format!("{read:?}"), format!("{form:?}"));
        let mut typed = shown;
        typed.0.insert("per_day".into(), "many".into());
        typed.0.insert("from".into(), "dawn".into());
        let (_, errors) = typed.parse();
        assert_eq!((errors.of("per_day").is_empty(), errors.of("from").is_empty(), errors.len()), (false, false, 2));
    }
}
