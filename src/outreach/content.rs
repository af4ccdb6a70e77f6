//! What a mail's own words have against them: left-over placeholders, words that filters count, links, length. Each
//! finding names what it found and the cure. Blocking is only what nobody would want to have sent.

/// What was found in one wording of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub is_blocking: bool,
    pub field: &'static str,
    pub words: String,
    pub cure: String,
}

/// Words and phrases that spam filters of each language count, and that readers know too well.
const SPAM_WORDS: &[&str] = &[
    // English
    "100% free",
    "act now",
    "best price",
    "buy now",
    "cash bonus",
    "cheap",
    "click here",
    "congratulations",
    "double your",
    "earn money",
    "exclusive deal",
    "free trial now",
    "guaranteed",
    "limited time",
    "lowest price",
    "make money",
    "no obligation",
    "once in a lifetime",
    "order now",
    "risk-free",
    "satisfaction guaranteed",
    "special promotion",
    "this is not spam",
    "urgent",
    "winner",
    "you have been selected",
    // German
    "garantiert",
    "gratis",
    "hier klicken",
    "jetzt bestellen",
    "jetzt zugreifen",
    "kein spam",
    "kostenlos testen",
    "nur heute",
    "nur für kurze zeit",
    "risikofrei",
    "schnell geld",
    "sie haben gewonnen",
    "unverbindlich testen",
    // French
    "100 % gratuit",
    "agissez maintenant",
    "cliquez ici",
    "gagnez de l'argent",
    "offre exclusive",
    "offre limitée",
    "sans engagement",
    "vous avez gagné",
    // Spanish
    "compre ahora",
    "gane dinero",
    "haga clic",
    "oferta exclusiva",
    "oferta limitada",
    "sin compromiso",
    "usted ha ganado",
    // Italian, Dutch, Portuguese
    "clicca qui",
    "offerta limitata",
    "senza impegno",
    "hai vinto",
    "klik hier",
    "nu bestellen",
    "vrijblijvend proberen",
    "clique aqui",
    "oferta limitada por tempo",
    "sem compromisso",
    "você ganhou",
];

/// What somebody meant to fill in and forgot.
const LEFT_OVER: &[&str] =
    &["lorem ipsum", "todo:", "tbd", "xxx", "[name]", "[first name]", "[company]", "<name>", "<firma>"];

/// Hosts that hide where a link leads; filters distrust them.
const SHORTENERS: &[&str] =
    &["bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly"];

const LONG_SUBJECT: usize = 60;
const LONG_TEXT_WORDS: usize = 200;
const SHORT_TEXT_WORDS: usize = 15;
const MOST_LINKS: usize = 2;
const MOST_CALLS: usize = 2;

/// Looks at one wording. `is_first`: nobody was written to before it.
pub fn look(subject: &str, text: &str, is_first: bool) -> Vec<Found> {
    let mut all = Vec::new();
    for (field, part) in [("subject", subject), ("text", text)] {
        all.extend(left_over(field, part));
        all.extend(spam_words(field, part));
    }
    all.extend(of_subject(subject, is_first));
    all.extend(links(text));
    all.extend(length(text, is_first));
    all.extend(calls(subject, text));
    all
}

fn found(is_blocking: bool, field: &'static str, words: impl Into<String>, cure: impl Into<String>) -> Found {
    Found { is_blocking, field, words: words.into(), cure: cure.into() }
}

fn left_over(field: &'static str, text: &str) -> Option<Found> {
    let word = LEFT_OVER.iter().find(|word| has_phrase(text, word))?;
    let cure = "Fill it in, or use a field such as {{first_name}}.";
    Some(found(true, field, format!("“{word}” was left in the {field}."), cure))
}

fn spam_words(field: &'static str, text: &str) -> Option<Found> {
    let words: Vec<String> =
        SPAM_WORDS.iter().filter(|word| has_phrase(text, word)).map(|word| format!("“{word}”")).collect();
    let which = match words.as_slice() {
        [] => return None,
        [one] => format!("{one} is a phrase"),
        several => format!("{} are phrases", several.join(", ")),
    };
    Some(found(false, field, format!("{which} that spam filters count."), "Say it in your own words, or leave it out."))
}

/// The phrase stands in the text as words of its own.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let text = text.to_lowercase();
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    text.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + phrase.len()..]);
        let (first, last) = (phrase.chars().next(), phrase.chars().last());
        !(is_word(before.chars().last()) && is_word(first) || is_word(after.chars().next()) && is_word(last))
    })
}

fn of_subject(subject: &str, is_first: bool) -> Vec<Found> {
    let mut all = Vec::new();
    let start = subject.trim_start().to_lowercase();
    if is_first && ["re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "tr:"].iter().any(|mark| start.starts_with(mark)) {
        let words = "The subject pretends that this is an answer, and it is the first mail.";
        all.push(found(true, "subject", words, "Take the mark away: deceiving subjects are unlawful in many places."));
    }
    let chars = subject.chars().count();
    if chars > LONG_SUBJECT {
        let words = format!("The subject has {chars} characters, and phones show about {LONG_SUBJECT}.");
        all.push(found(false, "subject", words, "Shorten it."));
    }
    all
}

fn links(text: &str) -> Vec<Found> {
    let mut all = Vec::new();
    let links: Vec<url::Url> = text
        .split(|c: char| c.is_whitespace() || "<>()\"".contains(c))
        .filter(|word| word.starts_with("http://") || word.starts_with("https://"))
        .filter_map(|word| url::Url::parse(word.trim_end_matches(['.', ',', ';', '!', '?'])).ok())
        .collect();
    for link in &links {
        let host = link.host_str().unwrap_or_default();
        if !matches!(link.host(), Some(url::Host::Domain(_))) {
            let words = format!("The link to {host} leads to a bare number, which filters refuse.");
            all.push(found(true, "text", words, "Link to a page under a name."));
        } else if SHORTENERS.contains(&host.trim_start_matches("www.")) {
            let words = format!("The link to {host} hides where it leads, and filters distrust it.");
            all.push(found(false, "text", words, "Write the address itself."));
        } else if link.scheme() == "http" {
            let words = format!("The link to {host} is not encrypted (http).");
            all.push(found(false, "text", words, "Write https, if the page has it."));
        }
    }
    if links.len() > MOST_LINKS {
        let words = format!("{} links in one mail look like an advertisement.", links.len());
        all.push(found(false, "text", words, "Keep the one that matters."));
    }
    all
}

fn length(text: &str, is_first: bool) -> Option<Found> {
    let words = text.split_whitespace().count();
    if words > LONG_TEXT_WORDS {
        let said = format!("The text has {words} words, which few read to the end.");
        return Some(found(false, "text", said, format!("Say it in fewer than {LONG_TEXT_WORDS}.")));
    }
    let is_short = is_first && (1..SHORT_TEXT_WORDS).contains(&words);
    is_short.then(|| {
        let said = format!("The first mail has {words} words.");
        found(false, "text", said, "Say who writes and why to this reader.")
    })
}

/// Capitals and exclamation marks.
fn calls(subject: &str, text: &str) -> Option<Found> {
    let both = format!("{subject} {text}");
    let is_loud = |word: &&str| {
        let letters: Vec<char> = word.chars().filter(|c| c.is_alphabetic()).collect();
        letters.len() > 4 && letters.iter().all(|c| c.is_uppercase())
    };
    let loud: Vec<&str> = both.split_whitespace().filter(is_loud).collect();
    let marks = both.matches('!').count();
    let words = match (loud.len() > MOST_CALLS, marks > MOST_CALLS) {
        (true, _) => format!("{} words stand in capitals, {} among them.", loud.len(), loud[0]),
        (false, true) => format!("{marks} exclamation marks in one mail are loud."),
        (false, false) => return None,
    };
    Some(found(false, "text", words, "Speak as you would to one person."))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "Hello Anna, we look after the heating of small hotels around the lake, and I saw that yours \
                         still burns oil. Would a visit in November suit you?";

    #[test]
    fn each_finding_names_what_it_found_and_whether_it_blocks() {
        let cases = [
            ("nothing", "Heating", PLAIN.to_owned(), true, None),
            ("left over", "Heating", format!("{PLAIN} [name]"), true, Some((true, "“[name]” was left"))),
            ("pretended answer", "Re: our talk", PLAIN.to_owned(), true, Some((true, "pretends"))),
            ("an answer later", "Re: our talk", PLAIN.to_owned(), false, None),
            ("a number", "Heating", format!("{PLAIN} http://203.0.113.9/x"), true, Some((true, "bare number"))),
            ("spam word", "Act now", PLAIN.to_owned(), true, Some((false, "“act now” is a phrase"))),
            ("only part of a word", "Heating", format!("{PLAIN} We are no cheapskates."), true, None),
            ("German", "Heizung", format!("{PLAIN} Nur heute!"), true, Some((false, "nur heute"))),
            ("hidden link", "Heating", format!("{PLAIN} https://bit.ly/a1"), true, Some((false, "hides where"))),
            ("plain link", "Heating", format!("{PLAIN} https://fernhill.example/visit."), true, None),
            ("not encrypted", "Heating", format!("{PLAIN} http://fernhill.example"), true, Some((false, "(http)"))),
            ("loud", "Heating", format!("{PLAIN} Yes! Yes! Yes!"), true, Some((false, "exclamation"))),
            ("short", "Heating", "Call me.".to_owned(), true, Some((false, "2 words"))),
            ("short later", "Heating", "Did you see this?".to_owned(), false, None),
            ("long", "Heating", "word ".repeat(201), false, Some((false, "201 words"))),
            ("long subject", &"a".repeat(61), PLAIN.to_owned(), true, Some((false, "61 characters"))),
        ];
        for (name, subject, text, is_first, expected) in cases {
            let all = look(subject, &text, is_first);
            match expected {
                None => assert_eq!(all, [], "{name}"),
                Some((is_blocking, words)) => {
                    assert_eq!(all.len(), 1, "{name}: {all:?}");
                    assert_eq!(all[0].is_blocking, is_blocking, "{name}: {all:?}");
                    assert!(all[0].words.contains(words) && !all[0].cure.is_empty(), "{name}: {all:?}");
                }
            }
        }
    }
}
