//! Hubs: their configuration, who owns them, and how often one may identify.

use mj_discord::UnixMs;
use mj_midjourney::{
    config::HubId,
    store::{Grade, IdentifyBudget, IdentifyPermit, Lease, Reconfigure, USED_AT_GRAIN},
};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    connection::Open,
    encoding::{read_json, write_json},
    failure::Result,
    reading,
    row::{hub_or_new, int, one, owned_hub, uint},
    seal::Place,
    sealing::writing,
    writer::Effects,
};

/// Whether a configuration must be written: it differs, or the hub's last use is too long ago.
pub(crate) fn needs_configuring(
    open: &Open,
    now: UnixMs,
    hub: &HubId,
    change: &Reconfigure<'_>,
) -> Result<bool> {
    let stored = reading::config(open, hub)?;
    let same = stored.is_some_and(|(_, stored)| change(Some(&stored)) == stored);
    Ok(!same || now.since(reading::used_at(open, hub)?) >= USED_AT_GRAIN)
}

/// Stores a configuration; tells whether it changed.
pub(crate) fn configure(
    open: &Open,
    effects: &mut Effects,
    now: UnixMs,
    hub: &HubId,
    change: &Reconfigure<'_>,
) -> Result<bool> {
    let stored = reading::config(open, hub)?.map(|(_, stored)| stored);
    let config = change(stored.as_ref());
    let changed = stored.is_none_or(|stored| stored != config);
    let key = hub_or_new(open, hub)?;
    open.connection
        .prepare_cached("UPDATE hub SET known = 1, used_at = max(used_at, ?2) WHERE key = ?1")?
        .execute([key, int(now.0)])?;
    if changed {
        effects.durable = true;
        effects.ring = true;
        let column = write_json("a configuration", &config)?;
        let column = writing(open, key)?.text(hub, Place::Config, column)?;
        open.connection
            .prepare_cached(
                "UPDATE hub SET config_revision = config_revision + 1, config = ?2 WHERE key = ?1",
            )?
            .execute(params![key, column])?;
    }
    Ok(changed)
}

/// The lease as last written.
pub(crate) fn lease(open: &Open, hub: &HubId) -> Result<Option<Lease>> {
    let mut find = open.connection.prepare_cached(
        "SELECT l.epoch, l.owner, l.boot_id, l.pid, l.start_time, l.resident, l.taken_at, l.until, l.yield_requested
         FROM lease l JOIN hub h ON h.key = l.hub WHERE h.id = ?1",
    )?;
    one(&mut find, [&hub.0], |row| {
        Ok(Lease {
            epoch: uint(row.get(0)?),
            owner: row.get(1)?,
            boot_id: row.get(2)?,
            pid: row.get(3)?,
            start_time: row.get::<_, i64>(4)?.cast_unsigned(),
            grade: if row.get(5)? {
                Grade::Resident
            } else {
                Grade::Transient
            },
            taken_at: UnixMs(uint(row.get(6)?)),
            until: UnixMs(uint(row.get(7)?)),
            yield_requested: row.get(8)?,
        })
    })
}

/// Takes the lease, when its epoch is the one before still.
pub(crate) fn take_lease(
    open: &Open,
    effects: &mut Effects,
    hub: &HubId,
    claim: &Lease,
) -> Result<bool> {
    let stored = lease(open, hub)?.map_or(0, |lease| lease.epoch);
    if claim.epoch.checked_sub(1) != Some(stored) {
        return Ok(false);
    }
    effects.durable = true;
    effects.ring = true;
    let key = hub_or_new(open, hub)?;
    open.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO lease
                (hub, epoch, owner, boot_id, pid, start_time, resident, taken_at, until, yield_requested)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            key,
            int(claim.epoch),
            claim.owner,
            claim.boot_id,
            claim.pid,
            claim.start_time.cast_signed(),
            claim.grade == Grade::Resident,
            int(claim.taken_at.0),
            int(claim.until.0),
            claim.yield_requested,
        ])?;
    Ok(true)
}

/// Moves the end of the lease and notes its owner's grade; tells whether the owner is asked to give way.
pub(crate) fn renew_lease(
    open: &Open,
    hub: &HubId,
    epoch: u64,
    grade: Grade,
    until: UnixMs,
) -> Result<bool> {
    let key = owned_hub(open, hub, epoch)?;
    let mut renew = open.connection.prepare_cached(
        "UPDATE lease SET until = ?2, resident = ?3, yield_requested = yield_requested AND NOT ?3
         WHERE hub = ?1 RETURNING yield_requested",
    )?;
    let is_resident = grade == Grade::Resident;
    Ok(renew.query_row(params![key, int(until.0), is_resident], |row| row.get(0))?)
}

/// Ends the lease, when it is still the caller's.
pub(crate) fn release_lease(
    open: &Open,
    effects: &mut Effects,
    hub: &HubId,
    epoch: u64,
) -> Result<()> {
    if let Some(key) = open.hub(hub)? {
        open.connection
            .prepare_cached("UPDATE lease SET until = 0 WHERE hub = ?1 AND epoch = ?2")?
            .execute([key, int(epoch)])?;
        effects.ring = true;
    }
    Ok(())
}

/// Asks a transient owner to give way.
pub(crate) fn request_yield(open: &Open, effects: &mut Effects, hub: &HubId) -> Result<()> {
    if let Some(key) = open.hub(hub)? {
        open.connection
            .prepare_cached("UPDATE lease SET yield_requested = 1 WHERE hub = ?1 AND NOT resident")?
            .execute([key])?;
        effects.ring = true;
    }
    Ok(())
}

fn stored_budget(open: &Open, token_hash: &str) -> Result<Option<String>> {
    let mut find = open
        .connection
        .prepare_cached("SELECT budget FROM identify WHERE token_hash = ?1")?;
    Ok(find.query_row([token_hash], |row| row.get(0)).optional()?)
}

/// How many were taken from a token's budget today.
pub(crate) fn identifies(open: &Open, now: UnixMs, token_hash: &str) -> Result<u32> {
    let Some(budget) = stored_budget(open, token_hash)? else {
        return Ok(0);
    };
    let budget: IdentifyBudget = read_json("an identify budget", &budget)?;
    Ok(budget.used(now))
}

/// Takes one IDENTIFY from a token's budget.
pub(crate) fn permit_identify(
    open: &Open,
    now: UnixMs,
    token_hash: &str,
) -> Result<IdentifyPermit> {
    let stored = stored_budget(open, token_hash)?;
    let before: IdentifyBudget = match &stored {
        Some(budget) => read_json("an identify budget", budget)?,
        None => IdentifyBudget::default(),
    };
    let mut budget = before;
    let permit = budget.take(now);
    if budget != before {
        open.connection
            .prepare_cached("INSERT OR REPLACE INTO identify (token_hash, budget) VALUES (?1, ?2)")?
            .execute(params![
                token_hash,
                write_json("an identify budget", &budget)?
            ])?;
    }
    Ok(permit)
}
