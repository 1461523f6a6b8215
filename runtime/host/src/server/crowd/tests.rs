//! Who makes room for whom.

use super::super::link::InRequest;
use super::*;
use crate::config::Proxies;
use crate::http::forwarded::Peer;
use crate::patience::ClientLimits;

/// Connections that have been idle for longer than others, the first one for the longest time.
fn idle(crowd: &Arc<Crowd>, count: u64) -> Vec<(Arc<Link>, Member)> {
    let join = |number| {
        let link = Link::in_crowd(crowd, Duration::from_secs(100 - number));
        let member = crowd.join(&link).unwrap();
        (link, member)
    };
    (0..count).map(join).collect()
}

fn evicted(links: &[(Arc<Link>, Member)]) -> Vec<usize> {
    let evicted = links.iter().enumerate();
    let evicted = evicted.filter(|(_, (link, _))| link.is_evicted());
    evicted.map(|(index, _)| index).collect()
}

#[test]
fn the_longest_idle_go_first() {
    let crowd = Crowd::of(usize::MAX, 10);
    let links = idle(&crowd, 10);
    let _request = links[0].0.request();
    let more = idle(&crowd, 1);
    assert_eq!(evicted(&links), [1]);
    assert!(!more[0].0.is_evicted());
}

#[test]
fn heads_go_after_what_is_idle_and_before_what_has_just_come() {
    let crowd = Crowd::of(usize::MAX, 3);
    let links = idle(&crowd, 3);
    assert!(links[0].0.reads_head());
    links[0].0.has_read();
    drop(idle(&crowd, 1));
    assert_eq!(evicted(&links), [1]);
    let young = Link::in_crowd(&crowd, Duration::ZERO);
    let _young = crowd.join(&young).unwrap();
    let _request = links[2].0.request();
    let last = idle(&crowd, 1);
    assert_eq!(evicted(&links), [0, 1]);
    assert!(!young.is_evicted() && !last[0].0.is_evicted());
}

#[test]
fn what_has_come_is_looked_at_before_its_connection_could_go() {
    let crowd = Crowd::of(usize::MAX, 2);
    let reading = idle(&crowd, 1);
    assert!(reading[0].0.reads_head());
    let young = [0; 3].map(|_| Link::in_crowd(&crowd, Duration::ZERO));
    let join = |index: usize| crowd.join(&young[index]).unwrap();
    let _members = [join(0), join(1)];
    assert_eq!(evicted(&reading), [0; 0]);
    assert!(young[0].is_evicted());
    // It is a part of a head.
    reading[0].0.has_read();
    let _last = join(2);
    assert_eq!(evicted(&reading), [0]);
    assert!(!young[1].is_evicted());
}

/// It counts for itself, and others make the room that they take.
#[test]
fn a_newcomer_is_taken_in_where_others_take_the_room_that_is_made() {
    let crowd = Crowd::of(10 * CONNECTION, usize::MAX);
    let other = Link::in_crowd(&crowd, Duration::ZERO);
    other.charge(10 * CONNECTION);
    assert_eq!(idle(&crowd, 1).len(), 1);
    assert_eq!(crowd.closed()[0], ("connections", 0));
}

#[test]
fn where_all_have_requests_the_app_that_has_most_gives() {
    let crowd = Crowd::of(usize::MAX, 6);
    let links = idle(&crowd, 6);
    let _requests: Vec<_> = links.iter().map(|(link, _)| link.request()).collect();
    for (app, (link, _)) in [1, 2, 2, 2, 2, 3].into_iter().zip(&links) {
        link.is_with(app);
    }
    // What has come in full goes last.
    let _receiving = links[3].0.receive();
    // More than the default may be configured.
    let next = Link::in_crowd(&crowd, Duration::ZERO);
    let more = ClientLimits {
        connections: Some(7),
        ..ClientLimits::default()
    };
    let other = Link::of_peer(&crowd, Duration::ZERO, peer("127.0.0.1"), more);
    drop(crowd.join(&other).unwrap());
    assert_eq!(evicted(&links), [0; 0]);
    let _next = crowd.join(&next).unwrap();
    assert_eq!(evicted(&links), [3]);
    let _request = next.request();
    next.is_with(4);
    let more = idle(&crowd, 1);
    assert_eq!(evicted(&links), [1, 3]);
    assert!(!more[0].0.is_evicted());
}

#[test]
fn where_all_have_requests_the_app_that_holds_most_gives() {
    let crowd = Crowd::of(10 * CONNECTION, usize::MAX);
    let links = idle(&crowd, 8);
    let requests: Vec<_> = links.iter().map(|(link, _)| link.request()).collect();
    for (app, (link, _)) in [1, 1, 1, 1, 1, 2, 3, 3].into_iter().zip(&links) {
        link.is_with(app);
    }
    // Some room is made beside. A part is two and a half connections.
    links[5].0.charge(3 * CONNECTION);
    assert_eq!(evicted(&links), [0, 1]);
    links[5].0.charge(3 * CONNECTION);
    assert_eq!(evicted(&links), [0, 1, 2, 5]);
    drop((requests, links));
    assert_eq!(
        (crowd.used.load(SeqCst), crowd.leaving.load(SeqCst)),
        (0, 0)
    );
}

#[test]
fn of_those_who_have_just_come_those_go_first_who_hold_most() {
    let crowd = Crowd::of(10 * CONNECTION, usize::MAX);
    let links: Vec<_> = (0..6)
        .map(|_| {
            let link = Link::in_crowd(&crowd, Duration::ZERO);
            let member = crowd.join(&link).unwrap();
            (link, member)
        })
        .collect();
    links[4].0.charge(2 * CONNECTION);
    links[2].0.charge(3 * CONNECTION);
    assert_eq!(evicted(&links), [2]);
    links[1].0.charge(5 * CONNECTION);
    assert_eq!(evicted(&links), [1, 2]);
}

#[test]
fn who_holds_more_than_there_is_makes_room() {
    let crowd = Crowd::of(10 * CONNECTION + 2 * PAGE, usize::MAX);
    let links = idle(&crowd, 10);
    let mut requests: Vec<_> = (0..3).map(|_| links[0].0.request()).collect();
    requests[..2].iter_mut().for_each(InRequest::becomes_page);
    assert_eq!(evicted(&links), [0; 0]);
    // Its requests are answered by the host, and wait; the others are idle.
    requests[2].becomes_page();
    assert_eq!(evicted(&links), [1, 2]);
    drop(requests);
    assert_eq!(crowd.held(), 8 * CONNECTION);
    drop(links);
    assert_eq!(
        (crowd.used.load(SeqCst), crowd.leaving.load(SeqCst)),
        (0, 0)
    );
}

#[test]
fn pages_that_nobody_takes_keep_no_connection() {
    let crowd = Crowd::of(usize::MAX, 2);
    let links = idle(&crowd, 2);
    let mut requests: Vec<_> = links.iter().map(|(link, _)| link.request()).collect();
    requests[1].becomes_page();
    drop(idle(&crowd, 1));
    assert_eq!(evicted(&links), [1]);
}

fn peer(address: &str) -> Peer {
    Peer::new(address.parse().unwrap(), &Arc::default())
}

/// Connections of a client, that have been idle for so many seconds, the first one for the longest time.
fn of(crowd: &Arc<Crowd>, address: &str, count: u64, idle: u64) -> Vec<(Arc<Link>, Member)> {
    let join = |number| {
        let idle = Duration::from_secs(idle.saturating_sub(number));
        let link = Link::of_peer(crowd, idle, peer(address), ClientLimits::default());
        let member = crowd.join(&link).unwrap();
        (link, member)
    };
    (0..count).map(join).collect()
}

const ONE: &str = "192.0.2.1";
const OTHER: &str = "192.0.2.2";

#[test]
fn a_client_that_has_more_than_it_leaves_goes_first() {
    let crowd = Crowd::of(usize::MAX, 10);
    let others = of(&crowd, OTHER, 4, 1000);
    // Of one network.
    let mut all = of(&crowd, "2001:db8::1", 3, 100);
    all.extend(of(&crowd, "2001:db8::2:1", 3, 50));
    let _request = all[0].0.request();
    let _next = of(&crowd, OTHER, 1, 0);
    assert_eq!((evicted(&others), evicted(&all)), (vec![], vec![1]));
    // It has half.
    let _next = of(&crowd, OTHER, 1, 0);
    assert_eq!((evicted(&others), evicted(&all)), (vec![0], vec![1]));
    assert_eq!(crowd.closed()[..2], [("connections", 1), (PER_CLIENT, 1)]);
}

#[test]
fn of_that_client_also_those_go_that_have_just_come() {
    let crowd = Crowd::of(usize::MAX, 10);
    let others = of(&crowd, OTHER, 4, 1000);
    let flood: Vec<_> = of(&crowd, ONE, 6, 0);
    let _next = of(&crowd, "192.0.2.3", 1, 0);
    assert_eq!(evicted(&others), [0; 0]);
    assert_eq!(evicted(&flood).len(), 1);
}

#[test]
fn where_all_have_requests_that_client_gives_before_others() {
    let crowd = Crowd::of(usize::MAX, 10);
    let links = [of(&crowd, OTHER, 4, 1000), of(&crowd, ONE, 6, 100)];
    let all = || links.iter().flatten();
    let _requests: Vec<_> = all().map(|(link, _)| link.request()).collect();
    all().for_each(|(link, _)| link.is_with(1));
    let _next = of(&crowd, OTHER, 1, 0);
    assert_eq!(links.each_ref().map(|of| evicted(of)), [vec![], vec![0]]);
    // It has half, and all are of one app.
    let _next = of(&crowd, OTHER, 1, 0);
    assert_eq!(links.each_ref().map(|of| evicted(of)), [vec![0], vec![0]]);
}

#[test]
fn a_client_that_is_alone_or_a_proxy_leaves_to_nobody() {
    let proxies = Arc::new(Proxies {
        trusted: vec!["192.0.2.1/32".parse().unwrap()],
        ..Proxies::default()
    });
    for (address, proxies) in [(OTHER, Arc::default()), (ONE, proxies)] {
        let crowd = Crowd::of(usize::MAX, 10);
        let others = of(&crowd, OTHER, 4, 1000);
        let many: Vec<_> = (0..6)
            .map(|_| {
                let address = address.parse().unwrap();
                let peer = Peer::new(address, &proxies);
                let limits = ClientLimits::default();
                let link = Link::of_peer(&crowd, Duration::from_secs(9), peer, limits);
                let member = crowd.join(&link).unwrap();
                (link, member)
            })
            .collect();
        let _next = of(&crowd, OTHER, 1, 0);
        assert_eq!((evicted(&others), evicted(&many)), (vec![0], vec![]));
    }
}

#[test]
fn a_client_that_holds_more_than_it_leaves_goes_first() {
    let crowd = Crowd::of(10 * CONNECTION, usize::MAX);
    let others = of(&crowd, OTHER, 4, 1000);
    let one = of(&crowd, ONE, 2, 100);
    one[1].0.charge(5 * CONNECTION);
    assert_eq!((evicted(&others), evicted(&one)), (vec![], vec![0, 1]));
    assert_eq!(
        crowd.closed()[1..],
        [(PER_CLIENT, 2), ("process_memory", 0)]
    );
}

#[test]
fn a_client_has_no_more_than_the_configuration_says() {
    let crowd = Crowd::of(usize::MAX, 100);
    let others = of(&crowd, OTHER, 4, 1000);
    let limits = ClientLimits {
        connections_per_client: Some(3),
        ..ClientLimits::default()
    };
    let one = |idle| Link::of_peer(&crowd, Duration::from_secs(idle), peer(ONE), limits);
    let join = |link: Arc<Link>| crowd.join(&link).map(|member| (link, member));
    let links: Vec<_> = [50, 60, 70]
        .into_iter()
        .filter_map(|idle| join(one(idle)))
        .collect();
    let fourth = join(one(40)).expect("its own make room");
    assert_eq!((evicted(&others), evicted(&links)), (vec![], vec![2]));
    let _requests: Vec<_> = [&links[0], &links[1], &fourth]
        .map(|(link, _)| link.request())
        .into();
    assert!(join(one(0)).is_none(), "none of its requests ends");
    assert_eq!(evicted(&links), [2]);
    assert_eq!(crowd.closed()[..2], [("connections", 0), (PER_CLIENT, 2)]);
    // Others have theirs, and it has again once one is gone.
    assert_eq!(of(&crowd, "192.0.2.3", 4, 0).len(), 4);
    drop(fourth);
    assert!(join(one(0)).is_some());
    drop(links);
    drop(others);
    assert_eq!(crowd.members().clients, HashMap::new());
}
