//! Cron triggers of Workers, whose days of the week are those of Quartz: 1 is Sunday, 7 is Saturday.

/// The expression with POSIX's days of the week, of which 0 is Sunday.
pub(super) fn posix(expression: &str) -> String {
    let mut fields: Vec<String> = expression.split_whitespace().map(str::to_owned).collect();
    if let [_, _, _, _, days] = &mut fields[..] {
        let items: Vec<String> = days.split(',').map(item).collect();
        *days = items.join(",");
    }
    fields.join(" ")
}

/// `2`, `2-6`, `1-7/2`, `6L`, `2#1`; names and `*` stay as they are.
fn item(item: &str) -> String {
    let end = item.find(['/', '#']).unwrap_or(item.len());
    let (days, rest) = item.split_at(end);
    let days: Vec<String> = days.split('-').map(day).collect();
    days.join("-") + rest
}

fn day(day: &str) -> String {
    let digit = day.chars().next().and_then(|first| first.to_digit(10));
    match digit {
        Some(number @ 1..=7) => format!("{}{}", number - 1, &day[1..]),
        _ => day.to_owned(),
    }
}
