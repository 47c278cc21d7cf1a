import type { Piscina } from 'piscina'

type TaskQueue = NonNullable<NonNullable<ConstructorParameters<typeof Piscina>[0]>['taskQueue']>
type Task = Parameters<TaskQueue['push']>[0]

/**
 * The tasks of a pool that wait for a thread to start. If the system has no file descriptor or thread
 * left, the thread cannot be started. Piscina then keeps the task and does not try again, so the promise
 * of the task would never settle.
 */
export class WaitingTasks implements TaskQueue {
  #tasks: Task[] = []
  readonly #rejects = new WeakMap<Task, (error: unknown) => void>()
  /** Rejects the promise of the run that is being started. */
  #reject: ((error: unknown) => void) | undefined

  get size(): number {
    return this.#tasks.length
  }

  push(task: Task): void {
    this.#tasks.push(task)
    if (this.#reject !== undefined) this.#rejects.set(task, this.#reject)
  }

  unshift(task: Task): void {
    this.#tasks.unshift(task)
  }

  shift(): Task | null {
    return this.#tasks.shift() ?? null
  }

  remove(task: Task): void {
    this.#tasks = this.#tasks.filter((one) => one !== task)
  }

  /**
   * Run a task.
   *
   * @param run calls Piscina's `run`
   * @returns what the task returns; rejects if its thread cannot be started; the task is then not run
   * later
   */
  run<Result>(run: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      try {
        run().then(resolve, reject)
      } catch (error) {
        this.#tasks = this.#tasks.filter((task) => this.#rejects.get(task) !== reject)
        reject(error)
      }
      this.#reject = undefined
    })
  }

  /** Reject all tasks that wait: a thread could not be started. */
  fail(error: unknown): void {
    for (const task of this.#tasks.splice(0)) this.#rejects.get(task)?.(error)
  }
}
