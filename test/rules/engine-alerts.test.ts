import { NONE, testFiring } from '../support/assertions/firing-alerts.js'
import {
  ENGINE,
  isOpen,
  isUp,
  rejected,
  restarts,
  self,
  up,
} from '../support/generators/rule-series.js'

testFiring([
  {
    what: 'an engine that is silent fires after the time of --for',
    series: {
      ...up(),
      ...self('enginesUp', '1x400'),
      ...isUp('1x40 0x100'),
      ...isOpen('1x400'),
    },
    firing: { '10m': NONE, '11m': NONE, '13m': { MoonmeterEngineSilent: 1 } },
  },
  {
    what: 'an engine that ended normally does not fire',
    series: {
      ...up(),
      ...self('enginesUp', '1x40 0x100'),
      ...isUp('1x40 0x100'),
      ...isOpen('1x40 0x100'),
    },
    firing: { '10m': NONE, '20m': NONE },
  },
  {
    what: 'silence of all engines fires for each and for the server',
    series: {
      ...up(),
      ...self('enginesUp', '1x40 0x100'),
      ...isUp('1x40 0x100'),
      ...isOpen('1x400'),
      ...self('engineUp', '0x400', { engine: '4' }),
      ...self('engineOpen', '0x400', { engine: '4' }),
      ...self('engineUp', '0x400', { engine: '3', exported_instance: 'child' }),
      ...self('engineOpen', '1x400', { engine: '3', exported_instance: 'child' }),
    },
    firing: {
      '10m': { MoonmeterEngineSilent: 1 },
      '20m': { MoonmeterEngineSilent: 2, MoonmeterAllEnginesDown: 1 },
    },
  },
  {
    what: 'a server without any engine fires, and another whose engine is up does not',
    series: {
      ...up(),
      ...self('enginesUp', '0x400'),
      ...self('enginesUp', '1x400', { instance: 'b:9464' }),
      ...self('engineUp', '1x400', { ...ENGINE, instance: 'b:9464' }),
      ...self('engineOpen', '1x400', { ...ENGINE, instance: 'b:9464' }),
    },
    firing: { '1m': NONE, '10m': { MoonmeterAllEnginesDown: 1 } },
  },
  {
    what: 'repeated restarts fire, also the first ones of an engine',
    series: { ...up(), ...restarts('_x40 1 2 3x100') },
    firing: { '10m15s': NONE, '10m30s': { MoonmeterEngineRestarting: 1 }, '20m': NONE },
  },
  {
    what: 'restarts for different reasons are added up, and few do not fire',
    series: {
      ...up(),
      ...restarts('1x40 3x100'),
      ...self('restarts', '_x40 1x100', { ...ENGINE, reason: 'error' }),
      ...self('restarts', '_x40 2x100', { engine: '4', reason: 'exit' }),
    },
    firing: { '10m': NONE, '11m': { MoonmeterEngineRestarting: 1 } },
  },
  {
    what: 'a rejected payload fires as long as the window',
    series: { ...up(), ...rejected('4x40 5x100') },
    firing: { '10m': NONE, '11m': { MoonmeterPayloadsRejected: 1 }, '16m': NONE },
  },
  {
    what: 'rejected payloads below the threshold do not fire',
    series: { ...up(), ...rejected('4x40 8x100') },
    options: { rejected: 5 },
    firing: { '11m': NONE },
  },
])
