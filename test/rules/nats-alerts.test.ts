import { NONE, testFiring } from '../support/assertions/firing-alerts.js'
import {
  isConnected,
  isOpen,
  isUp,
  type RuleSeries,
  self,
  up,
  watchesEntries,
} from '../support/generators/rule-series.js'

const AGGREGATOR = 'aggregator:9464'
const HOST = { engine: '3', instance: 'host-a' }
const DISCONNECTED = { MoonmeterNatsDisconnected: 1 }
const SILENT = { MoonmeterEngineSilent: 1, MoonmeterAllEnginesDown: 1 }

/** An aggregator of a fleet, of whose one engine no report arrives after ten minutes. */
function fleetWithout(connection: string, engine: Readonly<Record<string, string>>): RuleSeries {
  const target = { instance: AGGREGATOR }
  return {
    ...up('1x400', AGGREGATOR),
    ...self('enginesUp', '1x40 0x300', target),
    ...self('engineUp', '1x40 0x300', engine),
    ...self('engineOpen', '1x400', engine),
    ...isConnected(connection, AGGREGATOR),
    ...watchesEntries(AGGREGATOR),
  }
}

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
  {
    what: 'no engine counts as silent while its aggregator has no connection, with honor_labels',
    series: fleetWithout('1x40 0x100 1x100', HOST),
    options: { honorLabels: true },
    // Engines that are silent after the connection is back are.
    firing: { '20m': DISCONNECTED, '34m': DISCONNECTED, '36m': NONE, '38m': SILENT },
  },
  {
    what: 'no engine counts as silent while its aggregator has no connection, without honor_labels',
    series: fleetWithout('1x40 0x100 1x100', {
      ...HOST,
      instance: AGGREGATOR,
      exported_instance: HOST.instance,
    }),
    firing: { '20m': DISCONNECTED, '38m': SILENT },
  },
  {
    what: 'a fleet whose engines are silent fires while its aggregator has a connection',
    series: fleetWithout('1x400', HOST),
    options: { honorLabels: true },
    firing: { '20m': SILENT },
  },
  {
    what: 'an aggregator without a connection does not hide the silence of engines of another target',
    series: {
      ...fleetWithout('0x400', { ...HOST, instance: AGGREGATOR, exported_instance: 'host-a' }),
      ...up('1x400', 'b:9464'),
      ...self('enginesUp', '0x400', { instance: 'b:9464' }),
      ...self('engineUp', '0x400', { engine: '3', instance: 'b:9464' }),
      ...self('engineOpen', '1x400', { engine: '3', instance: 'b:9464' }),
    },
    firing: { '20m': { ...DISCONNECTED, ...SILENT } },
  },
  {
    what: 'a host of engines without a connection knows which of its engines are silent',
    series: {
      ...up(),
      ...isConnected('0x400'),
      ...self('enginesUp', '1x400'),
      ...isUp('0x400'),
      ...isOpen('1x400'),
    },
    firing: { '10m': { ...DISCONNECTED, MoonmeterEngineSilent: 1 } },
  },
])
