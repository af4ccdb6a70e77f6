//! Reads one field of a form before the handler does, and hands the body on unchanged.

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, BytesMut};
use actix_web::HttpMessage;
use futures_util::{stream, StreamExt};

use super::respond::PageError;

/// A form token and the head of its part fit easily; whoever needs more is not our form.
const FIRST_PART_LIMIT: usize = 4096;

/// The value of field `name`: anywhere in a urlencoded form of at most `limit` bytes, or the first
/// field of a multipart form, whose rest is not read here (it may be a large file). `None` when it
/// is not there or the body is no form.
pub async fn read(request: &mut ServiceRequest, name: &str, limit: usize) -> Result<Option<String>, PageError> {
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("").to_owned();
    let essence = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => {
            let body = take(request, limit, |_| false).await?;
            if body.len() > limit {
                return Err(PageError::TooLarge { limit_bytes: limit });
            }
            let value = url::form_urlencoded::parse(&body).find(|(key, _)| key == name);
            let value = value.map(|(_, value)| value.into_owned());
            give_back(request, body);
            Ok(value)
        }
        "multipart/form-data" => {
            let Some(boundary) = boundary(&kind) else { return Ok(None) };
            let end = format!("\r\n--{boundary}");
            let head = take(request, FIRST_PART_LIMIT, |read| find(read, end.as_bytes()).is_some()).await?;
            let value = first_part(&head, &boundary, name);
            give_back(request, head);
            Ok(value)
        }
        _ => Ok(None),
    }
}

/// Reads the body until it ends, is `enough`, or is longer than `limit` bytes; the rest stays unread.
async fn take(request: &mut ServiceRequest, limit: usize, enough: impl Fn(&[u8]) -> bool) -> Result<Bytes, PageError> {
    let mut payload = request.take_payload();
    let mut read = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| match error {
            actix_web::error::PayloadError::Overflow => PageError::TooLarge { limit_bytes: limit },
            _ => PageError::bad_request("The form did not arrive whole.", "Send it again."),
        })?;
        read.extend_from_slice(&chunk);
        if enough(&read) || read.len() > limit {
            break;
        }
    }
    request.set_payload(payload);
    Ok(read.freeze())
}

/// Puts what was read in front of what was not.
fn give_back(request: &mut ServiceRequest, read: Bytes) {
    let rest = request.take_payload();
    let whole = stream::iter([Ok(read)]).chain(rest);
    request.set_payload(Payload::Stream { payload: Box::pin(whole) });
}

/// The `boundary` parameter of a multipart content type (RFC 2046 section 5.1.1).
fn boundary(kind: &str) -> Option<String> {
    let parameters = kind.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, value) = parameters
        .map(|(key, value)| (key.trim(), value.trim()))
        .find(|(key, _)| key.eq_ignore_ascii_case("boundary"))?;
    let value = value.trim_matches('"');
    (!value.is_empty() && value.len() <= 70).then(|| value.to_owned())
}

/// The text of the first part if it is the plain field `name` (RFC 7578 section 4.2).
fn first_part(body: &[u8], boundary: &str, name: &str) -> Option<String> {
    let part = body.strip_prefix(format!("--{boundary}\r\n").as_bytes())?;
    let part = &part[..find(part, format!("\r\n--{boundary}").as_bytes())?];
    let blank = find(part, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&part[..blank]).ok()?;
    let disposition = head.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let is_field = disposition.contains(&format!("name=\"{name}\"")) && !disposition.contains("filename");
    let value = std::str::from_utf8(&part[blank + 4..]).ok()?;
    is_field.then(|| value.to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_token_is_the_first_field_of_a_multipart_form() {
        let part = |name: &str, extra: &str| {
            format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{extra}\r\n\r\nvalue\r\n--B--\r\n")
        };
        let cases = [
            (part("_csrf", ""), Some("value")),
            (part("file", ""), None),
            (part("_csrf", "; filename=\"x\""), None),
            ("--B\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\nunfinished".to_owned(), None),
            ("preamble".to_owned(), None),
        ];
        for (body, expected) in cases {
            assert_eq!(first_part(body.as_bytes(), "B", "_csrf").as_deref(), expected, "{body:?}");
        }
    }

    #[actix_web::test]
    async fn a_body_that_arrives_byte_by_byte_is_handed_on_whole() {
        let multipart = format!(
            "--B\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\ntoken\r\n--B\r\n{}\r\n--B--\r\n",
            "x".repeat(6000)
        );
        let cases = [
            ("multipart/form-data; boundary=B", multipart),
            ("application/x-www-form-urlencoded", "name=Ada&_csrf=token&note=a%20b".to_owned()),
        ];
        for (kind, body) in cases {
            let mut request = TestRequest::post().insert_header((CONTENT_TYPE, kind)).to_srv_request();
            let bytes: Vec<_> = body.bytes().map(|byte| Ok(Bytes::copy_from_slice(&[byte]))).collect();
            request.set_payload(Payload::Stream { payload: Box::pin(stream::iter(bytes)) });
            assert_eq!(read(&mut request, "_csrf", 10_000).await.unwrap().as_deref(), Some("token"), "{kind}");
            let whole: Vec<Bytes> = request.take_payload().map(Result::unwrap).collect().await;
            assert_eq!(whole.concat(), body.as_bytes(), "{kind}");
        }
    }

    #[actix_web::test]
    async fn a_form_over_the_limit_is_refused_before_it_is_all_read() {
        let mut request =
            TestRequest::post().insert_header((CONTENT_TYPE, "application/x-www-form-urlencoded")).to_srv_request();
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        request.set_payload(Payload::Stream { payload: Box::pin(endless) });
        let refused = read(&mut request, "_csrf", 100).await;
        assert!(matches!(refused, Err(PageError::TooLarge { limit_bytes: 100 })));
    }

    #[test]
    fn a_boundary_may_be_quoted() {
        let cases = [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("multipart/form-data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
        ];
        for (kind, expected) in cases {
            assert_eq!(boundary(kind).as_deref(), expected, "{kind}");
        }
    }
}
