import { MoonmeterSession, moonmeter } from './moonmeter.js'
import type { Peer, PeerOperation } from './peer.js'

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736'

/** A bound handle that gets a trace id with every row. */
export const moonmeterTraced: Peer = {
  ...moonmeter,
  name: 'moonmeter-traced',
  title: 'moonmeter, bound handle, each row with a trace id',
  open: async () => new TracedSession(),
}

class TracedSession extends MoonmeterSession {
  override operation(name: string): PeerOperation {
    const handle = this.engine.recorder.operation(name)
    return {
      record(durationSeconds, numKeys, numBytes, status, numFailedKeys) {
        handle.record(durationSeconds, numKeys, numBytes, status, numFailedKeys, TRACE_ID)
      },
    }
  }
}
