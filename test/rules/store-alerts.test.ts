import { NONE, testFiring } from '../support/assertions/firing-alerts.js'
import { CALM, failing, store, up } from '../support/generators/rule-series.js'

testFiring([
  {
    what: 'failed keys above the threshold fire after the time of --for',
    series: { ...up(), ...CALM, ...failing(30) },
    firing: { '1m': NONE, '10m': { MoonmeterFailedKeys: 1 } },
  },
  {
    what: 'failed keys below the threshold do not fire',
    series: { ...up(), ...CALM, ...failing(14) },
    firing: { '10m': NONE, '90m': NONE },
  },
  {
    what: 'failed keys of few keys do not fire',
    series: {
      ...up(),
      ...store({ calls: '0+1x400', keys: '0+4x400', failedKeys: '0+4x400' }, 'partial_failure'),
    },
    firing: { '10m': NONE },
  },
  {
    what: 'failed keys stop firing when no more keys fail',
    series: {
      ...up(),
      ...CALM,
      ...store(
        { calls: '0+15x40 600x100', keys: '0+150x40 6000x100', failedKeys: '0+30x40 1200x100' },
        'partial_failure',
      ),
    },
    firing: { '10m': { MoonmeterFailedKeys: 1 }, '16m': NONE },
  },
  {
    what: 'an engine of another server with the same index does not dilute failed keys',
    series: {
      ...up(),
      ...CALM,
      ...failing(16),
      ...store({ calls: '0+999x400', keys: '0+9990x400', failedKeys: '0x400' }, 'ok', {
        instance: 'b:9464',
      }),
    },
    firing: { '10m': { MoonmeterFailedKeys: 1 } },
  },
  {
    what: 'engines with the same index and different instances are distinguished',
    series: {
      ...up(),
      ...failing(16, { exported_instance: 'child-a' }),
      ...failing(16, { exported_instance: 'child-b' }),
      ...failing(1, { exported_instance: 'child-c' }),
    },
    firing: { '10m': { MoonmeterFailedKeys: 2 } },
  },
  {
    what: 'failed keys fire if Prometheus keeps the instance of an engine',
    series: { ...up(), ...failing(30, { instance: 'child-a' }) },
    firing: { '10m': { MoonmeterFailedKeys: 1 } },
  },
  {
    what: 'failed keys fire if series are sums over engines',
    series: { ...up(), ...failing(30, { engine: '' }) },
    firing: { '10m': { MoonmeterFailedKeys: 1 } },
  },
  {
    what: 'a burst of errors fires at once, and no longer than its window',
    series: { ...up(), ...CALM, ...store({ calls: '0x40 0+10x3 40x100' }, 'error') },
    firing: { '10m': NONE, '10m45s': { MoonmeterErrorBurst: 1 }, '13m': NONE },
  },
  {
    what: 'a burst fires if its errors are the first of their series',
    series: { ...up(), ...CALM, ...store({ calls: '_x40 40x100' }, 'error') },
    firing: { '9m45s': NONE, '10m': { MoonmeterErrorBurst: 1 }, '12m': NONE },
  },
  {
    what: 'a single error among few calls does not fire',
    series: {
      ...up(),
      ...store({ calls: '0x40 2x100' }),
      ...store({ calls: '0x40 2x100' }, 'error'),
    },
    firing: { '10m': NONE, '10m15s': NONE, '11m': NONE },
  },
  ...(['engine', 'operation', 'status'] as const).map((label) => ({
    what: `calls under the ${label} 'other' fire, one alert for each engine`,
    series: {
      ...up(),
      ...store({ calls: '0+1x400' }, label === 'status' ? 'other' : 'ok', { [label]: 'other' }),
      ...store({ calls: '_x40 1x400' }, label === 'status' ? 'other' : 'error', {
        [label]: 'other',
      }),
    },
    firing: { '12m': { MoonmeterSeriesLimitReached: 1 } },
  })),
])
