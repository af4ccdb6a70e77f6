//! Bookings → Messages: all texts and their timing, one text with how it reads, and what a person does with the
//! messages of one booking.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Path, Query};
use actix_web::HttpResponse;
use askama::Template;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::fields::{Field, FIELDS};
use super::letter::Letter;
use super::log::{read_distances, shown_at, write_distances};
use super::model::{Invitation, Kind, Own, Timing, Wording};
use super::service::{self, Act, MessagesError};
use super::texts::LANGUAGES;
use crate::app::App;
use crate::authz::{Actor, Permission};
use crate::availability;
use crate::base::{BookingId, EmailAddress, Mistakes};
use crate::bookings::words::Language;
use crate::http::layout::Layout;
use crate::http::respond::with_toast;
use crate::http::ui::{language_name, Choice, FieldErrors, Tab};
use crate::http::{html, run, see_other, Cookies, Frame, PageError, Toast};

const HERE: &str = "/booking-messages";

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/booking-messages").route(web::get().to(list)).route(web::post().to(save_timing)))
        .service(web::resource("/booking-messages/own").route(web::post().to(save_own)))
        .service(web::resource("/booking-messages/{kind}").route(web::get().to(show)).route(web::post().to(save)))
        .service(web::resource("/booking-messages/{kind}/preview").route(web::post().to(preview)))
        .service(web::resource("/booking-messages/{kind}/test").route(web::post().to(test)))
        .service(web::resource("/booking-messages/{kind}/reset").route(web::post().to(reset)))
        .service(web::resource("/booking-messages/{kind}/restore").route(web::post().to(restore)))
        .service(web::resource("/calendar/{booking}/messages").route(web::post().to(act)));
}

type Fields = BTreeMap<String, String>;

fn typed<'a>(form: &'a Fields, field: &str) -> &'a str {
    form.get(field).map_or("", |text| text.trim())
}

// ---- all of them ----

#[derive(Template)]
#[template(path = "bookings/messages.html")]
struct ListPage {
    layout: Layout,
    kinds: Vec<KindRow>,
    reminders: String,
    follow_up_hours: String,
    no_show: bool,
    invitation: String,
    invitations: Vec<Choice>,
    owners: Vec<OwnerRow>,
    errors: FieldErrors,
    may_change: bool,
}

struct KindRow {
    href: String,
    name: &'static str,
    occasion: &'static str,
    /// "Own text: English, German", or empty.
    own: String,
}

struct OwnerRow {
    id: String,
    name: String,
    reminders: String,
    invitation: String,
    choices: Vec<Choice>,
    says: String,
}

fn invitation_choices() -> Vec<Choice> {
    let choice =
        |(_, value, label): &(Invitation, &str, &str)| Choice { value: (*value).into(), label: (*label).into() };
    Invitation::ALL.iter().map(choice).collect()
}

fn own_choices() -> Vec<Choice> {
    let mut all = vec![Choice { value: String::new(), label: "As for all".into() }];
    all.extend(invitation_choices());
    all
}

fn owner_row(owner: service::Owner) -> OwnerRow {
    let reminders = owner.own.reminders.as_deref().map(|own| match own {
        [] => "none".to_owned(),
        own => write_distances(own),
    });
    let invitation = owner.own.invitation.map(Invitation::as_str).unwrap_or_default();
    let label = Invitation::ALL.iter().find(|(_, word, _)| *word == invitation).map(|(_, _, label)| *label);
    let says =
        [reminders.clone().map(|own| format!("Reminders: {own}.")), label.map(|own| format!("Invitation: {own}."))];
    let says: Vec<String> = says.into_iter().flatten().collect();
    OwnerRow {
        id: owner.id.to_string(),
        name: owner.name,
        reminders: reminders.unwrap_or_default(),
        invitation: invitation.to_owned(),
        choices: own_choices(),
        says: if says.is_empty() { "As for all.".to_owned() } else { says.join(" ") },
    }
}

fn read_list(app: &App, actor: &Actor, layout: Layout) -> Result<ListPage, MessagesError> {
    let timing = service::timing(app, actor)?;
    let texts = service::all_texts(app, actor)?;
    let kind = |kind: Kind| {
        let own = texts.iter().filter(|text| text.kind == kind && text.is_own);
        let own: Vec<String> = own.map(|text| language_name(text.language.tag())).collect();
        KindRow {
            href: format!("{HERE}/{}", kind.as_str()),
            name: kind.words(),
            occasion: kind.occasion(),
            own: if own.is_empty() { String::new() } else { format!("Own text: {}", own.join(", ")) },
        }
    };
    Ok(ListPage {
        kinds: Kind::ALL.map(kind).into(),
        reminders: write_distances(&timing.reminders),
        follow_up_hours: timing.follow_up_hours.map(|hours| hours.to_string()).unwrap_or_default(),
        no_show: timing.no_show,
        invitation: timing.invitation.as_str().to_owned(),
        invitations: invitation_choices(),
        owners: service::owners(app, actor)?.into_iter().map(owner_row).collect(),
        errors: FieldErrors::default(),
        may_change: actor.may(Permission::ManageWorkspace),
        layout,
    })
}

/// GET /booking-messages
async fn list(app: Data<App>, actor: Actor, frame: Frame) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Messages");
    html(StatusCode::OK, &run(move || read_list(&app, &actor, layout)).await??)
}

fn read_timing(form: &Fields) -> Result<Timing, Mistakes> {
    let mut wrong = Mistakes::default();
    let reminders = wrong.keep("reminders", read_distances(typed(form, "reminders")));
    let follow_up_hours = match typed(form, "follow_up_hours") {
        "" => None,
        hours => {
            wrong.keep("follow_up_hours", hours.parse::<u32>().map_err(|_| "Write a number of hours, for example 24."))
        }
    };
    let chosen = Invitation::parse(typed(form, "invitation"));
    let invitation = wrong.keep("invitation", chosen.ok_or("Choose one of the list."));
    wrong.into_result()?;
    Ok(Timing {
        reminders: reminders.unwrap_or_default(),
        follow_up_hours,
        no_show: form.contains_key("no_show"),
        invitation: invitation.unwrap_or_default(),
    })
}

/// POST /booking-messages: 303 back; 422 with what was typed.
async fn save_timing(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let (form, layout) = (form.into_inner(), frame.layout("Messages"));
    let outcome = run(move || {
        actor.require(Permission::ManageWorkspace)?;
        let saved = match read_timing(&form) {
            Ok(timing) => service::set_timing(&app, &actor, &timing).map(|_| ()),
            Err(wrong) => Err(MessagesError::Invalid(wrong)),
        };
        match saved {
            Ok(()) => Ok(Ok(())),
            Err(MessagesError::Invalid(wrong)) => Ok(Err(Box::new(ListPage {
                reminders: typed(&form, "reminders").to_owned(),
                follow_up_hours: typed(&form, "follow_up_hours").to_owned(),
                no_show: form.contains_key("no_show"),
                errors: wrong.into(),
                ..read_list(&app, &actor, layout)?
            }))),
            Err(error) => Err(error),
        }
    });
    match outcome.await?? {
        Ok(()) => {
            let toast = Toast::new("Saved. It holds for meetings booked or moved from now on.");
            Ok(with_toast(see_other(HERE), &cookies, &toast))
        }
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// POST /booking-messages/own: what the meetings of one worker or event type have otherwise.
async fn save_own(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let saved = run(move || {
        actor.require(Permission::ManageWorkspace)?;
        let of = service::owner_in(typed(&form, "of"))?;
        let reminders = match typed(&form, "own_reminders") {
            "" => None,
            "none" => Some(Vec::new()),
            text => Some(
                read_distances(text).map_err(|words| MessagesError::Invalid(Mistakes::one("own_reminders", words)))?,
            ),
        };
        let own = Own { reminders, invitation: Invitation::parse(typed(&form, "own_invitation")) };
        service::set_own(&app, &actor, of, &own)
    });
    saved.await??;
    Ok(with_toast(see_other(HERE), &cookies, &Toast::new("Saved.")))
}

// ---- one of them ----

#[derive(Template)]
#[template(path = "bookings/message.html")]
struct TextPage {
    layout: Layout,
    action: String,
    name: &'static str,
    occasion: &'static str,
    languages: Vec<Tab>,
    language: &'static str,
    subject: String,
    text: String,
    is_own: bool,
    fields: &'static [Field],
    preview: Preview,
    /// When, by whom, and the place of each earlier version, newest first.
    versions: Vec<(String, String, usize)>,
    errors: FieldErrors,
    may_change: bool,
    me: String,
}

/// How it reads.
#[derive(Template)]
#[template(path = "bookings/message_preview.html")]
struct Preview {
    letter: Letter,
    /// Why it is the text saved before, not the one typed.
    mistake: String,
}

fn kind_in(path: &str) -> Result<Kind, MessagesError> {
    Kind::parse(path).ok_or(MessagesError::NotFound)
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    #[serde(default)]
    language: String,
    /// A real booking to show it for.
    #[serde(default)]
    booking: Option<BookingId>,
}

fn language_of(tag: &str) -> Result<Language, MessagesError> {
    match tag {
        "" => Ok(Language::English),
        tag => service::language_in(tag),
    }
}

fn read_text(
    app: &App,
    actor: &Actor,
    of: (Kind, Language),
    booking: Option<BookingId>,
    layout: Layout,
) -> Result<TextPage, MessagesError> {
    let shown = service::text(app, actor, of.0, of.1)?;
    let zone = zone_of(app, actor)?;
    let letter = service::preview(app, actor, of, None, booking)?;
    let action = format!("{HERE}/{}", of.0.as_str());
    let tab = |language: Language| Tab {
        href: format!("{action}?language={}", language.tag()),
        label: language_name(language.tag()),
        current: language == of.1,
        ..Tab::default()
    };
    let version = |(at, version): (usize, &super::model::Version)| {
        let what = if version.wording.is_some() {
            version.by.clone()
        } else {
            format!("{}, back to the built-in text", version.by)
        };
        (shown_at(version.at, &zone), what, at)
    };
    Ok(TextPage {
        name: of.0.words(),
        occasion: of.0.occasion(),
        languages: LANGUAGES.map(tab).into(),
        language: of.1.tag(),
        subject: shown.wording.subject.clone(),
        text: shown.wording.text.clone(),
        is_own: shown.is_own,
        fields: FIELDS,
        preview: Preview { letter, mistake: String::new() },
        versions: shown.versions.all.iter().enumerate().rev().map(version).collect(),
        errors: FieldErrors::default(),
        may_change: actor.may(Permission::ManageWorkspace),
        me: layout.user_email.clone(),
        action,
        layout,
    })
}

fn zone_of(app: &App, actor: &Actor) -> Result<TimeZone, MessagesError> {
    Ok(availability::schedule_of(&app.store, actor.workspace)?.time_zone())
}

/// GET /booking-messages/{kind}?language=…&booking=…
async fn show(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    path: Path<String>,
    which: Query<Which>,
) -> Result<HttpResponse, PageError> {
    let layout = frame.layout("Messages");
    let page = run(move || {
        let of = (kind_in(&path)?, language_of(&which.language)?);
        read_text(&app, &actor, of, which.booking, layout)
    });
    html(StatusCode::OK, &page.await??)
}

fn wording(form: &Fields) -> Wording {
    Wording { subject: typed(form, "subject").to_owned(), text: typed(form, "text").replace("\r\n", "\n") }
}

fn named(path: &str, form: &Fields) -> Result<(Kind, Language), MessagesError> {
    Ok((kind_in(path)?, language_of(typed(form, "language"))?))
}

fn back((kind, language): (Kind, Language)) -> String {
    format!("{HERE}/{}?language={}", kind.as_str(), language.tag())
}

/// POST /booking-messages/{kind}: 303 back; 422 with what was typed.
async fn save(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<String>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let (form, layout) = (form.into_inner(), frame.layout("Messages"));
    let outcome = run(move || {
        actor.require(Permission::ManageWorkspace)?;
        let of = named(&path, &form)?;
        match service::save(&app, &actor, of, Some(wording(&form))) {
            Ok(_) => Ok(Ok(back(of))),
            Err(MessagesError::Invalid(wrong)) => {
                let Wording { subject, text } = wording(&form);
                let page = read_text(&app, &actor, of, None, layout)?;
                Ok(Err(Box::new(TextPage { subject, text, errors: wrong.into(), ..page })))
            }
            Err(error) => Err(error),
        }
    });
    match outcome.await?? {
        Ok(back) => Ok(with_toast(see_other(&back), &cookies, &Toast::new("Saved."))),
        Err(page) => html(StatusCode::UNPROCESSABLE_ENTITY, &*page),
    }
}

/// POST /booking-messages/{kind}/preview: the part of the page that shows how the typed text reads. Nothing is saved.
async fn preview(
    app: Data<App>,
    actor: Actor,
    path: Path<String>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let part = run(move || {
        actor.require(Permission::ManageWorkspace)?;
        let of = named(&path, &form)?;
        let typed = wording(&form);
        let mistake = super::fields::check(&typed.subject, &typed.text).err().map(|wrong| wrong.words());
        let shown = Some(&typed).filter(|_| mistake.is_none());
        let letter = service::preview(&app, &actor, of, shown, None)?;
        Ok::<_, MessagesError>(Preview { letter, mistake: mistake.unwrap_or_default() })
    });
    html(StatusCode::OK, &part.await??)
}

/// POST /booking-messages/{kind}/test: the typed text to the address of the person who asks.
async fn test(
    app: Data<App>,
    actor: Actor,
    frame: Frame,
    cookies: Data<Cookies>,
    path: Path<String>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let to = EmailAddress::parse(&frame.0.user_email).map_err(|_| {
        PageError::conflict("Your own address is not known.", "Add it to your profile, then send the test again.")
    })?;
    let words = format!("A test is on its way to {}.", to.display());
    let back = run(move || {
        actor.require(Permission::ManageWorkspace)?;
        let of = named(&path, &form)?;
        service::send_test(&app, &actor, of, Some(&wording(&form)), &to)?;
        Ok::<_, MessagesError>(back(of))
    });
    Ok(with_toast(see_other(&back.await??), &cookies, &Toast::new(words)))
}

/// POST /booking-messages/{kind}/reset: back to the built-in text.
async fn reset(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<String>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let back = run(move || {
        actor.require(Permission::ManageWorkspace)?;
        let of = named(&path, &form)?;
        service::save(&app, &actor, of, None)?;
        Ok::<_, MessagesError>(back(of))
    });
    let toast = Toast::new("The built-in text is used again. Yours is kept among the versions.");
    Ok(with_toast(see_other(&back.await??), &cookies, &toast))
}

/// POST /booking-messages/{kind}/restore: an earlier version again.
async fn restore(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<String>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let back = run(move || {
        actor.require(Permission::ManageWorkspace)?;
        let of = named(&path, &form)?;
        let at = typed(&form, "version").parse().map_err(|_| MessagesError::NotFound)?;
        service::restore(&app, &actor, of, at)?;
        Ok::<_, MessagesError>(back(of))
    });
    Ok(with_toast(see_other(&back.await??), &cookies, &Toast::new("That version is used again.")))
}

// ---- those of one booking ----

/// POST /calendar/{booking}/messages: `skip`, `send` (a number) or `missed`.
async fn act(
    app: Data<App>,
    actor: Actor,
    cookies: Data<Cookies>,
    path: Path<BookingId>,
    form: Form<Fields>,
) -> Result<HttpResponse, PageError> {
    let id = path.into_inner();
    let done = run(move || {
        actor.require(Permission::EditBookings)?;
        if form.contains_key("missed") {
            service::missed(&app, &actor, id)?;
            return Ok("A message to the guest is on its way.");
        }
        let (act, number, words) = match (form.get("skip"), form.get("send")) {
            (Some(number), _) => (Act::Skip, number, "It will not be sent."),
            (None, Some(number)) => (Act::SendNow, number, "On its way."),
            (None, None) => return Err(MessagesError::NotFound),
        };
        let number = number.parse().map_err(|_| MessagesError::NotFound)?;
        service::act_on(&app, &actor, id, number, act).map(|()| words)
    });
    let words = done.await??;
    Ok(with_toast(see_other(&format!("/calendar/{id}")), &cookies, &Toast::new(words)))
}
