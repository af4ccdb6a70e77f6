//! The calendar and its figures, one booking, what a person can do with it, and booking by hand.

mod acts;
mod calendar;
mod cancelled;
mod declined;
mod detail;
mod ending;
mod export;
mod figures;
mod kept;
mod moved;
mod new;
mod when;

use actix_web::web;

use self::cancelled::Cancel;
use self::declined::Decline;
use self::ending::{ask, end};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/calendar").route(web::get().to(calendar::calendar)))
        .service(web::resource("/calendar/part").route(web::get().to(calendar::part)))
        .service(web::resource("/calendar/export.csv").route(web::get().to(export::csv)))
        .service(web::resource("/calendar/figures").route(web::get().to(figures::figures)))
        .service(web::resource("/calendar/figures.csv").route(web::get().to(figures::csv)))
        .service(web::resource("/calendar/new").route(web::get().to(new::new)).route(web::post().to(new::create)))
        .service(web::resource("/calendar/{booking}").route(web::get().to(detail::detail)))
        .service(web::resource("/calendar/{booking}/accept").route(web::post().to(acts::accept)))
        .service(web::resource("/calendar/{booking}/again").route(web::post().to(acts::again)))
        .service(web::resource("/calendar/{booking}/decline").route(web::post().to(acts::decline)))
        .service(
            web::resource("/calendar/{booking}/dismiss")
                .route(web::get().to(ask::<Decline>))
                .route(web::post().to(end::<Decline>)),
        )
        .service(
            web::resource("/calendar/{booking}/move")
                .route(web::get().to(moved::ask))
                .route(web::post().to(moved::move_to)),
        )
        .service(web::resource("/calendar/{booking}/no-show").route(web::post().to(kept::no_show)))
        .service(web::resource("/calendar/{booking}/completed").route(web::post().to(kept::completed)))
        .service(web::resource("/calendar/{booking}/outcome/undo").route(web::post().to(kept::take_back)))
        .service(web::resource("/calendar/{booking}/notes").route(web::post().to(kept::add_note)))
        .service(web::resource("/calendar/{booking}/notes/{note}/remove").route(web::post().to(kept::remove_note)))
        .service(
            web::resource("/calendar/{booking}/cancel")
                .route(web::get().to(ask::<Cancel>))
                .route(web::post().to(end::<Cancel>)),
        );
    super::hours::routes(config);
    super::schedules::routes(config);
    // Fixed names before `{user}`.
    super::feed::routes(config);
    super::calendars::routes(config);
    super::messages::routes(config);
    super::types::routes(config);
    super::public::routes(config);
    super::on_event::routes(config);
}

#[cfg(test)]
mod tests;

/// The calendar as its page shows it.
#[cfg(test)]
pub(super) fn draw(calendar: super::views::Calendar) -> String {
    use askama::Template;
    let layout = crate::http::layout::Layout::default();
    calendar::CalendarPage { layout, calendar, can_book: true }.render().unwrap_or_default()
}
