//! What an app has on its `env` beside texts: <https://developers.cloudflare.com/workers/runtime-apis/bindings/>.

pub mod fetcher;
