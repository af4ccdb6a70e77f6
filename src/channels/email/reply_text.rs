pub fn reply_text(plain: &str, html: &str) -> String {
    let _ = html;
    plain.to_owned()
}
