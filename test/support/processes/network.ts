import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { AskedRequest, RequestAnswer } from './answer-requests.js'
import { Child } from './child.js'
import type { Host } from './host.js'
import { isOnPath } from './on-path.js'

/** Names of namespaces: this, the id of the process of the test, and the host. */
const PREFIX = 'mm'
const HUB = 'hub'
const BRIDGE = 'bridge0'
const SUBNET = '10.66.0'
const HUB_NUMBER = 254
/** Maximum number of hosts of a network. All hosts have the link-layer addresses of all others. */
const HOSTS_MAX = 16
const REQUESTS_FILE = fileURLToPath(new URL('./answer-requests.js', import.meta.url))

/** The reason to skip tests with network namespaces; false if they run. */
export const NETWORK_SKIP = reasonToSkip()

/** A host of a network: a namespace with one interface, which is a port of the bridge. */
export interface NetworkHost extends Host {
  /**
   * Drop all packets from and to the host, as in a network partition: no connection is reset or
   * refused.
   */
  cut(): void
  /** End the network partition. */
  heal(): void
}

/**
 * A network of hosts on this machine: network namespaces, and one more with a bridge. It is removed
 * with all its processes when the test ends, also by a signal. After a kill of the test, the next
 * network removes it.
 */
export class Network {
  readonly #context: TestContext
  readonly #id = `${PREFIX}-${process.pid}`
  readonly #namespaces: string[] = []
  readonly #requests: RequestProcess
  readonly #lifeMsMax: number
  #hosts = 0

  private constructor(context: TestContext, lifeMsMax: number) {
    this.#context = context
    this.#lifeMsMax = lifeMsMax
    const remove = () => {
      for (const namespace of this.#namespaces.splice(0)) removeNamespace(namespace)
    }
    const end = (signal: NodeJS.Signals) => {
      remove()
      process.kill(process.pid, signal)
    }
    process.once('SIGINT', end)
    process.once('SIGTERM', end)
    process.once('exit', remove)
    context.after(() => {
      remove()
      process.off('SIGINT', end)
      process.off('SIGTERM', end)
      process.off('exit', remove)
    })
    const hub = this.#add(HUB)
    ip('-n', hub, 'link', 'add', BRIDGE, 'type', 'bridge')
    ip('-n', hub, 'address', 'add', `${SUBNET}.${HUB_NUMBER}/24`, 'dev', BRIDGE)
    ip('-n', hub, 'link', 'set', BRIDGE, 'address', linkAddress(HUB_NUMBER), 'up')
    addNeighbours(hub, BRIDGE)
    this.#requests = new RequestProcess(context, hub)
  }

  /** @param lifeMsMax milliseconds after which each process on its hosts is killed */
  static create(context: TestContext, lifeMsMax: number): Network {
    assert.equal(NETWORK_SKIP, false)
    removeOrphans()
    return new Network(context, lifeMsMax)
  }

  /** Adds a host; its name has letters, digits and hyphens. */
  addHost(name: string): NetworkHost {
    assert.ok(this.#hosts < HOSTS_MAX, `expected at most ${HOSTS_MAX} hosts`)
    const number = ++this.#hosts
    const hub = `${this.#id}-${HUB}`
    const namespace = this.#add(name)
    const port = `port${number}`
    const address = `${SUBNET}.${number}`
    ip('-n', hub, 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace)
    ip('-n', hub, 'link', 'set', port, 'master', BRIDGE, 'up')
    ip('-n', namespace, 'link', 'set', 'lo', 'up')
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0')
    ip('-n', namespace, 'link', 'set', 'eth0', 'address', linkAddress(number), 'up')
    addNeighbours(namespace, 'eth0')
    return {
      address,
      start: (file, args, options) => {
        const words = ['netns', 'exec', namespace, file, ...args]
        return new Child(this.#context, 'ip', words, { ...options, lifeMsMax: this.#lifeMsMax })
      },
      get: (url) => this.#requests.get(url),
      // A port without a bridge forwards nothing, and the host's own link stays up.
      cut: () => ip('-n', hub, 'link', 'set', port, 'nomaster'),
      heal: () => ip('-n', hub, 'link', 'set', port, 'master', BRIDGE),
    }
  }

  #add(name: string): string {
    const namespace = `${this.#id}-${name}`
    ip('netns', 'add', namespace)
    this.#namespaces.push(namespace)
    return namespace
  }
}

/** A process in a namespace that sends requests for the test. */
class RequestProcess {
  readonly #child: ReturnType<typeof spawn>
  readonly #waiting = new Map<number, (answer: RequestAnswer) => void>()
  #id = 0

  constructor(context: TestContext, namespace: string) {
    this.#child = spawn('ip', ['netns', 'exec', namespace, process.execPath, REQUESTS_FILE], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    const ended = once(this.#child, 'exit')
    this.#child.on('message', (answer: RequestAnswer) => {
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
    })
    context.after(async () => {
      this.#child.kill('SIGKILL')
      await ended
    })
  }

  get(url: string): Promise<string> {
    const request: AskedRequest = { id: ++this.#id, url }
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, (answer) => {
        if ('text' in answer) resolve(answer.text)
        else reject(new Error(`${url}: ${answer.error}`))
      })
      this.#child.send(request)
    })
  }
}

/** Runs the program `ip`. */
function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function linkAddress(number: number): string {
  return `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`
}

/**
 * Without these entries, address resolution would fail during a partition, and the kernel would
 * report the host as unreachable.
 */
function addNeighbours(namespace: string, device: string): void {
  const numbers = [HUB_NUMBER, ...Array.from({ length: HOSTS_MAX }, (_, index) => index + 1)]
  const input = numbers
    .map((number) => {
      const neighbour = `${SUBNET}.${number} lladdr ${linkAddress(number)}`
      return `neighbour replace ${neighbour} dev ${device} nud permanent\n`
    })
    .join('')
  execFileSync('ip', ['-n', namespace, '-batch', '-'], { input })
}

/** Kills the processes of a namespace and removes it. Its interfaces go with it. */
function removeNamespace(namespace: string): void {
  for (const id of ip('netns', 'pids', namespace).split('\n').filter(Boolean)) {
    try {
      process.kill(Number(id), 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  ip('netns', 'delete', namespace)
}

/** Removes the namespaces of tests that were killed. */
function removeOrphans(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [namespace = ''] = line.split(' ')
    const [, id] = new RegExp(`^${PREFIX}-(\\d+)-`).exec(namespace) ?? []
    if (id !== undefined && !isRunning(Number(id))) removeNamespace(namespace)
  }
}

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0)
    return true
  } catch {
    return false
  }
}

function reasonToSkip(): string | false {
  if (process.platform !== 'linux') return 'network namespaces need Linux'
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  // In CI, a missing prerequisite is a failure.
  if (process.env.CI === 'true') return false
  if (!isOnPath('ip')) return 'ip not found; apt-get install iproute2'
  const probe = `${PREFIX}-${process.pid}-probe`
  try {
    ip('netns', 'add', probe)
    ip('netns', 'delete', probe)
    return false
  } catch (error) {
    return `expected a network namespace, got ${String(error)}`
  }
}
