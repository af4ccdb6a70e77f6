pub fn visible_text(html: &str) -> String {
    html.to_owned()
}
