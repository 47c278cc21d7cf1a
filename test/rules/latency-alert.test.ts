import { NONE, testFiring } from '../support/assertions/firing-alerts.js'
import { CALM, buckets, store, up } from '../support/generators/rule-series.js'

testFiring([
  {
    what: 'a p99 of three times the past p99 fires, until the past p99 has risen as well',
    series: {
      ...up(),
      ...CALM,
      // Below 10 ms for 40 minutes, then from 100 to 200 ms.
      ...buckets(['0x400', '0+15x160 2400x240', '0+15x160 2400x240', '0+15x400', '0+15x400']),
    },
    firing: {
      '39m': NONE,
      '45m': { MoonmeterLatencyHigh: 1 },
      '60m': { MoonmeterLatencyHigh: 1 },
      '95m': NONE,
    },
  },
  {
    what: 'a p99 that rises after a long time without calls fires',
    series: {
      ...up(),
      ...store({ calls: '0+15x80 1200x140 1200+15x100' }),
      // 20 minutes below 10 ms, 35 minutes of nothing, then from 100 to 200 ms.
      ...buckets([
        ...(['0x400', '0+15x80 1200x240', '0+15x80 1200x240'] as const),
        ...(['0+15x80 1200x140 1200+15x100', '0+15x80 1200x140 1200+15x100'] as const),
      ]),
    },
    firing: { '50m': NONE, '60m': { MoonmeterLatencyHigh: 1 } },
  },
  {
    what: 'a p99 that rises soon after the first calls does not fire',
    series: {
      ...up(),
      ...CALM,
      ...buckets(['0x400', '0+15x4 60x240', '0+15x4 60x240', '0+15x400', '0+15x400']),
    },
    options: { forSeconds: 0 },
    firing: { '3m': NONE, '5m30s': NONE, '6m': NONE, '8m': NONE, '20m': NONE },
  },
  {
    what: 'a p99 that was always high does not fire',
    series: { ...up(), ...CALM, ...buckets(['0x400', '0x400', '0x400', '0+15x400', '0+15x400']) },
    firing: { '5m': NONE, '30m': NONE, '90m': NONE },
  },
  {
    what: 'a p99 below the minimum does not fire',
    series: {
      ...up(),
      ...CALM,
      ...buckets(['0x400', '0+15x160 2400x240', '0+15x160 2400x240', '0+15x400', '0+15x400']),
    },
    options: { latencyMinSeconds: 0.5 },
    firing: { '45m': NONE },
  },
  {
    what: 'a p99 of few calls does not fire',
    series: {
      ...up(),
      ...store({ calls: '0+1x400' }),
      ...buckets(['0x400', '0+1x160 160x240', '0+1x160 160x240', '0+1x400', '0+1x400']),
    },
    firing: { '45m': NONE },
  },
])
