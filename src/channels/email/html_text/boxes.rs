//! Classes and ids by which mail programs mark quotations and signatures. Outlook on the web puts `x_`
//! in front of what it found; the names here are without it, in lower case.

fn has_class(classes: &str, wanted: &[&str]) -> bool {
    classes.split_ascii_whitespace().any(|class| wanted.contains(&own_name(class)))
}

fn own_name(name: &str) -> &str {
    name.strip_prefix("x_").unwrap_or(name)
}

/// Boxes that mail programs put signatures in.
pub fn is_signature(class: &str, id: &str) -> bool {
    const CLASSES: [&str; 7] = [
        "gmail_signature",
        "gmail_signature_prefix",
        "moz-signature",
        "protonmail_signature_block",
        "ms-outlook-mobile-signature",
        "zmail_signature",
        "yahoo_signature",
    ];
    const IDS: [&str; 4] =
        ["signature", "applemailsignature", "ms-outlook-mobile-signature", "ymail_android_signature"];
    has_class(class, &CLASSES) || IDS.contains(&own_name(id))
}

/// The line above a quotation, as marked by Gmail, Thunderbird and others.
pub fn is_attribution(class: &str) -> bool {
    has_class(class, &["gmail_attr", "moz-cite-prefix"])
}

/// Boxes, other than `blockquote`, that hold the mail answered.
pub fn is_quoting_box(class: &str, id: &str) -> bool {
    const CLASSES: [&str; 6] =
        ["yahoo_quoted", "protonmail_quote", "zmail_extra", "tutanota_quote", "sh-quoted-content", "front-blockquote"];
    // Yahoo rewrites ids to `yiv` and a number in front of the old name.
    let is_yahoo = id.starts_with("yiv") && id.ends_with("quoted");
    has_class(class, &CLASSES) || is_yahoo || own_name(id) == "isreplycontent"
}

/// Elements that begin the mail answered in Outlook and its kin.
pub fn marks_quote_below(class: &str, id: &str) -> bool {
    const IDS: [&str; 7] = [
        "divrplyfwdmsg",
        "appendonsend",
        "mail-editor-reference-message-container",
        "outlookmessageheader",
        "replysplit",
        "orighead",
        "olk_src_body_section",
    ];
    has_class(class, &["outlookmessageheader"]) || IDS.contains(&own_name(id))
}
