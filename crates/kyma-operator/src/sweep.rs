//! Looks at everything: once when the lists are complete, and again and again, spread over the sync period.

use std::sync::Arc;
use std::time::Duration;

use kyma_controller::{Numbers, ObjectKey, Shutdown};
use kyma_inventory::names::fnv1a_64;
use kyma_workqueue::Turn;

use crate::context::Context;

/// Into how many parts the sync period is cut. Each object has its part, so that no moment has to look at all.
const PARTS: u64 = 1024;

/// How often the fleet's size is shown in the metrics.
const MEASURE_EVERY: Duration = Duration::from_secs(1);

/// Opens the shards that are granted, and queues everything in them that the lists have shown.
pub(crate) fn seed(context: &Context, shards: Numbers) {
    let opened = context.ownership.open(shards);
    if opened.is_empty() {
        return;
    }
    let (kymas, components) = context.fleet.seeds(opened);
    tracing::info!(kymas = kymas.len(), components = components.len(), "looking at everything that is there");
    for (key, turn) in kymas {
        context.kymas.add(key, turn);
    }
    for (key, turn) in components {
        context.components.add(key, turn);
    }
}

/// Queues every Cluster.
pub(crate) fn seed_clusters(context: &Context) {
    let clusters: Vec<ObjectKey> =
        context.fleet.clusters().read().iter().map(|(key, _)| key.clone()).collect();
    for key in clusters {
        context.clusters.add(key, Turn::sweep(0));
    }
}

/// Queues the parts one after the other until the shut-down. Never, when the period is zero.
pub(crate) async fn resync(context: Arc<Context>, period: Duration, shutdown: Shutdown) {
    let step = period / PARTS as u32;
    if step.is_zero() {
        return;
    }
    for part in (0..PARTS).cycle() {
        tokio::select! {
            biased;
            () = shutdown.draining() => return,
            () = tokio::time::sleep(step) => queue_part(&context, part),
        }
    }
}

/// Keeps the gauges up to date until the shut-down.
pub(crate) async fn measure(context: Arc<Context>, shutdown: Shutdown) {
    loop {
        context.measure();
        tokio::select! {
            biased;
            () = shutdown.draining() => return,
            () = tokio::time::sleep(MEASURE_EVERY) => {}
        }
    }
}

fn queue_part(context: &Context, part: u64) {
    let (kymas, components) = context.fleet.seeds(context.ownership.opened());
    let due = |(key, _): &(ObjectKey, Turn)| part_of(key) == part;
    for (key, turn) in kymas.into_iter().filter(due) {
        context.kymas.add(key, Turn::sweep(turn.priority));
    }
    for (key, turn) in components.into_iter().filter(due) {
        context.components.add(key, turn);
    }
}

fn part_of(key: &ObjectKey) -> u64 {
    fnv1a_64(key.to_string().as_bytes()) % PARTS
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use kyma_controller::ObjectKey;

    use super::{PARTS, part_of};

    #[test]
    fn the_parts_share_the_fleet_evenly() {
        let mut count = vec![0_usize; PARTS as usize];
        for n in 0..20_000 {
            count[part_of(&ObjectKey::new("pb", &format!("kyma-sample-{n}"))) as usize] += 1;
        }
        let (least, most) = (count.iter().min().unwrap(), count.iter().max().unwrap());
        assert!((1..=60).contains(least) && *most <= 60, "{least}..{most}");
        let parts: HashSet<u64> = (0..9).map(|_| part_of(&ObjectKey::new("pb", "a"))).collect();
        assert_eq!(parts.len(), 1);
    }
}
