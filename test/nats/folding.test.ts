import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aggregationOf } from '../../src/engine-aggregator.js'
import { EngineAggregator } from '../../src/index.js'
import type { Entry } from '../../src/nats/bucket.js'
import { BucketFolder } from '../../src/nats/bucket-folder.js'
import { encodeKey } from '../../src/nats/entry-key.js'
import { EntryWriter } from '../../src/nats/entry-writer.js'
import { Fleet } from '../../src/nats/fleet.js'
import { FoldedIncarnations } from '../../src/nats/folded-entry.js'
import { DEFAULT_LAYOUT } from '../../src/stats/bin-layout.js'
import { MemoryBucket } from '../support/engines/memory-bucket.js'
import { reportBytes, seriesWithRows } from '../support/generators/reports.js'

const INSTANCE = 'host.example:1'
const KEPT_ENDED_MS = 1_000
const NOW_MS = 10_000

/** One incarnation: its counts of two operations, and whether it sent a final report. */
interface Life {
  readonly gets: number
  readonly puts: number
  readonly isFinal: boolean
}

const lives = fc.array(
  fc.record({ gets: fc.nat({ max: 9 }), puts: fc.nat({ max: 9 }), isFinal: fc.boolean() }),
  { minLength: 1, maxLength: 6 },
)

/** A reader of a bucket, with the totals of its aggregator. */
class Reader {
  readonly aggregator = new EngineAggregator({ intervalMs: 1e6 })
  readonly fleet = new Fleet(aggregationOf(this.aggregator), () => NOW_MS)
  /** Number of changes that it has applied. */
  taken = 0

  read(entries: readonly Entry[]): void {
    for (const _ of this.fleet.takeAll(entries));
  }

  /** Applies changes one by one, up to a number of them. */
  follow(bucket: MemoryBucket, count = bucket.changes.length): void {
    for (; this.taken < count; this.taken++) this.fleet.take(bucket.changes[this.taken] as Entry)
  }

  get totals(): { readonly gets: number; readonly puts: number; readonly rejected: number } {
    const { sources, rejections } = this.aggregator.snapshot()
    const count = (name: string) =>
      sources
        .flatMap(({ series }) => series)
        .filter(({ operation }) => operation === name)
        .reduce((sum, { rows, numKeys, durationSeconds }) => {
          assert.equal(numKeys, rows)
          assert.equal(durationSeconds, rows / 2)
          return sum + rows
        }, 0)
    const rejected = Object.values(rejections).reduce((sum, number) => sum + number, 0)
    const totals = { gets: count('load_get'), puts: count('save_put'), rejected }
    const restarts = (reason: string) => {
      return sources.reduce((sum, { health }) => sum + (health.restarts[reason] ?? 0), 0)
    }
    assert.deepEqual([restarts('exit'), restarts('error')], [totals.gets, totals.puts])
    return totals
  }
}

function keyOf(incarnation: number): string {
  return encodeKey({ kind: 'incarnation', instance: INSTANCE, engine: 4, incarnation })
}

/** A report with as many restarts by two reasons as rows of two operations. */
function bytesOf({ gets, puts, isFinal }: Life, incarnation: number, sequence = 1): Uint8Array {
  const series = [seriesWithRows(gets), seriesWithRows(puts, 'save_put')]
  const identity = { instance: INSTANCE, engine: 4, incarnation, sequence }
  const restarts = new Map([
    ['exit', gets],
    ['error', puts],
  ])
  return reportBytes({ ...identity, final: isFinal, series, restarts })
}

function bucketOf(all: readonly Life[]): MemoryBucket {
  const bucket = new MemoryBucket()
  for (const [index, life] of all.entries()) {
    bucket.set(keyOf(index + 1), bytesOf(life, index + 1))
  }
  return bucket
}

function totalsOf(all: readonly Life[]) {
  const sum = (name: 'gets' | 'puts') => all.reduce((total, life) => total + life[name], 0)
  return { gets: sum('gets'), puts: sum('puts'), rejected: 0 }
}

function folderOf(reader: Reader, store: ConstructorParameters<typeof BucketFolder>[0]) {
  const settings = { layout: DEFAULT_LAYOUT, keptEndedMs: KEPT_ENDED_MS, now: () => NOW_MS }
  return new BucketFolder(store, reader.fleet, settings)
}

test('two concurrent folders that may end at any step change no total, for old and new readers', async () => {
  await fc.assert(
    fc.asyncProperty(
      lives,
      fc.scheduler(),
      fc.array(fc.record({ known: fc.nat({ max: 6 }), steps: fc.nat({ max: 40 }) }), {
        minLength: 2,
        maxLength: 2,
      }),
      async (all, scheduler, both) => {
        const bucket = bucketOf(all)
        const expected = totalsOf(all)
        const folders = both.map(({ known, steps }) => {
          const reader = new Reader()
          // A folder may be late, with only some of the entries.
          reader.follow(bucket, Math.min(known, all.length))
          let left = steps
          const store = bucket.client(async () => {
            await scheduler.schedule(Promise.resolve())
            // Changes of others may arrive while a request waits for its answer.
            if (left % 3 === 0) reader.follow(bucket)
            if (left-- <= 0) throw new Error('ended')
          })
          return { reader, folder: folderOf(reader, store) }
        })
        const folding = folders.map(async ({ reader, folder }) => {
          for (let round = 0; round < 3; round++) {
            await folder.fold().catch(() => {})
            reader.follow(bucket)
          }
        })
        await scheduler.waitFor(Promise.all(folding))
        // A healthy folder finishes the work.
        const last = new Reader()
        const folder = folderOf(
          last,
          bucket.client(async () => {}),
        )
        for (let round = 0; round < 3; round++) {
          last.follow(bucket)
          await folder.fold()
        }
        last.follow(bucket)
        const follower = new Reader()
        for (let count = all.length; count <= bucket.changes.length; count++) {
          follower.follow(bucket, count)
          const late = new Reader()
          late.read(bucket.entriesAfter(count))
          assert.deepEqual(follower.totals, expected)
          assert.deepEqual(late.totals, expected)
        }
        const newest = all.at(-1)?.isFinal === true ? [] : [keyOf(all.length)]
        const folded = encodeKey({ kind: 'folded', instance: INSTANCE, engine: 4 })
        const hasFolded = newest.length === 0 || all.length > 1
        assert.deepEqual(
          bucket
            .entriesAfter(Number.POSITIVE_INFINITY)
            .filter(({ value }) => value)
            .map(({ key }) => key)
            .sort(),
          [...newest, ...(hasFolded ? [folded] : [])].sort(),
        )
      },
    ),
    { seed: 5, numRuns: 120 },
  )
})

test('an engine that runs while it is ended counts exactly its acknowledged rows', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 6 }), async (scheduler, reports) => {
      const bucket = new MemoryBucket()
      const client = () => bucket.client(() => scheduler.schedule(Promise.resolve()))
      const counts = { puts: 0, putsFailed: 0, removed: 0, lastError: undefined }
      const key = { kind: 'incarnation', instance: INSTANCE, engine: 4, incarnation: 1 } as const
      const writer = new EntryWriter(client(), key, counts)
      bucket.set(keyOf(2), bytesOf({ gets: 100, puts: 0, isFinal: false }, 2))
      let acknowledged = 0
      let roundsLeft = 4
      let isRunning = true
      const engine = async () => {
        for (let gets = 1; gets <= reports; gets++) {
          const { puts } = counts
          writer.offer(bytesOf({ gets, puts: 0, isFinal: false }, 1, gets))
          await writer.settled()
          if (counts.puts > puts) acknowledged = gets
        }
        isRunning = false
      }
      const reader = new Reader()
      const folder = folderOf(reader, client())
      const fold = async () => {
        while (isRunning || roundsLeft-- > 0) {
          await scheduler.schedule(Promise.resolve())
          reader.follow(bucket)
          await folder.fold()
        }
      }
      await scheduler.waitFor(Promise.all([engine(), fold()]))
      reader.follow(bucket)
      assert.deepEqual(reader.totals, { gets: 100 + acknowledged, puts: 0, rejected: 0 })
      assert.equal(counts.removed, acknowledged < reports ? 1 : 0)
      const late = new Reader()
      late.read(bucket.entriesAfter(bucket.changes.length))
      assert.deepEqual(late.totals, reader.totals)
    }),
    { seed: 7, numRuns: 200 },
  )
})

test('totals do not depend on the order and repetition of entries', async () => {
  const all = [3, 5, 7, 11].map((gets) => ({ gets, puts: 1, isFinal: true }))
  const bucket = bucketOf(all)
  const reader = new Reader()
  reader.follow(bucket)
  await folderOf(
    reader,
    bucket.client(async () => {}),
  ).fold()
  bucket.set(keyOf(9), bytesOf({ gets: 100, puts: 0, isFinal: false }, 9))
  const expected = { gets: 126, puts: 4, rejected: 0 }
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...bucket.changes], { minLength: bucket.changes.length }),
      async (order) => {
        // Markers follow their entries.
        const later = [...order].sort(
          (left, right) => Number(left.value === undefined) - Number(right.value === undefined),
        )
        const shuffled = new Reader()
        for (const entry of [...later, ...later]) shuffled.fleet.take(entry)
        assert.deepEqual(shuffled.totals, expected)
      },
    ),
    { seed: 6, numRuns: 50 },
  )
})

test('an incarnation that may continue is not folded', async () => {
  const all = [
    { gets: 1, puts: 0, isFinal: true },
    { gets: 2, puts: 0, isFinal: false },
  ]
  const bucket = bucketOf(all)
  // The first ended recently.
  bucket.set(keyOf(1), bytesOf(all[0] as Life, 1, 2), NOW_MS - KEPT_ENDED_MS + 1)
  const reader = new Reader()
  reader.follow(bucket)
  const { length } = bucket.changes
  await folderOf(
    reader,
    bucket.client(async () => {}),
  ).fold()
  assert.equal(bucket.changes.length, length)
})

test('a report that is newer than the copy of the folder is not folded', async () => {
  const all = [
    { gets: 1, puts: 0, isFinal: false },
    { gets: 2, puts: 0, isFinal: false },
  ]
  const bucket = bucketOf(all)
  const reader = new Reader()
  reader.follow(bucket)
  bucket.set(keyOf(1), bytesOf({ gets: 6, puts: 0, isFinal: true }, 1, 2))
  const folder = folderOf(
    reader,
    bucket.client(async () => {}),
  )
  await folder.fold()
  assert.equal(folder.counts.folded, 0)
  reader.follow(bucket)
  await folder.fold()
  assert.equal(folder.counts.folded, 1)
  const late = new Reader()
  late.read(bucket.entriesAfter(bucket.changes.length))
  assert.deepEqual(late.totals, { gets: 8, puts: 0, rejected: 0 })
})

test('a report of an incarnation that was folded before is rejected, and counts once', async () => {
  const bucket = bucketOf([{ gets: 4, puts: 0, isFinal: true }])
  const reader = new Reader()
  reader.follow(bucket)
  await folderOf(
    reader,
    bucket.client(async () => {}),
  ).fold()
  bucket.set(keyOf(1), bytesOf({ gets: 5, puts: 0, isFinal: false }, 1, 2))
  reader.follow(bucket)
  assert.deepEqual(reader.totals, { gets: 4, puts: 0, rejected: 1 })
  assert.equal(reader.aggregator.snapshot().rejections.incarnation, 1)
})

test('a sum that removeSource deleted is not written again', async () => {
  const bucket = bucketOf([{ gets: 4, puts: 0, isFinal: true }])
  const reader = new Reader()
  const folder = folderOf(
    reader,
    bucket.client(async () => {}),
  )
  reader.follow(bucket)
  await folder.fold()
  bucket.set(keyOf(2), bytesOf({ gets: 1, puts: 0, isFinal: true }, 2))
  reader.follow(bucket)
  // The folder has not received the deletion yet.
  bucket.set(encodeKey({ kind: 'folded', instance: INSTANCE, engine: 4 }), undefined)
  await folder.fold()
  assert.equal(folder.counts.folded, 1)
})

test('an entry that went backwards is ignored, and the others of its engine count', () => {
  const reader = new Reader()
  const bucket = bucketOf([
    { gets: 5, puts: 0, isFinal: false },
    { gets: 3, puts: 0, isFinal: false },
  ])
  reader.follow(bucket)
  bucket.set(keyOf(1), bytesOf({ gets: 1, puts: 0, isFinal: false }, 1, 9))
  bucket.set(keyOf(2), bytesOf({ gets: 6, puts: 0, isFinal: false }, 2, 2))
  reader.read(bucket.entriesAfter(bucket.changes.length))
  assert.deepEqual(reader.totals, { gets: 11, puts: 0, rejected: 1 })
})

test('entries that are missing in a complete read count until the engine has no entry', () => {
  const reader = new Reader()
  const bucket = bucketOf([
    { gets: 5, puts: 0, isFinal: false },
    { gets: 3, puts: 0, isFinal: false },
  ])
  reader.follow(bucket)
  reader.read(bucket.changes.slice(1))
  assert.deepEqual(reader.totals, { gets: 8, puts: 0, rejected: 0 })
  reader.read([])
  assert.deepEqual(reader.totals, { gets: 0, puts: 0, rejected: 0 })
  // The engine may return, since the aggregator has dropped it.
  bucket.set(keyOf(2), bytesOf({ gets: 4, puts: 0, isFinal: false }, 2, 2))
  reader.read(bucket.changes.slice(2))
  assert.deepEqual(reader.totals, { gets: 4, puts: 0, rejected: 0 })
})

test('markers of entries are removed when they are old', async () => {
  const bucket = bucketOf([{ gets: 4, puts: 0, isFinal: true }])
  const reader = new Reader()
  reader.follow(bucket)
  const folder = folderOf(
    reader,
    bucket.client(async () => {}),
  )
  await folder.fold()
  reader.follow(bucket)
  assert.deepEqual([...reader.fleet.markers.keys()], [keyOf(1)])
  await folder.fold()
  assert.deepEqual([...reader.fleet.markers.keys()], [])
})

test('the floor of a long list rises over folded incarnations, and not over remaining ones', () => {
  const numbers = Array.from({ length: 2_000 }, (_, index) => index + 1)
  const all = new FoldedIncarnations().with(numbers, [])
  assert.deepEqual([all?.floor, all?.listed.length, all?.first], [976, 1_024, 1])
  assert.ok(numbers.every((number) => all?.contains(number)))
  assert.equal(all?.contains(2_001), false)
  const others = numbers.filter((number) => number !== 500)
  const some = new FoldedIncarnations().with(others, [500])
  assert.deepEqual([some?.floor, some?.contains(500), some?.contains(501)], [499, false, true])
  assert.equal(
    new FoldedIncarnations().with(
      numbers.map((one) => one * 5),
      [1],
    )?.floor,
    0,
  )
  const many = Array.from({ length: 5_000 }, (_, index) => index + 2)
  assert.equal(new FoldedIncarnations().with(many, [1]), undefined)
})
