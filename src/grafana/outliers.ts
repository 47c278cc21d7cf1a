import { OUTLIER_RATIO, OUTLIER_SECONDS_MIN } from '../live/outliers.js'

/**
 * A query for outlier engines as defined by the live page: the value is above a minimum, and above
 * a multiple of the median of the other engines.
 *
 * PromQL has no function for the median of the others. Among n ascending values, the median of
 * those without the one at rank r is at rank (n - 2) / 2 if r is above that, which is quantile 0.5
 * - 0.5 / (n - 1) of all. An engine of a lower rank is never above that median, so the condition is
 * exact for every engine. One engine alone is compared with itself.
 *
 * @param values one value per engine, without NaN
 */
export function outliers(values: string): string {
  const others = `scalar(clamp_min(count(${values}) - 1, 1))`
  const median = `quantile(0.5 - 0.5 / ${others}, ${values})`
  return `(${values}) > scalar(clamp_min(${OUTLIER_RATIO} * ${median}, ${OUTLIER_SECONDS_MIN}))`
}
