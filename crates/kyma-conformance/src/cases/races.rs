//! Many clients at once: who wins, and that nothing is lost.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::case::cases;
use crate::check::{Outcome, holds, same};
use crate::client::{Answer, JSON_PATCH, MERGE};
use crate::context::{Context, config_maps, leases};
use crate::fixture::{config_map, lease, names, version, with};
use crate::watch::Watch;

cases! {
    "races/one-creator-wins" => one_creator_wins,
    "races/one-updater-wins" => one_updater_wins,
    "races/all-patches-land" => all_patches_land,
    "races/one-deleter-wins" => one_deleter_wins,
    "races/generated-names-do-not-collide" => generated_names_do_not_collide,
    "races/watch-sees-every-write-once" => watch_sees_every_write_once,
    "races/list-then-watch-misses-nothing" => list_then_watch_misses_nothing,
}

const CLIENTS: usize = 10;

/// How many answers had this code; any other code than these two is a failure.
fn count(answers: &[Answer], code: u16, other: u16) -> Outcome<usize> {
    let strange: Vec<String> =
        answers.iter().filter(|a| a.code() != code && a.code() != other).map(Answer::shown).collect();
    same("other answers", &strange, &[""; 0])?;
    Ok(answers.iter().filter(|answer| answer.code() == code).count())
}

async fn all<F: Future<Output = Outcome<Answer>>>(
    calls: impl IntoIterator<Item = F>,
) -> Outcome<Vec<Answer>> {
    join_all(calls).await.into_iter().collect()
}

async fn one_creator_wins(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    let object = |client: usize| with(config_map("a"), "/data/key", client.to_string());
    let answers = all((0..CLIENTS).map(|client| cx.post(&path, &object(client)).into_future())).await?;
    same("201", &count(&answers, 201, 409)?, &1)?;
    let won = answers.iter().find(|answer| answer.code() == 201).map(Answer::value).unwrap_or_default();
    same("the winner's object", &cx.get(&format!("{path}/a")).await?.ok()?, &won)
}

async fn one_updater_wins(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let made = cx.post(&path, &lease("a")).await?.created()?;
    let object = |client: usize| with(made.clone(), "/spec/holderIdentity", client.to_string());
    let item = format!("{path}/a");
    let answers = all((0..CLIENTS).map(|client| cx.put(&item, &object(client)).into_future())).await?;
    same("200", &count(&answers, 200, 409)?, &1)?;
    let won = answers.iter().find(|answer| answer.code() == 200).map(Answer::value).unwrap_or_default();
    same("the winner's object", &cx.get(&item).await?.ok()?, &won)
}

/// A patch without a resourceVersion is applied to whatever is newest.
async fn all_patches_land(cx: &Context) -> Outcome {
    let path = config_maps(&cx.namespace().await?);
    cx.post(&path, &with(config_map("a"), "/data", json!({"list": "x"}))).await?.created()?;
    let item = format!("{path}/a");
    let answers = all((0..CLIENTS).map(|client| {
        let key = format!("key-{client}");
        if client % 2 == 0 {
            cx.patch(&item, MERGE, &with(json!({}), &format!("/data/{key}"), "v")).into_future()
        } else {
            let add = json!([{"op": "add", "path": format!("/data/{key}"), "value": "v"}]);
            cx.patch(&item, JSON_PATCH, &add).into_future()
        }
    }))
    .await?;
    // Under much contention the server may give up with a conflict after some tries of its own.
    let landed = count(&answers, 200, 409)?;
    let object = cx.get(&item).await?.ok()?;
    same(
        "each that was acknowledged is there",
        &object["data"].as_object().map(serde_json::Map::len),
        &Some(1 + landed),
    )?;
    holds("most of them land", landed >= CLIENTS / 2, &landed)
}

async fn one_deleter_wins(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    cx.post(&path, &lease("a")).await?.created()?;
    let item = format!("{path}/a");
    let answers = all((0..CLIENTS).map(|_| cx.delete(&item).into_future())).await?;
    same("200", &count(&answers, 200, 404)?, &1)
}

async fn generated_names_do_not_collide(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let object = with(crate::fixture::without(lease(""), "/metadata/name"), "/metadata/generateName", "gen-");
    let answers = all((0..4 * CLIENTS).map(|_| cx.post(&path, &object).into_future())).await?;
    same("201", &count(&answers, 201, 201)?, &(4 * CLIENTS))?;
    same("objects", &names(&cx.get(&path).await?.ok()?).len(), &(4 * CLIENTS))
}

/// Writes that clients make at once, and the versions that their answers had.
async fn write(cx: &Context, path: &str) -> Outcome<Vec<u64>> {
    let writers = (0..CLIENTS).map(|client| async move {
        let item = format!("{path}/w{client}");
        let made = cx.post(path, &lease(&format!("w{client}"))).await?.created()?;
        let mut versions = vec![number(&made)];
        for round in 0..4 {
            let patch = json!({"spec": {"leaseTransitions": round}});
            versions.push(number(&cx.patch(&item, MERGE, &patch).await?.ok()?));
        }
        Ok(versions)
    });
    let versions: Vec<Vec<u64>> = join_all(writers).await.into_iter().collect::<Outcome<_>>()?;
    let mut versions = versions.concat();
    versions.sort_unstable();
    Ok(versions)
}

fn number(object: &Value) -> u64 {
    version(object).parse().unwrap_or(0)
}

async fn seen(watch: &mut Watch, count: usize) -> Outcome<Vec<u64>> {
    let mut versions = Vec::with_capacity(count);
    while versions.len() < count {
        versions.push(number(&watch.next().await?.object));
    }
    Ok(versions)
}

async fn watch_sees_every_write_once(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let list = cx.get(&path).await?.ok()?;
    let parameters = [("watch", "true"), ("resourceVersion", version(&list)), ("timeoutSeconds", "25")];
    let call = || cx.get(&crate::client::query(&path, &parameters));
    let mut live = Watch::open(call()).await?;
    let written = write(cx, &path).await?;
    let mut replayed = Watch::open(call()).await?;
    // In the order of their versions, each once.
    same("seen live", &seen(&mut live, written.len()).await?, &written)?;
    same("replayed", &seen(&mut replayed, written.len()).await?, &written)
}

/// A client that lists in the middle of writes and watches from there knows everything.
async fn list_then_watch_misses_nothing(cx: &Context) -> Outcome {
    let path = leases(&cx.namespace().await?);
    let look = async {
        let list = cx.get(&path).await?.ok()?;
        let parameters = [("watch", "true"), ("resourceVersion", version(&list)), ("timeoutSeconds", "25")];
        let watch = Watch::open(cx.get(&crate::client::query(&path, &parameters))).await?;
        Ok((list, watch))
    };
    let (written, looked) = tokio::join!(write(cx, &path), look);
    let (written, (list, mut watch)) = (written?, looked?);
    let after: Vec<u64> = written.into_iter().filter(|at| *at > number(&list)).collect();
    same("what came after the list", &seen(&mut watch, after.len()).await?, &after)?;
    let newest = list["items"].as_array().into_iter().flatten().map(number).max().unwrap_or(0);
    holds("nothing in the list is newer than the list", newest <= number(&list), &list["metadata"])
}
