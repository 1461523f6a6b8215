//! `nano check`.

use std::process::ExitCode;
use std::sync::Arc;

use nano_host::log;
use nano_worker::NoServices;

use crate::args::Site;
use crate::engine;
use crate::serve::io_threads;
use crate::shell::{complain, print};

/// Reads the configuration and starts every app once. Faults go to standard error.
pub(crate) fn check(site: &Site) -> anyhow::Result<ExitCode> {
    let config = site.load(None)?;
    if let Some(faults) = config.faults_of_apps() {
        return Err(faults.into());
    }
    // One app is started after the other, and each of them may still be ending; V8 keeps an isolate.
    engine::start(config.apps.len() + 1, io_threads())?;
    let launcher = engine::launcher();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let failures = runtime.block_on(async {
        let mut failures = 0;
        for app in &config.apps {
            let log = log::of_app(&app.name);
            // They are started, and called by nobody.
            let options = app.worker_options(log, Arc::new(NoServices), Arc::default());
            match launcher.launch(options).await {
                Ok(instance) => {
                    instance.stop();
                    let Some(fault) = app.missing_handler(instance.handlers()) else {
                        print(&format!("ok      {}", app.name));
                        continue;
                    };
                    failures += 1;
                    print(&format!("failed  {}", app.name));
                    complain(&format!("{}: {fault}", app.name));
                }
                Err(error) => {
                    failures += 1;
                    print(&format!("failed  {}", app.name));
                    complain(format!("{}: {}", app.name, error.report()).trim_end());
                }
            }
        }
        failures
    });
    runtime.shutdown_background();
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
