/** The entry `moonmeter/payloads`: payloads of vLLM over HTTP. */
export { payloadReceiver, type PayloadReceiverOptions } from './memory-receiver.js'
export type { PayloadOutcome, PayloadReceiver, PayloadSource } from './payload-receiver.js'
export { payloadsHandler } from './payloads-handler.js'
export type { PayloadsHandlerOptions } from './payloads-handler-options.js'
