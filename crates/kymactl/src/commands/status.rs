//! `kymactl status`: the fleet at a glance.

use kyma_controller::{Metrics, TokioClock, shutdown};

use crate::args::{StatusArgs, StatusFormat};
use crate::connect;
use crate::exit::Failure;
use crate::status::{Display, Scope, Summary, Surroundings, follow, once};

pub(crate) async fn run(args: StatusArgs) -> Result<(), Failure> {
    if args.watch && args.output == StatusFormat::Name {
        return Err(Failure::usage("--watch: not with -o name; use -o json, one document a line"));
    }
    let client = connect::client(&args.cluster, &connect::unlimited(), &Metrics::new()).await?;
    let namespace = args.namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    let scope = Scope {
        namespace: (!args.all_namespaces).then_some(namespace),
        names: args.names.into_iter().collect(),
    };
    let around = Surroundings { client: &client, scope: &scope, clock: &TokioClock::new() };
    let mut display = Display::new(args.output, args.watch);
    let summary = if args.watch {
        let (drain, stop) = shutdown::channel();
        tokio::spawn(shutdown::on_signals(drain));
        follow(around, &mut display, &stop).await?
    } else {
        once(around, &mut display).await?
    };
    verdict(&summary)
}

/// The exit code: a Kyma in error makes the command fail.
pub(crate) fn verdict(summary: &Summary) -> Result<(), Failure> {
    match (summary.failed(), summary.kymas.total) {
        (0, _) => Ok(()),
        (1, 1) => Err(Failure::text("the Kyma is in error")),
        (1, total) => Err(Failure::text(format!("1 of {total} Kymas is in error"))),
        (failed, total) => Err(Failure::text(format!("{failed} of {total} Kymas are in error"))),
    }
}
