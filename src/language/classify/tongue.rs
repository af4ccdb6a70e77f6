//! Which of the six languages a reply is in.
//!
//! Replies are short, so the commonest function words and polite words decide, not letter
//! statistics; those are the last resort, for languages outside the six.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::normalise::is_devanagari;
use super::reading::Reading;

const EN: &str =
    "the a an and is are am i we you your our my to for of with this that it its not please thanks thank no \
    yes have has will would can could do does dont im were on at in but how what when where who if me us be \
    been was any more let send sure ok back out or from about just they stop remove next pls u get so hi \
    received unsubscribe interested call";
const DE: &str = "der die das und ist sind ich wir sie ihr ihre ihnen mir mich uns unser nicht kein keine bitte danke \
    vielen dank nein ja haben hat habe wird werden kann konnen ein eine einen einer auf im am zu zum zur mit \
    fur von vom bei aus es aber wie was wann wer wo wenn noch mehr schon gern gerne bis passt melde auch nur \
    bin da den dem uhr so mal oder interesse woher ab";
const ES: &str =
    "el la los las un una y es son estoy yo nosotros usted ustedes mi me nos no por favor gracias si que como \
    cuando donde quien de del al en con para pero mas muy ya lo le les se su sus tu te hay tenemos tengo \
    puedo podemos ahora manana hola interesa correo cuanto cuesta esta este eso hasta quiero queremos otra \
    hablar mejor bien vale sobre";
const FR: &str =
    "le la les un une et est sont je j nous vous votre vos notre nos mon ma mes me moi ne n pas plus merci non \
    oui s c d l qu que qui de du des au aux a en avec pour mais par sur dans ce cela ca on il elle ai avons \
    suis sommes peut bonjour jusqu tres bien quel comment combien ou quand deja svp apres chez votre voir \
    jeudi demain envoyez";
const PT: &str = "o a os as um uma e sao estou eu voce voces meu minha meus nosso nossa me nos nao por favor obrigado \
    obrigada sim que como quando onde quem de do da dos das no na em com para pra mas mais muito ja se seu \
    sua te tem temos tenho pode podemos agora amanha ola interesse quanto custa isso esse esta ate as quero \
    queremos falar bem depois ao pela pelo manda gostei dia";
const HI: &str =
    "hai hain hoon hu hun ka ki ke ko se mein me par nahi nahin mat kya kaise kab kahan kaun kitna kitne aur \
    hum humko humein hamein main mujhe mera meri hamara hamare aap aapka aapko aapne yeh ye woh wo is iska \
    iske karo karna kar kijiye karein bhejo bhej bhejiye do dijiye chahiye abhi baad kal aaj baat raha rahe \
    rahi tha gaya liye bhi ji haan theek accha achha bhai yaar dhanyavaad shukriya koi kuch wala agle mahine \
    karte sakte dobara jab tab ab parso baje subah shaam bata batata deta milte lo na phir";

const TABLES: [(&str, &str); 6] = [("en", EN), ("de", DE), ("es", ES), ("fr", FR), ("pt", PT), ("hi-Latn", HI)];

/// In which of the tables each word stands.
fn table() -> &'static HashMap<&'static str, Vec<usize>> {
    static TABLE: OnceLock<HashMap<&'static str, Vec<usize>>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut places: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (place, (_, words)) in TABLES.iter().enumerate() {
            words.split_whitespace().for_each(|word| places.entry(word).or_default().push(place));
        }
        places
    })
}

/// BCP 47 tag: one of `en de es fr pt hi hi-Latn`, another ISO 639-1 code when the text is plainly
/// in another language, else `und`.
pub(super) fn language(reading: &Reading<'_>) -> String {
    let words: Vec<&str> =
        reading.human().flat_map(|sentence| sentence.tokens.iter().map(|token| token.folded.as_str())).collect();
    if words.iter().filter(|word| word.chars().any(is_devanagari)).count() * 3 > words.len() {
        return "hi".to_owned();
    }
    let text: String = reading.human().map(|sentence| sentence.clean.as_str()).collect::<Vec<_>>().join(" ");
    let mut counts = [0.0f32; TABLES.len()];
    for places in words.iter().filter_map(|word| table().get(word)) {
        places.iter().for_each(|place| counts[*place] += 1.0);
    }
    let score = |(place, count): (usize, f32)| (TABLES[place].0, count + letters_of(TABLES[place].0, &text));
    let mut scores: Vec<(&str, f32)> = counts.into_iter().enumerate().map(score).collect();
    scores.sort_by(|a, b| b.1.total_cmp(&a.1));
    match scores.as_slice() {
        [(tag, best), ..] if *best > 0.0 && *best * 12.0 >= words.len() as f32 => (*tag).to_owned(),
        _ => by_letters(&text).unwrap_or("und").to_owned(),
    }
}

/// Letters that only some of the six use; worth half a word each, three at most.
fn letters_of(tag: &str, text: &str) -> f32 {
    let letters = match tag {
        "de" => "äöüßÄÖÜ",
        "es" => "ñ¿¡áíóúé",
        "fr" => "èêëîïôûçœàùé",
        "pt" => "ãõâêôçáéíóú",
        _ => return 0.0,
    };
    text.chars().filter(|c| letters.contains(*c)).count().min(3) as f32 / 2.0
}

/// Letter statistics, believed only when they are sure of themselves.
fn by_letters(text: &str) -> Option<&'static str> {
    let info = whatlang::detect(text).filter(whatlang::Info::is_reliable)?;
    const CODES: &[(&str, &str)] = &[
        ("eng", "en"),
        ("deu", "de"),
        ("spa", "es"),
        ("fra", "fr"),
        ("por", "pt"),
        ("hin", "hi"),
        ("ita", "it"),
        ("nld", "nl"),
        ("pol", "pl"),
        ("rus", "ru"),
        ("ukr", "uk"),
        ("tur", "tr"),
        ("ara", "ar"),
        ("jpn", "ja"),
        ("cmn", "zh"),
        ("kor", "ko"),
        ("swe", "sv"),
        ("dan", "da"),
        ("fin", "fi"),
        ("ces", "cs"),
        ("ron", "ro"),
        ("hun", "hu"),
        ("ell", "el"),
        ("heb", "he"),
        ("mar", "mr"),
        ("ben", "bn"),
        ("tam", "ta"),
        ("urd", "ur"),
    ];
    CODES.iter().find(|(three, _)| *three == info.lang().code()).map(|(_, two)| *two)
}
