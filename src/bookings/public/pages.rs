//! Every page of a visitor, by its address.

use actix_web::web::{self, Data};

use super::details::details;
use super::month::month;
use super::taking::{book, keep};
use super::visit::Tries;
use super::{embed, list, manage, offered, routing, waitlist};

pub fn routes(config: &mut web::ServiceConfig) {
    config
        .app_data(Data::new(Tries::default()))
        .service(web::resource("/b/embed.js").route(web::get().to(embed::script)))
        .service(web::resource("/b/{workspace}").route(web::get().to(list::show)))
        .service(web::resource("/b/{workspace}/{event}").route(web::get().to(month)).route(web::post().to(book)))
        .service(web::resource("/b/{workspace}/{event}/embed").route(web::get().to(embed::month)))
        .service(web::resource("/b/{workspace}/{event}/hold").route(web::post().to(keep)))
        .service(web::resource("/b/{workspace}/{event}/details").route(web::get().to(details)));
    waitlist::routes(config);
    routing::routes(config);
    offered::routes(config);
    manage::routes(config);
}
