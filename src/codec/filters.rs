//! What to subscribe to, so that every bound topic comes, and not much else.

use std::collections::{BTreeMap, BTreeSet};

use crate::site::Site;

/// With more topics than this they are asked for by prefix, which also shows topics that nobody bound.
const MAX_EXACT: usize = 50;

/// Topic filters for a site's signals and its devices' statuses; no two of them match the same topic.
pub fn filters(site: &Site) -> Vec<String> {
    let statuses = site.twins.iter().filter_map(|it| it.device.as_ref()?.status.as_deref());
    shorten(site.signals.iter().map(|it| it.topic.as_str()).chain(statuses).collect())
}

fn shorten(topics: BTreeSet<&str>) -> Vec<String> {
    if topics.len() <= MAX_EXACT {
        return topics.into_iter().map(str::to_owned).collect();
    }
    let mut by_root: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for topic in topics {
        by_root.entry(topic.split('/').next().unwrap_or(topic)).or_default().push(topic);
    }
    by_root.into_values().map(|group| prefix(&group)).collect()
}

/// The longest prefix, in whole levels, that all topics of a group have.
fn prefix(topics: &[&str]) -> String {
    let [first, rest @ ..] = topics else { return "#".to_owned() };
    if rest.is_empty() {
        return (*first).to_owned();
    }
    let mut common: Vec<&str> = first.split('/').collect();
    for topic in rest {
        let n_same = common.iter().zip(topic.split('/')).take_while(|(a, b)| **a == *b).count();
        common.truncate(n_same);
    }
    format!("{}/#", common.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_topics_are_asked_for_by_name() {
        assert_eq!(shorten(["b/y", "a/x", "b/y"].into()), ["a/x", "b/y"]);
    }

    #[test]
    fn many_topics_are_asked_for_by_their_common_prefix() {
        let many: Vec<String> = (0..60).map(|it| format!("plant/north/p{it}/speed")).collect();
        let mut topics: BTreeSet<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(shorten(topics.clone()), ["plant/north/#"]);
        topics.insert("office/co2");
        topics.insert("plant/north");
        assert_eq!(shorten(topics), ["office/co2", "plant/north/#"]);
    }
}
