//! Hostnames of apps that are not named: what the rule gives, and what is somebody else's.

use std::collections::HashMap;
use std::sync::Arc;

use super::HostPattern;

/// What stands for a folder's name in a hostname.
const NAME: &str = "{name}";
/// The hostname of folders' apps where nothing else is said.
pub(super) const DEFAULT_HOSTNAME: &str = "{name}.localhost";

/// The rule that gives each folder's app a hostname.
pub(super) struct Template {
    /// As it is written, in lower case.
    pub(super) text: String,
    /// What stands before the name; nothing, where that is a wildcard.
    before: String,
    /// What follows the name.
    after: String,
}

impl Template {
    /// Reads a hostname with `{name}` in it.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub(super) fn parse(text: &str) -> Result<Self, (String, String)> {
        let mut text = text.to_ascii_lowercase();
        // It says nothing in a hostname.
        if text.ends_with('.') {
            text.pop();
        }
        let parts = text.split_once(NAME);
        let Some((before, after)) = parts.filter(|(_, after)| !after.contains(NAME)) else {
            let message =
                format!("expected {NAME} once, which stands for a folder's name, found {text:?}");
            return Err((message, format!("write \"{DEFAULT_HOSTNAME}\"")));
        };
        let before = if before.starts_with('*') { "" } else { before };
        let this = Self {
            before: before.to_owned(),
            after: after.to_owned(),
            text: text.clone(),
        };
        this.host("a")?;
        Ok(this)
    }

    /// The hostname of the app of this name, which stands in it as it is: so two names never make the same.
    ///
    /// # Errors
    /// It is none: why, and what to do.
    pub(super) fn host(&self, name: &str) -> Result<HostPattern, (String, String)> {
        let text = self.text.replace(NAME, name);
        let host = HostPattern::parse(&text)?;
        let form = host.to_string();
        if form != text {
            let message = format!("\"{text}\" is \"{form}\" in the form that hostnames have");
            let help = "rename the folder, so that its name is in lower case and stands in its hostname as it is";
            return Err((message, help.to_owned()));
        }
        Ok(host)
    }

    /// Whether this gives a host, as a whole or in part, to an app of another name, or might: below a name there is any.
    pub(super) fn may_give_to_others(&self, host: &HostPattern, name: &str) -> bool {
        match host {
            HostPattern::Exact(host) if !self.text.starts_with('*') => {
                self.name_in(host).is_some_and(|other| other != name)
            }
            _ => true,
        }
    }

    /// What stands for a name in a hostname.
    fn name_in<'h>(&self, host: &'h str) -> Option<&'h str> {
        let rest = host.strip_suffix(&*self.after)?;
        let name = rest.strip_prefix(&*self.before)?;
        (!name.is_empty()).then_some(name)
    }

    /// Whether a pattern matches what is the hostname of an app of some name.
    pub(super) fn may_be(&self, host: &HostPattern) -> bool {
        match host {
            HostPattern::Any => true,
            HostPattern::Exact(host) => self.name_in(host).is_some(),
            HostPattern::Below(parent) => {
                let end = format!(".{parent}");
                end.ends_with(&self.after) || self.after.ends_with(&end)
            }
        }
    }
}

/// Which hosts are somebody's.
#[derive(Default)]
pub(super) struct Claims {
    exact: HashMap<Arc<str>, Arc<str>>,
    /// By the name that follows `*.`.
    below: HashMap<Arc<str>, Arc<str>>,
    /// By each name that some of these are below.
    above: HashMap<Arc<str>, Arc<str>>,
}

impl Claims {
    /// Has a host be this app's.
    pub(super) fn add(&mut self, host: &HostPattern, owner: &Arc<str>) {
        let (hosts, name) = match host {
            HostPattern::Exact(name) => (&mut self.exact, name),
            HostPattern::Below(name) => (&mut self.below, name),
            HostPattern::Any => return,
        };
        hosts.entry(name.clone()).or_insert_with(|| owner.clone());
        for parent in parents(name) {
            if !self.above.contains_key(parent) {
                self.above.insert(parent.into(), owner.clone());
            }
        }
    }

    /// Whose a host is that this pattern matches, too. What answers to all other hosts has none of its own.
    pub(super) fn owner(&self, host: &HostPattern) -> Option<&Arc<str>> {
        let (own, name) = match host {
            HostPattern::Exact(name) => (self.exact.get(name), name),
            HostPattern::Below(name) => {
                let own = self.below.get(name).or_else(|| self.above.get(name));
                (own, name)
            }
            HostPattern::Any => return None,
        };
        own.or_else(|| parents(name).find_map(|parent| self.below.get(parent)))
    }
}

/// The names that a name is below.
fn parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| Some(name.split_once('.')?.1)).skip(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> HostPattern {
        HostPattern::parse(text).expect("a hostname")
    }

    #[test]
    fn a_template_gives_hostnames() {
        let template = Template::parse("{name}.apps.Example.com").expect("a template");
        assert_eq!(template.host("shop"), Ok(host("shop.apps.example.com")));
        let wild = Template::parse("*.{name}.localhost").expect("a template");
        assert_eq!(wild.host("shop"), Ok(host("*.shop.localhost")));
        let bare = Template::parse("{name}").expect("a template");
        assert_eq!(bare.host("shop.example.com"), Ok(host("shop.example.com")));
        assert!(template.host(".").is_err());
        let rooted = Template::parse("{name}.test.").expect("a template");
        assert_eq!(rooted.host("shop"), Ok(host("shop.test")));
        for (text, part) in [
            ("localhost", "expected {name} once"),
            ("{name}.{name}.localhost", "expected {name} once"),
            ("{name}.localhost:80", "port"),
            ("x.*.{name}.localhost", "wildcard"),
            ("http://{name}", "scheme"),
        ] {
            let (message, _) = Template::parse(text).err().expect("a fault");
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn two_names_never_make_one_hostname() {
        for (template, name, form) in [
            ("{name}.localhost", "SHOP", "shop.localhost"),
            ("{name}.localhost", "shoP", "shop.localhost"),
            ("{name}", "127.1", "127.0.0.1"),
            ("1.2.{name}", "3", "1.2.0.3"),
        ] {
            let rule = Template::parse(template).expect("a template");
            let (message, _) = rule.host(name).expect_err(name);
            assert!(message.contains(&format!("is \"{form}\"")), "{message}");
        }
    }

    #[test]
    fn what_a_template_may_give_to_others() {
        for (template, text, name, others) in [
            ("{name}.test", "a.b.test", "a.b", false),
            ("{name}.test", "a.b.other", "a.b", false),
            ("{name}.b.test", "a.b.test", "a.b", true),
            ("x.{name}.test", "x.b.test", "x.b", true),
            ("*.{name}.test", "a.b.test", "a.b", true),
            ("{name}.test", "*.a.b.test", "a.b", true),
        ] {
            let rule = Template::parse(template).expect("a template");
            let may = rule.may_give_to_others(&host(text), name);
            assert_eq!(may, others, "{template}: {text}");
        }
    }

    #[test]
    fn what_a_template_may_give() {
        for (template, own, others) in [
            (
                "{name}.apps.test",
                &[
                    "a.apps.test",
                    "a.b.apps.test",
                    "*.apps.test",
                    "*.test",
                    "*.a.apps.test",
                    "*",
                ][..],
                &["apps.test", "a.test", "*.other.test", "*.xapps.test"][..],
            ),
            (
                "app-{name}.test",
                &["app-a.test", "*.test"],
                &["app-.test", "a.test", "app-a.x"],
            ),
            ("*.{name}.test", &["a.b.test", "*.test"], &["a.other"]),
            ("{name}", &["a.test", "*.test"], &[]),
        ] {
            let rule = Template::parse(template).expect("a template");
            for text in own {
                assert!(rule.may_be(&host(text)), "{template}: {text}");
            }
            for text in others {
                assert!(!rule.may_be(&host(text)), "{template}: {text}");
            }
        }
    }

    #[test]
    fn what_is_somebodys() {
        let mut claims = Claims::default();
        claims.add(&host("shop.test"), &"shop".into());
        claims.add(&host("*.wild.test"), &"wild".into());
        claims.add(&host("a.deep.other.test"), &"deep".into());
        claims.add(&HostPattern::Any, &"any".into());
        for (text, owner) in [
            ("shop.test", Some("shop")),
            ("x.shop.test", None),
            ("*.shop.test", None),
            ("wild.test", None),
            ("a.wild.test", Some("wild")),
            ("a.b.wild.test", Some("wild")),
            ("*.b.wild.test", Some("wild")),
            ("*.wild.test", Some("wild")),
            ("*.other.test", Some("deep")),
            ("*.deep.other.test", Some("deep")),
            ("b.deep.other.test", None),
            ("*.test", Some("shop")),
            ("new.test", None),
        ] {
            assert_eq!(
                claims.owner(&host(text)).map(|owner| &**owner),
                owner,
                "{text}"
            );
        }
    }
}
