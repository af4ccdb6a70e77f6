//! The web site that stands for those of the leads' companies: `/web/<company>`, with one robots.txt for all of them.

use super::people;
use super::wire::{Answer, Request};

/// Asks robots to leave one company alone; what another program may read is not ours.
const ROBOTS: &str = "User-agent: *\nDisallow: /web/private\nAllow: /web/\n";

pub(super) fn robots() -> Answer {
    Answer::new(200, "text/plain; charset=utf-8", ROBOTS)
}

/// `path` is what follows `/web`.
pub(super) fn answer(request: &Request, path: &[String]) -> Answer {
    let [company] = path else { return Answer::new(404, "text/html; charset=utf-8", "<title>Not found</title>") };
    if request.method != "GET" {
        return Answer::empty(405);
    }
    // Many sites move their visitors once.
    if let Some(name) = company.strip_prefix("www-") {
        return Answer::redirect(format!("{}/web/{name}", request.origin()));
    }
    match people::company(company) {
        Some(company) => Answer::new(200, "text/html; charset=utf-8", page(&company)),
        None => Answer::new(404, "text/html; charset=utf-8", "<title>Not found</title>"),
    }
}

fn page(company: &people::Company) -> String {
    let people::Company { name, domain, city, country, building, slug } = company;
    let data = serde_json::json!({
        "@context": "https://schema.org",
        "@type": "LocalBusiness",
        "name": name,
        "telephone": "+44 1632 960000",
        "address": { "@type": "PostalAddress", "streetAddress": "1 High Street", "addressLocality": city, "addressCountry": country },
        "sameAs": [format!("https://www.linkedin.com/company/{slug}")],
    });
    // A `</script>` inside a string would end the element.
    let data = data.to_string().replace('<', "\\u003c");
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
         <meta name=\"description\" content=\"{name} in {city}: {building}.\">\
         <meta property=\"og:site_name\" content=\"{name}\">\
         <script type=\"application/ld+json\">{data}</script></head>\
         <body><h1>{name}</h1><p>Write to <a href=\"mailto:office@{domain}\">office@{domain}</a>.</p>\
         <address>1 High Street, {city}</address></body></html>"
    )
}
