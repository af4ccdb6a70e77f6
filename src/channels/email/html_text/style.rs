//! As much CSS as hiding takes: does this element's style keep its text from a reader's eyes?

/// Colours in effect, as 0xRRGGBB; black on white unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paint {
    text: u32,
    ground: u32,
    is_tiny: bool,
}

impl Default for Paint {
    fn default() -> Self {
        Self { text: 0x00_0000, ground: 0xFF_FFFF, is_tiny: false }
    }
}

impl Paint {
    /// Text painted like this cannot be read. Elements inside may paint anew.
    pub fn is_unreadable(self) -> bool {
        self.is_tiny || is_nearly(self.text, self.ground)
    }

    /// What holds inside an element of this style, and whether the element is not shown at all.
    pub fn within(mut self, style: &str, color: Option<&str>, bgcolor: Option<&str>) -> (Self, bool) {
        let mut hides = false;
        if let Some(color) = color.and_then(parse_color) {
            self.text = color;
        }
        if let Some(ground) = bgcolor.and_then(parse_color) {
            self.ground = ground;
        }
        for declaration in style.split(';').take(200) {
            let Some((property, value)) = declaration.split_once(':') else { continue };
            let property = property.trim().to_ascii_lowercase();
            let value = value.trim().to_ascii_lowercase();
            let value = value.trim_end_matches("!important").trim();
            match property.as_str() {
                "display" => hides |= value == "none",
                "visibility" => hides |= matches!(value, "hidden" | "collapse"),
                "opacity" => hides |= number(value).is_some_and(|opacity| opacity < 0.1),
                "mso-hide" => hides |= value == "all",
                "font-size" => self.is_tiny = is_tiny(value).unwrap_or(self.is_tiny),
                "font" => self.is_tiny = value.split([' ', '/']).find_map(is_tiny).unwrap_or(self.is_tiny),
                "color" => self.text = parse_color(value).unwrap_or(self.text),
                "background" | "background-color" => {
                    self.ground = value.split(' ').find_map(parse_color).unwrap_or(self.ground);
                }
                "text-indent" | "left" | "top" | "margin-left" => hides |= number(value).is_some_and(|at| at < -900.0),
                "max-height" | "height" | "max-width" | "width" => {
                    hides |= number(value) == Some(0.0) && style.to_ascii_lowercase().contains("overflow");
                }
                _ => {}
            }
        }
        (self, hides)
    }
}

/// Colours that no eye tells apart.
fn is_nearly(one: u32, other: u32) -> bool {
    [16, 8, 0].iter().all(|shift| ((one >> shift) & 0xFF).abs_diff((other >> shift) & 0xFF) <= 6)
}

fn number(value: &str) -> Option<f64> {
    let digits: String = value.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '+')).collect();
    digits.parse().ok()
}

/// Sizes that cannot be read: up to one pixel or point. `None` when it is no size.
fn is_tiny(value: &str) -> Option<bool> {
    let size = number(value)?;
    let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'));
    match unit {
        "px" | "pt" | "" => Some(size <= 1.0),
        "em" | "rem" => Some(size < 0.1),
        "%" => Some(size < 10.0),
        _ => None,
    }
}

fn parse_color(value: &str) -> Option<u32> {
    let value = value.trim();
    if let Some(hex) = value.strip_prefix('#') {
        let expanded: String = match hex.len() {
            3 | 4 => hex.chars().take(3).flat_map(|c| [c, c]).collect(),
            6 | 8 => hex.chars().take(6).collect(),
            _ => return None,
        };
        return u32::from_str_radix(&expanded, 16).ok();
    }
    if let Some(inner) = value.strip_prefix("rgb(").or_else(|| value.strip_prefix("rgba(")) {
        let mut channels =
            inner.trim_end_matches(')').split([',', ' ']).filter_map(|part| part.trim().parse::<u32>().ok());
        let (red, green, blue) = (channels.next()?, channels.next()?, channels.next()?);
        return Some((red.min(255) << 16) | (green.min(255) << 8) | blue.min(255));
    }
    match value {
        "white" | "window" => Some(0xFF_FFFF),
        "black" | "windowtext" => Some(0),
        "red" => Some(0xFF_0000),
        "green" => Some(0x00_8000),
        "blue" => Some(0x00_00FF),
        "yellow" => Some(0xFF_FF00),
        "gray" | "grey" => Some(0x80_8080),
        "silver" => Some(0xC0_C0C0),
        "whitesmoke" => Some(0xF5_F5F5),
        "snow" => Some(0xFF_FAFA),
        "ivory" => Some(0xFF_FFF0),
        _ => None,
    }
}

/// Rules of `<style>` elements with plain selectors: `.class`, `#id`, `tag`, `tag.class`.
#[derive(Debug, Default)]
pub struct StyleSheet(Vec<Rule>);

/// A selector in parts, empty where it asks nothing, and its declarations.
#[derive(Debug)]
struct Rule {
    tag: String,
    class: String,
    id: String,
    declarations: String,
}

const MAX_RULES: usize = 150;
const MAX_DECLARATION_BYTES: usize = 2000;

impl StyleSheet {
    /// Reads rules; those inside `@media` and its kin are for other screens and are skipped.
    pub fn read(&mut self, css: &str) {
        let mut rest = css;
        while let Some(open) = rest.find('{') {
            let selectors = rest[..open].rsplit(['}', ';', '>']).next().unwrap_or_default();
            let is_group = rest[..open].trim_start().starts_with('@') || selectors.trim_start().starts_with('@');
            let body = &rest[open + 1..];
            let end = if is_group { group_end(body) } else { body.find('}').unwrap_or(body.len()) };
            if !is_group {
                self.add(selectors, &body[..end]);
            }
            if self.0.len() >= MAX_RULES {
                return;
            }
            rest = body.get(end + 1..).unwrap_or_default();
        }
    }

    fn add(&mut self, selectors: &str, declarations: &str) {
        for selector in selectors.split(',').take(MAX_RULES) {
            let selector = selector.trim().to_ascii_lowercase();
            let is_plain = !selector.is_empty() && !selector.contains([' ', ':', '[', '+', '~', '*']);
            if is_plain && self.0.len() < MAX_RULES && declarations.len() < MAX_DECLARATION_BYTES {
                let (tag, class) = selector.split_once('.').unwrap_or((&selector, ""));
                let (tag, id) = tag.split_once('#').unwrap_or((tag, ""));
                let declarations = format!("{declarations};");
                self.0.push(Rule { tag: tag.into(), class: class.into(), id: id.into(), declarations });
            }
        }
    }

    /// Declarations that apply to an element; `classes` and `id` in lower case.
    pub fn for_element(&self, name: &str, classes: &str, id: &str) -> String {
        let applies = |rule: &&Rule| {
            (rule.tag.is_empty() || rule.tag == name)
                && (rule.id.is_empty() || rule.id == id)
                && (rule.class.is_empty() || classes.split_ascii_whitespace().any(|own| own == rule.class))
        };
        self.0.iter().filter(applies).map(|rule| rule.declarations.as_str()).collect()
    }
}

/// Where a block with blocks inside ends.
fn group_end(body: &str) -> usize {
    let mut depth = 1usize;
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    body.len()
}
