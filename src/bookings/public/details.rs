//! GET /b/{workspace}/{event}/details: the form for a time that is kept.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::about::{about, About};
use super::asking::Gone;
use super::form_words;
use super::guest_form::{asked_of, Asked};
use super::month::clock_of;
use super::routing;
use super::series::SeriesForm;
use super::token::Held;
use super::visit::{broken, enter, language, layout, zone_of, Chosen, Place, Tries};
use super::waitlist;
use super::words::{self as page_words, Words};
use crate::app::App;
use crate::base::UnixMillis;
use crate::bookings::types::{Answer, Location};
use crate::bookings::words::{self, fill, Clocks, Language};
use crate::http::layout::PublicLayout;
use crate::http::ui::FieldErrors;
use crate::http::{html, run, see_other, ClientIp, PageError};

#[derive(Template)]
#[template(path = "bookings/public_details.html")]
pub(super) struct DetailsPage {
    layout: PublicLayout,
    words: &'static Words,
    about: About,
    path: String,
    back: String,
    hold: String,
    tz: String,
    lang: String,
    source: String,
    route: String,
    /// What was answered on a routing form, and where it can be corrected.
    carried: Vec<Answer>,
    correct: String,
    when: String,
    held: String,
    button: String,
    questions: Vec<Asked>,
    phone: bool,
    others: u32,
    others_hint: String,
    /// Where several dates are booked at once.
    series: Option<SeriesForm>,
    typed: BTreeMap<String, String>,
    /// Above several errors.
    to_mend: String,
    errors: FieldErrors,
}

impl DetailsPage {
    /// "optional" below what may stay empty.
    fn optional(&self, asked: &Asked) -> &'static str {
        if asked.required {
            ""
        } else {
            self.words.optional
        }
    }

    /// Each field that is wrong, its label and what is wrong with it.
    fn mistakes(&self) -> Vec<(&'static str, &str, &str)> {
        self.errors.iter().map(|(field, said)| (*field, self.label(field), said.as_str())).collect()
    }

    /// Empty for what has none.
    fn label(&self, field: &str) -> &str {
        match field {
            "name" => self.words.name,
            "email" => self.words.email,
            "phone" => self.words.phone,
            "others" => self.words.others,
            _ => self.questions.iter().find(|asked| asked.field == field).map_or("", |asked| asked.label.as_str()),
        }
    }

    fn of(&self, field: &str) -> &str {
        self.typed.get(field).map_or("", String::as_str)
    }
}

/// GET /b/{workspace}/{event}/details: the form for a time that is kept; back to the times when it has run out.
pub(super) async fn details(
    app: Data<App>,
    tries: Data<Tries>,
    client: ClientIp,
    request: HttpRequest,
    path: Path<(String, String)>,
    chosen: Query<Chosen>,
) -> Result<HttpResponse, PageError> {
    let (path, chosen) = (path.into_inner(), chosen.into_inner());
    let place = enter(&app, &path).await?;
    let language = language(&chosen.lang, &place.event.language, &request);
    let Some(held) = Held::read(&app, place.event.id, &chosen.hold).filter(|held| held.until > app.now()) else {
        return Ok(see_other(&format!("/b/{}/{}{}", path.0, path.1, chosen.with(&[]))));
    };
    if place.event.repeats.is_some() {
        tries.look(&app, client)?;
    }
    let page = run(move || {
        let typed = waitlist::invited(&app, place.workspace.id, held.id).map_err(broken)?;
        details_page(&app, &place, &chosen, held, language, typed, (FieldErrors::default(), &[]))
    });
    html(StatusCode::OK, &page.await??)
}

pub(super) fn details_page(
    app: &App,
    place: &Place,
    chosen: &Chosen,
    held: Held,
    language: Language,
    typed: BTreeMap<String, String>,
    (errors, gone): (FieldErrors, &[Gone]),
) -> Result<DetailsPage, PageError> {
    let (event, words) = (&place.event, page_words::of(language));
    let (zone_name, zone) = zone_of(&chosen.tz, &place.workspace.time_zone);
    let start = held.start.in_zone(&zone);
    let path = format!("/b/{}/{}", place.workspace.slug, event.slug);
    let end = UnixMillis(held.start.0 + i64::from(held.minutes) * 60_000);
    let when = words::stretch(language, held.start, end, &zone);
    let when = format!("{when} ({})", crate::base::city_of(&zone_name));
    let time = format!("{} {}", words::weekday(language, start.date()), clock_of(&start));
    let button = fill(if event.needs_approval { words.request } else { words.book }, &[("time", &time)]);
    let back = format!("{path}{}", chosen.with(&[("day", &start.date().to_string())]));
    // What was offered from a waitlist may be kept until tomorrow.
    let is_today = held.until.in_zone(&zone).date() == app.now().in_zone(&zone).date();
    let clocks = Clocks::of(&zone_name, &zone_name);
    let carried = routing::carried(app, place.workspace.id, &chosen.route).map_err(broken)?;
    let until = match is_today {
        true => words::at_clock(language, &held.until.in_zone(&zone)),
        false => words::on_day(language, held.until, &clocks),
    };
    let series = SeriesForm::of(app, event, &held, (&chosen.count, &zone, language), words.series, gone);
    let series = series.map_err(broken)?;
    let series = series.map(|form| SeriesForm { leaves_out: typed.contains_key("leave_out"), ..form });
    let all = series.as_ref().map(|series| series.button.clone()).filter(|button| !button.is_empty());
    Ok(DetailsPage {
        about: about(app, place, &held.minutes.to_string(), language)?,
        held: fill(words.held, &[("time", &until)]),
        questions: asked_of(&event.questions, &typed, &errors),
        phone: event.location == Location::WeCall,
        others: event.companions(),
        others_hint: fill(words.others_hint, &[("n", &event.companions().to_string())]),
        layout: layout(&event.name, language, &place.workspace),
        hold: chosen.hold.clone(),
        tz: zone_name,
        lang: chosen.lang.clone(),
        source: chosen.source.clone(),
        route: chosen.route.clone(),
        correct: routing::correction_path(&place.workspace, &carried, chosen),
        carried: carried.answers,
        words,
        path,
        back,
        when,
        button: all.unwrap_or(button),
        series,
        typed,
        to_mend: form_words::of(language).to_mend(errors.len()),
        errors,
    })
}
