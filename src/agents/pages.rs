//! Pages of the room: approvals, replies, snippets.

mod approvals;
mod letter;
mod replies;
mod reply;
mod snippets;

use actix_web::web::{self, ServiceConfig};

pub fn routes(config: &mut ServiceConfig) {
    let get = web::get;
    let post = web::post;
    config
        .service(web::resource("/approvals").route(get().to(approvals::first)))
        .service(web::resource("/approvals/queue").route(get().to(approvals::queue)))
        .service(web::resource("/approvals/{id}").route(get().to(approvals::one)))
        .service(web::resource("/approvals/{id}/approve").route(post().to(approvals::approve)))
        .service(web::resource("/approvals/{id}/reject").route(post().to(approvals::reject)))
        .service(web::resource("/approvals/{id}/offer").route(post().to(approvals::offer_anew)))
        .service(web::resource("/approvals/{id}/undo").route(post().to(approvals::undo)))
        .service(
            web::resource("/approvals/{id}/edit")
                .route(get().to(approvals::edit_form))
                .route(post().to(approvals::edit)),
        )
        .service(
            web::resource("/approvals/{id}/rewrite")
                .route(get().to(approvals::rewrite_form))
                .route(post().to(approvals::rewrite)),
        )
        .service(web::resource("/outreach/replies").route(get().to(replies::moved)))
        .service(web::resource("/replies").route(get().to(replies::list)))
        .service(web::resource("/replies/part").route(get().to(replies::part)))
        .service(web::resource("/replies/{id}").route(get().to(reply::show)))
        .service(web::resource("/replies/{id}/correct").route(post().to(reply::correct)))
        .service(web::resource("/replies/{id}/uncorrect").route(post().to(reply::uncorrect)))
        .service(web::resource("/replies/{id}/untag").route(post().to(reply::untag)))
        .service(web::resource("/replies/{id}/answer").route(post().to(reply::answer)))
        .service(web::resource("/replies/{id}/close").route(post().to(reply::close)))
        .service(web::resource("/replies/{id}/reopen").route(post().to(reply::reopen)))
        .service(web::resource("/replies/{id}/write-again").route(post().to(reply::undo_opt_out)))
        .service(web::resource("/replies/{id}/stop-writing").route(post().to(reply::stop_writing)))
        .service(web::resource("/replies/{id}/no-opt-out").route(post().to(reply::no_opt_out)))
        .service(web::resource("/replies/{id}/suggested/{index}").route(post().to(reply::keep_suggested)))
        .service(web::resource("/snippets").route(get().to(snippets::list)).route(post().to(snippets::create)))
        .service(web::resource("/snippets/{id}").route(get().to(snippets::show)).route(post().to(snippets::update)))
        .service(web::resource("/snippets/{id}/approve").route(post().to(snippets::approve)))
        .service(web::resource("/snippets/{id}/restore").route(post().to(snippets::restore)))
        .service(web::resource("/snippets/{id}/remove").route(post().to(snippets::remove)));
}
