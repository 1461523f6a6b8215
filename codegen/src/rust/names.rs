//! IDL identifiers as Rust names.

/// `URLSearchParams` → `UrlSearchParams`, `arrayBuffer` → `ArrayBuffer`, `no-cors` → `NoCors`, `` → `Empty`.
pub fn type_name(identifier: &str) -> String {
    let name: String = words(identifier)
        .into_iter()
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
                .unwrap_or_default()
        })
        .collect();
    if name.is_empty() {
        "Empty".to_owned()
    } else {
        name
    }
}

/// `URLSearchParams` → `url_search_params`; Rust's keywords get an underscore.
pub fn snake(identifier: &str) -> String {
    let name = words(identifier).join("_");
    match name.as_str() {
        "type" | "match" | "ref" | "self" | "static" | "in" | "as" | "fn" | "loop" | "move"
        | "mod" | "use" | "where" | "abstract" | "async" | "await" | "box" | "break" | "const"
        | "continue" | "do" | "dyn" | "else" | "enum" | "extern" | "final" | "for" | "if"
        | "impl" | "let" | "macro" | "mut" | "override" | "priv" | "pub" | "return" | "struct"
        | "super" | "trait" | "try" | "typeof" | "unsafe" | "unsized" | "virtual" | "while"
        | "yield" => {
            format!("{name}_")
        }
        _ => name,
    }
}

/// Words in lower case: a run of capitals is one word up to the capital that begins the next.
fn words(identifier: &str) -> Vec<String> {
    let letters: Vec<char> = identifier.chars().collect();
    let mut words: Vec<String> = Vec::new();
    let mut fresh = true;
    for (index, &letter) in letters.iter().enumerate() {
        if !letter.is_alphanumeric() {
            fresh = true;
            continue;
        }
        let previous = index.checked_sub(1).map(|i| letters[i]);
        let begins = letter.is_uppercase()
            && (previous.is_some_and(|p| p.is_lowercase() || p.is_numeric())
                || letters.get(index + 1).is_some_and(|n| n.is_lowercase())
                    && previous.is_some_and(char::is_uppercase));
        if fresh || begins {
            words.push(String::new());
            fresh = false;
        }
        words
            .last_mut()
            .expect("a word was begun")
            .extend(letter.to_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust() {
        assert_eq!(type_name("URLSearchParams"), "UrlSearchParams");
        assert_eq!(type_name("DOMException"), "DomException");
        assert_eq!(type_name("no-cors"), "NoCors");
        assert_eq!(type_name(""), "Empty");
        assert_eq!(snake("arrayBuffer"), "array_buffer");
        assert_eq!(snake("toJSON"), "to_json");
        assert_eq!(snake("type"), "type_");
        assert_eq!(snake("ignoreBOM"), "ignore_bom");
        assert_eq!(snake("randomUUID"), "random_uuid");
    }
}
