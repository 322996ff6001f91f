//! A page without what a browser adds by itself: the quotes around plain values, the ends of paragraphs, entries, cells and
//! rows, and the space between blocks.
//!
//! The templates stay as people write them.

/// Elements that end by themselves where the next one begins.
const ENDS: [&str; 5] = ["td", "th", "tr", "tbody", "thead"];
/// Elements that end by themselves where one of these begins, or the block ends that is around them.
const ENDS_BEFORE: [(&str, &[&str]); 4] =
    [("p", &PARAGRAPH_ENDS), ("li", &["li"]), ("dt", &["dt", "dd"]), ("dd", &["dt", "dd"])];
/// What ends a paragraph where it begins.
const PARAGRAPH_ENDS: [&str; 20] = [
    "details",
    "div",
    "dl",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "header",
    "main",
    "nav",
    "ol",
    "p",
    "section",
    "table",
    "ul",
];
/// Elements at whose beginnings and ends space says nothing.
const BLOCKS: [&str; 29] = [
    "caption",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "header",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "th",
    "tr",
    "ul",
];
/// Attributes that programs look for in the text of a page.
const QUOTED: [&str; 3] = ["id", "data-claim", "data-trials"];
/// Elements whose content is no markup, or whose space counts.
const AS_IT_IS: [&str; 2] = ["script", "pre"];

/// `page` with a shorter body. The head stays as it is.
pub fn tidy(page: &str) -> String {
    let Some(body) = page.find("<body>") else { return page.to_owned() };
    let (head, mut rest) = page.split_at(body);
    let mut tidy = String::with_capacity(page.len());
    tidy.push_str(head);
    // Whether what was written last is a tag beside which space says nothing.
    let mut after_block = false;
    while let Some(start) = rest.find('<') {
        let (text, from) = rest.split_at(start);
        let Some(end) = tag_end(from) else { break };
        let (tag, behind) = from.split_at(end);
        rest = behind;
        let name = name(tag);
        let is_block = BLOCKS.contains(&name);
        let text = if after_block { text.trim_ascii_start() } else { text };
        tidy.push_str(if is_block { text.trim_ascii_end() } else { text });
        after_block = is_block;
        if tag.starts_with("</") && (ENDS.contains(&name) || ends_itself(name, rest)) {
            continue;
        }
        push(&mut tidy, tag);
        if AS_IT_IS.contains(&name) && !tag.starts_with("</") {
            let content = rest.find(&format!("</{name}")).unwrap_or(rest.len());
            let (content, behind) = rest.split_at(content);
            tidy.push_str(content);
            rest = behind;
            after_block = false;
        }
    }
    tidy.push_str(rest);
    tidy
}

/// Whether an element needs no end where `rest` comes behind it.
fn ends_itself(element: &str, rest: &str) -> bool {
    let Some((_, ends)) = ENDS_BEFORE.iter().find(|(name, _)| *name == element) else { return false };
    let rest = rest.trim_ascii_start();
    if !rest.starts_with('<') {
        return false;
    }
    let next = name(rest);
    if rest.starts_with("</") { BLOCKS.contains(&next) } else { ends.contains(&next) }
}

/// Where the tag ends with which `from` begins, the bracket included: a bracket within quotes ends nothing.
fn tag_end(from: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in from.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// The name of a tag's element.
fn name(tag: &str) -> &str {
    let tag = tag.trim_start_matches(['<', '/']);
    tag.split(|at: char| !at.is_ascii_alphanumeric()).next().unwrap_or_default()
}

/// Appends `tag` without the quotes around values that need none.
fn push(tidy: &mut String, tag: &str) {
    let mut rest = tag;
    while let Some(at) = rest.find("=\"") {
        let (before, from) = rest.split_at(at);
        let value = &from[2..];
        let Some(end) = value.find('"') else { break };
        let (mut value, behind) = (&value[..end], &value[end + 1..]);
        let attribute = before.rsplit([' ', '\n']).next().unwrap_or_default();
        if attribute == "class" {
            value = value.trim_ascii();
        }
        // No class is no attribute.
        if let Some(before) = before.strip_suffix(" class").filter(|_| value.is_empty()) {
            tidy.push_str(before);
            rest = behind;
            continue;
        }
        tidy.push_str(before);
        if is_plain(value) && !QUOTED.contains(&attribute) || is_place(attribute, value) {
            tidy.push('=');
            tidy.push_str(value);
            if behind.starts_with('/') {
                tidy.push(' ');
            }
        } else {
            tidy.push_str("=\"");
            tidy.push_str(value);
            tidy.push('"');
        }
        rest = behind;
    }
    tidy.push_str(rest);
}

/// Whether it is the place of a cell, of which a page has many: `1000/im`.
fn is_place(attribute: &str, value: &str) -> bool {
    attribute == "id" && value.contains('/') && is_plain(value)
}

fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-#:/%,+".contains(&byte);
    // Before the end of a tag a slash could be one of it.
    !value.is_empty() && !value.ends_with('/') && value.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> String {
        tidy(&format!("<meta name=\"generator\">\n<body>{text}</body>"))
    }

    #[test]
    fn what_a_browser_adds_by_itself_goes() {
        let table = "<table class=\"a b\" data-x=\"y\">\n<thead><tr><th scope=\"col\">A</th></tr></thead>\n<tbody>\n\
                     <tr id=\"r\"><td class=\"v\">1</td><td>2 </td></tr>\n</tbody>\n</table>\n<p>x</p>";
        assert_eq!(
            body(table),
            "<meta name=\"generator\">\n<body><table class=\"a b\" data-x=y><thead><tr><th scope=col>A<tbody>\
             <tr id=\"r\"><td class=v>1<td>2</table><p>x</p></body>"
        );
        let list = "<div>\n<p>a</p>\n<ul><li>b</li>\n<li><p>c</p> <p>d</p></li></ul>\n<dl><dt>e</dt><dd>f</dd></dl>\n</div>";
        assert_eq!(
            body(list),
            "<meta name=\"generator\">\n<body><div><p>a<ul><li>b<li><p>c<p>d</ul><dl><dt>e<dd>f</dl></div></body>"
        );
    }

    #[test]
    fn classes_are_those_that_there_are() {
        assert!(body("<td class=\"\">1<td class=\"r \" colspan=2>").contains("<td>1<td class=r colspan=2>"));
    }

    #[test]
    fn what_means_something_stays() {
        for text in [
            "<a>one</a> <a>two</a>\n<b>three</b>",
            "<path class=s1 d=\"M0 1\"/>",
            "<i title=\"a>b\">x</i>",
            "<script type=x>[\"<td>\", \"a=\\\"b\\\"\"]\n</script>",
            "<pre>\n <code>x</code>\n</pre>",
            "<a title='=\"x'>y</a>",
            "<b title=\"\">1 < 2</b>",
            "<p>a</p>text",
            "<p>a</p><a>b</a>",
            "<li>a</li>text</ul>",
        ] {
            assert!(body(text).contains(text), "{text}: {}", body(text));
        }
        assert!(body("<use href=\"#k1\"/>").contains("<use href=#k1 />"));
    }
}
