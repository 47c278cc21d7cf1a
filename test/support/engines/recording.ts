import { type AggregatorOptions, EngineAggregator, type EngineLink } from '../../../src/index.js'
import { createRecorder, type Recorder, type RecorderOptions } from '../../../src/recorder/index.js'

/** A recorder on this thread, with its aggregator. */
export interface Recording {
  readonly aggregator: EngineAggregator
  readonly link: EngineLink
  readonly recorder: Recorder
  /** Close both. */
  close(): Promise<void>
}

/** Starts a recorder of engine 0 on this thread, which sends reports only on request. */
export function startRecording(
  options: AggregatorOptions = {},
  recorderOptions: RecorderOptions = {},
): Recording {
  const aggregator = new EngineAggregator({ intervalMs: 60_000, ...options })
  const link = aggregator.connect(0)
  const recorder = createRecorder(link, recorderOptions)
  return {
    aggregator,
    link,
    recorder,
    close: () => {
      recorder.close()
      return aggregator.close()
    },
  }
}
