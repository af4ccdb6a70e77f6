//! Files that are made while they are sent, however long they are.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::HttpResponse;
use futures_util::stream;

use super::respond::{run, PageError};
use crate::store::StoreError;

/// A file that is left to be written.
pub trait Pieces: Sized + Send + 'static {
    /// The next piece, and what is left after it.
    fn next(self) -> Result<(Bytes, Option<Self>), StoreError>;
}

/// The file as the answer to a request. `name` is one of our own, without quotes.
pub fn csv_in_pieces(name: &str, begun: impl Pieces) -> HttpResponse {
    let pieces = stream::unfold(Some(begun), |left| async move {
        let file = left?;
        match run(move || file.next()).await {
            Ok(Ok((bytes, left))) => Some((Ok(bytes), left)),
            // The line is cut, so that nobody takes half a file for the whole.
            Ok(Err(error)) => Some((Err(PageError::internal("could not go on with an export", &error)), None)),
            Err(error) => Some((Err(error), None)),
        }
    });
    csv_head(name).streaming(Box::pin(pieces))
}

/// A short file that is there already.
pub fn csv_whole(name: &str, bytes: Vec<u8>) -> HttpResponse {
    csv_head(name).body(bytes)
}

fn csv_head(name: &str) -> actix_web::HttpResponseBuilder {
    let mut head = HttpResponse::Ok();
    head.insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    head
}
