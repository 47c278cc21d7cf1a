import { createRecorder } from '../recorder/create-recorder.js'
import { pack } from '../wire/msgpack.js'
import { CONNECTOR_KEY, DATA_KEY, type PayloadRows } from '../wire/rows.js'

const BLOCK_BYTES = 167_772_160
/** The rows of a payload of vLLM's connector: the calls since its last payload. */
const ROWS: PayloadRows = {
  lookup_exists: [{ duration_seconds: 0.0002, num_keys: 16 }],
  load_get: [
    { duration_seconds: 0.0143, num_keys: 12, num_bytes: 12 * BLOCK_BYTES },
    {
      duration_seconds: 0.0311,
      num_keys: 4,
      num_bytes: 4 * BLOCK_BYTES,
      status: 'partial_failure',
      num_failed_keys: 1,
    },
  ],
  save_put: [{ duration_seconds: 0.0087, num_keys: 4, num_bytes: 4 * BLOCK_BYTES }],
}
/**
 * The engine of the report. Rows have no engine, so they count for that of the option `--engine`.
 */
const ENGINE = 1
const CALLS = 200

/** Creates a payload of vLLM's rows, followed by a report of a recorder. */
export function makeSample(): Buffer {
  const payloads: Uint8Array[] = [pack({ [CONNECTOR_KEY]: { [DATA_KEY]: ROWS } })]
  const sink = { isReady: () => false, send: (report: Uint8Array) => void payloads.push(report) }
  const recorder = createRecorder({ engine: ENGINE, sink })
  for (let call = 1; call <= CALLS; call++) {
    recorder.record('load_get', call / 10_000, 12, { numBytes: 12 * BLOCK_BYTES })
  }
  recorder.record('save_put', 0.25, 4, { numBytes: BLOCK_BYTES, status: 'error', numFailedKeys: 4 })
  recorder.close()
  return Buffer.concat(payloads)
}
