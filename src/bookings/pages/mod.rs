//! The calendar: the week, one booking, what a person can do with it, and booking by hand.

mod acts;
mod detail;
mod new;
mod week;
mod when;

use actix_web::web;

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/calendar").route(web::get().to(week::week)))
        .service(web::resource("/calendar/week").route(web::get().to(week::week_part)))
        .service(web::resource("/calendar/new").route(web::get().to(new::new)).route(web::post().to(new::create)))
        .service(web::resource("/calendar/{booking}").route(web::get().to(detail::detail)))
        .service(web::resource("/calendar/{booking}/accept").route(web::post().to(acts::accept)))
        .service(web::resource("/calendar/{booking}/again").route(web::post().to(acts::again)))
        .service(web::resource("/calendar/{booking}/decline").route(web::post().to(acts::decline)))
        .service(web::resource("/calendar/{booking}/dismiss").route(web::post().to(acts::dismiss)))
        .service(web::resource("/calendar/{booking}/move").route(web::post().to(acts::move_to)))
        .service(
            web::resource("/calendar/{booking}/cancel")
                .route(web::get().to(acts::ask_cancel))
                .route(web::post().to(acts::cancel)),
        );
    super::hours::routes(config);
    super::schedules::routes(config);
    // Fixed names before `{user}`.
    super::feed::routes(config);
    super::calendars::routes(config);
    super::messages::routes(config);
    super::types::routes(config);
    super::public::routes(config);
}

#[cfg(test)]
mod tests;
