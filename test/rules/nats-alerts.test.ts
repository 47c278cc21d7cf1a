import { NONE, testFiring } from '../support/assertions/firing-alerts.js'
import { isConnected, up } from '../support/generators/rule-series.js'

testFiring([
  {
    what: 'a connection to NATS that is lost fires after the time of --for, and ends when it is back',
    series: { ...up(), ...isConnected('1x40 0x40 1x100'), ...isConnected('1x400', 'b:9464') },
    firing: { '10m': NONE, '11m': NONE, '13m': { MoonmeterNatsDisconnected: 1 }, '21m': NONE },
  },
  {
    what: 'a connection that is back before the time of --for does not fire',
    series: { ...up(), ...isConnected('1x40 0x6 1x100') },
    firing: { '10m': NONE, '11m30s': NONE, '13m': NONE },
  },
])
