//! The cast: fifteen leads of a small business that sells heat pumps. All names, companies and addresses are invented;
//! the domains are reserved for examples (RFC 2606).

mod english;
mod french;
mod german;
mod spanish;

use super::script::Character;

/// Everybody who answers mail.
pub(super) fn all() -> impl Iterator<Item = &'static Character> {
    leads().chain(&german::REFERRED)
}

/// Those whose addresses the owner has.
fn leads() -> impl Iterator<Item = &'static Character> {
    english::CAST.iter().chain(&german::CAST).chain(&french::CAST).chain(&spanish::CAST)
}

/// A company of one of the leads, as its web site shows it.
pub(in crate::sandbox) struct Company {
    pub name: &'static str,
    pub domain: &'static str,
    pub city: &'static str,
    pub country: &'static str,
    pub building: &'static str,
    /// Names its page.
    pub slug: &'static str,
}

/// The company whose page has this name: the first part of its domain.
pub(in crate::sandbox) fn company(slug: &str) -> Option<Company> {
    let found = all().find(|one| slug_of(one) == slug)?;
    Some(Company {
        name: found.company,
        domain: domain_of(found),
        city: found.city,
        country: found.country,
        building: found.building,
        slug: slug_of(found),
    })
}

fn domain_of(one: &Character) -> &'static str {
    one.email.rsplit('@').next().unwrap_or_default()
}

fn slug_of(one: &Character) -> &'static str {
    domain_of(one).split('.').next().unwrap_or_default()
}

/// The leads as a file: UTF-8, header line, CRLF. Their web sites are pages of the sandbox at `url`.
pub(in crate::sandbox) fn leads_csv(url: &str) -> String {
    let mut lines =
        vec!["Email,First name,Last name,Company,Job title,City,Country,Time zone,Language,Building,Heating,Website"
            .to_owned()];
    lines.extend(leads().map(|one| {
        let language = one.language.code();
        let website = format!("{url}/web/{}", slug_of(one));
        let fields = [
            one.email,
            one.first,
            one.last,
            one.company,
            one.title,
            one.city,
            one.country,
            one.zone,
            language,
            one.building,
            one.heating,
            &website,
        ];
        fields.map(field).join(",")
    }));
    lines.into_iter().map(|line| format!("{line}\r\n")).collect()
}

/// RFC 4180 section 2: quoted where a comma or a quote stands in it.
fn field(text: &str) -> String {
    if text.contains([',', '"']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leads_can_be_read_back_and_reach_nobody_real() {
        let csv = leads_csv("http://127.0.0.1:1");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), leads().count());
        for row in &rows {
            assert!(row[0].ends_with(".example"), "{}", &row[0]);
            assert!(jiff::tz::TimeZone::get(&row[7]).is_ok(), "{}", &row[7]);
        }
        assert!(rows.iter().any(|row| row[9].contains("1,200")), "a comma survives");
    }
}
