//! The addresses of host names, as the system's files say: `/etc/hosts`, and the name servers of `/etc/resolv.conf`.
//!
//! `getaddrinfo` takes a thread for as long as a name server is silent, and one app would soon have all of them. So questions are asked
//! by hickory, which waits without one. Each app has a resolver of its own, with the answers that it got: none waits for another's.
//! But for as long as a name server is silent a look-up takes descriptors, so there are as many at a time as [`Share`] allows.
//!
//! DEPARTURE: what else `/etc/nsswitch.conf` may name (mDNS, LDAP) is not asked.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::Name;
use hickory_resolver::system_conf::read_system_conf;

use super::shares::Share;

/// Names whose addresses are remembered, for as long as the name server says.
const MAX_REMEMBERED: u64 = 64;

/// What the resolver depends on.
const FILES: [&str; 2] = ["/etc/resolv.conf", "/etc/hosts"];

/// When each of [`FILES`] was changed last.
type Stamps = [Option<SystemTime>; FILES.len()];

/// One app's resolver, made when it is first needed.
pub(super) struct Names {
    resolver: Mutex<Option<(Stamps, TokioResolver)>>,
    share: Share,
}

/// Why nobody knows a name's addresses.
#[derive(Debug)]
pub(super) enum Unknown {
    /// DNS has no such names, for this reason.
    NoName(String),
    /// The name servers do not say.
    Unanswered(NetError),
}

impl From<NetError> for Unknown {
    fn from(error: NetError) -> Self {
        Self::Unanswered(error)
    }
}

impl Names {
    /// Those that an app asks for.
    pub(super) fn of(app: Option<u64>) -> Self {
        Self {
            resolver: Mutex::default(),
            share: Share::of_look_ups(app),
        }
    }

    /// All addresses of a name.
    ///
    /// # Errors
    /// It has none, or no name server says so in time.
    pub(super) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, Unknown> {
        // URLs have names in ASCII: https://url.spec.whatwg.org/#concept-domain-to-ascii.
        let name = Name::from_ascii(name).map_err(|error| Unknown::NoName(error.to_string()))?;
        let _permit = self.share.permit().await;
        let found = self.resolver()?.lookup_ip(name).await?;
        Ok(found.iter().collect())
    }

    /// The resolver, made anew if what it was made of has changed.
    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let stamps = FILES.map(|file| fs::metadata(file).and_then(|data| data.modified()).ok());
        let mut current = self.resolver.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some((made_of, resolver)) if *made_of == stamps => Ok(resolver.clone()),
            _ => {
                let (config, options) = read_system_conf().unwrap_or_else(|error| {
                    // As resolv.conf(5) has it.
                    tracing::debug!("no name server in /etc/resolv.conf: {error}");
                    let local = NameServerConfig::udp_and_tcp(Ipv4Addr::LOCALHOST.into());
                    let config = ResolverConfig::from_parts(None, Vec::new(), vec![local]);
                    (config, ResolverOpts::default())
                });
                let resolver = resolver(config, options)?;
                *current = Some((stamps, resolver.clone()));
                Ok(resolver)
            }
        }
    }
}

fn resolver(config: ResolverConfig, mut options: ResolverOpts) -> Result<TokioResolver, NetError> {
    options.cache_size = MAX_REMEMBERED;
    // Where there is no way to the first kind the second is tried at once, so the kind that mostly works comes first.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_options(options)
        .build()
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use futures_util::future::join_all;
    use tokio::net::UdpSocket;

    use super::*;

    /// An app that asks the name server at this port, once, for so long.
    fn asking(port: u16, wait: Duration) -> Names {
        let mut server = NameServerConfig::udp(Ipv4Addr::LOCALHOST.into());
        server.connections[0].port = port;
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let names = Names::of(None);
        let stamps = FILES.map(|file| fs::metadata(file).and_then(|data| data.modified()).ok());
        let mut options = ResolverOpts::default();
        options.timeout = wait;
        let resolver = resolver(config, options).unwrap();
        *names.resolver.lock().unwrap() = Some((stamps, resolver));
        names
    }

    impl Names {
        /// An app that asks a name server of its own, which answers so, or not.
        pub(in super::super) async fn with_server(
            answer: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static,
        ) -> Names {
            let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let names = asking(
                server.local_addr().unwrap().port(),
                Duration::from_millis(300),
            );
            tokio::spawn(async move {
                let mut buffer = [0; 512];
                loop {
                    let (length, client) = server.recv_from(&mut buffer).await.unwrap();
                    if let Some(answer) = answer(&buffer[..length]) {
                        server.send_to(&answer, client).await.unwrap();
                    }
                }
            });
            names
        }
    }

    #[test]
    fn slow_look_ups_of_an_app_delay_nobody() {
        // A thread for each look-up there is not.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let slow = Arc::new(asking(
                silent.local_addr().unwrap().port(),
                Duration::from_secs(5),
            ));
            let look_ups = join_all((0..700).map(|index| {
                let slow = slow.clone();
                tokio::spawn(async move { slow.addresses(&format!("host-{index}.example")).await })
            }));
            let mut look_ups = std::pin::pin!(look_ups);
            let wait = Duration::from_millis(300);
            assert!(tokio::time::timeout(wait, &mut look_ups).await.is_err());

            let began = Instant::now();
            let other = Names::of(None);
            assert!(!other.addresses("localhost").await.unwrap().is_empty());
            tokio::task::spawn_blocking(|| {}).await.unwrap();
            let took = began.elapsed();
            assert!(took < Duration::from_secs(1), "{took:?}");
        });
        runtime.shutdown_background();
    }

    /// Descriptors of this process.
    #[cfg(target_os = "linux")]
    fn descriptors() -> usize {
        fs::read_dir("/proc/self/fd").unwrap().count()
    }

    #[tokio::test]
    #[cfg(target_os = "linux")]
    async fn look_ups_that_wait_for_a_name_server_leave_descriptors() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = silent.local_addr().unwrap().port();
        let before = descriptors();
        let sockets = Arc::new(Mutex::new(HashSet::new()));
        let seen = sockets.clone();
        tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((_, source)) = silent.recv_from(&mut query).await {
                seen.lock().unwrap().insert(source);
            }
        });
        let apps: Vec<_> = (0..5)
            .map(|_| Arc::new(asking(port, Duration::from_secs(1))))
            .collect();
        for app in &apps {
            for index in 0..nano_worker::descriptors() / 8 {
                let app = app.clone();
                tokio::spawn(async move { app.addresses(&format!("host-{index}.example")).await });
            }
        }
        let mut most = 0;
        for _ in 0..30 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            // Other tests have some, too, and close theirs.
            most = most.max(descriptors().saturating_sub(before));
        }
        assert!(most < nano_worker::descriptors() / 4, "{most}");
        let asking = sockets.lock().unwrap().len();
        assert!(asking > 20, "{asking} sockets have asked");
        // Another app is answered meanwhile.
        let names = Names::with_server(|query| Some(answer(query))).await;
        names.addresses("api.example").await.unwrap();
    }

    #[tokio::test]
    async fn the_name_server_is_asked() {
        let names = Names::with_server(|query| Some(answer(query))).await;
        let found = names.addresses("api.example").await.unwrap();
        assert_eq!(found, [IpAddr::from([192, 0, 2, 7])]);
    }

    /// No record: <https://www.rfc-editor.org/rfc/rfc1035#section-4.1>.
    pub(in super::super) fn empty_answer(query: &[u8]) -> Vec<u8> {
        let end = 12 + query[12..].iter().position(|&byte| byte == 0).unwrap() + 5;
        let mut answer = query[..2].to_vec();
        answer.extend([0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]);
        answer.extend(&query[12..end]);
        answer
    }

    /// 192.0.2.7 for questions of type A, nothing for others.
    fn answer(query: &[u8]) -> Vec<u8> {
        let mut answer = empty_answer(query);
        let end = answer.len();
        if answer[end - 4..end - 2] == [0, 1] {
            answer[7] = 1;
            answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
        }
        answer
    }
}
