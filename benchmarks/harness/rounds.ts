import type { BenchmarkCase, Scale } from './benchmark-case.js'
import { Results } from './results.js'
import { runChild } from './run-child.js'

/** The parameters of a run. */
export interface RunPlan {
  readonly cases: readonly BenchmarkCase[]
  readonly scale: Scale
  readonly rounds: number
  readonly calibration: BenchmarkCase
  /** The Node of the cases that do not name one. */
  readonly execPath: string
  readonly onProgress: (line: string) => void
}

/**
 * Run every variant once a round, each in a process of its own, one at a time. The order is
 * reversed from round to round, so that the variant that runs first in one runs last in the next; a
 * calibration runs at the beginning, in the middle and at the end of each round. A case whose Node
 * is missing is skipped with one line.
 *
 * @param results of earlier rounds, which those of these rounds are added to
 */
export async function runRounds(plan: RunPlan, results = new Results()): Promise<Results> {
  const { cases, scale, rounds, onProgress } = plan
  const calibration = plan.calibration.variants.map((variant) => ({
    benchmark: plan.calibration,
    variant,
  }))
  const tasks = cases.flatMap((benchmark) => {
    const variants = benchmark.variants.filter(({ quick }) => !scale.quick || quick === true)
    const runtime = variants.length > 0 ? benchmark.runtime?.() : undefined
    if (runtime !== undefined && 'missing' in runtime) {
      onProgress(`skipped ${benchmark.name}: ${runtime.missing}`)
      return []
    }
    return variants.map((variant) => ({ benchmark, variant }))
  })
  const middle = tasks.length >> 1
  const order = [...calibration, ...tasks.slice(0, middle), ...calibration]
  order.push(...tasks.slice(middle), ...calibration)
  for (let round = 1; round <= rounds; round++) {
    for (const { benchmark, variant } of round % 2 === 1 ? order : [...order].reverse()) {
      const measures = await runChild(benchmark, variant.name, scale, plan.execPath)
      results.add({ case: benchmark.name, variant: variant.name, round, measures })
    }
    onProgress(`round ${round} of ${rounds} done`)
  }
  return results
}
