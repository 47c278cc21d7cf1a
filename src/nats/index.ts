/** The entry `moonmeter/nats`: the state of a fleet in a bucket of NATS. */

export type { ScrapeTarget } from '../source-identity.js'
export {
  type BucketWatch,
  type BucketWatchHealth,
  type WatchBucketOptions,
  watchBucket,
} from './bucket-watch.js'
export type { NatsConnectionChange } from './connection-changes.js'
export type { NatsOptions, NatsTlsOptions } from './nats-options.js'
export { type NatsSink, type NatsSinkHealth, type NatsSinkOptions, natsSink } from './nats-sink.js'
export {
  type BucketReceiver,
  type BucketReceiverHealth,
  type ReceivePayloadsOptions,
  receivePayloads,
} from './receive-payloads.js'
export { type RemoveSourceOptions, removeSource } from './remove-source.js'
