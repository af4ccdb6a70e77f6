//! Style sheet, scripts and pictures, embedded in the binary and served under the hash of all of them.
//!
//! `/static/<hash>/app.css` is every file of `static/css` joined in `CSS_ORDER`; scripts stay ES
//! modules at `/static/<hash>/js/…`, so their relative imports keep working. A new build has a new
//! hash, therefore answers may be kept for ever; an address with another hash is not found.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{web, HttpRequest, HttpResponse};
use flate2::{write::GzEncoder, Compression};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// The route of `serve`; its two parts are the hash and the path below it.
pub const ROUTE: &str = "/static/{hash}/{path:.*}";

const STYLE_SHEET: &str = "app.css";

/// The cascade: values, elements, then components from the frame inwards. Files that narrow what an
/// earlier one says come after it. Every file of `static/css` stands here once (tested).
const CSS_ORDER: &[&str] = &[
    "css/tokens.css",
    "css/base.css",
    "css/components/shell.css",
    "css/components/button.css",
    "css/components/field.css",
    "css/components/surface.css",
    "css/components/note.css",
    "css/components/badge.css",
    "css/components/avatar.css",
    "css/components/tabs.css",
    "css/components/stats.css",
    "css/components/table.css",
    "css/components/empty.css",
    "css/components/progress.css",
    "css/components/guide.css",
    "css/components/chart.css",
    "css/components/timeline.css",
    "css/components/sequence.css",
    "css/components/approval.css",
    "css/components/message.css",
    "css/components/calendar.css",
    "css/components/team.css",
    "css/components/booking.css",
    "css/components/connection.css",
    "css/components/gate.css",
    "css/components/import.css",
    "css/components/code.css",
    "css/components/settings.css",
    "css/components/today.css",
    "css/components/public.css",
    "css/components/overlay.css",
    "css/components/live.css",
];

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::collect);

/// Every file as it is served, by its path below the hash.
pub struct Assets {
    hash: String,
    files: BTreeMap<String, Asset>,
}

struct Asset {
    content_type: &'static str,
    plain: web::Bytes,
    /// The same bytes compressed once at start; absent where that does not make them smaller.
    gzip: Option<web::Bytes>,
}

impl Assets {
    /// Address of the one style sheet.
    pub fn css_href() -> String {
        href(STYLE_SHEET)
    }

    /// Address of the module that starts all scripts.
    pub fn js_href() -> String {
        href("js/app.js")
    }

    /// Address of the icon file; an icon is `<use href="…#i-name">`.
    pub fn sprite_href() -> String {
        href("img/icons.svg")
    }

    /// Address of the product's mark, also used as the page's icon.
    pub fn mark_href() -> String {
        href("img/mark.svg")
    }

    fn collect() -> Self {
        let mut style: Vec<u8> =
            CSS_ORDER.iter().filter_map(|path| Files::get(path)).flat_map(|file| file.data.into_owned()).collect();
        style.extend(calendar_places().into_bytes());
        let mut files = BTreeMap::from([(STYLE_SHEET.to_owned(), Asset::new(STYLE_SHEET, style))]);
        for path in Files::iter().filter(|path| !path.starts_with("css/")) {
            if let Some(file) = Files::get(&path) {
                files.insert(path.to_string(), Asset::new(&path, file.data.into_owned()));
            }
        }
        Self { hash: hash(&files), files }
    }
}

impl Asset {
    fn new(path: &str, bytes: Vec<u8>) -> Self {
        let gzip = compress(&bytes).filter(|small| small.len() < bytes.len());
        Self { content_type: content_type(path), plain: bytes.into(), gzip: gzip.map(web::Bytes::from) }
    }
}

/// GET /static/<hash>/<path>: 200 to be kept for ever, or 404. Unknown paths and other hashes look alike.
pub async fn serve(request: HttpRequest, path: web::Path<(String, String)>) -> HttpResponse {
    let (hash, path) = path.into_inner();
    let Some(asset) = ASSETS.files.get(&path).filter(|_| hash == ASSETS.hash) else {
        return HttpResponse::NotFound().finish();
    };
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, asset.content_type))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "accept-encoding"));
    match &asset.gzip {
        Some(gzip) if accepts_gzip(&request) => {
            answer.insert_header((header::CONTENT_ENCODING, "gzip")).body(gzip.clone())
        }
        _ => answer.insert_header((header::CONTENT_ENCODING, "identity")).body(asset.plain.clone()),
    }
}

/// The classes that place a block in the calendar, in quarters of an hour: `at-0930` and `for-60`.
/// Written here because a strict policy forbids inline styles and 192 rules are no file to read.
fn calendar_places() -> String {
    let starts = (0..96).map(|quarter| format!(".at-{:02}{:02}{{--at:{quarter}}}", quarter / 4, quarter % 4 * 15));
    let lengths = (1..=96).map(|quarters| format!(".for-{}{{--for:{quarters}}}", quarters * 15));
    starts.chain(lengths).collect::<Vec<_>>().join("\n")
}

fn href(path: &str) -> String {
    format!("/static/{}/{path}", ASSETS.hash)
}

/// RFC 9110 section 12.5.3, as far as it matters here: `gzip` named without `q=0`.
fn accepts_gzip(request: &HttpRequest) -> bool {
    let offered = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    offered.split(',').any(|coding| {
        let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
        name.trim().eq_ignore_ascii_case("gzip") && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

/// The first 6 bytes of SHA-256 over names, lengths and contents.
fn hash(files: &BTreeMap<String, Asset>) -> String {
    let mut all = Sha256::new();
    for (path, asset) in files {
        all.update(path.as_bytes());
        all.update((asset.plain.len() as u64).to_be_bytes());
        all.update(&asset.plain);
    }
    data_encoding::HEXLOWER.encode(&all.finalize()[..6])
}

/// Writes every file below `folder` at the address where `serve` would answer it.
#[cfg(test)]
pub(super) fn write_to(folder: &std::path::Path) {
    for (path, asset) in &ASSETS.files {
        let file = folder.join("static").join(&ASSETS.hash).join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, &asset.plain).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    async fn get(path: &str, encoding: &str) -> HttpResponse {
        let (hash, rest) = path.strip_prefix("/static/").and_then(|p| p.split_once('/')).unwrap();
        let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, encoding)).to_http_request();
        serve(request, web::Path::from((hash.to_owned(), rest.to_owned()))).await
    }

    fn header_of(answer: &HttpResponse, name: header::HeaderName) -> &str {
        answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    #[test]
    fn every_style_file_has_its_place_in_the_cascade() {
        let found: BTreeSet<String> = Files::iter().filter(|p| p.starts_with("css/")).map(|p| p.to_string()).collect();
        let placed: BTreeSet<String> = CSS_ORDER.iter().map(ToString::to_string).collect();
        assert_eq!(found, placed);
        assert_eq!(placed.len(), CSS_ORDER.len(), "a file stands twice in the order");
    }

    #[actix_web::test]
    async fn assets_are_kept_for_ever_and_compressed_when_the_browser_can() {
        let cases = [
            (Assets::css_href(), "text/css; charset=utf-8"),
            (Assets::js_href(), "text/javascript; charset=utf-8"),
            (Assets::sprite_href(), "image/svg+xml"),
        ];
        for (href, content_type) in cases {
            for (encoding, expected) in [("br, gzip;q=0.8", "gzip"), ("gzip;q=0", "identity"), ("", "identity")] {
                let answer = get(&href, encoding).await;
                assert_eq!(answer.status(), StatusCode::OK, "{href}");
                assert_eq!(header_of(&answer, header::CONTENT_TYPE), content_type, "{href}");
                assert_eq!(header_of(&answer, header::CONTENT_ENCODING), expected, "{href} {encoding}");
                assert!(header_of(&answer, header::CACHE_CONTROL).contains("immutable"), "{href}");
            }
        }
    }

    #[actix_web::test]
    async fn what_is_not_there_or_has_another_hash_is_not_found() {
        let other_hash = "/static/000000000000/app.css".to_owned();
        for path in [href("css/tokens.css"), href("js/absent.js"), href("../Cargo.toml"), other_hash] {
            assert_eq!(get(&path, "gzip").await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }

    #[test]
    fn every_quarter_of_a_day_has_its_place_in_the_calendar() {
        let places = calendar_places();
        for rule in
            [".at-0000{--at:0}", ".at-0930{--at:38}", ".at-2345{--at:95}", ".for-15{--for:1}", ".for-1440{--for:96}"]
        {
            assert!(places.contains(rule), "{rule}");
        }
    }

    #[test]
    fn scripts_and_pictures_carry_nothing_inline_that_the_policy_forbids() {
        for path in Files::iter() {
            let text = String::from_utf8(Files::get(&path).unwrap().data.into_owned()).unwrap();
            for forbidden in ["style=", "innerHTML", "eval(", "http://", "https://"] {
                let text = text.replace("http://www.w3.org/2000/svg", "");
                assert!(!text.contains(forbidden), "{path} contains {forbidden}");
            }
        }
    }
}
