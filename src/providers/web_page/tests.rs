use url::Url;

use super::*;
use crate::providers::outbound::NoLog;
use crate::providers::testing::{outbound, FakeHttp, Reply, Seen};

const PAGE_HTML: &str = r#"<!doctype html><html><head><meta charset="utf-8"><title>Fellside Hotel
  &amp; Spa</title>
<meta name="description" content="Forty rooms above the lake.">
<meta property="og:site_name" content="Fellside Hotel">
<script>var x = "<a href='mailto:script@evil.example'>";</script>
<script type="application/ld+json">{"@context":"https://schema.org","@graph":[
 {"@type":"WebSite","name":"Site"},
 {"@type":["Hotel","LocalBusiness"],"name":"Fellside Hotel Ltd","telephone":"+44 1539 000001",
  "address":{"@type":"PostalAddress","streetAddress":"1 Fell Road","addressLocality":"Kendal","postalCode":"LA9 4QD","addressCountry":"GB"},
  "sameAs":["https://www.linkedin.com/company/fellside/"]}]}</script>
<script type="application/ld+json">{ broken</script></head>
<body><svg><title>Icon</title></svg><p>Write to <a href="mailto:Reception@fellside.example?subject=Hi">us</a> or
desk@fellside.example. Our printer is print@elsewhere.example.</p>
<a href="tel:+44-1539-000001">call</a> <a href="tel:112">help</a>
<a href="https://www.facebook.com/sharer/sharer.php?u=x">share</a> <a href="https://instagram.com/fellside">us</a>
<a href="https://notfacebook.com/fellside">no</a><address>Annexe, 2 Fell Road,<br>Kendal</address></body></html>"#;

fn page(html: &str) -> Page {
    Page { url: Url::parse("https://www.fellside.example/about").unwrap(), html: html.into() }
}

fn values(found: &[Found], kind: Kind) -> Vec<&str> {
    found.iter().filter(|(known, _)| *known == kind).map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_page_is_read_for_what_stands_on_it_and_nothing_else() {
    let found = read(&page(PAGE_HTML));
    let expected: [(Kind, &[&str]); 7] = [
        (Kind::Name, &["Fellside Hotel Ltd"]),
        (Kind::Title, &["Fellside Hotel & Spa"]),
        (Kind::Description, &["Forty rooms above the lake."]),
        (Kind::Phone, &["+44 1539 000001"]),
        (Kind::PostalAddress, &["1 Fell Road, LA9 4QD Kendal, GB", "Annexe, 2 Fell Road, Kendal"]),
        (Kind::Social, &["https://www.linkedin.com/company/fellside", "https://instagram.com/fellside"]),
        (Kind::Email, &["Reception@fellside.example", "desk@fellside.example"]),
    ];
    for (kind, values_expected) in expected {
        assert_eq!(values(&found, kind), values_expected, "{kind:?}");
    }
    assert_eq!(read(&page("")), []);
    assert_eq!(read(&page("<p>Hello")), []);
}

#[test]
fn a_page_made_to_cost_time_or_room_is_cut() {
    let deep = "<div>".repeat(200_000);
    assert_eq!(read(&page(&deep)), []);
    let wide: String = (0..200_000).map(|nth| format!(" a{nth}")).collect();
    let cut = read(&page(&format!("<title>Fellside</title><p{wide}><a href='mailto:a@x.example'>")));
    assert_eq!(cut.len(), 1, "the document ends at the tag: {cut:?}");
    let many: String = (0..5_000).map(|nth| format!("<a href='mailto:a{nth}@x.example'>")).collect();
    assert_eq!(read(&page(&many)).len(), 10);
    let long = format!("<title>{}</title>", "word ".repeat(1_000));
    let title = read(&page(&long)).remove(0).1;
    assert!(title.chars().count() <= 300 && title.ends_with("word…"), "{title}");
    let nested = format!("<script type='application/ld+json'>{}{}</script>", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(read(&page(&nested)), []);
}

#[test]
fn the_encoding_is_the_one_that_is_said() {
    let latin = b"<title>Caf\xe9</title>";
    assert_eq!(html::decode(latin, "text/html; charset=iso-8859-1"), "<title>Café</title>");
    let with_meta = b"<meta charset='windows-1252'><title>Caf\xe9</title>";
    assert!(html::decode(with_meta, "text/html").contains("Café"));
    assert!(html::decode("<title>Café</title>".as_bytes(), "text/html").contains("Café"));
}

fn site(status: u16, headers: &[(&str, &str)], body: &'static str) -> FakeHttp {
    let headers: Vec<(String, String)> = headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
    FakeHttp::start(move |_: &Seen| Reply::Answer { status, headers: headers.clone(), body: body.into() })
}

#[test]
fn robots_that_are_missing_allow_and_robots_that_cannot_be_asked_forbid_for_now() {
    let ask = |status: u16, body: &'static str| {
        let site = site(status, &[("content-type", "text/plain")], body);
        robots(&outbound(), &Url::parse(&site.base).unwrap(), &NoLog)
    };
    assert!(!ask(200, "User-agent: *\nDisallow: /").unwrap().allows("/"));
    assert!(ask(404, "").unwrap().allows("/"));
    assert!(ask(403, "").unwrap().allows("/"));
    for status in [429, 500, 503] {
        assert!(matches!(ask(status, ""), Err(ProviderError::Retry { .. })), "{status}");
    }
}

#[test]
fn a_page_is_html_or_a_redirect_that_the_caller_judges() {
    let ask = |status: u16, headers: &[(&str, &str)]| {
        let site = site(status, headers, "<title>x</title>");
        fetch(&outbound(), &Url::parse(&format!("{}/a", site.base)).unwrap(), &NoLog)
    };
    assert!(matches!(ask(200, &[("content-type", "text/html; charset=utf-8")]), Ok(Got::Page(_))));
    assert!(matches!(ask(200, &[("content-type", "application/pdf")]), Err(ProviderError::Rejected { .. })));
    match ask(301, &[("location", "https://other.example/b#c")]) {
        Ok(Got::Moved(url)) => assert_eq!(url.as_str(), "https://other.example/b"),
        other => panic!("{other:?}"),
    }
    assert_eq!(ask(404, &[]), Err(ProviderError::NotFound));
    assert!(matches!(ask(503, &[]), Err(ProviderError::Retry { .. })));
}

#[test]
fn nothing_is_asked_of_the_network_behind_this_server() {
    for url in ["https://10.0.0.1/", "https://169.254.169.254/latest", "https://[fd00::1]/", "http://fellside.example/"]
    {
        let asked = fetch(&outbound(), &Url::parse(url).unwrap(), &NoLog);
        assert!(matches!(asked, Err(ProviderError::Rejected { .. })), "{url}: {asked:?}");
    }
}
