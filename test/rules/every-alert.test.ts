import { NONE, testFiring } from '../support/assertions/firing-alerts.js'
import {
  CALM,
  buckets,
  failing,
  isConnected,
  isOpen,
  isUp,
  rejected,
  restarts,
  self,
  store,
  up,
} from '../support/generators/rule-series.js'

testFiring([
  {
    what: 'nothing fires without a fault',
    series: {
      ...up(),
      ...CALM,
      ...buckets(['0+14x400', '0+15x400', '0+15x400', '0+15x400', '0+15x400']),
      ...self('enginesUp', '1x400'),
      ...isUp('1x400'),
      ...isOpen('1x400'),
      ...rejected('0x400'),
      ...isConnected('1x400'),
    },
    firing: { '1m': NONE, '30m': NONE, '100m': NONE },
  },
  {
    what: 'nothing fires without traffic',
    series: {
      ...up(),
      ...store({ calls: '0x400', keys: '0x400', failedKeys: '0x400' }),
      ...store({ calls: '500x400', keys: '5000x400', failedKeys: '5000x400' }, 'error'),
      ...store({ calls: '9x400' }, 'ok', { operation: 'other' }),
      ...buckets(['0x400', '0x400', '500x400', '500x400', '500x400']),
      ...self('enginesUp', '1x400'),
      ...isUp('1x400'),
      ...isOpen('1x400'),
      ...rejected('7x400'),
      ...restarts('8x400'),
    },
    firing: { '10m': NONE, '90m': NONE },
  },
  {
    what: 'old errors of a server that is scraped for the first time do not fire',
    series: {
      ...up('_x40 1x100'),
      ...store({ calls: '_x40 10000+15x100' }),
      ...store({ calls: '_x40 9000x100' }, 'error'),
      ...restarts('_x40 99x100'),
      ...store({ calls: '_x40 9000x100' }, 'ok', { operation: 'other' }),
    },
    firing: { '10m': NONE, '10m15s': NONE, '11m': NONE, '15m': NONE, '20m': NONE },
  },
  {
    what: 'old errors of a server whose scrapes failed do not fire',
    series: {
      ...up('0x40 1x100'),
      ...store({ calls: '_x40 10000+15x100' }),
      ...store({ calls: '_x40 9000x100' }, 'error'),
    },
    firing: { '10m': NONE, '10m15s': NONE, '11m': NONE },
  },
  {
    what: 'a restart of the server, which sets counters to zero, does not fire',
    series: {
      ...up(),
      ...store({ calls: '100000x40 0+15x100', keys: '100000x40 0+15x100' }),
      ...store({ calls: '90000x40 0x100', failedKeys: '90000x40 0x100' }, 'error'),
      ...store({ calls: '900x40 0x100' }, 'ok', { operation: 'other' }),
      ...restarts('50x40 1x100'),
      ...rejected('50x40 0x100'),
    },
    firing: { '10m': NONE, '10m15s': NONE, '11m': NONE, '14m': NONE, '20m': NONE },
  },
  {
    what: 'failures after a restart of the server fire',
    series: {
      ...up(),
      ...store({ calls: '100000x40 0+15x100', keys: '1000000x40 0+150x100' }),
      ...store({ calls: '5x40 0+15x100', keys: '50x40 0+150x100' }, 'error'),
      ...restarts('50x40 0+2x100'),
    },
    firing: { '10m': NONE, '12m': { MoonmeterErrorBurst: 1, MoonmeterEngineRestarting: 1 } },
  },
  ...[{ job: 'another' }, { prefix: 'my_' }].map((options) => ({
    what: `metrics that are not of ${JSON.stringify(options)} do not fire`,
    series: { ...up(), ...CALM, ...failing(30), ...isUp('0x400'), ...isOpen('1x400') },
    options,
    firing: { '10m': NONE },
  })),
  {
    what: 'alerts of the job fire',
    series: { ...up(), ...CALM, ...failing(30), ...isUp('0x400'), ...isOpen('1x400') },
    options: { job: 'moonmeter' },
    firing: { '10m': { MoonmeterFailedKeys: 1, MoonmeterEngineSilent: 1 } },
  },
])
