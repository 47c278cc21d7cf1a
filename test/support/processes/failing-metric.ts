import { Gauge, Registry } from 'prom-client'

/**
 * Preloaded into the command with `--import`: its registry has a metric that cannot be collected, so
 * that scrapes fail.
 */

const { registerMetric } = Registry.prototype
Registry.prototype.registerMetric = function (metric) {
  Registry.prototype.registerMetric = registerMetric
  this.registerMetric(metric)
  const gauge = new Gauge({
    name: 'sensor',
    help: 'A value that nothing provides.',
    registers: [this],
    collect() {
      throw new Error('no such sensor')
    },
  })
  gauge.set(1)
}
