//! Names of time zones as people write them (rule T11).

use std::sync::OnceLock;

/// What a zone word stands for; `Ist` depends on the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneName {
    Iana(&'static str),
    /// India, Ireland or Israel, by the zone of the sender.
    Ist,
    /// GMT, UTC: may be followed by an offset.
    Utc,
}

use ZoneName::{Iana, Ist, Utc};

pub const SPELLINGS: &[(ZoneName, &str)] = &[
    (Utc, "gmt|utc|~z|zulu"),
    (Ist, "~ist|indian standard time"),
    (Iana("America/Anchorage"), "akst|akdt|alaska time"),
    (Iana("Pacific/Honolulu"), "~hst|~hdt|hawaii time|hawaiian time"),
    (Iana("America/Halifax"), "~ast|~adt|atlantic time"),
    (Iana("America/St_Johns"), "newfoundland time"),
    (Iana("Europe/Prague"), "czech time|prager zeit|heure de prague|hora de praga"),
    (Iana("Europe/Copenhagen"), "danish time|heure de copenhague|hora de copenhague"),
    (Iana("Europe/Oslo"), "norwegian time"),
    (Iana("Europe/Budapest"), "hungarian time"),
    (Iana("Europe/Bucharest"), "romanian time"),
    (Iana("America/New_York"), "~et|~est|edt|eastern|eastern time|us eastern|east coast time|new york time|ny time|nyc time|boston time|miami time|atlanta time|hora del este|washington time"),
    (Iana("America/Chicago"), "~ct|~cst|cdt|central time|us central|chicago time|dallas time|houston time|austin time"),
    (Iana("America/Denver"), "~mt|~mst|mdt|mountain time|denver time"),
    (Iana("America/Phoenix"), "phoenix time|arizona time"),
    (Iana("America/Los_Angeles"), "~pt|pst|pdt|pacific|pacific time|us pacific|west coast time|la time|los angeles time|san francisco time|sf time|seattle time|california time"),
    (Iana("Europe/Paris"), "cet|cest|mez|mesz|paris time|heure de paris|french time|central european time"),
    (Iana("Europe/Berlin"), "berlin time|german time|munich time|hamburg time|frankfurt time|berliner zeit|deutsche zeit|deutscher zeit|vienna time"),
    (Iana("Europe/Vienna"), "wiener zeit"),
    (Iana("Europe/Zurich"), "zurich time|swiss time|zurcher zeit"),
    (Iana("Europe/Madrid"), "madrid time|spanish time|spain time|hora de madrid|hora peninsular|hora espanola|hora de espana|barcelona time"),
    (Iana("Europe/Rome"), "rome time|milan time|italian time"),
    (Iana("Europe/Amsterdam"), "amsterdam time|dutch time"),
    (Iana("Europe/Brussels"), "brussels time|belgian time|heure de bruxelles"),
    (Iana("Europe/Stockholm"), "stockholm time|swedish time"),
    (Iana("Europe/Warsaw"), "warsaw time|polish time"),
    (Iana("Europe/Athens"), "eet|eest|athens time|greek time"),
    (Iana("Europe/Helsinki"), "helsinki time"),
    (Iana("Europe/Kyiv"), "kyiv time|kiev time"),
    (Iana("Europe/Istanbul"), "istanbul time|turkish time"),
    (Iana("Europe/Moscow"), "moscow time|msk"),
    (Iana("Europe/London"), "bst|~uk|uk time|london time|british time|hora de londres|heure de londres|londoner zeit|hora de inglaterra"),
    (Iana("Europe/Dublin"), "dublin time|irish time"),
    (Iana("Europe/Lisbon"), "~wet|~west|lisbon time|hora de lisboa|hora de portugal|portuguese time"),
    (Iana("Asia/Kolkata"), "india time|indian time|mumbai time|delhi time|bangalore time|bengaluru time|kolkata time|chennai time|hyderabad time|pune time|bharatiya samay|भारतीय समय"),
    (Iana("Asia/Dubai"), "~gst|dubai time|uae time"),
    (Iana("Asia/Karachi"), "pkt|karachi time|pakistan time"),
    (Iana("Asia/Dhaka"), "dhaka time"),
    (Iana("Asia/Jerusalem"), "israel time|tel aviv time|jerusalem time"),
    (Iana("Asia/Tokyo"), "jst|tokyo time|japan time"),
    (Iana("Asia/Seoul"), "kst|seoul time|korea time"),
    (Iana("Asia/Singapore"), "sgt|singapore time"),
    (Iana("Asia/Hong_Kong"), "hkt|hong kong time"),
    (Iana("Asia/Shanghai"), "china time|beijing time|shanghai time"),
    (Iana("Asia/Manila"), "manila time"),
    (Iana("Asia/Bangkok"), "bangkok time"),
    (Iana("Asia/Jakarta"), "jakarta time"),
    (Iana("Australia/Sydney"), "aest|aedt|sydney time|melbourne time"),
    (Iana("Australia/Brisbane"), "brisbane time"),
    (Iana("Australia/Perth"), "awst|perth time"),
    (Iana("Pacific/Auckland"), "nzst|nzdt|auckland time|nz time|new zealand time"),
    (Iana("America/Sao_Paulo"), "brt|sao paulo time|brazil time|brasilia time|horario de brasilia|hora de brasilia|hora de sao paulo"),
    (Iana("America/Argentina/Buenos_Aires"), "buenos aires time|hora argentina|hora de argentina|hora de buenos aires"),
    (Iana("America/Mexico_City"), "mexico time|mexico city time|hora de mexico|hora cdmx"),
    (Iana("America/Bogota"), "bogota time|hora de bogota|hora colombia|hora de colombia|hora colombiana"),
    (Iana("America/Lima"), "lima time|hora de lima|hora de peru"),
    (Iana("America/Santiago"), "santiago time|hora de chile|hora chilena"),
    (Iana("America/Toronto"), "toronto time|montreal time|heure de montreal"),
    (Iana("America/Vancouver"), "vancouver time"),
    (Iana("Africa/Johannesburg"), "sast|johannesburg time|south africa time|cape town time"),
    (Iana("Africa/Lagos"), "~wat|lagos time|nigeria time"),
    (Iana("Africa/Nairobi"), "~eat|nairobi time|kenya time"),
    (Iana("Africa/Cairo"), "cairo time|egypt time"),
];

/// Last parts of zone names that are words of every day: "Christmas time" is no island.
const PLAIN_WORDS: [&str; 9] =
    ["christmas", "easter", "reunion", "wake", "midway", "center", "resolute", "north", "south"];
/// Regions whose zones are named after places.
const REGIONS: [&str; 8] = ["Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/// Every place that a zone of the database is named after, in lower case, with that zone: "prague" and
/// "Europe/Prague", "buenos aires" and "America/Argentina/Buenos_Aires".
pub fn places() -> impl Iterator<Item = (&'static str, ZoneName)> {
    static PLACES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    let places = PLACES.get_or_init(|| jiff::tz::db().available().filter_map(|zone| place(zone.as_str())).collect());
    places.iter().map(|(place, zone)| (place.as_str(), Iana(zone)))
}

fn place(zone: &str) -> Option<(String, String)> {
    let (region, rest) = zone.split_once('/')?;
    let place = rest.rsplit('/').next()?.replace('_', " ").to_lowercase();
    let is_place = REGIONS.contains(&region) && place.len() > 3 && !PLAIN_WORDS.contains(&place.as_str());
    is_place.then(|| (place, zone.to_owned()))
}

/// The IANA name a zone word stands for, given the zone of the writer.
pub fn named_zone(name: ZoneName, sender_zone: &str) -> &'static str {
    match name {
        Iana(iana) => iana,
        Utc => "UTC",
        Ist => match sender_zone {
            "Europe/Dublin" => "Europe/Dublin",
            "Asia/Jerusalem" => "Asia/Jerusalem",
            _ => "Asia/Kolkata",
        },
    }
}
