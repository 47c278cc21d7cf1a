import type { EntryReader } from './bucket.js'
import type { Fleet } from './fleet.js'

/**
 * Apply the changes of a bucket that its watch has missed. nats-server 2.9 skips messages while a
 * client purges a key, as `nats kv purge` does. The watch cannot detect this, since the revisions
 * of a bucket have gaps. Only revisions are listed; an entry is read if its revision is not the
 * known one.
 *
 * @returns the number of keys whose known revision was old
 */
export async function takeMissedChanges(bucket: EntryReader, fleet: Fleet): Promise<number> {
  const known = new Map(fleet.revisions)
  const listed = await bucket.revisions()
  let missed = 0
  for (const [key, revision] of listed) {
    if (fleet.latestOf(key) >= revision) continue
    const entry = await bucket.get(key)
    // The watch may have received the change meanwhile.
    if (entry === undefined || fleet.latestOf(key) >= entry.revision) continue
    fleet.take(entry)
    missed++
  }
  for (const [key, revision] of known) {
    if (listed.has(key) || fleet.latestOf(key) !== revision) continue
    if ((await bucket.get(key)) !== undefined) continue
    fleet.forget(key)
    missed++
  }
  return missed
}
