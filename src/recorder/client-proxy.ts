import { inspect } from 'node:util'

type Callable = (...args: unknown[]) => unknown

/** Calls a method of the client in place of its caller. */
export type MethodCall = (method: Callable, client: unknown, args: unknown[]) => unknown

/**
 * A proxy that behaves like the client, except that calls of some methods go through `calls`.
 * Methods run on the client itself, since a proxy does not have its private fields.
 *
 * @param calls by method name: the function that calls the method
 */
export function proxyOf<Client extends object>(
  client: Client,
  calls: ReadonlyMap<PropertyKey, MethodCall>,
): Client {
  return new ClientHandler(client, calls).proxy as Client
}

/**
 * Applies every operation on the proxy to the client. The target of the proxy is another object,
 * since a proxy of a frozen target must return the target's own methods. JavaScript requires that a
 * non-configurable property of a proxy exists on its target, so these properties of the client are
 * copied to the target.
 */
class ClientHandler implements ProxyHandler<object> {
  readonly proxy: object
  readonly #client: object
  readonly #calls: ReadonlyMap<PropertyKey, MethodCall>
  /** By the way they are called: the wrapper of each function of the client. */
  readonly #shown = new Map<MethodCall, WeakMap<Callable, Callable>>([
    [Reflect.apply, new WeakMap()],
  ])
  /** The client's function of each wrapper. */
  readonly #own = new WeakMap<Callable, Callable>()
  /**
   * Functions that the caller set as fixed properties (neither configurable nor writable): the
   * proxy returns them without a wrapper.
   */
  readonly #fixed = new WeakSet<Callable>()

  constructor(client: object, calls: ReadonlyMap<PropertyKey, MethodCall>) {
    this.#client = client
    this.#calls = calls
    for (const call of calls.values()) this.#shown.set(call, new WeakMap())
    // A bound function can be called and constructed if the client can.
    const target = typeof client === 'function' ? Function.prototype.bind.call(client, null) : {}
    // `util.inspect`, which the console uses, reads the target.
    Reflect.defineProperty(target, inspect.custom, { value: () => client, configurable: true })
    this.proxy = new Proxy(target, this)
  }

  get(_target: object, name: PropertyKey, receiver: unknown): unknown {
    return this.#show(name, Reflect.get(this.#client, name, this.#receiver(receiver)))
  }

  set(_target: object, name: PropertyKey, value: unknown, receiver: unknown): boolean {
    return Reflect.set(this.#client, name, this.#toOwn(value), this.#receiver(receiver))
  }

  has(target: object, name: PropertyKey): boolean {
    this.#mirror(target, name)
    return Reflect.has(this.#client, name)
  }

  deleteProperty(target: object, name: PropertyKey): boolean {
    const isDeleted = Reflect.deleteProperty(this.#client, name)
    this.#mirror(target, name)
    return isDeleted
  }

  getOwnPropertyDescriptor(target: object, name: PropertyKey): PropertyDescriptor | undefined {
    return this.#mirror(target, name)
  }

  defineProperty(target: object, name: PropertyKey, given: PropertyDescriptor): boolean {
    const own = 'value' in given ? { ...given, value: this.#toOwn(given.value) } : given
    if (!Reflect.defineProperty(this.#client, name, own)) return false
    const { value, configurable, writable } =
      Reflect.getOwnPropertyDescriptor(this.#client, name) ?? own
    const isFixed = configurable !== true && writable !== true
    // The proxy must return the same function that was set.
    if (isFixed && value === given.value && typeof value === 'function') this.#fixed.add(value)
    this.#mirror(target, name)
    return true
  }

  ownKeys(target: object): (string | symbol)[] {
    this.#mirrorAll(target)
    return Reflect.ownKeys(this.#client)
  }

  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.#client)
  }

  setPrototypeOf(_target: object, prototype: object | null): boolean {
    return Reflect.setPrototypeOf(this.#client, prototype)
  }

  isExtensible(target: object): boolean {
    this.#mirrorAll(target)
    return Reflect.isExtensible(this.#client)
  }

  preventExtensions(target: object): boolean {
    const isPrevented = Reflect.preventExtensions(this.#client)
    this.#mirrorAll(target)
    return isPrevented
  }

  apply(_target: object, receiver: unknown, args: unknown[]): unknown {
    return Reflect.apply(this.#client as Callable, this.#receiver(receiver), args)
  }

  construct(_target: object, args: unknown[], newTarget: object): object {
    return Reflect.construct(this.#client as Callable, args, this.#receiver(newTarget) as Callable)
  }

  /** The value that the proxy returns for a value of the client: functions run on the client. */
  #show(name: PropertyKey, value: unknown): unknown {
    if (typeof value !== 'function' || name === 'constructor') return value
    const method = value as Callable
    const call = this.#calls.get(name) ?? Reflect.apply
    const known = this.#shown.get(call)?.get(method)
    if (known !== undefined) return known
    if (isClass(method) || this.#fixed.has(method)) return method
    const shown = new Proxy(method, {
      apply: (_method, receiver, args) => call(method, this.#receiver(receiver), args),
    })
    this.#shown.get(call)?.set(method, shown)
    this.#own.set(shown, method)
    return shown
  }

  /** The value to store in the client: the function itself in place of its wrapper. */
  #toOwn(value: unknown): unknown {
    return this.#own.get(value as Callable) ?? value
  }

  #receiver(receiver: unknown): unknown {
    return receiver === this.proxy ? this.#client : receiver
  }

  /** Copy a non-configurable property of the client to the target. */
  #mirror(target: object, name: PropertyKey): PropertyDescriptor | undefined {
    const isLocked = !Reflect.isExtensible(this.#client)
    const own = Reflect.getOwnPropertyDescriptor(this.#client, name)
    if (own === undefined) {
      if (isLocked) Reflect.deleteProperty(target, name)
      return undefined
    }
    const shown = 'value' in own ? { ...own, value: this.#show(name, own.value) } : own
    if (isLocked || own.configurable !== true) Reflect.defineProperty(target, name, shown)
    return shown
  }

  /** Copy all properties to the target and make it non-extensible, as the client is. */
  #mirrorAll(target: object): void {
    if (Reflect.isExtensible(this.#client)) return
    const names = [...Reflect.ownKeys(this.#client), ...Reflect.ownKeys(target)]
    for (const name of names) this.#mirror(target, name)
    Reflect.setPrototypeOf(target, Reflect.getPrototypeOf(this.#client))
    Reflect.preventExtensions(target)
  }
}

/**
 * Whether a function is a class. It cannot be called without `new`, so its `this` needs no wrapper.
 */
function isClass(value: Callable): boolean {
  return Reflect.getOwnPropertyDescriptor(value, 'prototype')?.writable === false
}
