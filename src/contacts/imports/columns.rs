//! Which column means what: guessed from its name in six languages and from its first values, then corrected by a
//! person or by `--map`.

use super::model::{Column, Target};
use super::service::ImportError;
use crate::base::EmailAddress;
use crate::contacts::fold;
use crate::contacts::service::is_custom_key;
use crate::http::ui::Choice;

/// Values shown and looked at for each column.
pub(super) const SAMPLES: usize = 3;
const SAMPLE_CHARS: usize = 60;

/// Field, its words, and the names that its column has in English, German, French, Spanish, Portuguese and Hindi,
/// folded as in search. More than one word counts when the column has exactly these.
const FIELDS: &[(Target, &str, &[&str])] = &[
    (
        Target::Email,
        "E-mail",
        &[
            "email",
            "e mail",
            "mail",
            "email address",
            "e mail address",
            "mail address",
            "email 1",
            "e mail 1 value",
            "work email",
            "business email",
            "primary email",
            "emailadresse",
            "e mail adresse",
            "mailadresse",
            "courriel",
            "adresse email",
            "adresse e mail",
            "adresse mail",
            "mel",
            "correo",
            "correo electronico",
            "direccion de correo",
            "endereco de email",
            "endereco de e mail",
            "correio eletronico",
            "ईमेल",
            "ई मेल",
        ],
    ),
    (
        Target::FirstName,
        "First name",
        &[
            "first name",
            "firstname",
            "given name",
            "forename",
            "first",
            "vorname",
            "prenom",
            "nombre",
            "nombre de pila",
            "primeiro nome",
            "nome proprio",
            "पहला नाम",
            "प्रथम नाम",
        ],
    ),
    (
        Target::LastName,
        "Last name",
        &[
            "last name",
            "lastname",
            "surname",
            "family name",
            "last",
            "nachname",
            "familienname",
            "zuname",
            "nom",
            "nom de famille",
            "apellido",
            "apellidos",
            "sobrenome",
            "apelido",
            "ultimo nome",
            "उपनाम",
            "अंतिम नाम",
            "कुलनाम",
        ],
    ),
    (
        Target::FullName,
        "Full name",
        &[
            "name",
            "full name",
            "fullname",
            "contact",
            "contact name",
            "person",
            "contact person",
            "ansprechpartner",
            "ansprechpartnerin",
            "kontakt",
            "vor und nachname",
            "nom complet",
            "nom et prenom",
            "nombre completo",
            "nombre y apellidos",
            "contacto",
            "nome",
            "nome completo",
            "contato",
            "नाम",
            "पूरा नाम",
        ],
    ),
    (
        Target::Company,
        "Company",
        &[
            "company",
            "company name",
            "organisation",
            "organization",
            "organization name",
            "business",
            "account",
            "account name",
            "employer",
            "firma",
            "firmenname",
            "unternehmen",
            "betrieb",
            "organisation name",
            "entreprise",
            "societe",
            "raison sociale",
            "empresa",
            "compania",
            "razon social",
            "organizacion",
            "organizacao",
            "hotel",
            "कंपनी",
            "संगठन",
        ],
    ),
    (
        Target::JobTitle,
        "Job title",
        &[
            "job title",
            "jobtitle",
            "title",
            "position",
            "role",
            "job",
            "funktion",
            "stelle",
            "berufsbezeichnung",
            "rolle",
            "poste",
            "fonction",
            "intitule du poste",
            "cargo",
            "puesto",
            "funcao",
            "पद",
            "पदनाम",
        ],
    ),
    (
        Target::Phone,
        "Phone",
        &[
            "phone",
            "phone number",
            "telephone",
            "tel",
            "mobile",
            "mobile phone",
            "cell",
            "cell phone",
            "work phone",
            "telefon",
            "telefonnummer",
            "handy",
            "mobil",
            "mobilnummer",
            "rufnummer",
            "numero de telephone",
            "portable",
            "telefono",
            "movil",
            "celular",
            "telefone",
            "telemovel",
            "फोन",
            "फ़ोन",
            "मोबाइल",
            "दूरभाष",
        ],
    ),
    (
        Target::Website,
        "Web site",
        &[
            "website",
            "web site",
            "web",
            "url",
            "homepage",
            "site",
            "company website",
            "webseite",
            "internetseite",
            "internet",
            "site web",
            "site internet",
            "sitio web",
            "pagina web",
            "sitio",
            "pagina",
            "वेबसाइट",
        ],
    ),
    (
        Target::TimeZone,
        "Time zone",
        &["time zone", "timezone", "tz", "zeitzone", "fuseau horaire", "zona horaria", "fuso horario", "समय क्षेत्र"],
    ),
    (Target::Locale, "Language", &["language", "locale", "lang", "sprache", "langue", "idioma", "lengua", "भाषा"]),
    (
        Target::Tags,
        "Tags",
        &[
            "tags",
            "tag",
            "labels",
            "label",
            "groups",
            "group membership",
            "schlagworter",
            "schlagworte",
            "etiketten",
            "etiquettes",
            "etiquetas",
            "marcadores",
            "टैग",
        ],
    ),
];

impl Target {
    /// Its word in forms and in `--map`.
    pub fn key(&self) -> String {
        match self {
            Target::LeaveOut => "skip".to_owned(),
            Target::Email => "email".to_owned(),
            Target::FirstName => "first_name".to_owned(),
            Target::LastName => "last_name".to_owned(),
            Target::FullName => "full_name".to_owned(),
            Target::Company => "company".to_owned(),
            Target::JobTitle => "job_title".to_owned(),
            Target::Phone => "phone".to_owned(),
            Target::Website => "website".to_owned(),
            Target::TimeZone => "time_zone".to_owned(),
            Target::Locale => "locale".to_owned(),
            Target::Tags => "tags".to_owned(),
            Target::Custom(key) => key.clone(),
        }
    }

    /// Reads a word of `--map`: a field, `custom.` and a field of the workspace's own, or `skip`. A word that is
    /// neither is refused: it is more likely mistyped than meant as a new field.
    pub fn of_map(word: &str) -> Option<Self> {
        let own = word.trim().to_lowercase();
        match own.strip_prefix("custom.").or_else(|| own.strip_prefix("custom:")) {
            Some(name) => custom_key(name).map(Target::Custom),
            None => Target::parse(word).filter(|target| !matches!(target, Target::Custom(_))),
        }
    }

    /// All words that `of_map` takes, for whoever mistyped one.
    pub fn words_of_map() -> String {
        let known: Vec<String> = FIELDS.iter().map(|(target, ..)| target.key()).collect();
        format!("{}, skip, and custom.NAME for a field of your own", known.join(", "))
    }

    /// Reads a choice of the form: a field, a field of the workspace's own, or `skip`.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        let word = word.strip_prefix("custom.").unwrap_or(&word);
        if matches!(word, "" | "skip" | "leave_out" | "_") {
            return Some(Target::LeaveOut);
        }
        if word == "name" {
            return Some(Target::FullName);
        }
        let known = FIELDS.iter().map(|(target, ..)| target).find(|target| target.key() == word);
        known.cloned().or_else(|| is_custom_key(word).then(|| Target::Custom(word.to_owned())))
    }

    fn may_repeat(&self) -> bool {
        matches!(self, Target::LeaveOut | Target::Email | Target::Tags)
    }
}

/// The choices for one column: every field, a field of its own name, and "Leave out".
pub(in crate::contacts) fn choices(column: &Column) -> Vec<Choice> {
    let mut choices: Vec<Choice> =
        FIELDS.iter().map(|(target, label, _)| Choice { value: target.key(), label: (*label).to_owned() }).collect();
    let own = match &column.target {
        Target::Custom(key) => Some(key.clone()),
        _ => custom_key(&column.name),
    };
    if let Some(key) = own {
        choices.push(Choice { label: format!("Own field “{key}”"), value: key });
    }
    choices.push(Choice { value: Target::LeaveOut.key(), label: "Leave out".to_owned() });
    choices
}

/// The key of an own field for a column: `Number of rooms` becomes `number_of_rooms`.
pub(super) fn custom_key(name: &str) -> Option<String> {
    let ascii: Vec<String> = fold::words(name).into_iter().filter(|word| word.is_ascii()).collect();
    let key: String = ascii.join("_").chars().take(40).collect();
    let key = key.trim_end_matches('_').to_owned();
    is_custom_key(&key).then_some(key)
}

/// Guesses the columns from the first rows. `header` is the first row where it names them.
pub(super) fn guess(header: Option<&[String]>, rows: &[Vec<String>]) -> Vec<Column> {
    let width = header.map_or_else(|| rows.iter().map(Vec::len).max().unwrap_or(0), <[String]>::len);
    let mut columns: Vec<Column> = Vec::with_capacity(width);
    for at in 0..width {
        let said = header.and_then(|row| row.get(at)).map(|name| crate::contacts::service::clean(name));
        let name = said.filter(|name| !name.is_empty());
        let values =
            || rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.trim()).filter(|cell| !cell.is_empty());
        let guessed = name.as_deref().and_then(by_name).or_else(|| by_values(values())).or_else(|| {
            let key = name.as_deref().and_then(custom_key)?;
            Some(Target::Custom(key))
        });
        let target = guessed.unwrap_or(Target::LeaveOut);
        let is_free = target.may_repeat() || columns.iter().all(|column| column.target != target);
        let samples = values().take(SAMPLES).map(|cell| cell.chars().take(SAMPLE_CHARS).collect()).collect();
        let target = if is_free { target } else { Target::LeaveOut };
        columns.push(Column { name: name.unwrap_or_else(|| format!("Column {}", at + 1)), samples, target });
    }
    prefer_parts(&mut columns);
    columns
}

/// Names that mean a part of a name beside the other part, and the whole of it alone.
const PART_OR_WHOLE: [&str; 2] = ["nom", "nombre"];

/// "Nom" alone is a whole name; beside "Prénom" it is the last name. The same for "Nombre" and "Name". What says
/// exactly which part it is ("First name", "Vorname") is that part, also alone.
fn prefer_parts(columns: &mut [Column]) {
    let has = |columns: &[Column], target: Target| columns.iter().any(|column| column.target == target);
    let (first, last, full) =
        (has(columns, Target::FirstName), has(columns, Target::LastName), has(columns, Target::FullName));
    let swap = |columns: &mut [Column], from: Target, to: Target| {
        let is_open = |column: &Column| PART_OR_WHOLE.contains(&fold::words(&column.name).join(" ").as_str());
        let found = columns.iter_mut().find(|column| column.target == from);
        if let Some(column) = found.filter(|column| from == Target::FullName || is_open(column)) {
            column.target = to;
        }
    };
    match (first, last, full) {
        (true, false, true) => swap(columns, Target::FullName, Target::LastName),
        (true, false, false) => swap(columns, Target::FirstName, Target::FullName),
        (false, true, false) => swap(columns, Target::LastName, Target::FullName),
        _ => {}
    }
}

fn by_name(name: &str) -> Option<Target> {
    let folded = fold::words(name).join(" ");
    let found = FIELDS.iter().find(|(_, _, names)| names.iter().any(|known| fold::words(known).join(" ") == folded));
    found.map(|(target, ..)| target.clone())
}

fn by_values<'a>(values: impl Iterator<Item = &'a str>) -> Option<Target> {
    let values: Vec<&str> = values.take(20).collect();
    let most = |is: fn(&str) -> bool| values.iter().filter(|value| is(value)).count() * 2 > values.len();
    if most(|value| EmailAddress::parse(value.trim_start_matches("mailto:")).is_ok()) {
        return Some(Target::Email);
    }
    most(|value| value.starts_with("http://") || value.starts_with("https://") || value.starts_with("www."))
        .then_some(Target::Website)
}

/// Applies `--map COLUMN=FIELD` pairs: a column by its name, without regard to case, or by its number from 1.
pub(super) fn apply(columns: &mut [Column], map: &[(String, String)]) -> Result<(), ImportError> {
    for (column, field) in map {
        let target = Target::of_map(field).ok_or_else(|| ImportError::NoField { field: field.clone() })?;
        let by_name = columns.iter().position(|known| known.name.to_lowercase() == column.trim().to_lowercase());
        let by_number =
            || column.trim().parse::<usize>().ok().and_then(|n| n.checked_sub(1)).filter(|n| *n < columns.len());
        let Some(at) = by_name.or_else(by_number) else {
            let known = columns.iter().map(|known| known.name.clone()).collect();
            return Err(ImportError::NoColumn { column: column.clone(), known });
        };
        if !target.may_repeat() {
            for other in columns.iter_mut().filter(|other| other.target == target) {
                other.target = Target::LeaveOut;
            }
        }
        columns[at].target = target;
    }
    Ok(())
}

/// Two columns for one field would overwrite each other.
pub(super) fn doubled(columns: &[Column]) -> Option<(&Column, &Column)> {
    columns.iter().enumerate().find_map(|(at, column)| {
        let twin = columns[..at].iter().find(|twin| twin.target == column.target && !column.target.may_repeat())?;
        Some((twin, column))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(header: &[&str]) -> Vec<String> {
        let header: Vec<String> = header.iter().map(|name| (*name).to_owned()).collect();
        guess(Some(&header), &[]).into_iter().map(|column| column.target.key()).collect()
    }

    #[test]
    fn columns_are_known_by_their_names_in_six_languages() {
        let cases: [(&[&str], &[&str]); 12] = [
            (&["first_name", "email"], &["first_name", "email"]),
            (&["Prénom", "Mail"], &["first_name", "email"]),
            (&["Vorname", "Nachname2", "Mail"], &["first_name", "nachname2", "email"]),
            (&["Nombre", "Correo"], &["full_name", "email"]),
            (
                &["First Name", "Last Name", "E-mail Address", "Company", "Job Title", "Phone"],
                &["first_name", "last_name", "email", "company", "job_title", "phone"],
            ),
            (
                &["Vorname", "Nachname", "E-Mail-Adresse", "Firma", "Telefon"],
                &["first_name", "last_name", "email", "company", "phone"],
            ),
            (&["Prénom", "Nom", "Courriel", "Société"], &["first_name", "last_name", "email", "company"]),
            (
                &["Nombre", "Apellidos", "Correo electrónico", "Empresa"],
                &["first_name", "last_name", "email", "company"],
            ),
            (&["Nome", "Sobrenome", "E-mail", "Telefone"], &["full_name", "last_name", "email", "phone"]),
            (&["नाम", "ईमेल", "कंपनी"], &["full_name", "email", "company"]),
            (&["Nom", "Mail"], &["full_name", "email"]),
            (
                &["EMAIL", "Number of Rooms", "Name", "email", "Tags"],
                &["email", "number_of_rooms", "full_name", "email", "tags"],
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(targets(header), expected, "{header:?}");
        }
    }

    #[test]
    fn a_column_without_a_name_is_known_by_what_stands_in_it() {
        let row = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
        let columns =
            guess(None, &[row(&["ada@example.com", "Ada", "www.a.example"]), row(&["b@example.com", "Bea", ""])]);
        let found: Vec<(String, String)> = columns.iter().map(|c| (c.name.clone(), c.target.key())).collect();
        let expected = [("Column 1", "email"), ("Column 2", "skip"), ("Column 3", "website")];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn a_map_names_columns_by_name_or_number_and_a_wrong_one_says_which_there_are() {
        let header = ["Wer", "Wo", "Was"].map(str::to_owned);
        let mut columns = guess(Some(&header), &[]);
        let map = |column: &str, field: &str| vec![(column.to_owned(), field.to_owned())];
        apply(&mut columns, &map("WER", "email")).unwrap();
        apply(&mut columns, &map("3", "custom.Number of rooms")).unwrap();
        apply(&mut columns, &map("Wo", "skip")).unwrap();
        let keys: Vec<String> = columns.iter().map(|column| column.target.key()).collect();
        assert_eq!(keys, ["email", "skip", "number_of_rooms"]);
        let error = apply(&mut columns, &map("Mail", "email")).unwrap_err().to_string();
        assert!(error.contains("“Mail”") && error.contains("Wer, Wo, Was"), "{error}");
        let error = apply(&mut columns, &map("Wo", "E-Post!")).unwrap_err().to_string();
        assert!(error.contains("E-Post!"), "{error}");
        let error = apply(&mut columns, &map("Wo", "nonsense")).unwrap_err().to_string();
        assert!(error.contains("“nonsense” is no field") && error.contains("custom.NAME"), "{error}");
    }
}
